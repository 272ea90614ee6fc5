"""Small workbooks in each format that a test can write, of rows of text and numbers."""

import io
import struct
import zipfile
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


def xlsb(*records: bytes) -> bytes:
    """Write an XLSB file of one worksheet "A", given the records of its cells (`record`)."""
    wide = struct.pack
    book = b"".join(
        [
            record(131),
            record(153, wide("<III", 0, 0, 0)),
            record(143),
            record(156, wide("<II", 0, 1) + _wide("rId1") + _wide("A")),
            record(144),
            record(132),
        ]
    )
    styles = b"".join(
        [
            record(278),
            record(615, wide("<I", 1)),
            record(44, wide("<H", 164) + _wide("dd/mm/yyyy")),
            record(616),
            record(617, wide("<I", 2)),
            record(47, wide("<HHHHHBBHH", 0, 0, 0, 0, 0, 0, 0, 0, 0)),
            record(47, wide("<HHHHHBBHH", 0, 164, 0, 0, 0, 0, 0, 0, 0)),
            record(618),
            record(279),
        ]
    )
    page = b"".join(
        [
            record(129),
            record(148, wide("<IIII", 0, 100, 0, 10)),
            *(each for each in records if each.startswith(record(60)[:1])),
            record(145),
            *(each for each in records if not each.startswith(record(60)[:1])),
            record(146),
            record(130),
        ]
    )
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/styles.bin", styles)
        archive.writestr("xl/worksheets/sheet1.bin", page)
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="{relations}"><Relationship Id="rId1" Type="{kind}" '
            'Target="worksheets/sheet1.bin"/></Relationships>',
        )
    return buffer.getvalue()


def record(kind: int, body: bytes = b"") -> bytes:
    """Return a record of an XLSB file; numbers take seven bits a byte."""
    return _seven(kind) + _seven(len(body)) + body


def _seven(number: int) -> bytes:
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")
