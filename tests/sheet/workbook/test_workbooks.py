"""Workbooks of every type: errors, formats, hidden parts and merged cells."""

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter
import xlwt
from odf import style as odf_style
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableColumn, TableRow
from odf.text import P

from lib.settings import Settings
from lib.sheet import ReadOptions, Sheet, SheetError, read_sheet
from tests.support.workbooks import ods, record, xlsb, xlsx


def _xlsx() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet("A")
        date = book.add_format({"num_format": "dd/mm/yyyy"})
        page.write_row(0, 0, ["phone", "day", "code"])
        page.write_row(1, 0, ["+16505550123"])
        page.write_datetime(1, 1, dt.date(2026, 3, 15), date)
        page.write_formula(1, 2, "=NA()", None, "#N/A")
        page.write_row(2, 0, ["+16505550124", "x", "y"])
        page.set_row(2, None, None, {"hidden": True})
        page.set_column(1, 1, None, None, {"hidden": True})
    return buffer.getvalue()


def _xls() -> bytes:
    book = xlwt.Workbook()
    page = book.add_sheet("A")
    for column, name in enumerate(["phone", "day", "code"]):
        page.write(0, column, name)
    page.write(1, 0, "+16505550123")
    page.write(1, 1, dt.date(2026, 3, 15), xlwt.easyxf(num_format_str="dd/mm/yyyy"))
    page.row(1).set_cell_error(2, 0x2A)
    for column, text in enumerate(["+16505550124", "x", "y"]):
        page.write(2, column, text)
    page.row(2).hidden = True
    page.col(1).hidden = True
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _text(column: int, text: str) -> bytes:
    letters = struct.pack("<I", len(text)) + text.encode("utf-16-le")
    return record(6, struct.pack("<II", column, 0) + letters)


def _row(number: int, *, hidden: bool = False) -> bytes:
    return record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, 0x10 if hidden else 0, 0, 0))


def _xlsb() -> bytes:
    return xlsb(
        record(60, struct.pack("<IIIIH", 1, 1, 2560, 0, 1)),
        _row(0), _text(0, "phone"), _text(1, "day"), _text(2, "code"),
        _row(1), _text(0, "+16505550123"), record(5, struct.pack("<IId", 1, 1, 46096)),
        record(3, struct.pack("<IIB", 2, 0, 0x2A)),
        _row(2, hidden=True), _text(0, "+16505550124"), _text(1, "x"), _text(2, "y"),
    )  # fmt: skip


def _ods() -> bytes:
    document = OpenDocumentSpreadsheet()
    document.automaticstyles.addElement(odf_style.Style(name="co1", family="table-column"))
    table = Table(name="A")
    table.addElement(TableColumn())
    table.addElement(TableColumn(visibility="collapse"))
    table.addElement(TableColumn())

    def row(*cells: TableCell, **attributes: str) -> None:
        line = TableRow(**attributes)
        for cell in cells:
            line.addElement(cell)
        table.addElement(line)

    def cell(text: str, **attributes: Any) -> TableCell:
        made = TableCell(**({"valuetype": "string"} | attributes))
        made.addElement(P(text=text))
        return made

    row(cell("phone"), cell("day"), cell("code"))
    row(
        cell("+16505550123"),
        cell("15/03/2026", valuetype="date", datevalue="2026-03-15"),
        cell("#N/A", formula="of:=NA()"),
    )
    row(cell("+16505550124"), cell("x"), cell("y"), visibility="filter")
    document.spreadsheet.addElement(table)
    buffer = io.BytesIO()
    document.write(buffer)
    return buffer.getvalue()


KINDS = pytest.mark.parametrize(
    "make", [_xlsx, _xls, _xlsb, _ods], ids=["xlsx", "xls", "xlsb", "ods"]
)


@KINDS
def test_errors_are_flagged_and_dates_are_shown_in_their_format(
    make: Callable[[], bytes], settings: Settings
) -> None:
    sheet = read_sheet(make(), settings=settings)

    assert sheet.frame.iloc[0].tolist() == ["+16505550123", "15/03/2026", "#N/A"]
    assert sheet.flags.to_numpy().tolist() == [[2, "code", "error_value"]]


@KINDS
def test_hidden_rows_and_columns_are_counted_and_can_be_left_out(
    make: Callable[[], bytes], settings: Settings
) -> None:
    data = make()
    everything = read_sheet(data, settings=settings)
    left_out = read_sheet(data, reading=ReadOptions(hidden=False), settings=settings)

    assert (everything.hidden, everything.reading.hidden, len(everything.frame)) == (
        (1, 1),
        None,
        2,
    )
    assert left_out.frame.columns.tolist() == ["phone", "code"]
    assert left_out.frame.index.tolist() == [2]
    assert left_out.hidden == (1, 1)
    assert read_sheet(data, reading=ReadOptions(hidden=True), settings=settings).hidden == (1, 1)


def test_the_value_of_vertically_merged_cells_applies_to_each_row(settings: Settings) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet()
        page.merge_range(0, 0, 0, 2, "Customers")
        page.write_row(1, 0, ["phone", "city", "name"])
        for row in range(2, 5):
            page.write_row(row, 0, [f"+1650555012{row}", "", f"Ana {row}"])
        page.merge_range(2, 1, 3, 1, "Lima")
    sheet = read_sheet(buffer.getvalue(), settings=settings)

    assert sheet.frame["city"].tolist() == ["Lima", "Lima", ""]
    assert "merged_repeated" in {note.code for note in sheet.notes}


def _rewritten(data: bytes, *changes: tuple[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            part = source.read(name).decode()
            for old, new in changes:
                part = part.replace(old, new)
            target.writestr(name, part)
    return buffer.getvalue()


def _plain(fill: Callable[[Any, Any], object]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        fill(book, book.add_worksheet("A"))
    return buffer.getvalue()


def _one_row(sheet: Sheet) -> list[str]:
    return [str(cell) for cell in sheet.frame.iloc[0]]


def test_a_strict_workbook_is_read_with_its_dates(settings: Settings) -> None:
    def fill(book: Any, page: Any) -> None:
        page.write_row(0, 0, ["phone", "day"])
        page.write_string(1, 0, "+16505550123")
        page.write_number(1, 1, 46096, book.add_format({"num_format": "dd/mm/yyyy"}))

    data = _rewritten(
        _plain(fill),
        ("http://schemas.openxmlformats.org/spreadsheetml/2006/main",
         "http://purl.oclc.org/ooxml/spreadsheetml/main"),
        ("http://schemas.openxmlformats.org/officeDocument/2006/relationships",
         "http://purl.oclc.org/ooxml/officeDocument/relationships"),
        ('<c r="B2" s="1"><v>46096</v>', '<c r="B2" s="1" t="d"><v>2026-03-15T00:00:00</v>'),
    )  # fmt: skip
    assert _one_row(read_sheet(data, settings=settings)) == ["+16505550123", "15/03/2026"]


def test_a_long_number_keeps_the_digits_that_the_file_has(settings: Settings) -> None:
    data = _rewritten(
        _plain(lambda _, page: page.write_column(0, 0, ["id", 7])),
        ("<v>7</v>", "<v>12345678901234567890</v>"),
    )
    sheet = read_sheet(data, settings=settings)

    assert _one_row(sheet) == ["12345678901234567890"]
    assert sheet.flags.empty


def test_hidden_worksheets_are_named(settings: Settings) -> None:
    def fill(book: Any, page: Any) -> None:
        page.write_column(0, 0, ["phone", "+16505550123"])
        other = book.add_worksheet("Old")
        other.hide()

    sheet = read_sheet(_plain(fill), settings=settings)
    assert (sheet.worksheets, sheet.hidden_worksheets) == (("A", "Old"), ("Old",))


@pytest.mark.parametrize(("formula", "codes"), [("1+1", ["formulas"]), (None, [])])
def test_formulas_in_an_xls_file_are_noticed(
    formula: str | None, codes: list[str], settings: Settings
) -> None:
    book = xlwt.Workbook()
    page = book.add_sheet("A")
    page.write(0, 0, "phone")
    page.write(0, 1, "total")
    page.write(1, 0, "+16505550123")
    page.write(1, 1, xlwt.Formula(formula) if formula else 2)
    buffer = io.BytesIO()
    book.save(buffer)
    sheet = read_sheet(buffer.getvalue(), settings=settings)

    assert [note.code for note in sheet.notes] == codes


def test_formats_in_an_xls_file_apply_unless_they_depend_on_the_computer(
    settings: Settings,
) -> None:
    # xlwt writes the third and fourth as built-in formats, which differ between computers.
    formats = ["dd.mm.yyyy", "0.0%", '"$"#,##0_);("$"#,##0)', "M/D/YY", "General"]
    book = xlwt.Workbook()
    page = book.add_sheet("A")
    page.write(0, 0, "phone")
    page.write(1, 0, "+16505550123")
    for column, (code, value) in enumerate(
        zip(formats, [46096, 0.125, -1234, 46096, 16505550123], strict=True), start=1
    ):
        page.write(0, column, f"name {column}")
        page.write(1, column, value, xlwt.easyxf(num_format_str=code))
    buffer = io.BytesIO()
    book.save(buffer)

    assert _one_row(read_sheet(buffer.getvalue(), settings=settings))[1:] == [
        "15.03.2026", "12.5%", "-1234", "2026-03-15", "16505550123",
    ]  # fmt: skip


def test_a_hidden_column_can_be_left_out_if_no_row_is_hidden(settings: Settings) -> None:
    def fill(_: Any, page: Any) -> None:
        page.write_column(0, 0, ["phone", "+16505550123"])
        page.write_column(0, 1, ["note", "x"])
        page.set_column(1, 1, None, None, {"hidden": True})

    sheet = read_sheet(_plain(fill), reading=ReadOptions(hidden=False), settings=settings)

    assert (sheet.frame.columns.tolist(), sheet.hidden) == (["phone"], (0, 1))


def test_a_duration_that_is_too_long_for_python_makes_a_workbook_unreadable(
    settings: Settings,
) -> None:
    def fill(book: Any, page: Any) -> None:
        page.write(0, 0, "phone")
        page.write_number(1, 0, 16505550123, book.add_format({"num_format": "[h]:mm"}))

    with pytest.raises(SheetError) as caught:
        read_sheet(_plain(fill), settings=settings)
    assert caught.value.code == "damaged"


def _change_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        for each in source.namelist():
            part = source.read(each)
            target.writestr(each, change(part) if each == name else part)
    return buffer.getvalue()


def test_an_ods_file_whose_content_is_cut_off_is_refused(settings: Settings) -> None:
    """The library that reads it would look for the end of the cell for ever."""
    whole = ods([["phone", "name"], ["+16505550101", "Ana"]])
    cut = _change_part(whole, "content.xml", lambda part: part[: part.rindex(b"</text:p>")])

    with pytest.raises(SheetError) as caught:
        read_sheet(cut, filename="list.ods", settings=settings)

    assert caught.value.code == "damaged"


def test_a_cell_below_the_last_possible_row_is_refused(settings: Settings) -> None:
    """The library that reads it would allocate all rows above the cell."""
    whole = xlsx([["phone", "name"], ["+16505550101", "Ana"]])
    far = _change_part(
        whole, "xl/worksheets/sheet1.xml", lambda part: part.replace(b'r="B2"', b'r="B88888888888"')
    )

    with pytest.raises(SheetError) as caught:
        read_sheet(far, filename="list.xlsx", settings=settings)

    assert caught.value.code == "damaged"
