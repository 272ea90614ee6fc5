"""What a file holds, whatever its kind: its cells as a sheet, and what is to be said about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from lib.sheet.assembly import Assembled, Wanted, assemble
from lib.sheet.errors import sheet_error
from lib.sheet.flags import Flag
from lib.sheet.formats import WORKBOOKS, Kind, kind_of
from lib.sheet.readings import Reading


@dataclass(frozen=True)
class Limits:
    """How much of a sheet is read at most."""

    rows: int
    columns: int
    cells: int


def read_contents(
    data: bytes, *, worksheet: str | None, reading: Reading, limits: Limits
) -> tuple[Assembled, dict[str, Any]]:
    """Return the sheet in these bytes, and facts about it as plain values. Raises SheetError."""
    kind = kind_of(data)
    if kind not in WORKBOOKS and worksheet is not None:
        raise sheet_error("worksheet_not_found")
    if kind == Kind.TEXT:
        return _of_text(data, reading, limits)
    if kind in WORKBOOKS:
        return _of_workbook(data, kind, worksheet, reading, limits)
    return _of_columns(data, kind, reading, limits)


def _of_text(data: bytes, reading: Reading, limits: Limits) -> tuple[Assembled, dict[str, Any]]:
    from lib.sheet.delimited import read_text

    records = read_text(
        data,
        max_columns=limits.columns,
        max_rows=limits.rows,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        quote=reading.quote,
        backslashed=reading.backslashed,
    )
    sheet = _assemble(records.table, records.flags, reading, limits, kept=records.width)
    dialect = records.dialect
    found = {
        "encoding": records.encoding,
        "delimiter": dialect.delimiter,
        "quote": dialect.quote,
        "backslashed": dialect.backslashed,
    }
    return sheet, _facts(sheet, found, records.notes)


def _of_workbook(
    data: bytes, kind: Kind, worksheet: str | None, reading: Reading, limits: Limits
) -> tuple[Assembled, dict[str, Any]]:
    from lib.sheet.spreadsheet import read_worksheet

    page = read_worksheet(
        data,
        kind,
        worksheet,
        max_rows=limits.rows,
        max_columns=limits.columns,
        max_cells=limits.cells,
        hidden=reading.hidden,
    )
    sheet = _assemble(page.table, page.flags, reading, limits, merged=page.merged)
    return sheet, _facts(sheet, {"hidden": reading.hidden}, page.notes) | {
        "worksheet": page.name,
        "worksheets": page.names,
        "hidden_worksheets": page.hidden_names,
        "hidden": page.hidden,
    }


def _of_columns(
    data: bytes, kind: Kind, reading: Reading, limits: Limits
) -> tuple[Assembled, dict[str, Any]]:
    from lib.sheet.columnar import read_columns

    table, flags = read_columns(
        data, kind, max_rows=limits.rows, max_columns=limits.columns, max_cells=limits.cells
    )
    sheet = assemble(
        table,
        flags,
        max_rows=limits.rows,
        max_cells=limits.cells,
        wanted=Wanted(1 if reading.header_row is None else reading.header_row, reading.last_row),
    )
    return sheet, _facts(sheet, {}, [])


def _assemble(
    table: pa.Table,
    flags: list[Flag],
    reading: Reading,
    limits: Limits,
    *,
    kept: int = 0,
    merged: Sequence[tuple[int, int, int]] = (),
) -> Assembled:
    return assemble(
        table,
        flags,
        max_rows=limits.rows,
        max_cells=limits.cells,
        wanted=Wanted(reading.header_row, reading.last_row, reading.table),
        kept=kept,
        merged=merged,
    )


def _facts(sheet: Assembled, found: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    return {
        "worksheet": None,
        "worksheets": [],
        "reading": found
        | {
            "header_row": sheet.header_row,
            "last_row": sheet.rows[-1].as_py(),
            "table": sheet.number if len(sheet.tables) > 1 else None,
        },
        "tables": sheet.tables,
        "names": sheet.names,
        "notes": [*notes, *sheet.notes],
    }
