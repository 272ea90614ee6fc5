"""Read a Parquet or Arrow file into cells of text, with its column names as the first row."""

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.errors import SheetError, SheetErrorCode
from lib.sheet.file_type import Kind
from lib.sheet.notes import CellIssue, CellIssueCode
from lib.sheet.read_options import ReadLimits
from lib.sheet.row_sinks import RowSink
from lib.sheet.store.byte_source import Report
from lib.sheet.workbook.number_formats import MAX_EXACT, moment_text, number_text

_BATCH_ROWS: Final = 50_000
_HEADER_ROWS: Final = 1


def read_columns(
    file: pa.NativeFile, kind: Kind, limits: ReadLimits, sink: RowSink, report: Report
) -> list[CellIssue]:
    """Read the cells into ``sink``, and return the issues of numbers too long to be exact.

    Numbers and dates are written as in a spreadsheet; lists and records become JSON. Raises
    SheetError: damaged, too_many_rows, too_many_columns, too_many_cells.
    """
    with _damage_reported():
        schema, batches, row_count = _open_batches(file, kind)
        names = schema.names
    limits.check_columns(len(names))
    sink.check_size(row_count, len(names))
    sink.start(len(names))
    header = [pa.array([name], pa.string()) for name in names]
    sink.add(pa.table(header, names=_positions(len(names))))
    flags: list[CellIssue] = []
    done = 0
    for table in _text_tables(batches, flags):
        done += table.num_rows
        sink.add(table)
        report(done / max(row_count, done, 1))
    sink.check_size(done, len(names))
    return flags


@contextmanager
def _damage_reported() -> Iterator[None]:
    """Raise SheetError damaged for what Arrow raises while it reads a damaged file."""
    try:
        yield
    except MemoryError:  # pa.ArrowMemoryError is a pa.ArrowException too
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
        raise SheetError(SheetErrorCode.DAMAGED) from error


def _open_batches(
    file: pa.NativeFile, kind: Kind
) -> tuple[pa.Schema, Iterator[pa.RecordBatch], int]:
    """Return a file's schema, its batches, and its row count, or 0 if that is not declared."""
    if kind == Kind.PARQUET:
        import pyarrow.parquet as pq

        parquet = pq.ParquetFile(file, pre_buffer=False)
        batches = parquet.iter_batches(batch_size=_BATCH_ROWS)
        return parquet.schema_arrow, batches, parquet.metadata.num_rows
    if kind == Kind.ARROW:
        reader = pa.ipc.open_file(file)
        batches = (reader.get_batch(index) for index in range(reader.num_record_batches))
        return reader.schema, batches, 0
    stream = pa.ipc.open_stream(file)
    return stream.schema, iter(stream), 0


def _text_tables(batches: Iterator[pa.RecordBatch], flags: list[CellIssue]) -> Iterator[pa.Table]:
    """Yield each batch as a table of text, and add the numbers that are too long to ``flags``."""
    first_row = 1 + _HEADER_ROWS
    while True:
        with _damage_reported():
            if (batch := next(batches, None)) is None:
                return
            batch.validate(full=True)
            columns = [
                _column_text(pa.chunked_array([column]), index, flags, first_row=first_row)
                for index, column in enumerate(batch.columns)
            ]
        first_row += batch.num_rows
        yield pa.table(columns, names=_positions(len(columns)))


def _positions(width: int) -> list[str]:
    return [str(index) for index in range(width)]


def _column_text(
    column: pa.ChunkedArray, index: int, flags: list[CellIssue], *, first_row: int
) -> pa.ChunkedArray:
    """Return a column as text; each distinct value is converted once."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind):
        return pc.fill_null(column.cast(pa.string()), "")
    if pa.types.is_nested(kind):
        texts = [_json_text(value) for value in column.to_pylist()]
        return pa.chunked_array([texts], pa.string())
    if pa.types.is_floating(kind):
        too_long = pc.greater_equal(pc.abs(column), float(MAX_EXACT)).to_pylist()
        flags.extend(
            CellIssue(row, index, CellIssueCode.DIGITS_LOST)
            for row, is_too_long in enumerate(too_long, first_row)
            if is_too_long
        )
    if pa.types.is_temporal(kind):
        column = _without_nanoseconds(column)
    encoded = column.combine_chunks().dictionary_encode()
    values = [_value_text(_python_value(value)) for value in encoded.dictionary]
    texts = pa.array(values, pa.string())
    return pa.chunked_array([pc.fill_null(texts.take(encoded.indices), "")], pa.string())


def _without_nanoseconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cut times, moments and durations to microseconds, which Python's types hold."""
    kind = column.type
    if kind == pa.time64("ns"):
        return column.cast(pa.time64("us"), safe=False)
    if kind == pa.duration("ns"):
        return column.cast(pa.duration("us"), safe=False)
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    return column


def _python_value(value: pa.Scalar) -> Any:
    """Return a value as Python's; a date that Python's types do not hold as Arrow's text."""
    try:
        return value.as_py()
    except OverflowError:
        return value.cast(pa.string()).as_py()


def _value_text(value: Any) -> str:
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


def _json_text(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)
