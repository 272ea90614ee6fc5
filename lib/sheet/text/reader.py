"""Read delimited text: detect its dialect and split it into rows as Excel counts them."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final

import pyarrow as pa
import pyarrow.csv as pacsv

from lib.sheet.notes import CellIssue, CellIssueCode, NoticeCode
from lib.sheet.read_options import ReadLimits, ReadOptions
from lib.sheet.row_sinks import RowSink
from lib.sheet.table.cell_types import column_kinds
from lib.sheet.table.detect import is_data
from lib.sheet.text.dialect import Dialect, find_dialect, first_lines, prepare_text
from lib.sheet.text.repair import LineReader
from lib.sheet.text.source import TextSource

_BLOCK_BYTES: Final = 8 << 20
_CHUNK_RECORDS: Final = 50_000
_SAMPLE_RECORDS: Final = 200
_HEADER_ROWS: Final = 1
# Columns beyond the usual width for which a scratch file has room.
_SPARE_COLUMNS: Final = 32
# If more than this share of the rows is too long, the rows are not flagged one by one.
_MAX_TOO_LONG: Final = 0.1


@dataclass(frozen=True)
class Records:
    """The cells of a text before its header is searched for.

    ``table`` has text columns only, ``width`` of which are usual. ``rows`` are the records' numbers
    if empty ones have been removed; otherwise the first record is row 1, as a spreadsheet program
    counts. A record with line breaks inside quotes is one row.
    """

    table: pa.Table
    rows: pa.Array | None
    encoding: str
    dialect: Dialect
    width: int = 0
    notes: list[str] = field(default_factory=list)
    flags: list[CellIssue] = field(default_factory=list)


def read_text(
    source: TextSource, options: ReadOptions, limits: ReadLimits, sink: RowSink
) -> Records:
    """Read delimited text of any common dialect into ``sink``, and return its records.

    What the options do not state is detected. Raises SheetError: empty_file, too_many_columns,
    too_many_rows.
    """
    dialect = find_dialect(
        source.head,
        options.delimiter or source.declared_delimiter,
        quote=options.quote,
        backslashed=options.backslashed,
    )
    reader, first = _line_reader(prepare_text(source.head, dialect), dialect, source.notes)
    flags: list[CellIssue] = []
    if contacts := _listed_contacts(source, first):
        sink.start(1)
        sink.add(_records_table(contacts))
        table, rows = sink.finish()
        return Records(table, rows, source.encoding, dialect, 1, reader.notes, flags)
    first_width = len(first)
    limits.check_columns(first_width)
    is_even = first_width >= 2 and not dialect.spaced
    if not is_even or not _read_even(source, dialect, first_width, sink):
        flags = _read_uneven(source, reader, limits, sink, max(first_width, reader.width, 1))
    table, rows = sink.finish()
    return Records(table, rows, source.encoding, dialect, reader.width, reader.notes, flags)


def _listed_contacts(source: TextSource, first: list[str]) -> list[list[str]]:
    """Return a record for each phone number or address of a text that is one line of them."""
    cells = [cell.strip() for cell in first if cell.strip()]
    is_list = len(cells) > 1 and all(is_data([cell]) for cell in cells)
    has_one_line = len(source.head.strip().splitlines()) == 1 and source.is_head_all
    return [[cell] for cell in cells] if is_list and has_one_line else []


def _line_reader(text: str, dialect: Dialect, notes: list[str]) -> tuple[LineReader, list[str]]:
    """Return a reader that knows the usual width of records, and the first record."""
    lines = io.StringIO(first_lines(text), newline="")
    sample = list(islice(LineReader(dialect).records(lines), _SAMPLE_RECORDS))
    filled = [record for record in sample if any(record)]
    widths = Counter(len(record) for record in filled if len(record) > 1)
    width = widths.most_common(1)[0][0] if widths else 0
    kinds = column_kinds([record for record in filled[1:] if len(record) == width], width)
    # A first line that is longer than the sample has to be read in full.
    first = (
        sample[0]
        if len(sample) > 1
        else next(LineReader(dialect).records(io.StringIO(text, newline="")), [])
    )
    return LineReader(dialect, width, kinds, notes), first


class _NotEvenError(Exception):
    """The text has blank lines or stray quotation marks, which Arrow would read differently."""


class EvenTextStream:
    """File object that gives a text to Arrow as UTF-8.

    Its `read` raises an error at blank lines, which Arrow would skip, and at quotation marks that
    are not closed or stand inside a word.
    """

    closed = False

    def __init__(self, source: TextSource, dialect: Dialect) -> None:
        self._pieces = source.pieces(dialect)
        self._quote = dialect.quote
        quote, sign = dialect.quote, re.escape(dialect.sign)
        self._stray_quote = re.compile(rf"[^{quote}{sign}\r\n]{quote}[^{quote}{sign}\r\n]")
        self._unread = memoryview(b"")
        self._quote_count = 0

    def read(self, size: int = -1) -> memoryview:
        """Return up to ``size`` bytes; none at the end."""
        if not self._unread:
            self._unread = memoryview(self._next_piece().encode())
        taken, self._unread = self._unread[:size], self._unread[size:]
        return taken

    def _next_piece(self) -> str:
        piece = next(self._pieces, "")
        if not piece:
            if self._quote_count % 2:
                raise _NotEvenError
            return ""
        if piece[0] in "\r\n" or _has_blank_line(piece):
            raise _NotEvenError
        if self._quote and (count := piece.count(self._quote)):
            self._quote_count += count
            if self._stray_quote.search(piece):
                raise _NotEvenError
        return piece

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return False."""
        return False

    def writable(self) -> bool:
        """Return False."""
        return False

    def close(self) -> None:
        """Stop reading."""
        self._pieces.close()  # type: ignore[attr-defined]


def _has_blank_line(text: str) -> bool:
    return "\n\n" in text or ("\r" in text and ("\n\r\n" in text or "\r\r" in text))


def _read_even(source: TextSource, dialect: Dialect, width: int, sink: RowSink) -> bool:
    """Read the text with Arrow; return False if its records are not all of this width."""
    quote = dialect.quote
    names = [str(index) for index in range(width)]
    sink.start(width)
    try:
        sink.add_csv(
            pa.PythonFile(EvenTextStream(source, dialect), mode="r"),
            pacsv.ReadOptions(column_names=names, block_size=_BLOCK_BYTES),
            pacsv.ParseOptions(
                delimiter=dialect.sign,
                quote_char=quote or False,
                newlines_in_values=bool(quote),
                ignore_empty_lines=False,
            ),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (_NotEvenError, pa.ArrowInvalid):
        return False
    return True


def _read_uneven(
    source: TextSource, reader: LineReader, limits: ReadLimits, sink: RowSink, width: int
) -> list[CellIssue]:
    """Read records of any width: short ones are padded, and the cells of long ones are flagged."""
    sink.start(width + _SPARE_COLUMNS)
    records = reader.records(_lines(source.pieces(reader.dialect)))
    tracker = WidthTracker(reader, limits)
    while chunk := list(islice(records, _CHUNK_RECORDS)):
        tracker.add(chunk)
        sink.add(_records_table(chunk))
    return tracker.flags()


def _lines(pieces: Iterator[str]) -> Iterator[str]:
    return chain.from_iterable(io.StringIO(piece, newline="") for piece in pieces)


def _records_table(records: list[list[str]]) -> pa.Table:
    """Return records as a table of text columns; short ones are padded."""
    width = max(1, *map(len, records))
    padded = (record + [""] * (width - len(record)) for record in records)
    arrays = [pa.array(cells, pa.string()) for cells in zip(*padded, strict=True)]
    return pa.table(arrays, names=[str(index) for index in range(width)])


class WidthTracker:
    """Count the widths of records, and remove empty cells beyond the usual width."""

    def __init__(self, reader: LineReader, limits: ReadLimits) -> None:
        self._reader, self._limits = reader, limits
        self._widths: Counter[int] = Counter()
        self._too_long: dict[int, int] = {}

    def add(self, chunk: list[list[str]]) -> None:
        """Count the next records, and shorten them in place.

        Raises SheetError: too_many_columns, too_many_rows.
        """
        usual, widths = self._reader.width, self._widths
        first = widths.total() + 1
        for index, record in enumerate(chunk):
            if 0 < usual < len(record):
                chunk[index] = _without_empty_end(record, usual)
                if len(chunk[index]) > usual:
                    self._too_long[first + index] = len(chunk[index])
        widths.update(map(len, chunk))
        self._limits.check_columns(max(widths))
        self._limits.check_rows(widths.total() - widths[0] - _HEADER_ROWS)

    def flags(self) -> list[CellIssue]:
        """Return an issue for each cell of rows that are too long, and add notices to the reader's.

        There are none if many rows are too long, because the table then has this form.
        """
        if any(0 < width < self._reader.width for width in self._widths):
            self._reader.notes.append(NoticeCode.SHORT_ROWS)
        if self._too_long:
            self._reader.notes.append(NoticeCode.LONG_ROWS)
        count = len(self._too_long)
        if count > 1 and count > _MAX_TOO_LONG * self._widths.total():
            return []
        return [
            CellIssue(row, column, CellIssueCode.ROW_TOO_LONG)
            for row, cells in self._too_long.items()
            for column in range(cells)
        ]


def _without_empty_end(record: list[str], width: int) -> list[str]:
    """Return a record without the empty cells beyond the usual width."""
    end = len(record)
    while end > width and not record[end - 1].strip():
        end -= 1
    return record[:end]
