"""Read delimited text: its encoding, its dialect, and its records as Excel counts them."""

import codecs
import csv
import dataclasses
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple

import pyarrow as pa
import pyarrow.csv as pacsv

from lib.sheet.dialects import Dialect, find_dialect, prepared
from lib.sheet.errors import sheet_error

_SEP_LINE = re.compile(r'\A"?sep=(.)"?[ \t]*(?:\r\n|\r|\n)', re.IGNORECASE)
_ENCODING_SAMPLE_BYTES = 256 * 1024
_MIXED = "utf-8 with others"
_TELLING_BYTES = 40  # with fewer letters beyond ASCII, statistics only mislead


@dataclass(frozen=True)
class Records:
    """The cells of a sheet before anyone has looked for its header.

    ``table`` holds text columns only. Its first record is row 1 of the sheet, as a spreadsheet
    program counts; a record with line breaks inside quotes is one row.
    """

    table: pa.Table
    encoding: str
    delimiter: str
    notes: list[str] = field(default_factory=list)


class _Limits(NamedTuple):
    columns: int
    rows: int


def read_text(
    data: bytes,
    *,
    max_columns: int,
    max_rows: int,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Records:
    """Read delimited text of any common encoding and dialect; what is not given is found.

    Raises SheetError: empty_file, not_a_sheet, damaged, too_many_columns, too_many_rows.
    """
    text, encoding, notes = decode(data, encoding)
    if match := _SEP_LINE.match(text):
        # Excel obeys this line and shows the next one as row 1.
        delimiter = delimiter or match.group(1)
        text = text[match.end() :]
    if not text.strip():
        raise sheet_error("empty_file")
    dialect = find_dialect(text, delimiter)
    text = prepared(text, dialect)
    limits = _Limits(max_columns, max_rows)
    width = _first_width(text, dialect)
    if width > max_columns:
        raise sheet_error("too_many_columns", found=width, limit=max_columns)
    table = None if dialect.spaced else _read_fast(text, dialect, width)
    if table is None:
        table = _read_any(text, dialect, limits, notes)
    return Records(table, encoding, dialect.delimiter, notes)


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

    def as_windows(error: UnicodeError) -> tuple[str, int]:
        nonlocal odd
        assert isinstance(error, UnicodeDecodeError)
        odd += error.end - error.start
        return error.object[error.start : error.end].decode("cp1252", "replace"), error.end

    codecs.register_error("sendout.windows", as_windows)
    text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "sendout.windows")
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    return text if odd * 5 <= beyond else None


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


def _first_width(text: str, dialect: Dialect) -> int:
    return len(next(_reader(io.StringIO(text, newline=""), dialect), []))


def _reader(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    return csv.reader(
        lines,
        delimiter=dialect.sign,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        skipinitialspace=dialect.spaced,
    )


def _read_fast(text: str, dialect: Dialect, width: int) -> pa.Table | None:
    """Read text whose records are all of one width; None where they aren't.

    Blank lines and quotes left open are left to the patient reader, since this one would lose
    count of the rows.
    """
    body = text.rstrip("\r\n")
    blank = any(pair in body for pair in ("\n\n", "\n\r\n", "\r\r"))
    if blank or body[0] in "\r\n" or body.count(dialect.quote) % 2 or width < 2:
        return None
    names = [str(index) for index in range(width)]
    try:
        return pacsv.read_csv(
            pa.BufferReader(body.encode()),
            read_options=pacsv.ReadOptions(column_names=names, block_size=8 << 20),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.sign,
                quote_char=dialect.quote,
                newlines_in_values=dialect.quote in body,
                ignore_empty_lines=False,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None


_END = "\x1cend of the text\x1c"
_CHUNK_RECORDS = 50_000


def _read_any(text: str, dialect: Dialect, limits: _Limits, notes: list[str]) -> pa.Table:
    """Read records of any width; the short ones are filled up with empty cells."""
    try:
        table, ragged = _collect(_records(text, dialect, notes), limits)
    except _QuoteLeftOpenError:
        notes.append("quotes_ignored")
        unquoted = dataclasses.replace(dialect, quote="")
        table, ragged = _collect(_records(text, unquoted, notes), limits)
    notes.extend(ragged)
    return table


class _QuoteLeftOpenError(Exception):
    """A quote opens and never closes, so that the rest of the text would be one cell."""


def _records(text: str, dialect: Dialect, notes: list[str]) -> Iterator[list[str]]:
    csv.field_size_limit(2**31 - 1)
    body = text.rstrip("\r\n")
    ended = False
    width = 0
    for record in _reader(chain(io.StringIO(body + "\n", newline=""), (_END,)), dialect):
        if record == [_END]:
            ended = True
            continue
        if record and record[-1].endswith(_END):
            raise _QuoteLeftOpenError
        width = width or len(record)
        if len(record) == 1 < width and (other := _parted_otherwise(record[0], width)):
            if "odd_rows" not in notes:
                notes.append("odd_rows")
            yield other
        else:
            yield record
    if not ended:
        raise _QuoteLeftOpenError


def _parted_otherwise(line: str, width: int) -> list[str] | None:
    """Return the cells of a line that parts just as many as the table has, but by another sign."""
    if width == 2:
        # One sign in a line of text proves nothing.
        return None
    for sign in (",", ";", "\t", "|"):
        cells = next(csv.reader([line], delimiter=sign), [])
        if len(cells) == width:
            return cells
    return None


def _collect(records: Iterator[list[str]], limits: _Limits) -> tuple[pa.Table, list[str]]:
    """Return the records as one table, and the codes of notes about their widths."""
    chunks: list[list[pa.Array]] = []
    widths: Counter[int] = Counter()
    first = 0
    while chunk := list(islice(records, _CHUNK_RECORDS)):
        widths.update(map(len, chunk))
        first = first or next((len(record) for record in chunk if record), 0)
        width = max(widths)
        if width > limits.columns:
            raise sheet_error("too_many_columns", found=width, limit=limits.columns)
        if widths.total() > limits.rows + 1 and widths.total() - widths[0] > limits.rows + 1:
            raise sheet_error("too_many_rows", limit=limits.rows)
        padded = (record + [""] * (width - len(record)) for record in chunk)
        chunks.append([pa.array(cells, pa.string()) for cells in zip(*padded, strict=True)])
    width = max(widths, default=0)
    notes = []
    if any(0 < each < first for each in widths):
        notes.append("short_rows")
    if width > first:
        notes.append("long_rows")
    columns = [
        pa.chunked_array(
            [
                chunk[index] if index < len(chunk) else pa.array([""] * len(chunk[0]), pa.string())
                for chunk in chunks
                if chunk
            ],
            pa.string(),
        )
        for index in range(width)
    ]
    return pa.table(columns, names=[str(index) for index in range(width)]), notes
