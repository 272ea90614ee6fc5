"""Names for a sheet's columns: unique, never empty, and never a recipient's own data."""

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.table.cell_types import EMPTY, TEXT, column_kinds, kind_of_cell

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


# How far a header may be from the top, and a footer from the end, in lines that are not empty.
LINES_LOOKED_AT: Final = 60


_MAX_PREAMBLE: Final = 30


_MAX_FOOTER: Final = 20


_TOTAL: Final = re.compile(
    r"\W*(?:sub-?|grand )?(?:totals?|totales|sum|suma|soma)\b.*", re.IGNORECASE
)


class Structure(NamedTuple):
    """Where a table begins and ends, in lines that are not empty.

    ``first`` lines are above it, ``last`` lines below it; of its own, the first ``header`` lines
    name the columns: none, one, or two where names stand in groups.
    """

    first: int
    header: int
    last: int


def find_structure(top: Sequence[Sequence[str]], end: Sequence[Sequence[str]]) -> Structure:
    """Return the structure of a sheet by its first and its last lines, the empty ones left out."""
    filled = sorted(_filled(line) for line in (*top, *end))
    # What most lines have at least: groups leave many cells empty that stand for the line above.
    usual = filled[3 * len(filled) // 4]
    first = _preamble(top, usual)
    if first and _header(top[first - 1 : first + 2]) == 2:
        first -= 1
    header = _header(top[first : first + 3])
    if header == 1 and is_row(top[first], top[first + 1 :]):
        header = 0
    lines = [*top, *end]
    return Structure(first, header, _footer(lines[first + max(header, 1) :], usual))


def joined_names(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Return the names of columns that are named in two lines, the upper one naming groups."""
    names = []
    group = ""
    for above, below in zip(upper, lower, strict=True):
        group = above if above.strip() or not below.strip() else group
        names.append(f"{group} {below}")
    return names


def _header(lines: Sequence[Sequence[str]]) -> int:
    """Count the lines that name the columns."""
    if is_data(lines[0]):
        return 0
    if len(lines) < 3:
        return 1
    upper, lower = lines[0], lines[1]
    gaps = sum(1 for above, below in zip(upper, lower, strict=True) if not above.strip() and below)
    has_values = any(any(map(str.isdigit, cell)) for cell in lower)
    alone = sum(1 for above, below in zip(upper, lower, strict=True) if above.strip() and not below)
    return 2 if gaps and alone and not lower[0].strip() and not has_values else 1


def _preamble(top: Sequence[Sequence[str]], usual: int) -> int:
    """Count the lines above the table: each with far fewer cells filled than the table has."""
    if usual < 2:
        return 0
    least = math.ceil(0.6 * usual)
    for at, line in enumerate(top[: _MAX_PREAMBLE + 1]):
        if is_data(line) or _filled(line) >= max(2, least):
            return at
    return 0


def _footer(end: Sequence[Sequence[str]], usual: int) -> int:
    """Count the lines below the table: notes in one cell, and totals."""
    count = 0
    if usual < 3:
        return count
    for line in reversed(end[-_MAX_FOOTER:]):
        cells = [cell for cell in line if cell.strip()]
        is_note = len(cells) == 1 or (len(cells) < usual and _TOTAL.fullmatch(cells[0]))
        if not line[0].strip() or not is_note or is_data(line):
            break
        count += 1
    return count


def _filled(line: Sequence[str]) -> int:
    return sum(1 for cell in line if cell.strip())


# Gaps and repeated names beyond these are not looked at: no sheet has so many tables.
_MAX_GAPS: Final = 200


_MAX_TABLES: Final = 50


_ROWS_COMPARED: Final = 20


_MAX_TITLES: Final = 3


class TableRange(NamedTuple):
    """Lines of one table, in lines that are not empty: from ``start`` up to ``stop``."""

    start: int
    stop: int


def find_tables(table: pa.Table, rows: pa.Array, header: int) -> tuple[list[TableRange], list[int]]:
    """Return the tables in these lines, and the lines that only repeat the names of columns.

    ``header`` is the line that names the first table's columns; ``rows`` are the lines' numbers.
    """
    names = _line(table, header)
    starts, repeats = [0], []
    for at in _like(table, header):
        line = _line(table, at)
        if line == names:
            repeats.append(at)
        elif _shared(line, names):
            starts.append(at)
    for at in _after_gaps(rows, header):
        if at not in starts and at not in repeats and _begins_table(table, at):
            starts.append(at)
    starts = sorted(set(starts))[:_MAX_TABLES]
    stops = [*starts[1:], table.num_rows]
    return [TableRange(start, stop) for start, stop in zip(starts, stops, strict=True)], repeats


def _line(table: pa.Table, at: int) -> list[str]:
    return [column[at].as_py().strip() for column in table.columns]


def _like(table: pa.Table, header: int) -> list[int]:
    """Return the lines below the header whose first cells are the header's."""
    first = next(
        (at for at, column in enumerate(table.columns) if column[header].as_py().strip()), None
    )
    if first is None:
        return []
    same = pc.equal(table[first], table[first][header])
    found = pc.indices_nonzero(same.combine_chunks() if same.num_chunks > 1 else same)
    return [at for at in found.to_pylist() if at > header]


def _shared(line: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether a line names columns of which most are the first table's, at their places."""
    shared = sum(1 for cell, name in zip(line, names, strict=True) if cell and cell == name)
    filled = sum(map(bool, line))
    return shared >= 2 and shared * 2 > max(filled, sum(map(bool, names)))


def _after_gaps(rows: pa.Array, header: int) -> list[int]:
    """Return the lines that come after an empty one, below the header."""
    if len(rows) < 2:
        return []
    jumps = pc.greater(pc.subtract(rows[1:], rows[:-1]), 1)
    found = (at + 1 for at in pc.indices_nonzero(jumps).to_pylist())
    return [at for at in found if at > header][:_MAX_GAPS]


def _begins_table(table: pa.Table, at: int) -> bool:
    """Tell whether another table begins here: names of columns, perhaps below a title."""
    lines = [
        [cell.strip() for cell in line]
        for line in zip(
            *(column.slice(at, _ROWS_COMPARED).to_pylist() for column in table.columns),
            strict=True,
        )
    ]
    titles = 0
    while titles < min(_MAX_TITLES, len(lines)) and sum(map(bool, lines[titles])) == 1:
        titles += 1
    if len(lines) - titles < 2:
        return False
    names, below = lines[titles], lines[titles + 1 :]
    return sum(map(bool, names)) >= 2 and not is_data(names) and names_columns(names, below)
