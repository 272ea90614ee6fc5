"""Write frames as CSV and XLSX files that are safe to open in a spreadsheet.

CSV is UTF-8 with a byte order mark, which Excel needs to show ``ñ``. Every cell is quoted, so that
a spreadsheet that expects another delimiter keeps cells whole. Texts that a spreadsheet would run
as a formula get an apostrophe (OWASP, CSV injection), except plain phone numbers such as
``+5215512345678``.

In XLSX, text is written as text into cells formatted as text: a formula stays text when the cell
is edited, and a phone number keeps all digits.
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
from lib.errors import StudioError
from lib.i18n import N_, _

# A formula starts with one of these characters, also in full width. Programs ignore different
# characters before it, so all invisible characters count as space.
_FORMULA: Final = r"^(?:[\s\p{Z}\p{C}]*[=+\-@＝＋－＠﹦﹢﹣﹫]|[\t\r])"  # noqa: RUF001
_PHONE: Final = r"^\+[0-9]+$"

_WORKSHEET_ROWS: Final = 1_048_575  # Excel's limit, less the header
_WORKSHEET_COLUMNS: Final = 16_384
_CELL_UNITS: Final = 32_767  # of UTF-16
_CUT: Final = N_(" [cut off: Excel limits the length of a cell, the CSV file has the full text]")
_WIDTH_SAMPLE: Final = 1_000
_WIDTHS: Final = (8, 60)
_BLOCK: Final = 10_000


class TooWideError(StudioError, ValueError):
    """The frame has more columns than an Excel worksheet can hold."""

    code = "STUDIO_TOO_WIDE_FOR_EXCEL"
    sentence = N_("This table has more than the 16,384 columns that Excel supports.")
    action = N_("Download it as CSV.")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write the columns of a frame to ``path`` atomically, readable by its owner only."""
    with _new_file(path) as file:
        _write_csv(frame, file)


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return the columns of a frame as CSV."""
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
    """Write the columns of a frame to ``path`` atomically, readable by its owner only.

    Each worksheet gets at most ``worksheet_rows`` rows. Texts longer than Excel's limit are cut off
    with a remark. ``watch`` is called repeatedly with the written share, from 0 to 1. Raises
    TooWideError.
    """
    with (
        _new_file(path) as file,
        tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as scratch,
    ):
        _write_xlsx(frame, file, worksheet_rows, scratch=Path(scratch), watch=watch)


def xlsx_bytes(frame: pd.DataFrame) -> bytes:
    """Return the columns of a frame as a workbook, see `write_xlsx`. Raises TooWideError."""
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as scratch:
        _write_xlsx(frame, buffer, _WORKSHEET_ROWS, scratch=Path(scratch))
    return buffer.getvalue()


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that gets its name only when it is complete and synced."""
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
    """Put an apostrophe before each text that a spreadsheet would run as a formula."""
    is_formula = pc.and_not(
        pc.match_substring_regex(texts, _FORMULA), pc.match_substring_regex(texts, _PHONE)
    )
    return pc.if_else(is_formula, pc.utf8_replace_slice(texts, 0, 0, "'"), texts)


def _names(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns]


def _as_text(column: "pd.Series[Any]") -> Any:
    """Return a column as an Arrow array of text: times as ISO 8601, missing values as empty."""
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        column = column.map(pd.Timestamp.isoformat, na_action="ignore")
    texts = pa.array(column.astype("string[pyarrow]"), pa.large_string(), from_pandas=True)
    return pc.fill_null(texts, "")


def _write_xlsx(
    frame: pd.DataFrame,
    file: IO[bytes],
    worksheet_rows: int,
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
        for number, start in enumerate(range(0, max(len(frame), 1), worksheet_rows), start=1):
            worksheet = workbook.add_worksheet(
                _("Rows") if number == 1 else _("Rows {number}", number=number)
            )
            for done in _fill(worksheet, frame.iloc[start : start + worksheet_rows], header, text):
                if watch is not None:
                    watch((start + done) / len(frame))


def _fill(worksheet: Worksheet, frame: pd.DataFrame, header: Format, text: Format) -> Iterator[int]:
    """Write one worksheet from top to bottom, as xlsxwriter's constant-memory mode requires.

    Yield the number of rows written after each block.
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
    """Return a block of a column as numbers or texts, with None for empty cells."""
    if _is_number(column):
        return [None if pd.isna(cell) else cell for cell in column.tolist()]
    return [cell or None for cell in _as_text(column).to_pylist()]


def _width(name: str, column: "pd.Series[Any]") -> int:
    """Return the width of a column in characters, based on its name and its first cells."""
    texts = _as_text(column)
    longest = pc.max(pc.utf8_length(texts)).as_py() or 0
    least, most = _WIDTHS
    # The header also holds the filter button.
    return min(max(longest + 2, len(name) + 4, least), most)


def _write_text(worksheet: Worksheet, row: int, column: int, text: str, style: Format) -> None:
    if len(text) > _CELL_UNITS // 2:
        text = _cut(text)
    if text.startswith("<r>") and text.endswith("</r>"):
        # xlsxwriter would interpret such a text as rich-text markup.
        worksheet.write_rich_string(row, column, text[0], style, text[1:], style)
    else:
        worksheet.write_string(row, column, text, style)


def _cut(text: str) -> str:
    """Cut a text to Excel's limit, which counts UTF-16 code units, and append a remark."""
    remark = _(_CUT)
    units = text.encode("utf-16-le")
    if len(units) <= 2 * _CELL_UNITS:
        return text
    return units[: 2 * (_CELL_UNITS - len(remark))].decode("utf-16-le", errors="ignore") + remark
