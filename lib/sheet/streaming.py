"""Read large files piece by piece into a scratch file, so that memory does not grow with them.

The scratch file holds the raw cells, row numbers last; it is opened without being loaded, and what
comes after works on it as on a table in memory.
"""

import io
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from lib.sheet.arrow_reader import columns_of_text
from lib.sheet.errors import sheet_error
from lib.sheet.file_type import Kind
from lib.sheet.notes import CellIssue
from lib.sheet.read_options import ReadOptions
from lib.sheet.store.byte_source import ByteSource, ProgressReader, Report
from lib.sheet.text.dialect import Dialect, find_dialect, prepared
from lib.sheet.text.encoding import start_of
from lib.sheet.text.reader import (
    SEP_LINE,
    Limits,
    Records,
    WidthTracker,
    has_blank_line,
    has_stray_marks,
    line_reader,
    records_table,
)

_HEAD_BYTES: Final = 1 << 20
_PIECE_CHARACTERS: Final = 8 << 20
_CHUNK_RECORDS: Final = 50_000
_SPARE_COLUMNS: Final = 32
_ROW: Final = "row"


class _NotEvenError(Exception):
    """The text needs the patient reader."""


def read_text_in_pieces(
    source: ByteSource, scratch: Path, reading: ReadOptions, limits: Limits, report: Report
) -> tuple[Records, pa.Array]:
    """Read delimited text; return its records, on the disk, and the rows' numbers.

    Raises SheetError: empty_file, not_a_sheet, too_many_columns, too_many_rows.
    """
    head, encoding, codec, notes = start_of(source.start(_HEAD_BYTES), reading.encoding)
    delimiter = reading.delimiter
    if match := SEP_LINE.match(head):
        delimiter = delimiter or match.group(1)
        head = head[match.end() :]
    dialect = find_dialect(head, delimiter, quote=reading.quote, backslashed=reading.backslashed)
    reader, widest = line_reader(prepared(head, dialect), dialect, notes)
    if widest > limits.columns:
        raise sheet_error("too_many_columns", found=widest, limit=limits.columns)
    text = _Text(source, codec, dialect, report)
    flags: list[CellIssue] = []
    width = max(widest, reader.width, 1)
    is_even = not dialect.spaced and width >= 2 and _write_even(text, scratch, width, limits)
    if not is_even:
        seen = WidthTracker(reader, limits)
        _write_any(text, scratch, width + _SPARE_COLUMNS, seen)
        flags = seen.flags()
    notes.extend(note for note in text.notes if note not in notes)
    table = _opened(scratch)
    records = Records(
        table.drop_columns([_ROW]), encoding, dialect, reader.width, reader.notes, flags
    )
    return records, table[_ROW].combine_chunks()


class _Text:
    """A text's lines in pieces, as often as they are wanted."""

    def __init__(self, source: ByteSource, codec: str, dialect: Dialect, report: Report) -> None:
        self._source, self._codec, self.dialect, self._report = source, codec, dialect, report
        self.notes: list[str] = []

    def pieces(self) -> Iterator[str]:
        """Yield whole lines, some megabytes at a time; empty lines at the end are left out."""
        counted = ProgressReader(self._source.open(), self._source.size, self._report)
        with io.TextIOWrapper(
            io.BufferedReader(counted, 1 << 20),
            encoding=self._codec,
            errors="sendout.windows" if self._codec.startswith("utf-8") else "replace",
            newline="",
        ) as lines:
            held = ""
            first = True
            while piece := lines.readlines(_PIECE_CHARACTERS):
                text = "".join(piece)
                if first and (match := SEP_LINE.match(text)):
                    text = text[match.end() :]
                first = False
                if "\x00" in text:
                    text = text.replace("\x00", "")
                    self.notes.append("nul_removed")
                text = held + prepared(text, self.dialect)
                body = text.rstrip("\r\n")
                held = text[len(body) :]
                if body:
                    yield body
        yield "\n"


class EvenTextStream:
    """The bytes of an even text, as Arrow asks for them; what is not even stops it."""

    closed = False

    def __init__(self, text: _Text) -> None:
        self._pieces = text.pieces()
        self._dialect = text.dialect
        self._left = b""
        self._marks = 0
        self._is_first = True

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                if self._marks % 2:
                    raise _NotEvenError
                return b""
            quote = self._dialect.quote
            self._marks += piece.count(quote) if quote else 0
            starts_blank = self._is_first and piece[0] in "\r\n"
            self._is_first = False
            if (
                starts_blank
                or has_blank_line(piece)
                or (quote and has_stray_marks(piece, self._dialect))
            ):
                raise _NotEvenError
            self._left = piece.encode()
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say no."""
        return False

    def writable(self) -> bool:
        """Say no."""
        return False

    def close(self) -> None:
        """Stop reading."""
        self._pieces.close()  # type: ignore[attr-defined]


def _write_even(text: _Text, scratch: Path, width: int, limits: Limits) -> bool:
    """Write the records if all are of one width; tell whether they are."""
    try:
        _write_batches(text, scratch, width, limits)
    except (_NotEvenError, pa.ArrowInvalid):
        return False
    return True


def _write_batches(text: _Text, scratch: Path, width: int, limits: Limits) -> None:
    quote = text.dialect.quote
    names = [str(at) for at in range(width)]
    batches = pacsv.open_csv(
        pa.PythonFile(EvenTextStream(text), mode="r"),
        read_options=pacsv.ReadOptions(column_names=names, block_size=8 << 20, use_threads=False),
        parse_options=pacsv.ParseOptions(
            delimiter=text.dialect.sign,
            quote_char=quote or False,
            newlines_in_values=bool(quote),
            ignore_empty_lines=False,
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    with _Scratch(scratch, width, limits) as file:
        for batch in batches:
            file.add(pa.Table.from_batches([batch]))


def _write_any(text: _Text, scratch: Path, width: int, seen: WidthTracker) -> None:
    lines = chain.from_iterable(
        io.StringIO(piece, newline="") for piece in _with_ends(text.pieces())
    )
    records = seen.reader.records(lines)
    with _Scratch(scratch, width, seen.limits) as file:
        while chunk := list(islice(records, _CHUNK_RECORDS)):
            seen.settle(chunk)
            if (widest := max(map(len, chunk))) > width:
                raise sheet_error("too_many_columns", found=widest, limit=width)
            file.add(records_table(chunk, width))


def _with_ends(pieces: Iterator[str]) -> Iterator[str]:
    """Yield pieces that end with their lines' ends, as lines are told apart by them."""
    before = ""
    for piece in pieces:
        body = piece.lstrip("\r\n")
        if before:
            yield before + piece[: len(piece) - len(body)]
        before = body
    if before:
        yield before + "\n"


class _Scratch:
    """The scratch file: rows that hold something, with their numbers."""

    def __init__(self, path: Path, width: int, limits: Limits) -> None:
        fields = [pa.field(str(at), pa.string()) for at in range(width)]
        self._schema = pa.schema([*fields, pa.field(_ROW, pa.int64())])
        self._path, self._limits = path, limits
        self._next = 1
        self._kept = 0

    def __enter__(self) -> Self:
        self._path.unlink(missing_ok=True)
        self._writer = pa.ipc.new_file(str(self._path), self._schema)
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def add(self, table: pa.Table) -> None:
        """Write the rows that hold something. Raises SheetError too_many_rows."""
        rows = pa.array(np.arange(self._next, self._next + table.num_rows))
        self._next += table.num_rows
        table = table.append_column(_ROW, rows)
        kept = pc.not_equal(pc.utf8_trim_whitespace(table[0]), "")
        for column in table.columns[1:-1]:
            if pc.all(kept).as_py():
                break
            kept = pc.or_(kept, pc.not_equal(pc.utf8_trim_whitespace(column), ""))
        else:
            table = table.filter(kept)
        self._kept += table.num_rows
        if self._kept > self._limits.rows + 1:
            raise sheet_error("too_many_rows", limit=self._limits.rows)
        self._writer.write_table(table.cast(self._schema))


def _opened(scratch: Path) -> pa.Table:
    table = pa.ipc.open_file(pa.memory_map(str(scratch))).read_all()
    if not table.num_rows:
        raise sheet_error("empty_file")
    return table


def read_columns_in_pieces(
    source: ByteSource, kind: Kind, scratch: Path, limits: Limits, report: Report
) -> tuple[pa.Table, pa.Array, list[CellIssue]]:
    """Read a Parquet or Arrow file; return its cells, on the disk, rows' numbers, and flags.

    Raises SheetError: damaged, too_many_columns, too_many_rows.
    """
    flags: list[CellIssue] = []
    try:
        with source.open() as file:
            batches, schema, rows = _batches(pa.PythonFile(file, mode="r"), kind)
            if len(schema) > limits.columns:
                raise sheet_error("too_many_columns", found=len(schema), limit=limits.columns)
            with _Scratch(scratch, len(schema), limits) as target:
                names = [pa.array([name], pa.string()) for name in schema.names]
                target.add(pa.table(names, [str(at) for at in range(len(names))]))
                done = 0
                for batch in batches:
                    batch.validate(full=True)
                    table = pa.Table.from_batches([batch])
                    target.add(columns_of_text(table, flags, first_row=done + 2))
                    done += batch.num_rows
                    report(done / max(rows, done, 1))
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise sheet_error("damaged") from error
    table = _opened(scratch)
    return table.drop_columns([_ROW]), table[_ROW].combine_chunks(), flags


def _batches(file: pa.NativeFile, kind: Kind) -> tuple[Iterator[Any], pa.Schema, int]:
    """Return the batches of a file, its schema, and its rows where that is known."""
    if kind == Kind.PARQUET:
        import pyarrow.parquet as pq

        parquet = pq.ParquetFile(file, pre_buffer=False)
        rows = parquet.metadata.num_rows
        return parquet.iter_batches(batch_size=_CHUNK_RECORDS), parquet.schema_arrow, rows
    if kind == Kind.ARROW:
        opened = pa.ipc.open_file(file)
        found = (opened.get_batch(at) for at in range(opened.num_record_batches))
        return found, opened.schema, 0
    stream = pa.ipc.open_stream(file)
    return iter(stream), stream.schema, 0
