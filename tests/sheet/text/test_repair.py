"""Lines that follow the rules are read by them; only other lines are repaired."""

import pytest

from lib.sheet.dispatch import read_contents
from lib.sheet.read_options import ReadLimits, ReadOptions

LIMITS = ReadLimits(1_000, 100, 100_000)
NAMES = "phone,name,n\r\n"
ROWS = "+12025550101,Ana,3\r\n+12025550102,Luis,4\r\n+12025550103,Eva,5\r\n"


def read(text: str) -> tuple[list[list[str]], list[str]]:
    """Return the rows of a text without the empty cells at their ends, and its notices."""
    sheet, facts = read_contents(
        text.encode(), worksheet=None, reading=ReadOptions(), limits=LIMITS
    )
    rows = [list(row) for row in zip(*(column.to_pylist() for column in sheet.table), strict=True)]
    for row in rows:
        while row and not row[-1]:
            row.pop()
    return rows, facts["notes"]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('+12025550109,"a","b","c, d"', ["+12025550109", "a", "b", "c, d"]),
        ('"+12025550109","+12025550110","Ana","4"',
         ["+12025550109", "+12025550110", "Ana", "4"]),
        ('"+12025550109","see "","" here"', ["+12025550109", 'see "," here']),
        ('+12025550109,"one\r\ntwo","4","x"', ["+12025550109", "one\r\ntwo", "4", "x"]),
        ('+12025550109,"one, two\r\nthree, four"', ["+12025550109", "one, two\r\nthree, four"]),
        ('+12025550109,"\r\n",4', ["+12025550109", "\r\n", "4"]),
        ('+12025550109,"\n","\n","x"', ["+12025550109", "\n", "\n", "x"]),
    ],
)  # fmt: skip
def test_a_tidy_record_of_unusual_width_keeps_its_cells(line: str, cells: list[str]) -> None:
    rows, notes = read(f"{NAMES}{ROWS}{line}\r\n{ROWS}")

    assert rows[3] == cells
    assert len(rows) == 7
    assert "quotes_mended" not in notes


def test_a_record_with_a_line_break_and_a_stray_quotation_mark_stays_one_record() -> None:
    rows, notes = read(f'{NAMES}{ROWS}+12025550109,"one\r\n5" and 6" two",4\r\n{ROWS}')

    assert rows[3] == ["+12025550109", 'one\r\n5" and 6" two', "4"]
    assert len(rows) == 7
    assert notes == ["quotes_mended"]


@pytest.mark.parametrize(
    "line", ["Please call, then write, thanks", "+12025550109;Ana, Bea, Caio", "a, b, c;d"]
)
def test_a_sentence_with_another_delimiter_is_not_cut(line: str) -> None:
    rows, _notes = read(f"{NAMES}{ROWS}".replace(",", ";") + f"{line}\r\n{ROWS.replace(',', ';')}")

    assert rows[3] == line.split(";")


def test_a_line_with_another_delimiter_is_split_if_its_cells_fit_the_columns() -> None:
    rows, notes = read(f"{NAMES}{ROWS}+12025550109;Paz, Ana;4\r\n{ROWS}")

    assert rows[3] == ["+12025550109", "Paz, Ana", "4"]
    assert notes == ["odd_rows"]


@pytest.mark.parametrize(
    ("lines", "notes_column"),
    [
        (['"say \\"hi\\""', '"\\"Ana\\""'], ['say "hi"', '"Ana"']),
        (['"a \\"b\\" c"', '"ends \\\\"'], ['a "b" c', "ends \\\\"]),
        (['"C:\\"', '"D:\\"'], ["C:\\", "D:\\"]),
        (['"say ""hi\\"""', '"a ""b"" c"'], ['say "hi\\"', 'a "b" c']),
    ],
)
def test_a_backslash_before_a_quotation_mark_at_the_end_of_a_cell(
    lines: list[str], notes_column: list[str]
) -> None:
    text = "".join(f"+1202555010{at},{line},7\n" for at, line in enumerate(lines))
    rows, notes = read(f"phone,note,n\n{text}")

    assert [row[1] for row in rows] == notes_column
    assert notes == []
