"""Read delimited text: its encoding, its dialect, and its records as Excel counts them."""

import codecs
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import pyarrow as pa
import pyarrow.csv as pacsv

from lib.sheet.errors import sheet_error
from lib.sheet.notes import CellIssue
from lib.sheet.store.byte_source import Report, no_progress
from lib.sheet.table.cell_types import column_kinds
from lib.sheet.text.dialect import Dialect, find_dialect, prepared, sample_of
from lib.sheet.text.encoding import _as_windows, decode
from lib.sheet.text.repair import LineReader

SEP_LINE = re.compile(r'\A"?sep=(.)"?[ \t]*(?:\r\n|\r|\n)', re.IGNORECASE)


@dataclass(frozen=True)
class Records:
    """The cells of a sheet before anyone has looked for its header.

    ``table`` holds text columns only. Its first record is row 1 of the sheet, as a spreadsheet
    program counts; a record with line breaks inside quotes is one row. ``width`` cells are usual.
    """

    table: pa.Table
    encoding: str
    dialect: Dialect
    width: int = 0
    notes: list[str] = field(default_factory=list)
    flags: list[CellIssue] = field(default_factory=list)


class Limits(NamedTuple):
    """How many columns and rows may be read."""

    columns: int
    rows: int


def read_text(
    data: bytes,
    *,
    max_columns: int,
    max_rows: int,
    encoding: str | None = None,
    delimiter: str | None = None,
    quote: str | None = None,
    backslashed: bool | None = None,
    report: Report = no_progress,
) -> Records:
    """Read delimited text of any common encoding and dialect; what is not given is found.

    Raises SheetError: empty_file, not_a_sheet, damaged, too_many_columns, too_many_rows.
    """
    text, encoding, notes = decode(data, encoding)
    if match := SEP_LINE.match(text):
        # Excel obeys this line and shows the next one as row 1.
        delimiter = delimiter or match.group(1)
        text = text[match.end() :]
    if not text.strip():
        raise sheet_error("empty_file")
    dialect = find_dialect(text, delimiter, quote=quote, backslashed=backslashed)
    text = prepared(text, dialect)
    reader, widest = line_reader(text, dialect, notes)
    if widest > max_columns:
        raise sheet_error("too_many_columns", found=widest, limit=max_columns)
    table = None if dialect.spaced else _read_fast(text, dialect, widest)
    flags: list[CellIssue] = []
    if table is None:
        table, flags = _read_any(text, reader, Limits(max_columns, max_rows), report)
    return Records(table, encoding, dialect, reader.width, notes, flags)


codecs.register_error("sendout.windows", _as_windows)


_SAMPLE_RECORDS = 200


def line_reader(text: str, dialect: Dialect, notes: list[str]) -> tuple[LineReader, int]:
    """Look through a text's first lines.

    Return a reader that knows how many cells are usual, and the width of the first record.
    """
    lines = io.StringIO(sample_of(text), newline="")
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
    return LineReader(dialect, width, kinds, notes), len(first)


def has_blank_line(text: str) -> bool:
    """Tell whether a line between others is empty."""
    return "\n\n" in text or ("\r" in text and ("\n\r\n" in text or "\r\r" in text))


def has_stray_marks(text: str, dialect: Dialect) -> bool:
    """Tell whether quotation marks are odd in number, or one stands inside a word."""
    quote, sign = dialect.quote, re.escape(dialect.sign)
    if (count := text.count(quote)) % 2:
        return True
    return count > 0 and bool(re.search(rf"[^{quote}{sign}\r\n]{quote}[^{quote}{sign}\r\n]", text))


def _read_fast(text: str, dialect: Dialect, width: int) -> pa.Table | None:
    """Read text whose records are all of one width; None where they aren't.

    Blank lines and quotes left open are left to the patient reader, since this one would lose
    count of the rows.
    """
    body = text.rstrip("\r\n")
    quote = dialect.quote
    if (
        has_blank_line(body)
        or body[0] in "\r\n"
        or width < 2
        or (quote and has_stray_marks(body, dialect))
    ):
        return None
    names = [str(index) for index in range(width)]
    try:
        return pacsv.read_csv(
            pa.BufferReader(body.encode()),
            read_options=pacsv.ReadOptions(column_names=names, block_size=8 << 20),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.sign,
                quote_char=quote or False,
                newlines_in_values=bool(quote) and quote in body,
                ignore_empty_lines=False,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None


_CHUNK_RECORDS = 50_000
# Where more rows than this share are too long, that is how this table is.
_MAX_TOO_LONG = 0.1


class WidthTracker:
    """How wide records are, seen chunk by chunk; those too long lose their empty ends."""

    def __init__(self, reader: LineReader, limits: Limits) -> None:
        self.reader, self.limits = reader, limits
        self._widths: Counter[int] = Counter()
        self._too_long: dict[int, int] = {}

    @property
    def widest(self) -> int:
        """The most cells of a record so far."""
        return max(self._widths, default=0)

    def settle(self, chunk: list[list[str]]) -> None:
        """Take note of the next records. Raises SheetError: too_many_columns, too_many_rows."""
        usual, widths = self.reader.width, self._widths
        first = widths.total() + 1
        for at, record in enumerate(chunk):
            if 0 < usual < len(record):
                chunk[at] = _without_empty_end(record, usual)
                if len(chunk[at]) > usual:
                    self._too_long[first + at] = len(chunk[at])
        widths.update(map(len, chunk))
        if self.widest > self.limits.columns:
            raise sheet_error("too_many_columns", found=self.widest, limit=self.limits.columns)
        if widths.total() - widths[0] > self.limits.rows + 1:
            raise sheet_error("too_many_rows", limit=self.limits.rows)

    def flags(self) -> list[CellIssue]:
        """Return the flags of rows that are too long, and add what is to be said to the notes."""
        if any(0 < each < self.reader.width for each in self._widths):
            self.reader.notes.append("short_rows")
        if self._too_long:
            self.reader.notes.append("long_rows")
        count = len(self._too_long)
        if count > 1 and count > _MAX_TOO_LONG * self._widths.total():
            return []
        return [
            CellIssue(row, column, "row_too_long")
            for row, cells in self._too_long.items()
            for column in range(cells)
        ]


def _read_any(
    text: str, reader: LineReader, limits: Limits, report: Report
) -> tuple[pa.Table, list[CellIssue]]:
    """Read records of any width: short ones are filled up, the cells of long ones are flagged."""
    body = text.rstrip("\r\n")
    lines = io.StringIO(body + "\n", newline="")
    records = reader.records(lines)
    seen = WidthTracker(reader, limits)
    chunks: list[pa.Table] = []
    while chunk := list(islice(records, _CHUNK_RECORDS)):
        seen.settle(chunk)
        chunks.append(records_table(chunk, max(map(len, chunk))))
        report(lines.tell() / (len(body) + 1))
    return _joined(chunks, seen.widest), seen.flags()


def records_table(chunk: list[list[str]], width: int) -> pa.Table:
    """Return records as a table of so many columns; the short ones are filled up."""
    padded = (record + [""] * (width - len(record)) for record in chunk)
    arrays = [pa.array(cells, pa.string()) for cells in zip(*padded, strict=True)]
    return pa.table(arrays, names=[str(at) for at in range(width)])


def _joined(chunks: list[pa.Table], width: int) -> pa.Table:
    names = [str(at) for at in range(width)]
    whole = []
    for chunk in chunks:
        blank = pa.array([""] * chunk.num_rows, pa.string())
        missing = [blank] * (width - chunk.num_columns)
        whole.append(pa.table([*chunk.columns, *missing], names=names))
    return pa.concat_tables(whole)


def _without_empty_end(record: list[str], width: int) -> list[str]:
    """Return a record without the empty cells beyond the usual width."""
    end = len(record)
    while end > width and not record[end - 1].strip():
        end -= 1
    return record[:end]
