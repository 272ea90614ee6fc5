"""Small workbooks in each format that a test can write, of rows of text and numbers."""

import io
from collections.abc import Sequence

import xlsxwriter
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

Rows = Sequence[Sequence[str | float]]


def xlsx(rows: Rows) -> bytes:
    """Write an XLSX file."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet("A")
        for at, row in enumerate(rows):
            page.write_row(at, 0, row)
    return buffer.getvalue()


def xls(rows: Rows) -> bytes:
    """Write an XLS file, as Excel did until 2003."""
    book = xlwt.Workbook()
    page = book.add_sheet("A")
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            page.write(at, column, value)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def ods(rows: Rows) -> bytes:
    """Write an ODS file, as LibreOffice does."""
    document = OpenDocumentSpreadsheet()
    table = Table(name="A")
    for row in rows:
        line = TableRow()
        for value in row:
            cell = TableCell(valuetype="string")
            cell.addElement(P(text=str(value)))
            line.addElement(cell)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    buffer = io.BytesIO()
    document.write(buffer)
    return buffer.getvalue()
