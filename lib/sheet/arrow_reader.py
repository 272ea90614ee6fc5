"""Read a Parquet or Arrow file into cells of text, its names of columns as the first row."""

import datetime as dt
import io
import json
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.errors import sheet_error
from lib.sheet.file_type import Kind
from lib.sheet.notes import CellIssue
from lib.sheet.workbook.number_formats import MAX_EXACT, moment_text, number_text

_HEADER_ROWS: Final = 1


def read_columns(
    data: bytes, kind: Kind, *, max_rows: int, max_columns: int, max_cells: int
) -> tuple[pa.Table, list[CellIssue]]:
    """Return the cells, and flags of numbers too long to be kept exactly.

    Numbers and dates look as in a spreadsheet; lists and records become JSON. Raises SheetError:
    damaged, too_many_rows, too_many_columns, too_many_cells.
    """
    try:
        table = _open(data, kind, max_rows=max_rows, max_columns=max_columns, max_cells=max_cells)
        flags: list[CellIssue] = []
        texts = columns_of_text(table, flags, first_row=1 + _HEADER_ROWS)
        columns = [
            pa.chunked_array([[name], *texts.column(at).chunks], pa.string())
            for at, name in enumerate(table.column_names)
        ]
    except MemoryError:  # Arrow's own is one of its exceptions too
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise sheet_error("damaged") from error
    return pa.table(columns, names=[str(at) for at in range(len(columns))]), flags


def columns_of_text(table: pa.Table, flags: list[CellIssue], *, first_row: int) -> pa.Table:
    """Return a table's cells as text, and add to ``flags`` the numbers that were too long."""
    columns = [
        _texts(table.column(at), at, flags, first_row=first_row) for at in range(table.num_columns)
    ]
    return pa.table(columns, names=[str(at) for at in range(len(columns))])


def _open(data: bytes, kind: Kind, *, max_rows: int, max_columns: int, max_cells: int) -> pa.Table:
    if kind == Kind.PARQUET:
        import pyarrow.parquet as pq

        file = pq.ParquetFile(io.BytesIO(data))
        _check(file.metadata.num_rows, len(file.schema_arrow), max_rows, max_columns, max_cells)
        table = file.read()
        table.validate(full=True)
        return table
    source = pa.BufferReader(data)
    reader = pa.ipc.open_file(source) if kind == Kind.ARROW else pa.ipc.open_stream(source)
    _check(0, len(reader.schema), max_rows, max_columns, max_cells)
    table = reader.read_all()
    table.validate(full=True)
    _check(table.num_rows, table.num_columns, max_rows, max_columns, max_cells)
    return table


def _check(rows: int, columns: int, max_rows: int, max_columns: int, max_cells: int) -> None:
    if columns > max_columns:
        raise sheet_error("too_many_columns", found=columns, limit=max_columns)
    if rows > max_rows:
        raise sheet_error("too_many_rows", limit=max_rows)
    if rows * columns > max_cells:
        raise sheet_error("too_many_cells", found=rows * columns, limit=max_cells)


def _texts(
    column: pa.ChunkedArray, at: int, flags: list[CellIssue], *, first_row: int
) -> pa.ChunkedArray:
    """Return a column as text; each different value is put into words once."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind):
        return pc.fill_null(column.cast(pa.string()), "")
    if pa.types.is_nested(kind):
        texts = [_json(value) for value in column.to_pylist()]
        return pa.chunked_array([texts], pa.string())
    if pa.types.is_floating(kind):
        too_long = pc.greater_equal(pc.abs(column), float(MAX_EXACT)).to_pylist()
        flags.extend(
            CellIssue(row + first_row, at, "digits_lost")
            for row, is_too_long in enumerate(too_long)
            if is_too_long
        )
    encoded = column.combine_chunks().dictionary_encode()
    words = pa.array([_text(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return pa.chunked_array([pc.fill_null(words.take(encoded.indices), "")], pa.string())


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return number_text(value) if abs(value) < float("inf") else ""
        case dt.date() | dt.time() | dt.timedelta():
            return moment_text(value)
        case bytes():
            return value.decode("utf-8", errors="replace")
        case _:
            return str(value)


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)
