"""The fast scan of a worksheet finds the same numbers as the parser, or leaves it to the parser."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable

import pytest
import xlsxwriter
from openpyxl import load_workbook

from lib.sheet.workbook.xlsx import find_styled_numbers, parse_annotations, read_xlsx_annotations

FORMATS = {"1": "dd/mm/yyyy", "2": "0.00%", "3": "0.00%"}
PAGE = "xl/worksheets/sheet1.xml"


def workbook(fill: Callable[..., object] = lambda *_: None) -> bytes:
    """Return a workbook with dates, percentages, text and blanks in formatted cells."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet("People")
        date = book.add_format({"num_format": FORMATS["1"]})
        share = book.add_format({"num_format": FORMATS["2"]})
        page.write_row(0, 0, ["phone", "when", "share", "note"])
        for number in range(1, 3_000):
            page.write(number, 0, f"+1650{2_000_000 + number}")
            page.write_datetime(number, 1, dt.date(2026, 1, 1) + dt.timedelta(number), date)
            page.write_number(number, 2, number / 7, share)
            page.write_string(number, 3, "O'Neill & <b>", date)
        page.write_blank(3_000, 1, None, date)
        fill(page, date)
    return buffer.getvalue()


def by_openpyxl(data: bytes) -> bytes:
    """Return the workbook as written by openpyxl."""
    buffer = io.BytesIO()
    load_workbook(io.BytesIO(data)).save(buffer)
    return buffer.getvalue()


def page_of(data: bytes) -> io.BytesIO:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return io.BytesIO(archive.read(PAGE))


@pytest.mark.parametrize("written", [workbook, lambda: by_openpyxl(workbook())])
def test_the_scan_finds_the_same_dates_and_percentages_as_the_parser(
    written: Callable[[], bytes],
) -> None:
    data = written()

    scanned = find_styled_numbers(page_of(data), set(FORMATS))
    parsed = parse_annotations(page_of(data), FORMATS, date1904=False)

    assert scanned is not None
    assert read_xlsx_annotations(data, "People") == parsed
    assert parsed.texts[1, 1] == "02/01/2026"
    assert len(parsed.texts) == 2 * 2_999


@pytest.mark.parametrize(
    "fill",
    [
        lambda page, _: page.write_formula(4_000, 0, "=1+1", None, 2),
        lambda page, _: page.write_formula(4_000, 0, "=NA()", None, "#N/A"),
        lambda page, _: page.set_row(5, None, None, {"hidden": True}),
        lambda page, _: page.set_column(2, 2, None, None, {"hidden": True}),
        lambda page, date: page.set_row(5, None, date),
    ],
    ids=["formula", "error", "hidden row", "hidden column", "formatted row"],
)
def test_unusual_content_is_left_to_the_parser(fill: Callable[..., object]) -> None:
    data = workbook(fill)

    assert find_styled_numbers(page_of(data), set(FORMATS)) is None
    assert len(read_xlsx_annotations(data, "People").texts) >= 2 * 2_999


@pytest.mark.parametrize(
    "change",
    [
        (b"<c ", b"<x:c "),
        (b't="s"', b"t='s'"),
        (b"<sheetData>", b"<!-- --><sheetData>"),
        (b' s="1"', b'  s="1"'),
        (b' r="B2"', b""),
    ],
)
def test_unusual_xml_is_left_to_the_parser(change: tuple[bytes, bytes]) -> None:
    page = page_of(workbook()).getvalue()
    assert change[0] in page

    assert find_styled_numbers(io.BytesIO(page.replace(*change)), set(FORMATS)) is None


def test_a_worksheet_without_formats_does_not_need_the_parser() -> None:
    assert find_styled_numbers(page_of(workbook()), set()) == []
