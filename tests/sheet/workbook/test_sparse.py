"""A stray cell far from the others costs no memory for the cells between them."""

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Callable

import pytest
import xlsxwriter
import xlwt

from lib.sheet.file_type import Kind
from lib.sheet.workbook.compact import compact_worksheets
from tests.support.read_bytes import read_bytes
from tests.support.workbooks import ods, record, xls, xlsb, xlsx

ROWS: list[list[str | float]] = [
    ["phone", "name", "due"],
    ["+12025550101", "Ana", "a"],
    ["+12025550102", "Beto", "b"],
]
LAST_ROW, LAST_COLUMN = 1_048_575, 16_383


def _xlsx(row: int, column: int) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet("A & B")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for at, cells in enumerate(ROWS):
            page.write_row(at, 0, cells)
        page.write_datetime(1, 2, dt.date(2026, 3, 15), day)
        page.write_blank(row // 2, column, None, day)
        page.set_row(2, None, None, {"hidden": True})
        page.set_column(1, 1, None, None, {"hidden": True})
        page.write_formula(row, column, "=NA()", None, "#N/A")
    return buffer.getvalue()


def _undeclared(row: int, column: int) -> bytes:
    """Return a workbook that declares its first cell only, as some programs do."""
    source = io.BytesIO(_xlsx(row, column))
    buffer = io.BytesIO()
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(buffer, "w") as target:
        for name in archive.namelist():
            content = archive.read(name)
            start, mark, rest = content.partition(b'<dimension ref="')
            if mark:
                content = start + mark + b"A1" + rest[rest.index(b'"') :]
            target.writestr(name, content)
    return buffer.getvalue()


def _xlsb(row: int, column: int) -> bytes:
    def line(number: int) -> bytes:
        hidden = 0x10 if number == 2 else 0
        return record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, hidden, 0, 0))

    def text(at: int, value: str) -> bytes:
        letters = struct.pack("<I", len(value)) + value.encode("utf-16-le")
        return record(6, struct.pack("<II", at, 0) + letters)

    records = [record(60, struct.pack("<IIIIH", 1, 1, 2560, 0, 1))]
    for at, cells in enumerate(ROWS):
        records += [line(at), *(text(column, str(cell)) for column, cell in enumerate(cells[:2]))]
        if at != 1:
            records.append(text(2, str(cells[2])))
        else:
            records.append(record(5, struct.pack("<IId", 2, 1, 46096)))
    blank = record(1, struct.pack("<II", column, 1))
    error = record(3, struct.pack("<IIB", column, 0, 0x2A))
    return xlsb(*records, line(row // 2), blank, line(row), error)


def _ods(row: int, column: int) -> bytes:
    data = ods(ROWS)
    gap = (
        f'<table:table-row table:number-rows-repeated="{row - 3}">'
        '<table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
    )
    blank = f'<table:table-cell table:number-columns-repeated="{column}"/>' if column else ""
    last = (
        f'<table:table-row>{blank}<table:table-cell table:formula="of:=NA()" '
        'office:value-type="string"><text:p>#N/A</text:p></table:table-cell></table:table-row>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(buffer, "w") as target:
        for name in archive.namelist():
            content = archive.read(name).decode() if name == "content.xml" else archive.read(name)
            if isinstance(content, str):
                columns = '<table:table-column/><table:table-column table:visibility="collapse"/>'
                content = content.replace("<table:table-row", f"{columns}<table:table-row", 1)
                content = content.replace("</table:table>", f"{gap}{last}</table:table>")
                content = content.replace(">Beto<", ' table:style-name="x">Beto<')
            target.writestr(name, content)
    return buffer.getvalue()


WRITERS = pytest.mark.parametrize(
    ("write", "kind"),
    [(_xlsx, Kind.XLSX), (_undeclared, Kind.XLSX), (_xlsb, Kind.XLSB), (_ods, Kind.ODS)],
    ids=["xlsx", "undeclared", "xlsb", "ods"],
)


def _xls(row: int, column: int) -> bytes:
    book = xlwt.Workbook()
    page = book.add_sheet("A", cell_overwrite_ok=True)
    book.add_sheet("B").write(0, 0, "x")
    for at, cells in enumerate(ROWS):
        for position, cell in enumerate(cells):
            page.write(at, position, cell)
    page.write(1, 2, dt.date(2026, 3, 15), xlwt.easyxf(num_format_str="dd/mm/yyyy"))
    page.write(row // 2, column, None)
    page.row(2).hidden = True
    page.row(row // 3).hidden = True
    page.row(row).set_cell_error(column, 0x2A)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("column", [0, 200])
def test_a_stray_cell_in_an_xls_file_is_read_with_its_row(column: int) -> None:
    data = _xls(65_535, column)
    _, areas = compact_worksheets(data, Kind.XLS)
    found = read_bytes(data, header_row=1, last_row=65_536)
    visible = read_bytes(data, header_row=1, last_row=65_536, hidden=False)

    assert list(areas) == ["A"]
    assert found.rows == [2, 3, 65_536]
    assert found.cells[0][:3] == ["+12025550101", "Ana", "15/03/2026"]
    assert found.flags == [(65_536, 0 if column == 0 else 3, "error_value")]
    assert visible.rows == [2, 65_536]


def test_an_xls_file_that_is_not_sparse_is_unchanged() -> None:
    data = xls([["phone"], *([f"+1202555{at:04}"] for at in range(5_000))])

    assert compact_worksheets(data, Kind.XLS) == (data, {})


@WRITERS
@pytest.mark.parametrize(("row", "column"), [(LAST_ROW, 0), (LAST_ROW, 5), (9_999, 1_023)])
def test_a_stray_cell_is_read_with_its_row_and_column(
    write: Callable[[int, int], bytes], kind: Kind, row: int, column: int
) -> None:
    data = write(row, column)
    compact, areas = compact_worksheets(data, kind)
    found = read_bytes(data, header_row=1, last_row=row + 1)

    assert len(compact) < 20_000
    assert [sorted({0, 1, 2, column})] == [list(each.columns) for each in areas.values()]
    assert found.rows == [2, 3, row + 1]
    assert [cells[:3] for cells in found.cells[:2]] == [
        ["+12025550101", "Ana", "a" if kind == Kind.ODS else "15/03/2026"],
        ["+12025550102", "Beto", "b"],
    ]
    at = found.names.index(found.names[0] if column == 0 else found.names[-1])
    assert found.cells[2][at] == "#N/A"
    assert found.flags == [(row + 1, at, "error_value")]


def test_a_stray_cell_in_the_last_column_does_not_exceed_the_limit_of_columns() -> None:
    found = read_bytes(_xlsx(9, LAST_COLUMN))

    assert found.names[-1] == "Column XFD"
    assert found.rows == [2, 3, 10]


@WRITERS
def test_hidden_parts_of_a_sparse_worksheet_are_left_out(
    write: Callable[[int, int], bytes], kind: Kind
) -> None:
    found = read_bytes(write(LAST_ROW, 5), hidden=False, header_row=1)

    assert found.names[:2] == ["phone", "due"]
    assert found.rows == ([2, 3, LAST_ROW + 1] if kind == Kind.ODS else [2, LAST_ROW + 1])


def test_merged_cells_of_a_sparse_worksheet_apply_to_their_rows() -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["phone", "city"])
        page.write_column(500_000, 0, ["+12025550101", "+12025550102"])
        page.merge_range(500_000, 1, 500_001, 1, "Lima")
    found = read_bytes(buffer.getvalue())

    assert found.cells == [["+12025550101", "Lima"], ["+12025550102", "Lima"]]
    assert found.rows == [500_001, 500_002]


@pytest.mark.parametrize("write", [xlsx, ods])
def test_a_worksheet_that_is_not_sparse_is_unchanged(
    write: Callable[[list[list[str | float]]], bytes],
) -> None:
    data = write(ROWS)

    assert compact_worksheets(data, Kind.XLSX if write is xlsx else Kind.ODS) == (data, {})
