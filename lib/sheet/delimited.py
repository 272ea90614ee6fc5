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

from lib.sheet.dialects import Dialect, find_dialect, prepared, sample_of
from lib.sheet.errors import sheet_error
from lib.sheet.flags import Flag
from lib.sheet.kinds import column_kinds
from lib.sheet.ragged import LineReader
from lib.sheet.sources import Report, nobody

SEP_LINE = re.compile(r'\A"?sep=(.)"?[ \t]*(?:\r\n|\r|\n)', re.IGNORECASE)
_ENCODING_SAMPLE_BYTES = 256 * 1024
_MIXED = "utf-8 with others"
_TELLING_BYTES = 40  # with fewer letters beyond ASCII, statistics only mislead


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
    flags: list[Flag] = field(default_factory=list)


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
    report: Report = nobody,
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
    flags: list[Flag] = []
    if table is None:
        table, flags = _read_any(text, reader, Limits(max_columns, max_rows), report)
    return Records(table, encoding, dialect, reader.width, notes, flags)


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str, list[str]]:
    """Return the text, its encoding, and the codes of notes about it."""
    notes: list[str] = []
    if encoding is not None:
        text = data.decode(encoding, "replace").removeprefix("\ufeff")
    else:
        text, encoding = _decode(data)
        if encoding == _MIXED:
            notes.append("odd_letters")
            encoding = "utf-8"
        elif encoding not in ("utf-8", "utf-16", "utf-32"):
            notes.append("encoding_guessed")
    if "\x00" in text:
        text = text.replace("\x00", "")
        notes.append("nul_removed")
    controls = sum(text.count(chr(code), 0, 65536) for code in (1, 2, 3, 4, 5, 6, 14, 15, 16))
    if controls > max(8, min(len(text), 65536) // 100):
        raise sheet_error("not_a_sheet", kind="a file of an unknown kind")
    return text, encoding, notes


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return _strictly(data, "utf-32")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _strictly(data, "utf-16")
    start = data[:4096]
    if start.count(0) > len(start) // 4:
        # No byte order mark: in text of mostly Latin letters the empty halves tell the order.
        little = start[1::2].count(0) > start[::2].count(0)
        return _strictly(data, "utf-16-le" if little else "utf-16-be")
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    if (text := _mostly_utf8(data)) is not None:
        return text, _MIXED
    return _guess(data)


def _mostly_utf8(data: bytes) -> str | None:
    """Read UTF-8 in which a few bytes are of another encoding, as where two files were joined.

    One bad byte must not turn every other letter into two wrong ones. Bytes that make no UTF-8
    are read as Windows does; None where they are more than one in five letters beyond ASCII.
    """
    odd = 0

    def counted(error: UnicodeError) -> tuple[str, int]:
        nonlocal odd
        assert isinstance(error, UnicodeDecodeError)
        odd += error.end - error.start
        return _as_windows(error)

    codecs.register_error("sendout.counted", counted)
    text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "sendout.counted")
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    return text if odd * 5 <= beyond else None


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("sendout.windows", _as_windows)


def start_of(head: bytes, encoding: str | None = None) -> tuple[str, str, str, list[str]]:
    """Return a large text's first lines, its encoding, its codec, and the codes of notes.

    ``head`` are its first bytes; ``codec`` is what Python calls the way to read all of them.
    """
    wide = head[:4096].count(0) > len(head[:4096]) // 4
    end = max(head.rfind(b"\n"), head.rfind(b"\r")) + 1
    if wide or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        end = len(head) // 4 * 4
    text, found, notes = decode(head[: end or len(head)], encoding)
    codec = found
    if found == "utf-16" and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16-le" if head[1:4096:2].count(0) > head[:4096:2].count(0) else "utf-16-be"
    return text, found, "utf-8-sig" if found == "utf-8" else codec, notes


def _strictly(data: bytes, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding), "utf-16" if "16" in encoding else "utf-32"
    except UnicodeDecodeError as error:
        raise sheet_error("damaged") from error


def _guess(data: bytes) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    # The lines with other than ASCII are what tells encodings apart.
    telling = b"\n".join(line for line in data.splitlines() if not line.isascii())
    encodings = ["cp1252", "latin-1"]
    if len(telling) - len(telling.decode("ascii", "ignore")) >= _TELLING_BYTES:
        matches = from_bytes(telling[:_ENCODING_SAMPLE_BYTES])
        best = matches.best()
        # Western and Central European letters share most bytes: a tie goes to the commoner one.
        tied = {
            match.encoding
            for match in matches
            if best and match.chaos <= best.chaos and match.coherence >= best.coherence
        }
        if best and "cp1252" not in tied:
            encodings.insert(0, best.encoding)
    for encoding in encodings:
        try:
            return data.decode(encoding), encoding
        except (UnicodeDecodeError, LookupError):
            continue
    raise sheet_error("damaged")


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
_MOST_TOO_LONG = 0.1


class WidthsSeen:
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

    def flags(self) -> list[Flag]:
        """Return the flags of rows that are too long, and add what is to be said to the notes."""
        if any(0 < each < self.reader.width for each in self._widths):
            self.reader.notes.append("short_rows")
        if self._too_long:
            self.reader.notes.append("long_rows")
        count = len(self._too_long)
        if count > 1 and count > _MOST_TOO_LONG * self._widths.total():
            return []
        return [
            Flag(row, column, "row_too_long")
            for row, cells in self._too_long.items()
            for column in range(cells)
        ]


def _read_any(
    text: str, reader: LineReader, limits: Limits, report: Report
) -> tuple[pa.Table, list[Flag]]:
    """Read records of any width: short ones are filled up, the cells of long ones are flagged."""
    body = text.rstrip("\r\n")
    lines = io.StringIO(body + "\n", newline="")
    records = reader.records(lines)
    seen = WidthsSeen(reader, limits)
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
