"""Frames as files that are safe to open: no cell can run as a formula, no cell is lost or changed.

CSV: UTF-8 with a byte order mark, since Excel shows ``ñ`` only then; every cell in quotes, so that
a spreadsheet that expects another delimiter does not tear cells apart; an apostrophe before what a
spreadsheet would take for a formula, except before a plain phone such as ``+5215512345678``.

XLSX: text is written as text in cells formatted as text, so that a formula stays text even when
somebody edits the cell, and a phone keeps all its digits.
"""

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from lib.atomic_files import atomic_file

# A formula begins with one of these, in ASCII or in another width; space before it does not help.
# Programs differ in what they skip, so that whatever cannot be seen counts as space.
_FORMULA: Final = r"^(?:[\s\p{Z}\p{C}]*[=+\-@＝＋－＠﹦﹢﹣﹫]|[\t\r])"  # noqa: RUF001
_PHONE: Final = r"^\+[0-9]+$"

_WORKSHEET_ROWS: Final = 1_048_575  # what Excel takes, less the header
_WORKSHEET_COLUMNS: Final = 16_384
_CELL_UNITS: Final = 32_767  # of UTF-16
_CUT: Final = " [cut here: Excel takes no more in one cell, the CSV has all of it]"
_WIDTH_SAMPLE: Final = 1_000
_WIDTHS: Final = (8, 60)
_BLOCK: Final = 10_000


class TooWideError(ValueError):
    """The frame has more columns than an Excel worksheet takes."""

    code = "STUDIO_TOO_WIDE_FOR_EXCEL"
    sentence = f"This has more than the {_WORKSHEET_COLUMNS:,} columns that Excel takes."
    action = "Download it as CSV."

    def __init__(self) -> None:
        super().__init__(self.sentence)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write the frame's columns to ``path``, whole or not at all, readable by its owner only."""
    with _new_file(path) as file:
        _write_csv(frame, file)


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return the frame's columns as CSV."""
    buffer = io.BytesIO()
    _write_csv(frame, buffer)
    return buffer.getvalue()


def write_xlsx(
    frame: pd.DataFrame,
    path: Path,
    *,
    worksheet_rows: int = _WORKSHEET_ROWS,
    watch: Callable[[float], None] | None = None,
) -> None:
    """Write the frame's columns to ``path``, whole or not at all, readable by its owner only.

    What is more than ``worksheet_rows`` goes on in a further worksheet. A text longer than Excel
    takes is cut and says so. ``watch`` is called now and then with the share that is written.
    Raises TooWideError.
    """
    with (
        _new_file(path) as file,
        tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as scratch,
    ):
        _write_xlsx(frame, file, worksheet_rows, scratch=Path(scratch), watch=watch)


def xlsx_bytes(frame: pd.DataFrame) -> bytes:
    """Return the frame's columns as a workbook; as `write_xlsx`. Raises TooWideError."""
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as scratch:
        _write_xlsx(frame, buffer, _WORKSHEET_ROWS, scratch=Path(scratch))
    return buffer.getvalue()


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a file that takes its name only once it is complete and on the disk."""
    with atomic_file(path) as temporary, temporary.open("w+b") as file:
        yield file


def _write_csv(frame: pd.DataFrame, file: IO[bytes]) -> None:
    names = _disarmed(pa.array(_names(frame), pa.string())).to_pylist()
    columns = [_disarmed(_as_text(frame.iloc[:, index])) for index in range(frame.shape[1])]
    file.write(b"\xef\xbb\xbf")
    pa_csv.write_csv(
        pa.table(columns, names=names),
        file,
        pa_csv.WriteOptions(batch_size=_BLOCK, eol="\r\n", quoting_style="all_valid"),
    )


def _disarmed(texts: Any) -> Any:
    """Put an apostrophe before each text that a spreadsheet would take for a formula."""
    is_formula = pc.and_not(
        pc.match_substring_regex(texts, _FORMULA), pc.match_substring_regex(texts, _PHONE)
    )
    return pc.if_else(is_formula, pc.utf8_replace_slice(texts, 0, 0, "'"), texts)


def _names(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns]


def _as_text(column: "pd.Series[Any]") -> Any:
    """Return a column as an Arrow array of text; times as ISO 8601, what is missing as empty."""
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        column = column.map(pd.Timestamp.isoformat, na_action="ignore")
    texts = pa.array(column.astype("string[pyarrow]"), pa.large_string(), from_pandas=True)
    return pc.fill_null(texts, "")


def _write_xlsx(
    frame: pd.DataFrame,
    file: IO[bytes],
    most: int,
    *,
    scratch: Path,
    watch: Callable[[float], None] | None = None,
) -> None:
    if frame.shape[1] > _WORKSHEET_COLUMNS:
        raise TooWideError
    options = {
        "constant_memory": True,
        "tmpdir": str(scratch),
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, options) as workbook:
        header = workbook.add_format({"bold": True, "num_format": "@"})
        text = workbook.add_format({"num_format": "@"})
        for number, start in enumerate(range(0, max(len(frame), 1), most), start=1):
            worksheet = workbook.add_worksheet("Rows" if number == 1 else f"Rows {number}")
            for done in _fill(worksheet, frame.iloc[start : start + most], header, text):
                if watch is not None:
                    watch((start + done) / len(frame))


def _fill(worksheet: Worksheet, frame: pd.DataFrame, header: Format, text: Format) -> Iterator[int]:
    """Write one worksheet from top to bottom, as the constant-memory mode asks for.

    Yields now and then how many rows are written.
    """
    height, width = frame.shape
    are_numbers = [_is_number(frame.iloc[:, index]) for index in range(width)]
    for index, name in enumerate(_names(frame)):
        column = frame.iloc[:_WIDTH_SAMPLE, index]
        style = None if are_numbers[index] else text
        worksheet.set_column(index, index, _width(name, column), style)
    worksheet.freeze_panes(1, 0)
    worksheet.autofilter(0, 0, height, width - 1)
    worksheet.ignore_errors({"number_stored_as_text": f"A1:XFD{height + 1}"})
    for index, name in enumerate(_names(frame)):
        _write_text(worksheet, 0, index, name, header)
    for start in range(0, height, _BLOCK):
        block = frame.iloc[start : start + _BLOCK]
        columns = [_cells(block.iloc[:, index]) for index in range(width)]
        for row, cells in enumerate(zip(*columns, strict=True), start=start + 1):
            for index, cell in enumerate(cells):
                if isinstance(cell, str):
                    _write_text(worksheet, row, index, cell, text)
                elif cell is not None:
                    worksheet.write_number(row, index, cell)
        yield start + len(block)


def _is_number(column: "pd.Series[Any]") -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _cells(column: "pd.Series[Any]") -> list[Any]:
    """Return a block of a column as numbers or texts; None where the cell stays empty."""
    if _is_number(column):
        return [None if pd.isna(cell) else cell for cell in column.tolist()]
    return [cell or None for cell in _as_text(column).to_pylist()]


def _width(name: str, column: "pd.Series[Any]") -> int:
    """Return a column's width in characters, from its name and its first cells."""
    texts = _as_text(column)
    longest = pc.max(pc.utf8_length(texts)).as_py() or 0
    least, most = _WIDTHS
    # The button of the filter stands in the header, beside the name.
    return min(max(longest + 2, len(name) + 4, least), most)


def _write_text(worksheet: Worksheet, row: int, column: int, text: str, style: Format) -> None:
    if len(text) > _CELL_UNITS // 2:
        text = _cut(text)
    if text.startswith("<r>") and text.endswith("</r>"):
        # The writer takes such a text for its own markup, unless it comes in pieces.
        worksheet.write_rich_string(row, column, text[0], style, text[1:], style)
    else:
        worksheet.write_string(row, column, text, style)


def _cut(text: str) -> str:
    """Cut what Excel would not take, which counts in halves of UTF-16, and say so in the cell."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * _CELL_UNITS:
        return text
    return units[: 2 * (_CELL_UNITS - len(_CUT))].decode("utf-16-le", errors="ignore") + _CUT
