"""Leave out the empty rows of sparse worksheets in XLS files, by new row numbers in their records.

The records are in [MS-XLS] 2.3 and 2.4. They keep their size, so the stream is written in place.
"""

import io
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import olefile

_BOF, _EOF, _SHEET, _ROW, _DIMENSIONS = 0x809, 0x0A, 0x85, 0x208, 0x200
_WORKSHEET_BOF: Final = struct.pack("<HH", 0x600, 0x10)
# Records of cells with values: FORMULA, MULRK, RSTRING, LABELSST, NUMBER, LABEL, BOOLERR, RK.
_VALUES: Final = (0x06, 0xBD, 0xD6, 0xFD, 0x203, 0x204, 0x205, 0x27E)
# MULBLANK and BLANK.
_BLANKS: Final = (0xBE, 0x201)
# Readers ignore what is said of the last row if it has no cells.
_LAST_ROW: Final = 0xFFFF
# A worksheet is sparse if it has more than so many rows, of which at most a quarter are used.
_MANY_ROWS: Final = 4_096
_SPARSE: Final = 4


class _Record(NamedTuple):
    """A record: its type, and the positions of its content in the stream."""

    kind: int
    start: int
    stop: int


def compact_xls(data: bytes) -> tuple[bytes, dict[str, list[int]]]:
    """Return the file without the empty rows of sparse worksheets.

    Return also the original positions, from 0, of the rows of each such worksheet, by its name.
    """
    try:
        return _compact(data)
    except (OSError, struct.error, LookupError, ValueError):
        return data, {}  # calamine reads files that olefile refuses


def _compact(data: bytes) -> tuple[bytes, dict[str, list[int]]]:
    file = io.BytesIO(data)
    with olefile.OleFileIO(file, write_mode=True) as ole:
        name = "Workbook" if ole.exists("Workbook") else "Book"
        stream = bytearray(ole.openstream(name).read())
        rows = {
            sheet: moved
            for sheet, start in _worksheets(stream)
            if _may_be_sparse(stream, start)
            and (moved := _renumber(stream, list(_worksheet_records(stream, start))))
        }
        if not rows:
            return data, {}
        ole.write_stream(name, bytes(stream))
        return file.getvalue(), rows


def _records(stream: bytearray, at: int) -> Iterator[_Record]:
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield _Record(kind, at + 4, at + 4 + length)
        at += 4 + length


def _worksheets(stream: bytearray) -> Iterator[tuple[str, int]]:
    """Yield the name of each worksheet and the position of its records."""
    for record in _records(stream, 0):
        if record.kind == _EOF:
            return
        if record.kind == _SHEET:
            start, _, kind, length, is_wide = struct.unpack_from("<IBBBB", stream, record.start)
            if kind == 0:
                text = stream[record.start + 8 : record.start + 8 + length * (1 + is_wide % 2)]
                yield text.decode("utf-16-le" if is_wide % 2 else "latin-1"), start


def _worksheet_records(stream: bytearray, start: int) -> Iterator[_Record]:
    """Yield the records of a worksheet of Excel 97 or later, without those of charts in it."""
    depth = 0
    for record in _records(stream, start):
        if record.kind == _BOF:
            depth += 1
            if depth == 1 and stream[record.start : record.start + 4] != _WORKSHEET_BOF:
                return
        elif record.kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield record


def _may_be_sparse(stream: bytearray, start: int) -> bool:
    """Return whether a worksheet declares more cells than the stream has room for.

    A cell with a value takes at least six bytes.
    """
    for record in _worksheet_records(stream, start):
        if record.kind == _DIMENSIONS:
            _, rows, _, columns = struct.unpack_from("<IIHH", stream, record.start)
            return bool(rows > _MANY_ROWS and rows * columns * 6 > len(stream))
    return False


def _renumber(stream: bytearray, records: list[_Record]) -> list[int]:
    """Number the rows with values from 0 on if there are few, and return their old positions."""
    used = sorted({_row_of(stream, each) for each in records if each.kind in _VALUES})
    if not used or used[-1] < _SPARSE * len(used):
        return []
    positions = {row: at for at, row in enumerate(used)}
    for record in records:
        if record.kind in (_ROW, *_VALUES, *_BLANKS):
            at = positions.get(_row_of(stream, record), _LAST_ROW)
            struct.pack_into("<H", stream, record.start, at)
        elif record.kind == _DIMENSIONS:
            struct.pack_into("<II", stream, record.start, 0, len(used))
    return used


def _row_of(stream: bytearray, record: _Record) -> int:
    row: int = struct.unpack_from("<H", stream, record.start)[0]
    return row
