"""Read one worksheet of a workbook into cells of text."""

import datetime as dt
import io
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import python_calamine as calamine

from lib.sheet.errors import sheet_error
from lib.sheet.file_type import Kind
from lib.sheet.notes import CellIssue
from lib.sheet.read_options import ReadLimits
from lib.sheet.store.byte_source import Report, no_progress
from lib.sheet.workbook.annotations import CellAnnotations
from lib.sheet.workbook.number_formats import MAX_EXACT, moment_text, number_text
from lib.sheet.workbook.ods import read_ods_facts
from lib.sheet.workbook.xls import read_xls_facts
from lib.sheet.workbook.xlsb import read_xlsb_facts
from lib.sheet.workbook.xlsx import read_cell_facts

_CHUNK_ROWS = 20_000


@dataclass(frozen=True)
class Worksheet:
    """A worksheet's cells from A1 on, all text, with what is known about them.

    ``hidden`` counts the rows and columns that hold something and are hidden; ``merged`` are the
    cells of one column that are merged downwards: first row, last row (from 1), column (from 0).
    """

    table: pa.Table
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
    """Read the worksheet of this name, or the first visible one that holds anything.

    ``hidden`` says whether hidden rows and columns count; where nobody has said, they do.

    Raises SheetError: encrypted, damaged, worksheet_not_found, empty_worksheet, empty_file,
    too_many_rows, too_many_columns, too_many_cells.
    """
    # The facts are looked for while the cells are read, which does not hold Python's lock.
    beside = ThreadPoolExecutor(1)
    try:
        book = calamine.load_workbook(io.BytesIO(data))
        likely = wanted or next((each.name for each in _worksheets(book)), "")
        likely_facts = beside.submit(_facts, data, kind, likely)
        sheet, names = _choose(book, wanted)
    except calamine.PasswordError as error:
        raise sheet_error("encrypted") from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise sheet_error("damaged") from error
    finally:
        beside.shutdown(wait=False)
    assert sheet.end is not None
    end_row, end_column = sheet.end
    if end_column + 1 > limits.columns:
        raise sheet_error("too_many_columns", found=end_column + 1, limit=limits.columns)
    if end_row > limits.rows:
        raise sheet_error("too_many_rows", limit=limits.rows)
    if (area := (end_row + 1) * (end_column + 1)) > limits.cells:
        raise sheet_error("too_many_cells", found=area, limit=limits.cells)
    facts = likely_facts.result() if sheet.name == likely else _facts(data, kind, sheet.name)
    cells = _Cells(facts)
    table = cells.read(sheet, report)
    if kind == Kind.XLSX and any(flag.code == "digits_lost" for flag in cells.flags):
        cells = _Cells(_facts(data, kind, sheet.name, long_numbers=True))
        table = cells.read(sheet)
    table, count = _without_hidden(table, facts, leave_out=hidden is False)
    notes = ["formulas"] if facts.has_formulas else []
    if cells.has_iso_dates:
        notes.append("dates_iso")
    if any(count) and hidden is not None:
        notes.append("hidden_left_out" if hidden is False else "hidden_read")
    known = {each.name: each.visible for each in book.sheets_metadata}
    return Worksheet(
        table=table,
        name=sheet.name,
        names=names,
        hidden_names=tuple(
            name for name in names if known[name] != calamine.SheetVisibleEnum.Visible
        ),
        notes=notes,
        flags=cells.flags,
        hidden=count,
        merged=_merged(sheet),
    )


def _without_hidden(
    table: pa.Table, facts: CellAnnotations, *, leave_out: bool
) -> tuple[pa.Table, tuple[int, int]]:
    """Count hidden rows and columns that hold something, and empty them if they do not count."""
    columns = sorted(_within(facts.hidden_columns, table.num_columns))
    rows = sorted(_within(facts.hidden_rows, table.num_rows))
    if not columns and not rows:
        return table, (0, 0)
    used_columns = [at for at in columns if pc.any(_filled(table[at])).as_py()]
    hidden_rows = table.take(rows)
    filled = np.zeros(len(rows), dtype=bool)
    for column in hidden_rows.columns:
        filled |= _filled(column).to_numpy()
    count = (int(filled.sum()), len(used_columns))
    if not leave_out:
        return table, count
    shown = np.ones(table.num_rows, dtype=bool)
    shown[rows] = False
    mask = pa.array(shown)
    left = [
        pa.chunked_array([pa.array([""] * table.num_rows, pa.string())])
        if at in columns
        else pc.if_else(mask, column, "")
        for at, column in enumerate(table.columns)
    ]
    return pa.table(left, names=table.column_names), count


def _within(ranges: list[tuple[int, int]], size: int) -> set[int]:
    return {at for first, last in ranges for at in range(first, min(last + 1, size))}


def _filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.not_equal(pc.utf8_trim_whitespace(column), "")


def _merged(sheet: calamine.CalamineSheet) -> list[tuple[int, int, int]]:
    return [
        (first_row + 1, last_row + 1, first)
        for (first_row, first), (last_row, last) in sheet.merged_cell_ranges or ()
        if first == last and first_row < last_row
    ]


def _choose(
    book: calamine.CalamineWorkbook, wanted: str | None
) -> tuple[calamine.CalamineSheet, tuple[str, ...]]:
    names = tuple(
        each.name for each in book.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet
    )
    if wanted is not None:
        if wanted not in names:
            raise sheet_error("worksheet_not_found")
        sheet = book.get_sheet_by_name(wanted)
        if sheet.end is None:
            raise sheet_error("empty_worksheet")
        return sheet, names
    for each in _worksheets(book):
        sheet = book.get_sheet_by_name(each.name)
        if sheet.end is not None:
            return sheet, names
    raise sheet_error("empty_file")


def _worksheets(book: calamine.CalamineWorkbook) -> list[calamine.SheetMetadata]:
    """Return what is known of the worksheets, those that are seen first."""
    known = [each for each in book.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet]
    return sorted(known, key=lambda each: each.visible != calamine.SheetVisibleEnum.Visible)


def _facts(data: bytes, kind: Kind, name: str, *, long_numbers: bool = False) -> CellAnnotations:
    try:
        match kind:
            case Kind.XLSX:
                return read_cell_facts(data, name, long_numbers=long_numbers)
            case Kind.XLSB:
                return read_xlsb_facts(data, name)
            case Kind.ODS:
                return read_ods_facts(data, name)
            case _:
                return read_xls_facts(data, name)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ParseError,
        ExpatError,
        LookupError,
        ValueError,
        StopIteration,
    ) as error:
        raise sheet_error("damaged") from error


class _Cells:
    """Turn values into text, chunk by chunk, so that no whole sheet of objects is held."""

    def __init__(self, facts: CellAnnotations) -> None:
        self._facts = facts
        self.flags = [
            CellIssue(row + 1, column, code) for (row, column), code in facts.flags.items()
        ]
        self.has_iso_dates = False

    def read(self, sheet: calamine.CalamineSheet, report: Report = no_progress) -> pa.Table:
        assert sheet.end is not None
        assert sheet.start is not None
        width, skipped = sheet.end[1] + 1, sheet.start[1]
        texts_at: dict[int, list[tuple[int, str]]] = {}
        for (row, column), text in self._facts.texts.items():
            texts_at.setdefault(row, []).append((column, text))
        chunks: list[list[pa.Array]] = []
        rows = iter(sheet.iter_rows())
        first = 0
        while chunk := list(islice(rows, _CHUNK_ROWS)):
            for at, values in enumerate(chunk, first):
                for column, text in texts_at.get(at, ()):
                    if 0 <= column - skipped < len(values):
                        values[column - skipped] = text
            blank = pa.array([""] * len(chunk), pa.string())
            columns = [
                self._column(values, first, index)
                for index, values in enumerate(zip(*chunk, strict=True), skipped)
            ]
            chunks.append([blank] * skipped + columns)
            first += len(chunk)
            report(first / (sheet.end[0] + 1))
        return pa.table(
            [pa.chunked_array(list(arrays), pa.string()) for arrays in zip(*chunks, strict=True)],
            names=[str(index) for index in range(width)],
        )

    def _column(self, values: tuple[Any, ...], first: int, column: int) -> pa.Array:
        try:
            return pa.array(values, pa.string())
        except pa.ArrowTypeError:  # not all of them are texts
            pass
        texts = [
            value if type(value) is str else self._text(value, first + at, column)
            for at, value in enumerate(values)
        ]
        return pa.array(texts, pa.string())

    def _text(self, value: Any, row: int, column: int) -> str:
        match value:
            case bool():
                return "TRUE" if value else "FALSE"
            case int() | float():
                if abs(value) >= MAX_EXACT:
                    self.flags.append(CellIssue(row + 1, column, "digits_lost"))
                return number_text(value)
            case dt.date() | dt.time() | dt.timedelta():
                self.has_iso_dates = True
                return moment_text(value)
            case _:
                return str(value)
