"""The worksheet that lists phones is read, not a cover, a summary or a pivot before it."""

import datetime as dt
import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import xlsxwriter
import xlwt

from tests.support.read_bytes import read_bytes

Pages = dict[str, Sequence[Sequence[Any]]]

COVER = [["Campaign of May"], ["1. Fill in the worksheet Clients"], ["Support", "+1 202 555 0100"]]
SUMMARY = [["City", "Clients", "Revenue"], ["Lima", 1234, 98765.5], ["Quito", 77, 1234.25]]
PIVOT = [["Row Labels", "Sum of total"], ["January", 1234567], ["February", 7654321]]
DATES = [["Sent on"], ["2025-05-01"], ["20250502"], ["03/05/2025"], ["04.05.2025 10:00"]]
CLIENTS = [["Name", "Phone"], ["Ana", "+12025550101"], ["Beto", "+12025550102"]]
NUMBERS = [["Name", "Phone"], ["Ana", 12025550101], ["Beto", 12025550102], ["", ""]]
LOCAL = [["Name", "Phone"], *(["Ana", f"5555-01{at:02}"] for at in range(9))]
SPARSE = [["Name", "Phone"], *(["Ana", f"202555010{at}" if at < 4 else ""] for at in range(20))]
NOTES = [["Notes"], ["Call back"], ["Ask for the invoice"]]


def _xlsx(pages: Pages, hidden: Sequence[str] = ()) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        for name, rows in pages.items():
            page = book.add_worksheet(name)
            for at, row in enumerate(rows):
                page.write_row(at, 0, row)
            if name in hidden:
                page.hide()
    return buffer.getvalue()


def _xls(pages: Pages) -> bytes:
    book = xlwt.Workbook()
    for name, rows in pages.items():
        page = book.add_sheet(name)
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                page.write(at, column, value)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("write", [_xlsx, _xls])
@pytest.mark.parametrize("before", [COVER, SUMMARY, PIVOT, DATES, NOTES])
@pytest.mark.parametrize("clients", [CLIENTS, NUMBERS, LOCAL, SPARSE])
def test_the_worksheet_that_lists_phones_is_read(
    write: Callable[[Pages], bytes],
    before: Sequence[Sequence[Any]],
    clients: Sequence[Sequence[Any]],
) -> None:
    found = read_bytes(write({"First": before, "Clients": clients, "Last": NOTES}))

    assert found.facts["worksheet"] == "Clients"
    assert found.facts["worksheets"] == ("First", "Clients", "Last")
    assert "worksheet_with_phones" in found.facts["notes"]


@pytest.mark.parametrize(
    "pages",
    [
        {"First": CLIENTS, "Archive": LOCAL},
        {"First": SPARSE, "Archive": LOCAL},
        {"First": [["Phone"], ["+12025550101"]], "Archive": LOCAL},
        {"First": SUMMARY, "Other": PIVOT},
        {"Blank": [], "First": NOTES, "Other": SUMMARY},
    ],
)
def test_the_first_worksheet_is_read_if_it_lists_phones_or_none_does(pages: Pages) -> None:
    found = read_bytes(_xlsx(pages))

    assert found.facts["worksheet"] == "First"
    assert "worksheet_with_phones" not in found.facts["notes"]


def test_a_worksheet_that_is_chosen_by_name_is_read_without_a_notice() -> None:
    data = _xlsx({"First": COVER, "Clients": CLIENTS})

    for name in ("First", "Clients"):
        found = read_bytes(data, worksheet=name)
        assert found.facts["worksheet"] == name
        assert "worksheet_with_phones" not in found.facts["notes"]


def test_a_hidden_worksheet_is_not_preferred_to_a_visible_one() -> None:
    found = read_bytes(_xlsx({"First": NOTES, "Clients": CLIENTS}, hidden=["Clients"]))

    assert found.facts["worksheet"] == "First"


def test_dates_and_times_of_a_workbook_are_not_phones() -> None:
    days = [[dt.date(2026, 1, day)] for day in range(1, 9)]
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "dd/mm/yyyy"}) as book:
        page = book.add_worksheet("Days")
        for at, (day,) in enumerate(days):
            page.write_datetime(at, 0, day)
        book.add_worksheet("Clients").write_column(0, 0, ["phone", "+12025550101"])

    assert read_bytes(buffer.getvalue()).facts["worksheet"] == "Clients"
