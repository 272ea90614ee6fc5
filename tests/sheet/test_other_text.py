"""Text files that are not tables are refused by name; tables that begin like them are read."""

import json

import pytest

from lib.sheet import SheetError
from lib.sheet.file_type import Kind, kind_of, kind_of_start
from lib.sheet.other_text import START_BYTES

PEOPLE = [{"name": "Ana", "phone": "+12025550101"}, {"name": "Beto", "phone": "+12025550102"}]
CELLS = "<tr><td>name</td><td>phone</td></tr><tr><td>Ána</td><td>+12025550101</td></tr>"
XML = "<?xml version='1.0'?>\n"
SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"
PAGES = [
    f"<html><body><table>{CELLS}</table></body></html>",
    f"<!DOCTYPE html>\n<title>List</title><table>{CELLS}</table>",
    f"{XML}<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0'><html><table>{CELLS}</table></html>",
    f"\n\n<div class='list'><table>{CELLS}</table></div>",
    f"<font face=Arial><b>Report</b></font><br>\n<table>{CELLS}</table>",
    CELLS,
    CELLS.upper(),
    f"<TABLE BORDER=1>{CELLS}</TABLE>",
    "<table><tr><td>name<td>phone<tr><td>Ana<td>+12025550101</table>",
    f"<!-- made by a shop --><!-- twice -->\n<table>{CELLS}</table>",
    f"<meta charset=utf-8><style>td {{color: red}}</style><table>{CELLS}</table>",
    "<style>" + "td {color: red}\n" * 3_000 + f"</style><html><table>{CELLS}</table></html>",
    f"<center><h1>List</h1></center><p>of May</p><table>{CELLS}</table>",
    f"From: Excel\nSubject: List\nMIME-Version: 1.0\nContent-Type: text/html\n\n{CELLS}",
]
OTHERS = [
    ("xml_workbook", f'{XML}<?mso-application progid="Excel.Sheet"?>\n<Workbook/>'),
    ("xml_workbook", f'{XML}<ss:Workbook xmlns:ss="{SPREADSHEET}"><ss:Worksheet/></ss:Workbook>'),
    ("xml_workbook", f'<Workbook xmlns="{SPREADSHEET}"><Worksheet></Worksheet></Workbook>'),
    ("flat_ods", f'{XML}<office:document xmlns:office="urn:oasis:names:tc:opendocument"/>'),
    ("xml", f"{XML}<people><person>Ana</person></people>"),
    ("xml", "<people>\n<person><name>Ana</name></person>\n</people>"),
    ("xml", '<rss version="2.0"><channel><title>List</title></channel></rss>'),
    ("contacts", "BEGIN:VCARD\nVERSION:3.0\nFN:Ana\nTEL:+12025550101\nEND:VCARD\n"),
    ("contacts", "begin:vcard\r\nversion:2.1\r\nend:vcard\r\n"),
    ("calendar", "BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n"),
    ("json", json.dumps(PEOPLE)),
    ("json", json.dumps(PEOPLE, indent=2)),
    ("json", json.dumps({"data": PEOPLE})),
    ("json", "\n".join(map(json.dumps, PEOPLE))),
    ("json", ",\n".join(map(json.dumps, PEOPLE))),
    ("json", json.dumps(PEOPLE[:1]) + "\n"),
    ("json", json.dumps([list(each.values()) for each in PEOPLE])),
    ("json", '["+12025550101", "+12025550102"]'),
    ("json", "[12025550101, 12025550102]"),
    ("json", json.dumps(PEOPLE * 5_000)),
    ("json", '[{"name": "Ana", "phone": "+12025550101",},]'),
    ("sylk", 'ID;PWXL;N;E\nP;PGeneral\nC;Y1;X1;K"phone"\nC;Y2;K12025550101\nE\n'),
    ("sylk", 'ID;PSomething\r\nB;Y2;X1\r\nC;Y1;X1;K"phone"\r\nE\r\n'),
    ("dif", 'TABLE\r\n0,1\r\n"EXCEL"\r\nVECTORS\r\n0,2\r\n""\r\n'),
]
TABLES = [
    "ID;Phone;Name\n1;+12025550101;Ana\n2;+12025550102;Beto\n",
    "ID;Phone\nC;+12025550101\n",
    "ID;P\n1;2\n",
    "ID,Phone\n1,+12025550101\n",
    "{name},{phone}\nAna,+12025550101\n",
    "{{1}};{{2}}\nAna;+12025550101\n",
    "[name],[phone]\nAna,+12025550101\n",
    "[1],[2]\nAna,+12025550101\n",
    '{"a": 1}\t+12025550101\n{"a": 2}\t+12025550102\n',
    "[]\t+12025550101\n",
    '{"a": 1}\t12025550101\n{"a": 2}\t12025550102\n',
    "<name>,<phone>\nAna,+12025550101\n",
    "<link>;<title>;<table>\nhttps://example.com;Ms;2\n",
    "<b>Ana</b>,+12025550101\n<b>Beto</b>,+12025550102\n",
    "<p>Hello</p>;+12025550101\n",
    "<3,+12025550101\n",
    "< 5 years,+12025550101\n",
    "BEGIN:VCARD,phone\nx,+12025550101\n",
    "TABLE,phone\n0,1\n",
    "name: phone\nAna: +12025550101\n",
    "MIME-Version,phone\n1.0,+12025550101\n",
    '"<table><tr><td>x</td></tr></table>",phone\n',
]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


def refused(data: bytes) -> tuple[str, object]:
    with pytest.raises(SheetError) as caught:
        kind_of(data)
    assert caught.value.translated_action
    return caught.value.code, caught.value.values.get("kind")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", PAGES)
def test_a_web_page_is_refused(text: str, encoding: str) -> None:
    assert refused(text.encode(encoding)) == ("html_disguised", None)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("kind", "text"), OTHERS)
def test_other_text_is_refused_by_name(kind: str, text: str, encoding: str) -> None:
    assert refused(text.encode(encoding)) == ("not_a_sheet", kind)


@pytest.mark.parametrize("text", TABLES)
def test_a_table_that_begins_like_other_text_is_read(text: str) -> None:
    assert kind_of(text.encode()) == Kind.TEXT
    assert kind_of(text.encode("utf-16")) == Kind.TEXT


@pytest.mark.parametrize("text", [json.dumps(PEOPLE * 5_000), CELLS * 5_000])
def test_the_start_of_a_large_file_is_enough(text: str) -> None:
    assert refused(text.encode()[:START_BYTES])[0] in ("not_a_sheet", "html_disguised")
    assert kind_of_start(("a,b\n" * 50_000).encode()[:START_BYTES]) == Kind.TEXT


def test_many_comments_are_compared_in_little_time() -> None:
    assert kind_of(b"<!-- x -->\n" * 3_000 + b"name,phone\n") == Kind.TEXT
