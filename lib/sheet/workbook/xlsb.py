"""What an XLSB file says of its cells: formats, errors, formulas, and what is hidden (MS-XLSB)."""

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

_FORMULAS: Final = (8, 9, 10, 11)


def read_xlsb_facts(data: bytes, worksheet: str) -> CellAnnotations:
    """Return the facts of one worksheet.

    Raises ValueError, KeyError, zipfile.BadZipFile or ET.ParseError where the file is damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            path, date1904 = _worksheet(archive, worksheet)
            codes = _codes(archive)
            return _page(archive.read(path), codes, date1904=date1904)
    except (struct.error, IndexError) as error:
        raise ValueError("the workbook is damaged") from error


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(stream):
        kind, at = _varying(stream, at, 2)
        length, at = _varying(stream, at, 4)
        yield kind, stream[at : at + length]
        at += length


def _varying(stream: bytes, at: int, most: int) -> tuple[int, int]:
    """Read a number of up to ``most`` bytes; the kinds of records keep their marks' bits."""
    number = 0
    for index in range(most):
        byte = stream[at]
        at += 1
        number |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            break
    return number, at


def _text(body: bytes, at: int) -> tuple[str, int]:
    length = struct.unpack_from("<I", body, at)[0]
    if length == 0xFFFFFFFF:
        return "", at + 4
    end = at + 4 + 2 * length
    return body[at + 4 : end].decode("utf-16-le", "replace"), end


def _worksheet(archive: zipfile.ZipFile, wanted: str) -> tuple[str, bool]:
    relation, date1904 = "", False
    for kind, body in _records(archive.read("xl/workbook.bin")):
        if kind == 153:
            date1904 = bool(body[0] & 1)
        elif kind == 156:
            found, at = _text(body, 8)
            name, _ = _text(body, at)
            if name == wanted:
                relation = found
    root = ET.fromstring(archive.read("xl/_rels/workbook.bin.rels"))  # noqa: S314 - bounded
    target = next(each.get("Target", "") for each in root if each.get("Id") == relation)
    path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return posixpath.normpath(path), date1904


def _codes(archive: zipfile.ZipFile) -> list[str | None]:
    """Return for each style the format of numbers that look unlike their digits."""
    if "xl/styles.bin" not in archive.namelist():
        return []
    codes = dict(BUILT_IN)
    styles: list[int] = []
    inside = False
    for kind, body in _records(archive.read("xl/styles.bin")):
        if kind == 44:
            codes[struct.unpack_from("<H", body)[0]], _ = _text(body, 2)
        elif kind in (617, 618):
            inside = kind == 617
        elif kind == 47 and inside:
            styles.append(struct.unpack_from("<H", body, 2)[0])
    return [distinctive_format(codes.get(style, "")) for style in styles]


def _page(stream: bytes, codes: list[str | None], *, date1904: bool) -> CellAnnotations:
    facts = CellAnnotations()
    row = 0
    for kind, body in _records(stream):
        if kind == 0:
            row = struct.unpack_from("<I", body)[0]
            if body[11] & 0x10:
                facts.hidden_rows.append((row, row))
        elif kind == 60 and struct.unpack_from("<H", body, 16)[0] & 1:
            first, last = struct.unpack_from("<II", body)
            facts.hidden_columns.append((first, last))
        elif kind in (2, 3, 5, *_FORMULAS):
            column, style = struct.unpack_from("<II", body)
            style &= 0xFFFFFF
            facts.has_formulas = facts.has_formulas or kind in _FORMULAS
            if kind in (3, 11):
                facts.add_error((row, column), ERRORS.get(body[8], "#ERROR!"))
            elif kind in (2, 5, 9) and style < len(codes):
                value = unpack_RK(body[8:12]) if kind == 2 else struct.unpack_from("<d", body, 8)[0]
                facts.add_number((row, column), repr(value), codes[style], date1904=date1904)
    return facts
