"""What an XLS file says of its cells: formats, errors, formulas, and what is hidden (MS-XLS)."""

import struct
from collections.abc import Iterator
from typing import Final

from lib.sheet.workbook.annotations import ERRORS, CellAnnotations
from lib.sheet.workbook.number_formats import BUILT_IN, distinctive_format
from lib.sheet.workbook.ole import read_stream

_BOF: Final = 0x0809
_BIFF8: Final = 0x0600
_HIDDEN_ROW: Final = 0x0020


def read_xls_facts(data: bytes, worksheet: str) -> CellAnnotations:
    """Return the facts of one worksheet. Raises ValueError where the file is damaged."""
    try:
        stream = read_stream(data, ("Workbook", "Book"))
        book = _Book(stream)
        return _page(stream, book, book.places[worksheet])
    except (struct.error, IndexError, KeyError) as error:
        raise ValueError("the workbook is damaged") from error


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield the records of one substream, its end excluded."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == _BOF:
            depth += 1
        elif kind == 0x000A:
            depth -= 1
            if depth <= 0:
                return
        yield kind, body


class _Book:
    """The parts of a workbook that its worksheets share."""

    def __init__(self, stream: bytes) -> None:
        self.places: dict[str, int] = {}
        self.date1904 = False
        codes = dict(BUILT_IN)
        styles: list[int] = []
        wide = False
        for kind, body in _records(stream, 0):
            match kind:
                case 0x0809:
                    wide = struct.unpack_from("<H", body)[0] == _BIFF8
                case 0x0022:
                    self.date1904 = body[0] == 1
                case 0x0085:
                    self.places[_text(body[6:], wide=wide, long=False)] = struct.unpack_from(
                        "<I", body
                    )[0]
                case 0x041E:
                    codes[struct.unpack_from("<H", body)[0]] = _text(body[2:], wide=wide, long=True)
                case 0x00E0:
                    styles.append(struct.unpack_from("<H", body, 2)[0])
        self.codes = [distinctive_format(codes.get(style, "")) for style in styles]

    def code(self, style: int) -> str | None:
        """Return the format of a style whose numbers look unlike their digits."""
        return self.codes[style] if style < len(self.codes) else None


def _text(body: bytes, *, wide: bool, long: bool) -> str:
    """Read a short string; ``long``: its length takes two bytes, where letters may be wide."""
    if not wide:
        return body[1 : 1 + body[0]].decode("cp1252", "replace")
    length, at = (struct.unpack_from("<H", body)[0], 2) if long else (body[0], 1)
    if body[at] & 1:
        return body[at + 1 : at + 1 + 2 * length].decode("utf-16-le", "replace")
    return body[at + 1 : at + 1 + length].decode("latin-1")


def _page(stream: bytes, book: _Book, at: int) -> CellAnnotations:
    facts = CellAnnotations()
    for kind, body in _records(stream, at):
        if kind == 0x0208 and struct.unpack_from("<H", body, 12)[0] & _HIDDEN_ROW:
            row = struct.unpack_from("<H", body)[0]
            facts.hidden_rows.append((row, row))
        elif kind == 0x007D and struct.unpack_from("<H", body, 8)[0] & 1:
            facts.hidden_columns.append(struct.unpack_from("<HH", body))
        elif kind == 0x0006:
            facts.has_formulas = True
        for row, column, style, value in _cells(kind, body):
            if isinstance(value, str):
                facts.add_error((row, column), value)
            else:
                code = book.code(style)
                facts.add_number((row, column), repr(value), code, date1904=book.date1904)
    return facts


def _cells(kind: int, body: bytes) -> Iterator[tuple[int, int, int, float | str]]:
    """Yield the cells of a record: row, column, style, and a number or the text of an error."""
    if kind == 0x0203:
        yield struct.unpack_from("<HHHd", body)
    elif kind == 0x027E:
        row, column, style, packed = struct.unpack_from("<HHHI", body)
        yield row, column, style, unpacked(packed)
    elif kind == 0x00BD:
        row, first = struct.unpack_from("<HH", body)
        for column, at in enumerate(range(4, len(body) - 5, 6), first):
            style, packed = struct.unpack_from("<HI", body, at)
            yield row, column, style, unpacked(packed)
    elif kind == 0x0205 and body[7]:
        yield *struct.unpack_from("<HHH", body), ERRORS.get(body[6], "#ERROR!")
    elif kind == 0x0006:
        row, column, style = struct.unpack_from("<HHH", body)
        if body[12:14] != b"\xff\xff":
            yield row, column, style, struct.unpack_from("<d", body, 6)[0]
        elif body[6] == 2:
            yield row, column, style, ERRORS.get(body[8], "#ERROR!")


def unpacked(number: int) -> float:
    """Return the number that Excel packs into 32 bits: an RK value."""
    value: float
    if number & 2:
        value = float((number >> 2) - ((1 << 30) if number & 0x80000000 else 0))
    else:
        value = struct.unpack("<d", b"\0\0\0\0" + struct.pack("<I", number & 0xFFFFFFFC))[0]
    return value / 100 if number & 1 else value
