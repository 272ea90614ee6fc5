"""Read delimited text: its encoding, its dialect, and its records as Excel counts them."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.csv as pacsv

from lib.sheet.errors import sheet_error

_DELIMITERS = (",", ";", "\t", "|")
_SEP_LINE = re.compile(r'\A"?sep=(.)"?[ \t]*(?:\r\n|\r|\n)', re.IGNORECASE)
_SAMPLE_CHARACTERS = 64 * 1024
_SAMPLE_RECORDS = 200
_ENCODING_SAMPLE_BYTES = 256 * 1024
_TELLING_BYTES = 40  # with fewer letters beyond ASCII, statistics only mislead


@dataclass(frozen=True)
class Records:
    """The cells of a sheet before anyone has looked for its header.

    ``table`` holds text columns only. Its first record is row 1 of the sheet, as a spreadsheet
    program counts; a record with line breaks inside quotes is one row.
    """

    table: pa.Table
    notes: list[str] = field(default_factory=list)


class _Limits(NamedTuple):
    columns: int
    rows: int


def read_text(data: bytes, *, max_columns: int, max_rows: int) -> Records:
    """Read delimited text of any common encoding and dialect.

    Raises SheetError: empty_file, not_a_sheet, damaged, too_many_columns, too_many_rows.
    """
    text, notes = decode(data)
    delimiter = None
    if match := _SEP_LINE.match(text):
        # Excel obeys this line and shows the next one as row 1.
        delimiter = match.group(1)
        text = text[match.end() :]
    if not text.strip():
        raise sheet_error("empty_file")
    if delimiter is None:
        delimiter = find_delimiter(text)
    spaced = re.search(rf'(?m){re.escape(delimiter)} +"', text[:_SAMPLE_CHARACTERS]) is not None
    limits = _Limits(max_columns, max_rows)
    width = _first_width(text, delimiter)
    if width > max_columns:
        raise sheet_error("too_many_columns", found=width, limit=max_columns)
    table = None if spaced else _read_fast(text, delimiter, width)
    if table is None:
        table = _read_any(text, delimiter, limits, notes, spaced=spaced)
    return Records(table, notes)


def decode(data: bytes) -> tuple[str, list[str]]:
    """Return the text and the codes of notes about it."""
    notes: list[str] = []
    text, encoding = _decode(data)
    if "\x00" in text:
        text = text.replace("\x00", "")
        notes.append("nul_removed")
    controls = sum(text.count(chr(code), 0, 65536) for code in (1, 2, 3, 4, 5, 6, 14, 15, 16))
    if controls > max(8, min(len(text), 65536) // 100):
        raise sheet_error("not_a_sheet", kind="a file of an unknown kind")
    if encoding == "utf-8 with others":
        notes.append("odd_letters")
    elif encoding not in ("utf-8", "utf-16", "utf-32", "ascii"):
        notes.append("encoding_guessed")
    return text, notes


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
        return text, "utf-8 with others"
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
        best = from_bytes(telling[:_ENCODING_SAMPLE_BYTES]).best()
        encodings[:0] = [best.encoding] if best else []
    for encoding in encodings:
        try:
            return data.decode(encoding), encoding
        except (UnicodeDecodeError, LookupError):
            continue
    raise sheet_error("damaged")


def find_delimiter(text: str) -> str:
    """Return the character that parts the cells most evenly; a comma where nothing parts them."""
    sample = text[:_SAMPLE_CHARACTERS]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1] or sample
    scores = sorted(((_evenness(sample, each), each) for each in _DELIMITERS), reverse=True)
    (best, delimiter), (second, _) = scores[:2]
    if best == (0.0, 0):
        return ","
    if best == second or best[0] < 0.5:
        return _ask_clevercsv(sample) or delimiter
    return delimiter


def _evenness(sample: str, delimiter: str) -> tuple[float, int]:
    """Return the share of records that have the commonest width, and that width.

    Nothing at all where the commonest width is one cell.
    """
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    widths = Counter(len(record) for record in islice(reader, _SAMPLE_RECORDS) if record)
    several = [(count, width) for width, count in widths.items() if width > 1]
    if not several:
        return 0.0, 0
    count, width = max(several)
    if widths[1] > count:
        return 0.0, 0
    return count / widths.total(), width


def _ask_clevercsv(sample: str) -> str | None:
    import clevercsv

    lines = "".join(islice(io.StringIO(sample, newline=""), 40))
    try:
        dialect = clevercsv.Sniffer().sniff(lines, delimiters=list(_DELIMITERS))
    except clevercsv.Error:
        return None
    found = dialect.delimiter if dialect else None
    return found if found in _DELIMITERS else None


def _first_width(text: str, delimiter: str) -> int:
    return len(next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), []))


def _read_fast(text: str, delimiter: str, width: int) -> pa.Table | None:
    """Read text whose records are all of one width; None where they aren't.

    Blank lines and quotes left open are left to the patient reader, since this one would lose
    count of the rows.
    """
    body = text.rstrip("\r\n")
    blank = any(pair in body for pair in ("\n\n", "\n\r\n", "\r\r"))
    if blank or body[0] in "\r\n" or body.count('"') % 2 or width < 2:
        return None
    names = [str(index) for index in range(width)]
    try:
        return pacsv.read_csv(
            pa.BufferReader(body.encode()),
            read_options=pacsv.ReadOptions(
                column_names=names, block_size=8 << 20, use_threads=False
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values='"' in body, ignore_empty_lines=False
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None


_END = "\x1cend of the text\x1c"
_CHUNK_RECORDS = 50_000


def _read_any(
    text: str, delimiter: str, limits: _Limits, notes: list[str], *, spaced: bool
) -> pa.Table:
    """Read records of any width; the short ones are filled up with empty cells."""
    try:
        table, ragged = _collect(
            _records(text, delimiter, csv.QUOTE_MINIMAL, spaced=spaced), limits
        )
    except _QuoteLeftOpenError:
        notes.append("quotes_ignored")
        table, ragged = _collect(_records(text, delimiter, csv.QUOTE_NONE, spaced=spaced), limits)
    notes.extend(ragged)
    return table


class _QuoteLeftOpenError(Exception):
    """A quote opens and never closes, so that the rest of the text would be one cell."""


def _records(
    text: str, delimiter: str, quoting: Literal[0, 3], *, spaced: bool
) -> Iterator[list[str]]:
    csv.field_size_limit(2**31 - 1)
    body = text.rstrip("\r\n")
    lines = chain(io.StringIO(body + "\n", newline=""), (_END,))
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=spaced, quoting=quoting)
    ended = False
    for record in reader:
        if record == [_END]:
            ended = True
        elif record and record[-1].endswith(_END):
            raise _QuoteLeftOpenError
        else:
            yield record
    if not ended:
        raise _QuoteLeftOpenError


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
