"""Read a file of any type into a raw sheet, with facts about it as plain values."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lib.sheet.errors import SheetError, SheetErrorCode
from lib.sheet.file_type import COMPOUND_START, WORKBOOKS, Kind, kind_of, kind_of_start
from lib.sheet.notes import CellIssue
from lib.sheet.other_text import START_BYTES
from lib.sheet.read_options import ReadLimits, ReadOptions
from lib.sheet.store.byte_source import ByteSource, Report, no_progress
from lib.sheet.table.assemble import HeaderOptions, RawSheet, assemble

if TYPE_CHECKING:
    from lib.sheet.row_sinks import RowSink
    from lib.sheet.text.source import TextSource


def read_contents(
    data: bytes,
    *,
    worksheet: str | None,
    reading: ReadOptions,
    limits: ReadLimits,
    report: Report = no_progress,
) -> tuple[RawSheet, dict[str, Any]]:
    """Return the sheet in these bytes, and facts about it as plain values.

    ``report`` is called with the share that has been read, from 0 to 1. Raises SheetError.
    """
    data, kind = _open(data)
    _check_worksheet(kind, worksheet)
    if kind in WORKBOOKS:
        return _read_workbook(data, kind, worksheet, reading, limits, report=report)
    from lib.sheet.row_sinks import MemorySink

    sink = MemorySink(limits)
    if kind == Kind.TEXT:
        from lib.sheet.text.source import TextSource

        text = TextSource(lambda: io.BytesIO(data), len(data), reading.encoding, report)
        return _read_text(text, reading, limits, sink)
    return _read_columns(pa.BufferReader(data), kind, reading, limits, sink, report=report)


def read_large_contents(
    source: ByteSource,
    scratch: Path,
    *,
    worksheet: str | None,
    reading: ReadOptions,
    limits: ReadLimits,
    report: Report,
) -> tuple[RawSheet, dict[str, Any]]:
    """Do what `read_contents` does for a large text, Parquet or Arrow file, in bounded memory.

    The cells are kept in the file ``scratch``, which must not be deleted before the sheet is.
    """
    from lib.sheet.row_sinks import ScratchSink

    kind = kind_of_start(source.start(START_BYTES))
    _check_worksheet(kind, worksheet)
    sink = ScratchSink(scratch, limits)
    if kind == Kind.TEXT:
        from lib.sheet.text.source import TextSource

        text = TextSource(source.open, source.size, reading.encoding, report)
        return _read_text(text, reading, limits, sink)
    try:
        file = source.open()
    except OSError as error:
        raise SheetError(SheetErrorCode.DAMAGED) from error
    with file:
        stream = pa.PythonFile(file, mode="r")
        return _read_columns(stream, kind, reading, limits, sink, report=report)


def _open(data: bytes) -> tuple[bytes, Kind]:
    """Return a file's bytes, decrypted if no one has to know a password, and its format."""
    try:
        return data, kind_of(data)
    except SheetError as error:
        if error.code != SheetErrorCode.ENCRYPTED or not data.startswith(COMPOUND_START):
            raise
    from lib.sheet.workbook.encryption import decrypt_built_in

    data = decrypt_built_in(data)
    return data, kind_of(data)


def _check_worksheet(kind: Kind, worksheet: str | None) -> None:
    if kind not in WORKBOOKS and worksheet is not None:
        raise SheetError(SheetErrorCode.WORKSHEET_NOT_FOUND)


def _read_text(
    source: "TextSource", reading: ReadOptions, limits: ReadLimits, sink: "RowSink"
) -> tuple[RawSheet, dict[str, Any]]:
    from lib.sheet.text.reader import read_text

    records = read_text(source, reading, limits, sink)
    sheet = _assemble(
        records.table, records.flags, reading, limits, kept=records.width, rows=records.rows
    )
    dialect = records.dialect
    found = {
        "encoding": records.encoding,
        "delimiter": dialect.delimiter,
        "quote": dialect.quote,
        "backslashed": dialect.backslashed,
    }
    return sheet, _facts(sheet, found, records.notes)


def _read_workbook(
    data: bytes,
    kind: Kind,
    worksheet: str | None,
    reading: ReadOptions,
    limits: ReadLimits,
    *,
    report: Report,
) -> tuple[RawSheet, dict[str, Any]]:
    from lib.sheet.workbook.reader import read_worksheet

    page = read_worksheet(data, kind, worksheet, limits, hidden=reading.hidden, report=report)
    sheet = _assemble(page.table, page.flags, reading, limits, merged=page.merged, rows=page.rows)
    return sheet, _facts(sheet, {"hidden": reading.hidden}, page.notes) | {
        "worksheet": page.name,
        "worksheets": page.names,
        "hidden_worksheets": page.hidden_names,
        "hidden": page.hidden,
    }


def _read_columns(
    file: pa.NativeFile,
    kind: Kind,
    reading: ReadOptions,
    limits: ReadLimits,
    sink: "RowSink",
    *,
    report: Report,
) -> tuple[RawSheet, dict[str, Any]]:
    from lib.sheet.arrow_reader import read_columns

    flags = read_columns(file, kind, limits, sink, report)
    table, rows = sink.finish()
    header_row = 1 if reading.header_row is None else reading.header_row
    sheet = assemble(
        table,
        flags,
        max_rows=limits.rows,
        max_cells=limits.cells,
        wanted=HeaderOptions(header_row, reading.last_row),
        rows=rows,
    )
    return sheet, _facts(sheet, {}, [])


def _assemble(
    table: pa.Table,
    flags: list[CellIssue],
    reading: ReadOptions,
    limits: ReadLimits,
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
    """Return what is stored about a sheet beside its cells; ``found`` are detected options."""
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
        "made_up_names": sheet.made_up,
        "notes": [*notes, *sheet.notes],
    }
