"""Leave out the empty rows and columns of sparse worksheets before they are read.

calamine allocates the whole rectangle of a worksheet's cells: a stray cell in the last row of Excel
would take a gigabyte. Such worksheets are rewritten without what is empty, and the original
positions are returned.
"""

import html
import io
import re
import struct
import sys
import zipfile
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from lib.sheet.file_type import Kind
from lib.sheet.workbook.compact_xls import compact_xls
from lib.sheet.workbook.xlsb import find_worksheet, read_records, write_record
from lib.sheet.workbook.xlsx import parse_part, worksheet_path

# A worksheet is sparse if its rectangle is this large and at most a quarter of it is used, or if it
# is this wide and at most a quarter of its columns are used.
_LARGE_CELLS: Final = 1_000_000
_WIDE_COLUMNS: Final = 256
_SPARSE: Final = 4

_HEAD_BYTES: Final = 4096
# Programs may declare too small a size, which is checked in worksheets up to this one.
_SMALL_BYTES: Final = 8 << 20
_DIMENSION: Final = re.compile(rb'<dimension ref="(?:[A-Z]+\d+:)?([A-Z]+\d+)"')
_ROW: Final = re.compile(rb"<row\b([^>]*?)(?:/>|>(.*?)</row>)", re.DOTALL)
_CELL: Final = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
# A cell to the right of column IV, the 256th.
_FAR_CELL: Final = re.compile(rb'<c r="(?:[A-Z]{3}|[J-Z][A-Z]|I[W-Z])[0-9]')
_IMPOSSIBLE: Final = re.compile(rb'<(?:c|row)\b[^>]*?\br="[A-Z]*\d{8,}"')
_ODS_END: Final = re.compile(rb"</(?:\w+:)?document-content\s*>")
_REFERENCE: Final = re.compile(rb'\br="([A-Z]*)(\d+)"')
_HIDDEN: Final = re.compile(rb'\bhidden="(?:1|true)"')

_ROW_RECORD, _BLANK_RECORD, _DIMENSION_RECORD = 0, 1, 148
_CELL_RECORDS: Final = (*range(1, 12), 62)

_TABLE: Final = re.compile(rb'<table:table\b[^>]*?table:name="([^"]*)".*?</table:table>', re.DOTALL)
_TABLE_ROW: Final = re.compile(
    rb"<table:table-row\b([^>]*?)(?:/>|>(.*?)</table:table-row>)", re.DOTALL
)
_TABLE_CELL: Final = re.compile(
    rb"<table:(?:covered-)?table-cell\b([^>]*?)(?:/>|>(.*?)</table:(?:covered-)?table-cell>)",
    re.DOTALL,
)

_REPEATED: Final = re.compile(rb'table:number-(?:rows|columns)-repeated="(\d+)"')
_MANY_ROWS: Final = re.compile(rb'table:number-rows-repeated="\d{4,}"')
_MANY_CELLS: Final = re.compile(
    rb'<table:(?:covered-)?table-cell\b[^>]*table:number-columns-repeated="\d{3,}"[^>]*/>\s*'
    rb"<table:(?:covered-)?table-cell\b"
)


class UsedArea(NamedTuple):
    """The original positions, from 0, of the rows and columns that a worksheet has."""

    rows: Sequence[int]
    columns: Sequence[int]


WHOLE: Final = UsedArea(range(sys.maxsize), range(sys.maxsize))


# The areas of the worksheets that were rewritten, by their path, or by their name in ODS and XLS
# files.
Areas = dict[str, UsedArea]


def compact_worksheets(data: bytes, kind: Kind) -> tuple[bytes, Areas]:
    """Return the workbook without the empty rows and columns of sparse worksheets, and their areas.

    ``data`` is a standard package. Raises zipfile.BadZipFile, zlib.error, KeyError, ValueError,
    OSError or struct.error if the file is damaged.
    """
    if kind == Kind.XLS:
        data, rows = compact_xls(data)
        return data, {name: UsedArea(each, WHOLE.columns) for name, each in rows.items()}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if kind == Kind.ODS:
            content = archive.read("content.xml")
            if _ODS_END.search(content[-_HEAD_BYTES:]) is None:
                raise ValueError("The content has no end: calamine would wait for it for ever.")
            content, areas = _compact_ods(content)
            contents = {"content.xml": content}
        else:
            contents, areas = _compact_parts(archive)
        if not areas:
            return data, {}
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as target:
            for name in archive.namelist():
                target.writestr(name, contents.get(name) or archive.read(name))
    return buffer.getvalue(), areas


def area_of(areas: Areas, data: bytes, kind: Kind, worksheet: str) -> UsedArea:
    """Return the area of the worksheet with this name."""
    if not areas or kind in (Kind.ODS, Kind.XLS):
        return areas.get(worksheet, WHOLE)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if kind == Kind.XLSB:
            path, _ = find_worksheet(archive, worksheet)
        else:
            path = worksheet_path(archive, parse_part(archive, "xl/workbook.xml"), worksheet)
    return areas.get(path, WHOLE)


def _compact_parts(archive: zipfile.ZipFile) -> tuple[dict[str, bytes], Areas]:
    """Return the new contents of the sparse worksheets in an XLSX or XLSB file, and their areas."""
    contents: dict[str, bytes] = {}
    areas: Areas = {}
    for name in archive.namelist():
        if not name.startswith("xl/worksheets/") or not name.endswith((".xml", ".bin")):
            continue
        is_small = archive.getinfo(name).file_size <= _SMALL_BYTES
        with archive.open(name) as stream:
            start = stream.read(_SMALL_BYTES if is_small else _HEAD_BYTES)
        is_binary = name.endswith(".bin")
        if not is_binary and _IMPOSSIBLE.search(start):
            raise ValueError("A cell is below the last row: calamine would allocate up to it.")
        rows, columns = _binary_size(start) if is_binary else _declared_size(start)
        may_be_larger = is_small and (is_binary or _FAR_CELL.search(start) is not None)
        if rows * columns <= _LARGE_CELLS and columns <= _WIDE_COLUMNS and not may_be_larger:
            continue
        compact = _compact_xlsb if is_binary else _compact_xlsx
        if (found := compact(archive.read(name))) is not None:
            contents[name], areas[name] = found
    return contents, areas


def _is_sparse(area: UsedArea, used_cells: int) -> bool:
    """Return whether the rectangle from A1 to the end of an area is mostly empty."""
    if not area.rows:
        return False
    rows, columns = area.rows[-1] + 1, area.columns[-1] + 1
    if columns > _WIDE_COLUMNS and columns >= _SPARSE * len(area.columns):
        return True
    return rows * columns > max(_LARGE_CELLS, _SPARSE * used_cells)


def _declared_size(start: bytes) -> tuple[int, int]:
    """Return how many rows and columns a worksheet declares, or the most if it declares none.

    The last row counts too if ``start`` is the whole worksheet.
    """
    declared = _DIMENSION.search(start, 0, _HEAD_BYTES)
    row, column = xl_cell_to_rowcol(declared[1].decode() if declared else "XFD1048576")
    last = _REFERENCE.search(start, start.rfind(b"<row "))
    return max(row + 1, int(last[2]) if last else 0), column + 1


class _Row(NamedTuple):
    """A row of an XLSX worksheet with values: its position, and its cells by their columns.

    A cell is the attributes besides its reference, and its content.
    """

    at: int
    is_hidden: bool
    cells: dict[int, tuple[bytes, bytes]]


def _compact_xlsx(content: bytes) -> tuple[bytes, UsedArea] | None:
    """Return a worksheet's XML with its used rows and columns only, or None if it is not sparse."""
    rows = [row for row in _xlsx_rows(content) if row.cells]
    columns = sorted({column for row in rows for column in row.cells})
    area = UsedArea([row.at for row in rows], columns)
    if not _is_sparse(area, sum(len(row.cells) for row in rows)):
        return None
    positions = {column: at for at, column in enumerate(columns)}
    matches = list(_ROW.finditer(content))
    parts = [content[: matches[0].start()]]
    for at, row in enumerate(rows):
        parts.append(b'<row r="%d"%s>' % (at + 1, b' hidden="1"' if row.is_hidden else b""))
        for column, (attributes, value) in row.cells.items():
            reference = xl_rowcol_to_cell(at, positions[column]).encode()
            parts.append(b'<c r="%s"%s>%s</c>' % (reference, attributes, value))
        parts.append(b"</row>")
    return b"".join([*parts, content[matches[-1].end() :]]), area


def _xlsx_rows(content: bytes) -> Iterator[_Row]:
    at = -1
    for match in _ROW.finditer(content):
        reference = _REFERENCE.search(match[1])
        at = int(reference[2]) - 1 if reference else at + 1
        cells: dict[int, tuple[bytes, bytes]] = {}
        column = -1
        for attributes, value in _CELL.findall(match[2] or b""):
            reference = _REFERENCE.search(attributes)
            column = xl_cell_to_rowcol(reference[0][3:-1].decode())[1] if reference else column + 1
            if value:
                cells[column] = (_REFERENCE.sub(b"", attributes), value)
        yield _Row(at, _HIDDEN.search(match[1]) is not None, cells)


def _binary_size(head: bytes) -> tuple[int, int]:
    """Return how many rows and columns the start of an XLSB worksheet declares; without, none."""
    for kind, body in read_records(head):
        if kind == _DIMENSION_RECORD:
            _, last_row, _, last_column = struct.unpack("<4I", body)
            return last_row + 1, last_column + 1
    return 0, 0


def _compact_xlsb(content: bytes) -> tuple[bytes, UsedArea] | None:
    """Return a worksheet's records with its used rows and columns only, or None if not sparse."""
    rows: set[int] = set()
    columns: set[int] = set()
    row = cells = 0
    for kind, body in read_records(content):
        if kind == _ROW_RECORD:
            row = struct.unpack_from("<I", body)[0]
        elif kind in _CELL_RECORDS and kind != _BLANK_RECORD:
            rows.add(row)
            columns.add(struct.unpack_from("<I", body)[0])
            cells += 1
    area = UsedArea(sorted(rows), sorted(columns))
    if not _is_sparse(area, cells):
        return None
    return b"".join(_moved_records(content, area)), area


def _moved_records(content: bytes, area: UsedArea) -> Iterator[bytes]:
    new_rows = {row: at for at, row in enumerate(area.rows)}
    new_columns = {column: at for at, column in enumerate(area.columns)}
    for kind, body in read_records(content):
        if kind == _ROW_RECORD:
            at = new_rows.get(struct.unpack_from("<I", body)[0])
        elif kind in _CELL_RECORDS:
            at = new_columns.get(struct.unpack_from("<I", body)[0])
            if kind == _BLANK_RECORD:
                continue
        elif kind == _DIMENSION_RECORD:
            yield write_record(kind, struct.pack("<4I", 0, len(new_rows), 0, len(new_columns)))
            continue
        else:
            yield write_record(kind, body)
            continue
        if at is not None:
            yield write_record(kind, struct.pack("<I", at) + body[4:])


class _OdsCell(NamedTuple):
    """Equal cells with content: their first column, their number, and their XML."""

    at: int
    repeated: int
    source: bytes


class _OdsRow(NamedTuple):
    """Equal rows: the first, their number, their attributes, and their cells with content."""

    at: int
    repeated: int
    attributes: bytes
    cells: list[_OdsCell]


def _compact_ods(content: bytes) -> tuple[bytes, Areas]:
    """Return the content with the used rows and columns of sparse tables only, and their areas."""
    areas: Areas = {}
    if not _has_gap(content):
        return content, areas

    def compact(table: re.Match[bytes]) -> bytes:
        source = table[0]
        if b"is-sub-table" in source or not _has_gap(source):
            return source
        rows = list(_ods_rows(source))
        area = _ods_area(rows)
        cells = sum(row.repeated * sum(cell.repeated for cell in row.cells) for row in rows)
        if not _is_sparse(area, cells):
            return source
        areas[html.unescape(table[1].decode())] = area
        kept = iter(rows)
        return _TABLE_ROW.sub(lambda _: _write_ods_row(next(kept), area.columns), source)

    return _TABLE.sub(compact, content), areas


def _has_gap(table: bytes) -> bool:
    """Return whether there are cells after many empty rows, or after many empty cells."""
    rows = _MANY_ROWS.search(table)
    is_long = rows is not None and table.find(b"<text:p", rows.end()) >= 0
    return is_long or _MANY_CELLS.search(table) is not None


def _ods_rows(table: bytes) -> Iterator[_OdsRow]:
    row = 0
    for attributes, content in _TABLE_ROW.findall(table):
        column, cells = 0, []
        for cell in _TABLE_CELL.finditer(content):
            repeated = _repeated(cell[1])
            if cell[2] or b"office:value" in cell[1]:
                cells.append(_OdsCell(column, repeated, cell[0]))
            column += repeated
        repeated = _repeated(attributes)
        yield _OdsRow(row, repeated, attributes, cells)
        row += repeated


def _repeated(attributes: bytes) -> int:
    match = _REPEATED.search(attributes)
    return int(match[1]) if match else 1


def _ods_area(rows: Sequence[_OdsRow]) -> UsedArea:
    columns: set[int] = set()
    for row in rows:
        for cell in row.cells:
            columns.update(range(cell.at, cell.at + cell.repeated))
    used = (range(row.at, row.at + row.repeated) for row in rows if row.cells)
    return UsedArea([at for each in used for at in each], sorted(columns))


def _write_ods_row(row: _OdsRow, columns: Sequence[int]) -> bytes:
    """Return a row without the cells in columns that are not used."""
    if not row.cells:
        return b""
    parts, end = [], 0
    for cell in row.cells:
        if gap := bisect_left(columns, cell.at) - bisect_left(columns, end):
            parts.append(b'<table:table-cell table:number-columns-repeated="%d"/>' % gap)
        parts.append(cell.source)
        end = cell.at + cell.repeated
    return b"<table:table-row%s>%s</table:table-row>" % (row.attributes, b"".join(parts))
