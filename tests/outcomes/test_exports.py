"""What is exported is safe to open, and reads back as what it was."""

import csv
import io
import os
import re
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from lib.outcomes import TooWideError, csv_bytes, write_csv, write_xlsx, xlsx_bytes
from lib.outcomes.exports import _CUT

FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://evil","x")',
    "+1+1",
    "+cmd|' /C calc'!A0",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\ttext",
    "\rtext",
    " =1",
    "\xa0=1",
    "\u200b=1",
    "\ufeff=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "﹦1",
    "+52 (55) 1234",
]
HARMLESS = [
    "+5215512345678",
    "5215512345678",
    "007",
    "1.10",
    "'=1",
    "José Ñandú 😀",
    'a "quoted"; text, with all',
    "two\nlines",
    "a=b",
    "https://example.org",
    " spaces ",
    "true",
    "<r>markup</r>",
    "_x0041_",
    "bell\x07 and nul\x00",
]


def text_frame(cells: list[str], name: str = "cell") -> pd.DataFrame:
    return pd.DataFrame({name: pd.array(cells, dtype="string[pyarrow]")})


def csv_lines(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def xlsx_lines(data: bytes, worksheet: int = 0) -> list[list[object]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return [list(line) for line in book.get_sheet_by_index(worksheet).to_python()]


@pytest.mark.parametrize("cell", FORMULAS)
def test_csv_disarms_what_could_run(cell: str) -> None:
    assert csv_lines(csv_bytes(text_frame([cell])))[1] == [f"'{cell}"]


@pytest.mark.parametrize("cell", HARMLESS)
def test_csv_leaves_everything_else_as_it_is(cell: str) -> None:
    assert csv_lines(csv_bytes(text_frame([cell])))[1] == [cell]


def test_csv_disarms_the_header_too() -> None:
    assert csv_lines(csv_bytes(text_frame(["x"], "=1+1")))[0] == ["'=1+1"]


def test_csv_shows_accents_in_excel_and_holds_cells_together() -> None:
    """A byte order mark, and quotes that keep another delimiter from tearing a cell apart."""
    data = csv_bytes(text_frame(["ñ;=1+1"]))
    assert data == b'\xef\xbb\xbf"cell"\r\n"\xc3\xb1;=1+1"\r\n'


@pytest.mark.parametrize("cell", [*FORMULAS, *HARMLESS])
def test_xlsx_keeps_every_text_as_text(cell: str) -> None:
    data = xlsx_bytes(text_frame([cell], "=header"))
    worksheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    assert [worksheet["A1"].data_type, worksheet["A2"].data_type] == ["s", "s"]
    assert worksheet["A2"].number_format == "@"
    assert xlsx_lines(data) == [["=header"], [cell]]


def test_xlsx_looks_like_a_table() -> None:
    worksheet = openpyxl.load_workbook(
        io.BytesIO(xlsx_bytes(text_frame(["a rather long text in this cell", "b"])))
    ).worksheets[0]
    assert worksheet.freeze_panes == "A2"
    assert worksheet.auto_filter.ref == "A1:A3"
    assert worksheet["A1"].font.b
    assert worksheet.column_dimensions["A"].width > 30


def test_numbers_stay_numbers_and_times_are_iso() -> None:
    frame = pd.DataFrame(
        {
            "n": [1, 2],
            "share": [0.5, None],
            "at": [pd.Timestamp("2026-11-24T10:00:00Z"), pd.NaT],
            "flag": [True, False],
        }
    )
    assert xlsx_lines(xlsx_bytes(frame))[1:] == [
        [1.0, 0.5, "2026-11-24T10:00:00+00:00", "True"],
        [2.0, "", "", "False"],
    ]
    assert csv_lines(csv_bytes(frame))[1:] == [
        ["1", "0.5", "2026-11-24T10:00:00+00:00", "True"],
        ["2", "", "", "False"],
    ]


def test_columns_of_the_same_name_are_all_there() -> None:
    frame = pd.DataFrame([["a", "b"]], columns=["x", "x"])
    assert csv_lines(csv_bytes(frame)) == [["x", "x"], ["a", "b"]]
    assert xlsx_lines(xlsx_bytes(frame)) == [["x", "x"], ["a", "b"]]


def test_rows_beyond_a_worksheet_go_on_in_the_next(tmp_path: Path) -> None:
    path = tmp_path / "rows.xlsx"
    write_xlsx(text_frame([str(row) for row in range(25)]), path, worksheet_rows=10)
    data = path.read_bytes()
    pages = [xlsx_lines(data, number) for number in range(3)]
    assert [page[0] for page in pages] == [["cell"]] * 3
    assert [line[0] for page in pages for line in page[1:]] == [str(row) for row in range(25)]


@pytest.mark.parametrize("cell", ["x" * 32_768, "😀" * 16_384, f"<r>{'x' * 40_000}</r>"])
def test_a_text_too_long_for_excel_says_that_it_is_cut(cell: str) -> None:
    line = xlsx_lines(xlsx_bytes(text_frame([cell])))[1]
    text = line[0]
    assert isinstance(text, str)
    assert text.endswith(_CUT)
    assert cell.startswith(text.removesuffix(_CUT))
    assert len(text.encode("utf-16-le")) // 2 <= 32_767
    assert csv_lines(csv_bytes(text_frame([cell])))[1] == [cell]


@pytest.mark.parametrize("cell", ["x" * 32_767, "😀" * 16_383])
def test_a_text_that_just_fits_is_whole(cell: str) -> None:
    assert xlsx_lines(xlsx_bytes(text_frame([cell])))[1] == [cell]


def test_more_columns_than_excel_takes_are_refused_not_dropped() -> None:
    frame = pd.DataFrame([["x"] * 16_385])
    with pytest.raises(TooWideError, match="16,384 columns"):
        xlsx_bytes(frame)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    write_xlsx(text_frame(["old"]), path)
    old = path.read_bytes()
    with pytest.raises(TooWideError):
        write_xlsx(pd.DataFrame([["x"] * 16_385]), path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rows.csv"
    before = os.umask(0)
    try:
        write_csv(text_frame(["a"]), path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_text_reads_back_from_csv(cells: list[str]) -> None:
    """Whatever a cell holds: it comes back as it was, or with one apostrophe before it."""
    for cell, line in zip(cells, csv_lines(csv_bytes(text_frame(cells)))[1:], strict=True):
        assert line[0] in {cell, f"'{cell}"}
        assert not re.match(r"\s*[=@]", line[0])
