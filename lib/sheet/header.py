"""Names for a sheet's columns: unique, never empty, and never a recipient's own data."""

import re
import unicodedata
from collections.abc import Sequence

from lib.sheet.kinds import EMPTY, TEXT, column_kinds, kind_of_cell

_PHONE = re.compile(r"[+(]?\d[\d\s().\-/\u00a0]{5,24}\d")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|(?:19|20)\d{6}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def is_data(cells: Sequence[str]) -> bool:
    """Tell whether a first row holds a recipient, where names of columns should be.

    One phone number or e-mail address among the cells is enough; a date may well name a column.
    """
    return any(_PHONE.fullmatch(cell) or _EMAIL.fullmatch(cell) for cell in _bare(cells))


def names_columns(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether a line differs from the rows below it as names of columns do."""
    same, other = _compared(first, rows)
    return other > 0 and same == 0


def is_row(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether a line holds the same kinds of things as the rows below it."""
    same, other = _compared(first, rows)
    return same >= 2 and other == 0


def _compared(first: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Count the cells of a kind that all their column has, and those of another kind.

    Only columns of numbers, dates and the like tell anything; years and dates may be names.
    """
    same = other = 0
    for cell, kind in zip(first, column_kinds(rows, len(first)), strict=True):
        if kind in (EMPTY, TEXT) or not cell.strip():
            continue
        found = kind_of_cell(cell)
        if found != kind:
            other += found == TEXT or kind not in ("number", "money", "share", "phone", "code")
        elif not _YEAR.fullmatch(cell.strip()):
            same += 1
    return same, other


_YEAR = re.compile(r"(?:19|20)\d{2}")


def _bare(cells: Sequence[str]) -> list[str]:
    stripped = (cell.strip() for cell in cells)
    return [
        cell
        for cell in stripped
        if not _DATE.fullmatch(cell) and (_EMAIL.fullmatch(cell) or _digits(cell) >= 7)
    ]


def _digits(cell: str) -> int:
    return sum(character.isdigit() for character in cell)


def unique_names(cells: Sequence[str], positions: Sequence[int]) -> tuple[list[str], list[str]]:
    """Return a name for each column, and the codes of notes about names that had to change.

    ``positions`` are the columns' places in the sheet, from 0, which name those without a name.
    Line breaks and runs of spaces become one space; "Name", "name" stay two names.
    """
    notes = []
    names: list[str] = []
    wanted = [
        " ".join(cell.split()) or letter_name(at) for cell, at in zip(cells, positions, strict=True)
    ]
    if not all(cell.strip() for cell in cells):
        notes.append("unnamed_columns")
    taken = set(wanted)
    for name in wanted:
        if name not in names:
            names.append(name)
            continue
        number = 2
        while f"{name} ({number})" in taken:
            number += 1
        names.append(f"{name} ({number})")
        taken.add(names[-1])
        if "same_names" not in notes:
            notes.append("same_names")
    return names, notes


def plain_name(header: str) -> str:
    """Return a header in small letters, without accents, its words parted by single spaces."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    letters = unicodedata.normalize("NFKD", spaced.casefold())
    kept = "".join(each for each in letters if not unicodedata.combining(each))
    return " ".join(re.findall(r"[a-z0-9]+", kept))


def letter_name(index: int) -> str:
    """Return "Column A" for 0, "Column AA" for 26: the letters a spreadsheet program shows."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"Column {letters}"
