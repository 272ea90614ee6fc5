"""What a file holds, whatever its kind: its cells as a sheet, and what is to be said about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lib.sheet.errors import sheet_error
from lib.sheet.file_type import WORKBOOKS, Kind, kind_of, kind_of_start
from lib.sheet.notes import CellIssue
from lib.sheet.read_options import ReadOptions
from lib.sheet.store.byte_source import ByteSource, Report, no_progress
from lib.sheet.table.assemble import HeaderOptions, RawSheet, assemble

if TYPE_CHECKING:
    from pathlib import Path

    from lib.sheet.text.reader import Records


@dataclass(frozen=True)
class Limits:
    """How much of a sheet is read at most."""

    rows: int
    columns: int
    cells: int


def read_contents(
    data: bytes,
    *,
    worksheet: str | None,
    reading: ReadOptions,
    limits: Limits,
    report: Report = no_progress,
) -> tuple[RawSheet, dict[str, Any]]:
    """Return the sheet in these bytes, and facts about it as plain values.

    ``report`` is told the share that is done. Raises SheetError.
    """
    kind = kind_of(data)
    _check_worksheet(kind, worksheet)
    if kind == Kind.TEXT:
        return _of_text(data, reading, limits, report)
    if kind in WORKBOOKS:
        return _of_workbook(data, kind, worksheet, reading, limits, report=report)
    return _of_columns(data, kind, reading, limits)


def read_large_contents(
    source: ByteSource,
    scratch: "Path",
    *,
    worksheet: str | None,
    reading: ReadOptions,
    limits: Limits,
    report: Report,
) -> tuple[RawSheet, dict[str, Any]]:
    """Do the same for a large text, Parquet or Arrow file, by way of a scratch file."""
    from lib.sheet.streaming import read_columns_in_pieces, read_text_in_pieces
    from lib.sheet.text.reader import Limits as WidthLimits

    kind = kind_of_start(source.start(4096))
    _check_worksheet(kind, worksheet)
    widths = WidthLimits(limits.columns, limits.rows)
    if kind == Kind.TEXT:
        records, rows = read_text_in_pieces(source, scratch, reading, widths, report)
        return _of_records(records, reading, limits, rows)
    table, rows, flags = read_columns_in_pieces(source, kind, scratch, widths, report)
    return _of_named(table, flags, reading, limits, rows)


def _check_worksheet(kind: Kind, worksheet: str | None) -> None:
    if kind not in WORKBOOKS and worksheet is not None:
        raise sheet_error("worksheet_not_found")


def _of_text(
    data: bytes, reading: ReadOptions, limits: Limits, report: Report
) -> tuple[RawSheet, dict[str, Any]]:
    from lib.sheet.text.reader import read_text

    records = read_text(
        data,
        max_columns=limits.columns,
        max_rows=limits.rows,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        quote=reading.quote,
        backslashed=reading.backslashed,
        report=report,
    )
    return _of_records(records, reading, limits, None)


def _of_records(
    records: "Records", reading: ReadOptions, limits: Limits, rows: pa.Array | None
) -> tuple[RawSheet, dict[str, Any]]:
    sheet = _assemble(records.table, records.flags, reading, limits, kept=records.width, rows=rows)
    dialect = records.dialect
    found = {
        "encoding": records.encoding,
        "delimiter": dialect.delimiter,
        "quote": dialect.quote,
        "backslashed": dialect.backslashed,
    }
    return sheet, _facts(sheet, found, records.notes)


def _of_workbook(
    data: bytes,
    kind: Kind,
    worksheet: str | None,
    reading: ReadOptions,
    limits: Limits,
    *,
    report: Report,
) -> tuple[RawSheet, dict[str, Any]]:
    from lib.sheet.workbook.reader import read_worksheet

    page = read_worksheet(
        data,
        kind,
        worksheet,
        max_rows=limits.rows,
        max_columns=limits.columns,
        max_cells=limits.cells,
        hidden=reading.hidden,
        report=report,
    )
    sheet = _assemble(page.table, page.flags, reading, limits, merged=page.merged)
    return sheet, _facts(sheet, {"hidden": reading.hidden}, page.notes) | {
        "worksheet": page.name,
        "worksheets": page.names,
        "hidden_worksheets": page.hidden_names,
        "hidden": page.hidden,
    }


def _of_columns(
    data: bytes, kind: Kind, reading: ReadOptions, limits: Limits
) -> tuple[RawSheet, dict[str, Any]]:
    from lib.sheet.arrow_reader import read_columns

    table, flags = read_columns(
        data, kind, max_rows=limits.rows, max_columns=limits.columns, max_cells=limits.cells
    )
    return _of_named(table, flags, reading, limits, None)


def _of_named(
    table: pa.Table,
    flags: list[CellIssue],
    reading: ReadOptions,
    limits: Limits,
    rows: pa.Array | None,
) -> tuple[RawSheet, dict[str, Any]]:
    sheet = assemble(
        table,
        flags,
        max_rows=limits.rows,
        max_cells=limits.cells,
        wanted=HeaderOptions(
            1 if reading.header_row is None else reading.header_row, reading.last_row
        ),
        rows=rows,
    )
    return sheet, _facts(sheet, {}, [])


def _assemble(
    table: pa.Table,
    flags: list[CellIssue],
    reading: ReadOptions,
    limits: Limits,
    *,
    kept: int = 0,
    merged: Sequence[tuple[int, int, int]] = (),
    rows: pa.Array | None = None,
) -> RawSheet:
    return assemble(
        table,
        flags,
        max_rows=limits.rows,
        max_cells=limits.cells,
        wanted=HeaderOptions(reading.header_row, reading.last_row, reading.table),
        kept=kept,
        merged=merged,
        rows=rows,
    )


def _facts(sheet: RawSheet, found: dict[str, Any], notes: list[str]) -> dict[str, Any]:
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
