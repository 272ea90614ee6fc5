"""Recognize changes that a spreadsheet program makes automatically when it opens a file."""

import re
from decimal import Decimal, InvalidOperation
from typing import Final

# A number as spreadsheet programs show it: without a plus, or zeros in front or at the end.
_PLAIN_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:[.,]\d*[1-9])?")
_EXPONENT: Final = re.compile(r"-?\d(?:[.,](\d+))?[eE][+-]?\d+")
_DATE: Final = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_MONTH_DATE: Final = re.compile(r"(\d{1,2})[-/ ]([^\W\d_]{3,4})\.?(?:[-/ ]\d{2,4})?")
# The first letters of the months in English, Spanish and Portuguese.
_MONTHS: Final = dict(
    enumerate(
        (
            ("jan", "ene"), ("feb", "fev"), ("mar",), ("apr", "abr"), ("may", "mai"), ("jun",),
            ("jul",), ("aug", "ago"), ("sep", "set"), ("oct", "out"), ("nov",),
            ("dec", "dic", "dez"),
        ),
        1,
    )
)  # fmt: skip
_BOOLEANS: Final = frozenset({"true", "false", "verdadero", "falso", "verdadeiro"})


def is_reformatted(before: str, after: str) -> bool:
    """Return whether a spreadsheet program may have made this change automatically.

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
    if (exponent := _EXPONENT.fullmatch(new)) is not None:
        return _is_rounded(old, new, digits=len(exponent[1] or "") + 1)
    if (month := _MONTH_DATE.fullmatch(new)) is not None:
        return _is_same_month(old, int(month[1]), month[2])
    return _is_same_date(old, new)


def _number(text: str) -> Decimal | None:
    """Return the value of a text that a spreadsheet program would read as a number."""
    if not re.fullmatch(r"[+-]?[\d.,\s]*\d", text):
        return None
    try:
        return Decimal(text.replace(" ", "").replace(",", ".").lstrip("+"))
    except InvalidOperation:
        return None


def _is_rounded(old: str, new: str, *, digits: int) -> bool:
    """Return whether a number in scientific notation is another one with fewer digits."""
    number = _number(old)
    return (
        number is not None
        and f"{number:.{digits - 1}E}" == f"{Decimal(new.replace(',', '.')):.{digits - 1}E}"
    )


def _is_same_month(old: str, day: int, name: str) -> bool:
    """Return whether a text such as 1-2 has become a day and the name of a month."""
    found = re.fullmatch(r"(\d{1,2})[-/.](\d{1,2})", old)
    month = next((number for number, names in _MONTHS.items() if name[:3].lower() in names), 0)
    return found is not None and {int(found[1]), int(found[2])} == {day, month}


def _is_same_date(old: str, new: str) -> bool:
    """Return whether both texts are the same date, and not one with day and month swapped."""
    if not (_DATE.fullmatch(old) and _DATE.fullmatch(new)):
        return False
    numbers = [[int(each) for each in re.findall(r"\d+", text)] for text in (old, new)]
    if [each % 100 if each > 99 else each for each in numbers[0]] == [
        each % 100 if each > 99 else each for each in numbers[1]
    ]:
        return True
    before, after = _possible_dates(numbers[0]), _possible_dates(numbers[1])
    return bool(before & after) and min(len(before), len(after)) == 1


def _possible_dates(numbers: list[int]) -> set[tuple[int, int, int]]:
    """Return the dates, as year, month and day, that three numbers may mean."""
    first, second, third = numbers
    if first > 99:
        return {(first, second, third)}
    year = third if third > 99 else third + 2000
    dates = {(year, month, day) for month, day in ((first, second), (second, first))}
    return {each for each in dates if each[1] <= 12}
