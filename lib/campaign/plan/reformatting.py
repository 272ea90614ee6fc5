"""Recognize changes that a spreadsheet program makes by itself when it opens a file."""

import re
from decimal import Decimal, InvalidOperation
from typing import Final

# A number as spreadsheet programs show it: without a plus, or zeros in front or at the end.
_PLAIN_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:[.,]\d*[1-9])?")
_EXPONENT: Final = re.compile(r"-?\d(?:[.,]\d+)?[eE][+-]?\d+")
_DATE: Final = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_MONTH_DATE: Final = re.compile(
    r"\d{1,2}[-/ ]\pL{3,4}\.?(?:[-/ ]\d{2,4})?".replace(r"\pL", r"[^\W\d_]")
)
_BOOLEANS: Final = frozenset({"true", "false", "verdadero", "falso", "verdadeiro"})


def is_reformatted(before: str, after: str) -> bool:
    """Return whether a spreadsheet program may have made this change by itself.

    Examples: 0012 to 12, +16505550101 to 16505550101, 1.10 to 1.1, 5215512345678 to 5.21551E+12,
    2025-12-24 to 24/12/2025, 1-2 to 01-feb, true to TRUE.
    """
    old, new = before.strip(), after.strip()
    if not old or not new:
        return False
    if old.casefold() == new.casefold():
        return old == new or old.casefold() in _BOOLEANS
    if _PLAIN_NUMBER.fullmatch(new):
        return _number(old) is not None and _number(old) == _number(new)
    if _EXPONENT.fullmatch(new):
        return _number(old) is not None
    if _DATE.fullmatch(new) and _DATE.fullmatch(old):
        return _date_parts(old) == _date_parts(new)
    return bool(_MONTH_DATE.fullmatch(new) and re.fullmatch(r"\d{1,2}[-/.]\d{1,4}", old))


def _number(text: str) -> Decimal | None:
    """Return the value of a text that a spreadsheet program would read as a number."""
    if not re.fullmatch(r"[+-]?[\d.,\s]*\d", text):
        return None
    try:
        return Decimal(text.replace(" ", "").replace(",", ".").lstrip("+"))
    except InvalidOperation:
        return None


def _date_parts(text: str) -> list[int]:
    """Return the numbers of a date in any order, with years of two digits in this century."""
    numbers = [int(each) for each in re.findall(r"\d+", text)]
    year = max(numbers)
    if len(re.findall(r"\d{4}", text)) == 0:
        numbers[-1] += 2000
        year = numbers[-1]
    return sorted([year, *[each for each in numbers if each != year]])
