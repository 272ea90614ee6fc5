"""Choose the worksheet to read: one that holds phone numbers, not a cover or a summary."""

import re
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Any, Final

import python_calamine as calamine

from lib.sheet.workbook.number_formats import number_text

_SAMPLE_ROWS: Final = 200
# So many phones in a column are a list; fewer may be a contact on a cover.
_LIST_ROWS: Final = 3
_PHONE: Final = re.compile(r"\+?[\d(][\d\s().\-/\u00a0]{6,25}\d")
_DATE: Final = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?:\s.*)?|(?:19|20)\d{6}")
_MIN_DIGITS: Final = 8
_MAX_DIGITS: Final = 15


def choose_worksheet(
    first: calamine.CalamineSheet, others: Iterable[calamine.CalamineSheet]
) -> calamine.CalamineSheet:
    """Return the first worksheet that lists phones, else the one with the most, else the first.

    The worksheets are not empty. None are taken from ``others`` after one that lists phones.
    """
    best, most = first, 0
    for sheet in chain([first], others):
        phones, rows = _count_phone_rows(sheet)
        if phones >= _LIST_ROWS or 0 < rows <= phones * 2:
            return sheet
        if phones > most:
            best, most = sheet, phones
    return best


def _count_phone_rows(sheet: calamine.CalamineSheet) -> tuple[int, int]:
    """Return how many of the first rows have a phone, in the column with most, and are filled."""
    rows = [row for row in islice(sheet.iter_rows(), _SAMPLE_ROWS) if any(c != "" for c in row)]
    return max((_count_phones(column) for column in zip(*rows, strict=True)), default=0), len(rows)


def _count_phones(column: Sequence[Any]) -> int:
    """Count the phones in a column; 0 unless most cells from the first one on are phones."""
    are_phones = [_is_phone(cell) for cell in column if cell != ""]
    if True not in are_phones:
        return 0
    below = are_phones[are_phones.index(True) :]
    count = sum(below)
    return count if count * 2 > len(below) else 0


def _is_phone(cell: Any) -> bool:
    """Return whether a cell's value looks like a phone number, and not like a date."""
    if isinstance(cell, bool):
        return False
    if isinstance(cell, int | float):
        cell = number_text(cell) if abs(cell) < 10**_MAX_DIGITS else ""
    if not isinstance(cell, str) or not _PHONE.fullmatch(text := cell.strip()):
        return False
    digits = sum(map(str.isdigit, text))
    return _MIN_DIGITS <= digits <= _MAX_DIGITS and not _DATE.fullmatch(text)
