"""Read one worksheet of a workbook into cells of text."""

import datetime as dt
import io
import zipfile
from dataclasses import dataclass
from itertools import islice
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

import pyarrow as pa
import python_calamine as calamine

from lib.sheet.errors import sheet_error
from lib.sheet.flags import Flag
from lib.sheet.formats import Kind
from lib.sheet.number_formats import MAX_EXACT, moment_text, number_text
from lib.sheet.workbook_xml import CellFacts, read_cell_facts

_CHUNK_ROWS = 20_000


@dataclass(frozen=True)
class Worksheet:
    """A worksheet's cells from A1 on, all text, with what is known about them."""

    table: pa.Table
    name: str
    names: tuple[str, ...]
    notes: list[str]
    flags: list[Flag]


def read_worksheet(
    data: bytes, kind: Kind, wanted: str | None, *, max_rows: int, max_columns: int, max_cells: int
) -> Worksheet:
    """Read the worksheet of this name, or the first visible one that holds anything.

    Raises SheetError: encrypted, damaged, worksheet_not_found, empty_worksheet, empty_file,
    too_many_rows, too_many_columns, too_many_cells.
    """
    try:
        book = calamine.load_workbook(io.BytesIO(data))
        sheet, names = _choose(book, wanted)
    except calamine.PasswordError as error:
        raise sheet_error("encrypted") from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise sheet_error("damaged") from error
    assert sheet.end is not None
    end_row, end_column = sheet.end
    if end_column + 1 > max_columns:
        raise sheet_error("too_many_columns", found=end_column + 1, limit=max_columns)
    if end_row > max_rows:
        raise sheet_error("too_many_rows", limit=max_rows)
    if (area := (end_row + 1) * (end_column + 1)) > max_cells:
        raise sheet_error("too_many_cells", found=area, limit=max_cells)
    facts = _facts(data, kind, sheet.name)
    cells = _Cells(facts)
    table = cells.read(sheet)
    notes = ["formulas"] if facts.has_formulas else []
    if cells.has_iso_dates:
        notes.append("dates_iso")
    return Worksheet(table, sheet.name, names, notes, cells.flags)


def _choose(
    book: calamine.CalamineWorkbook, wanted: str | None
) -> tuple[calamine.CalamineSheet, tuple[str, ...]]:
    known = [each for each in book.sheets_metadata if each.typ == calamine.SheetTypeEnum.WorkSheet]
    names = tuple(each.name for each in known)
    if wanted is not None:
        if wanted not in names:
            raise sheet_error("worksheet_not_found")
        sheet = book.get_sheet_by_name(wanted)
        if sheet.end is None:
            raise sheet_error("empty_worksheet")
        return sheet, names
    for each in sorted(known, key=lambda each: each.visible != calamine.SheetVisibleEnum.Visible):
        sheet = book.get_sheet_by_name(each.name)
        if sheet.end is not None:
            return sheet, names
    raise sheet_error("empty_file")


def _facts(data: bytes, kind: Kind, name: str) -> CellFacts:
    if kind != Kind.XLSX:
        return CellFacts()
    try:
        return read_cell_facts(data, name)
    except (
        zipfile.BadZipFile,
        ParseError,
        ExpatError,
        KeyError,
        ValueError,
        StopIteration,
    ) as error:
        raise sheet_error("damaged") from error


class _Cells:
    """Turn values into text, chunk by chunk, so that no whole sheet of objects is held."""

    def __init__(self, facts: CellFacts) -> None:
        self._facts = facts
        self.flags = [Flag(row + 1, column, code) for (row, column), code in facts.flags.items()]
        self.has_iso_dates = False

    def read(self, sheet: calamine.CalamineSheet) -> pa.Table:
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
        return pa.table(
            [pa.chunked_array(list(arrays), pa.string()) for arrays in zip(*chunks, strict=True)],
            names=[str(index) for index in range(width)],
        )

    def _column(self, values: tuple[Any, ...], first: int, column: int) -> pa.Array:
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
                    self.flags.append(Flag(row + 1, column, "digits_lost"))
                return number_text(value)
            case dt.date() | dt.time() | dt.timedelta():
                self.has_iso_dates = True
                return moment_text(value)
            case _:
                return str(value)
