"""Read one worksheet of a workbook into cells of text."""

import datetime as dt
import io
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any, Final
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import python_calamine as calamine

from lib.sheet.errors import SheetError, SheetErrorCode
from lib.sheet.file_type import COMPOUND_START, Kind, is_cut_off
from lib.sheet.notes import CellIssue, CellIssueCode, NoticeCode
from lib.sheet.read_options import ReadLimits
from lib.sheet.store.byte_source import Report, no_progress
from lib.sheet.workbook.annotations import NOT_A_NUMBER, CellAnnotations, Span
from lib.sheet.workbook.choose import choose_worksheet
from lib.sheet.workbook.compact import WHOLE, UsedArea, area_of, compact_worksheets
from lib.sheet.workbook.number_formats import MAX_EXACT, moment_text, number_text
from lib.sheet.workbook.ods import read_ods_annotations
from lib.sheet.workbook.package import standard_package
from lib.sheet.workbook.xls import read_xls_annotations
from lib.sheet.workbook.xlsb import read_xlsb_annotations
from lib.sheet.workbook.xlsx import read_xlsx_annotations

_CHUNK_ROWS: Final = 20_000
# Comparing the worksheets of a larger workbook would take too long.
_MAX_COMPARED_BYTES: Final = 20 << 20
# What is raised for a damaged workbook, by calamine and while its parts are arranged.
_DAMAGE: Final = (
    calamine.CalamineError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ParseError,
    LookupError,
    OverflowError,  # a duration of more days than Python can represent
    ValueError,
)


@dataclass(frozen=True)
class Worksheet:
    """The cells of a worksheet from A1 on, all text, and what is known about them.

    ``rows`` are the row numbers, from 1, if empty rows are left out, else None.
    ``names`` are those of all worksheets. ``notes`` are `NoticeCode`s. ``hidden`` counts the hidden
    rows and columns that are not empty. ``merged`` are the cells of one column that are merged
    vertically: first row, last row (from 1), column (from 0).
    """

    table: pa.Table
    rows: pa.Array | None
    name: str
    names: tuple[str, ...]
    hidden_names: tuple[str, ...]
    notes: list[str]
    flags: list[CellIssue]
    hidden: tuple[int, int]
    merged: list[tuple[int, int, int]]


def read_worksheet(
    data: bytes,
    kind: Kind,
    wanted: str | None,
    limits: ReadLimits,
    *,
    hidden: bool | None = None,
    report: Report = no_progress,
) -> Worksheet:
    """Read the worksheet named ``wanted``, or the first one that holds phones.

    Hidden rows and columns are read unless ``hidden`` is False. Raises SheetError: encrypted,
    damaged, worksheet_not_found, empty_worksheet, empty_file, too_many_rows, too_many_columns,
    too_many_cells.
    """
    with _failures_reported(data):
        data, areas = compact_worksheets(standard_package(data, kind), kind)
        book = calamine.load_workbook(io.BytesIO(data))
        sheet, is_first, future = _open_worksheet(book, data, kind, wanted)
        _check_size(sheet, limits)
        annotations = future.result()
        area = area_of(areas, data, kind, sheet.name)
        cells = _CellReader(annotations, area)
        table = cells.read(sheet, report)
        if kind == Kind.XLSX and cells.has_lost_digits:
            cells = _CellReader(_read_annotations(data, kind, sheet.name, long_numbers=True), area)
            table = cells.read(sheet)
    table, hidden_count = _process_hidden(table, annotations, leave_out=hidden is False)
    notes = _notices(annotations, has_iso_dates=cells.has_iso_dates, is_first=is_first)
    if any(hidden_count) and hidden is not None:
        notes.append(NoticeCode.HIDDEN_READ if hidden else NoticeCode.HIDDEN_LEFT_OUT)
    rows = None
    if area is not WHOLE:
        table, rows = _drop_empty_rows(table, area)
    return Worksheet(
        table=table,
        rows=rows,
        name=sheet.name,
        names=_worksheet_names(book),
        hidden_names=tuple(each.name for each in _worksheets(book) if not _is_visible(each)),
        notes=notes,
        flags=cells.flags,
        hidden=hidden_count,
        merged=_vertically_merged(sheet),
    )


def _notices(annotations: CellAnnotations, *, has_iso_dates: bool, is_first: bool) -> list[str]:
    found = {
        NoticeCode.FORMULAS: annotations.has_formulas,
        NoticeCode.FORMATS_UNREADABLE: not annotations.is_complete,
        NoticeCode.DATES_ISO: has_iso_dates,
        NoticeCode.WORKSHEET_WITH_PHONES: not is_first,
    }
    return [code for code, is_found in found.items() if is_found]


def _open_worksheet(
    book: calamine.CalamineWorkbook, data: bytes, kind: Kind, wanted: str | None
) -> tuple[calamine.CalamineSheet, bool, "Future[CellAnnotations]"]:
    """Return what `_choose_worksheet` does, and the worksheet's annotations, read in a thread.

    calamine releases Python's lock while it reads, so the thread starts with the worksheet that
    will probably be chosen.
    """
    executor = ThreadPoolExecutor(1)
    try:
        expected = wanted or next((each.name for each in _visible_first(book)), "")
        annotations = executor.submit(_read_annotations, data, kind, expected)
        sheet, is_first = _choose_worksheet(book, wanted, len(data))
        if sheet.name != expected:
            annotations = executor.submit(_read_annotations, data, kind, sheet.name)
    finally:
        executor.shutdown(wait=False)
    return sheet, is_first, annotations


def _choose_worksheet(
    book: calamine.CalamineWorkbook, wanted: str | None, size: int
) -> tuple[calamine.CalamineSheet, bool]:
    """Return the worksheet named ``wanted``, else one with phones, visible if any of them is.

    Return also whether it is the first that is not empty, which is taken if the ``size`` of the
    workbook, in bytes, is too large to compare its worksheets.
    """
    if wanted is not None:
        if wanted not in _worksheet_names(book):
            raise SheetError(SheetErrorCode.WORKSHEET_NOT_FOUND)
        sheet = book.get_sheet_by_name(wanted)
        if sheet.end is None:
            raise SheetError(SheetErrorCode.EMPTY_WORKSHEET)
        return sheet, True
    for is_visible in (True, False):
        names = [each.name for each in _worksheets(book) if _is_visible(each) is is_visible]
        filled = _filled_worksheets(book, names)
        if (first := next(filled, None)) is None:
            continue
        if size > _MAX_COMPARED_BYTES:
            return first, True
        chosen = choose_worksheet(first, filled)
        return chosen, chosen is first
    raise SheetError(SheetErrorCode.EMPTY_FILE)


def _filled_worksheets(
    book: calamine.CalamineWorkbook, names: list[str]
) -> Iterator[calamine.CalamineSheet]:
    """Yield the worksheets that are not empty, up to one after the first that can't be read."""
    is_first = True
    for name in names:
        try:
            sheet = book.get_sheet_by_name(name)
        except (calamine.CalamineError, OSError, ValueError):
            if is_first:
                raise
            return
        if sheet.end is not None:
            is_first = False
            yield sheet


def _worksheets(book: calamine.CalamineWorkbook) -> list[calamine.SheetMetadata]:
    """Return the metadata of all worksheets. Charts and macros are not worksheets."""
    return [each for each in book.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet]


def _worksheet_names(book: calamine.CalamineWorkbook) -> tuple[str, ...]:
    return tuple(each.name for each in _worksheets(book))


def _visible_first(book: calamine.CalamineWorkbook) -> list[calamine.SheetMetadata]:
    return sorted(_worksheets(book), key=lambda each: not _is_visible(each))


def _is_visible(worksheet: calamine.SheetMetadata) -> bool:
    return bool(worksheet.visible == calamine.SheetVisibleEnum.Visible)


def _check_size(sheet: calamine.CalamineSheet, limits: ReadLimits) -> None:
    assert sheet.end is not None
    last_row, last_column = sheet.end
    limits.check_columns(last_column + 1)
    limits.check_rows(last_row)
    limits.check_cells((last_row + 1) * (last_column + 1))


def _read_annotations(
    data: bytes, kind: Kind, worksheet: str, *, long_numbers: bool = False
) -> CellAnnotations:
    """Return the annotations of a worksheet, incomplete ones if calamine alone can read it.

    Raises zipfile.BadZipFile, zlib.error or EOFError if the archive is damaged.
    """
    try:
        match kind:
            case Kind.XLSX:
                return read_xlsx_annotations(data, worksheet, long_numbers=long_numbers)
            case Kind.XLSB:
                return read_xlsb_annotations(data, worksheet)
            case Kind.ODS:
                return read_ods_annotations(data, worksheet)
            case _:
                return read_xls_annotations(data, worksheet)
    except (ParseError, ExpatError, LookupError, ValueError, StopIteration):
        return CellAnnotations(is_complete=False)


@contextmanager
def _failures_reported(data: bytes) -> Iterator[None]:
    """Raise SheetError encrypted, damaged or cut_off for what readers raise for such a workbook."""
    try:
        yield
    except SheetError:
        raise
    except calamine.PasswordError as error:
        raise SheetError(SheetErrorCode.ENCRYPTED) from error
    except BaseException as error:
        # A panic of calamine's Rust code is a BaseException whose class can't be imported.
        if not isinstance(error, _DAMAGE) and type(error).__name__ != "PanicException":
            raise
        is_compound = data.startswith(COMPOUND_START)
        code = (
            SheetErrorCode.CUT_OFF if is_compound and is_cut_off(data) else SheetErrorCode.DAMAGED
        )
        raise SheetError(code) from error


class _CellReader:
    """Convert values to text in chunks, so that a sheet's objects are never all in memory."""

    def __init__(self, annotations: CellAnnotations, area: UsedArea) -> None:
        self._annotations = annotations
        self._area = area
        self.flags: list[CellIssue] = []
        for (row, column), code in annotations.flags.items():
            self._add_flag(row, column, code)
        self.has_iso_dates = self.has_lost_digits = False

    def read(self, sheet: calamine.CalamineSheet, report: Report = no_progress) -> pa.Table:
        """Return the cells as text, from column A on, in the rows of the area."""
        assert sheet.end is not None
        assert sheet.start is not None
        skipped = sheet.start[1]
        positions = [self._area.columns[column] for column in range(skipped, sheet.end[1] + 1)]
        texts_by_row: dict[int, list[tuple[int, str]]] = {}
        for (row, column), text in self._annotations.texts.items():
            texts_by_row.setdefault(row, []).append((column, text))
        chunks: list[list[pa.Array]] = []
        rows = iter(sheet.iter_rows())
        first = 0
        while chunk := list(islice(rows, _CHUNK_ROWS)):
            for row, values in enumerate(chunk, first):
                for column, text in texts_by_row.get(row, ()):
                    if 0 <= column - skipped < len(values):
                        values[column - skipped] = text
            blank = pa.array([""] * len(chunk), pa.string())
            columns = [
                self._column_text(values, first, column)
                for column, values in enumerate(zip(*chunk, strict=True), skipped)
            ]
            placed = dict(zip(positions, columns, strict=True))
            chunks.append([placed.get(column, blank) for column in range(positions[-1] + 1)])
            first += len(chunk)
            report(first / (sheet.end[0] + 1))
        return pa.table(
            [pa.chunked_array(list(arrays), pa.string()) for arrays in zip(*chunks, strict=True)],
            names=[str(column) for column in range(positions[-1] + 1)],
        )

    def _add_flag(self, row: int, column: int, code: str) -> None:
        """Add an issue of the cell at these positions, from 0, in the area."""
        self.flags.append(CellIssue(self._area.rows[row] + 1, self._area.columns[column], code))

    def _column_text(self, values: tuple[Any, ...], first: int, column: int) -> pa.Array:
        try:
            return pa.array(values, pa.string())
        except pa.ArrowTypeError:  # some values are not text
            pass
        texts = [
            value if type(value) is str else self._value_text(value, row, column)
            for row, value in enumerate(values, first)
        ]
        return pa.array(texts, pa.string())

    def _value_text(self, value: Any, row: int, column: int) -> str:
        match value:
            case bool():
                return "TRUE" if value else "FALSE"
            case int() | float() if not math.isfinite(value):
                self._add_flag(row, column, CellIssueCode.ERROR_VALUE)
                return NOT_A_NUMBER
            case int() | float():
                if abs(value) >= MAX_EXACT:
                    self.has_lost_digits = True
                    self._add_flag(row, column, CellIssueCode.DIGITS_LOST)
                return number_text(value)
            case dt.date() | dt.time() | dt.timedelta():
                self.has_iso_dates = True
                return moment_text(value)
            case _:
                return str(value)


def _process_hidden(
    table: pa.Table, annotations: CellAnnotations, *, leave_out: bool
) -> tuple[pa.Table, tuple[int, int]]:
    """Return the table, and how many hidden rows and columns are not empty.

    The cells of hidden rows and columns are emptied if they are left out.
    """
    columns = sorted(_positions(annotations.hidden_columns, table.num_columns))
    rows = sorted(_positions(annotations.hidden_rows, table.num_rows))
    if not columns and not rows:
        return table, (0, 0)
    filled_columns = [at for at in columns if pc.any(_is_filled(table[at])).as_py()]
    hidden_rows = table.take(pa.array(rows, pa.int64()))
    filled = np.zeros(len(rows), dtype=bool)
    for column in hidden_rows.columns:
        filled |= _is_filled(column).to_numpy()
    count = (int(filled.sum()), len(filled_columns))
    if not leave_out:
        return table, count
    is_shown = np.ones(table.num_rows, dtype=bool)
    is_shown[rows] = False
    mask = pa.array(is_shown)
    left = [
        pa.chunked_array([pa.array([""] * table.num_rows, pa.string())])
        if at in columns
        else pc.if_else(mask, column, "")
        for at, column in enumerate(table.columns)
    ]
    return pa.table(left, names=table.column_names), count


def _drop_empty_rows(table: pa.Table, area: UsedArea) -> tuple[pa.Table, pa.Array]:
    """Return the rows that are not empty, and their numbers from 1."""
    filled = np.zeros(table.num_rows, dtype=bool)
    for column in takewhile(lambda at: at < table.num_columns, area.columns):
        filled |= _is_filled(table[column]).to_numpy()
    rows = pa.array(np.asarray(area.rows[: table.num_rows]) + 1)
    mask = pa.array(filled)
    return table.filter(mask), rows.filter(mask)


def _positions(spans: list[Span], size: int) -> set[int]:
    return {at for first, last in spans for at in range(first, min(last + 1, size))}


def _is_filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.not_equal(pc.utf8_trim_whitespace(column), "")


def _vertically_merged(sheet: calamine.CalamineSheet) -> list[tuple[int, int, int]]:
    return [
        (first_row + 1, last_row + 1, first)
        for (first_row, first), (last_row, last) in sheet.merged_cell_ranges or ()
        if first == last and first_row < last_row
    ]
