"""Read the formats, errors, formulas and hidden parts of a worksheet in an XLSB file (MS-XLSB)."""

import io
import posixpath
import struct
import zipfile
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

from xlrd.sheet import unpack_RK

from lib.sheet.workbook.annotations import ERRORS, CellAnnotations
from lib.sheet.workbook.number_formats import BUILT_IN, distinctive_format

# Record types (MS-XLSB, 2.3.2).
_ROW, _RK_NUMBER, _ERROR, _NUMBER = 0, 2, 3, 5
_FORMULA_NUMBER, _FORMULA_ERROR = 9, 11
_FORMULAS: Final = (8, _FORMULA_NUMBER, 10, _FORMULA_ERROR)
_FORMAT, _STYLE, _COLUMN = 44, 47, 60
_WORKBOOK_PROPERTIES, _WORKSHEET = 153, 156
_CELL_STYLES_BEGIN, _CELL_STYLES_END = 617, 618


def read_xlsb_annotations(data: bytes, worksheet: str) -> CellAnnotations:
    """Return the annotations of one worksheet.

    Raises ValueError, KeyError, zipfile.BadZipFile or ET.ParseError if the file is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            path, date1904 = find_worksheet(archive, worksheet)
            codes = _style_formats(archive)
            return _annotate(archive.read(path), codes, date1904=date1904)
    except (struct.error, IndexError) as error:
        raise ValueError("the workbook is damaged") from error


def read_records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a part: type and content."""
    at = 0
    while at < len(stream):
        kind, at = _read_varint(stream, at, 2)
        length, at = _read_varint(stream, at, 4)
        yield kind, stream[at : at + length]
        at += length


def write_record(kind: int, body: bytes) -> bytes:
    """Return a record as `read_records` reads it."""
    return _write_varint(kind) + _write_varint(len(body)) + body


def _write_varint(number: int) -> bytes:
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def _read_varint(stream: bytes, at: int, max_bytes: int) -> tuple[int, int]:
    """Return a number stored in groups of seven bits, lowest first, and the position after it."""
    number = 0
    for index in range(max_bytes):
        byte = stream[at]
        at += 1
        number |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            break
    return number, at


def _read_text(body: bytes, at: int) -> tuple[str, int]:
    """Return a string with its length in front, and the position after it."""
    length = struct.unpack_from("<I", body, at)[0]
    if length == 0xFFFFFFFF:
        return "", at + 4
    end = at + 4 + 2 * length
    return body[at + 4 : end].decode("utf-16-le", "replace"), end


def find_worksheet(archive: zipfile.ZipFile, wanted: str) -> tuple[str, bool]:
    """Return the path of a worksheet, and whether dates count from 1904."""
    relation, date1904 = "", False
    for kind, body in read_records(archive.read("xl/workbook.bin")):
        if kind == _WORKBOOK_PROPERTIES:
            date1904 = bool(body[0] & 1)
        elif kind == _WORKSHEET:
            found, at = _read_text(body, 8)
            name, _ = _read_text(body, at)
            if name == wanted:
                relation = found
    root = ET.fromstring(archive.read("xl/_rels/workbook.bin.rels"))  # noqa: S314 - the process has limits
    target = next(each.get("Target", "") for each in root if each.get("Id") == relation)
    path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return posixpath.normpath(path), date1904


def _style_formats(archive: zipfile.ZipFile) -> list[str | None]:
    """Return the `distinctive_format` of each style, if it has one."""
    if "xl/styles.bin" not in archive.namelist():
        return []
    codes = dict(BUILT_IN)
    styles: list[int] = []
    is_cell_style = False
    for kind, body in read_records(archive.read("xl/styles.bin")):
        if kind == _FORMAT:
            codes[struct.unpack_from("<H", body)[0]], _ = _read_text(body, 2)
        elif kind in (_CELL_STYLES_BEGIN, _CELL_STYLES_END):
            is_cell_style = kind == _CELL_STYLES_BEGIN
        elif kind == _STYLE and is_cell_style:
            styles.append(struct.unpack_from("<H", body, 2)[0])
    return [distinctive_format(codes.get(style, "")) for style in styles]


def _annotate(stream: bytes, codes: list[str | None], *, date1904: bool) -> CellAnnotations:
    annotations = CellAnnotations()
    row = 0
    for kind, body in read_records(stream):
        if kind == _ROW:
            row = struct.unpack_from("<I", body)[0]
            if body[11] & 0x10:
                annotations.hidden_rows.append((row, row))
        elif kind == _COLUMN and struct.unpack_from("<H", body, 16)[0] & 1:
            first, last = struct.unpack_from("<II", body)
            annotations.hidden_columns.append((first, last))
        elif kind in (_RK_NUMBER, _ERROR, _NUMBER, *_FORMULAS):
            column, style = struct.unpack_from("<II", body)
            style &= 0xFFFFFF
            annotations.has_formulas = annotations.has_formulas or kind in _FORMULAS
            if kind in (_ERROR, _FORMULA_ERROR):
                annotations.add_error((row, column), ERRORS.get(body[8], "#ERROR!"))
            elif kind in (_RK_NUMBER, _NUMBER, _FORMULA_NUMBER) and style < len(codes):
                is_packed = kind == _RK_NUMBER
                value = unpack_RK(body[8:12]) if is_packed else struct.unpack_from("<d", body, 8)[0]
                annotations.add_number((row, column), repr(value), codes[style], date1904=date1904)
    return annotations
