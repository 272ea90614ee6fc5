"""Detect the header, the tables, and the lines above and below them; name the columns."""

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.notes import NoticeCode
from lib.sheet.table.cell_types import EMPTY, TEXT, column_kinds, kind_of_cell

# How many non-empty rows are examined at each end of a sheet to find its header and footer.
SAMPLE_ROWS: Final = 60
_MAX_PREAMBLE: Final = 30
_MAX_FOOTER: Final = 20

# Limits of the search for further tables. Real sheets stay far below them.
_MAX_GAPS: Final = 200
_MAX_TABLES: Final = 50
_ROWS_COMPARED: Final = 20
_MAX_TITLES: Final = 3

_PHONE: Final = re.compile(r"[+(]?\d[\d\s().\-/\u00a0]{5,24}\d")
_DATE: Final = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|(?:19|20)\d{6}"
)
_YEAR: Final = re.compile(r"(?:19|20)\d{2}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TOTAL: Final = re.compile(
    r"\W*(?:sub-?|grand )?(?:totals?|totales|sum|suma|soma)\b.*", re.IGNORECASE
)


class Structure(NamedTuple):
    """Where a table begins and ends, counted in rows that are not empty.

    ``first`` rows are above the table and ``last`` rows below it. The first ``header`` rows of the
    table name the columns: none, one, or two if names are grouped.
    """

    first: int
    header: int
    last: int


class TableRange(NamedTuple):
    """The rows of one table, counted in rows that are not empty: ``start`` up to ``stop``."""

    start: int
    stop: int


def is_data(cells: Sequence[str]) -> bool:
    """Return whether a first row holds a recipient instead of column names.

    One phone number or e-mail address is enough. Dates don't count: they may name columns.
    """
    return any(_PHONE.fullmatch(cell) or _EMAIL.fullmatch(cell) for cell in _contact_cells(cells))


def names_columns(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a row differs from the rows below it as column names do."""
    same, other = _compare_kinds(first, rows)
    return other > 0 and same == 0


def is_row(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a row holds the same kinds of values as the rows below it."""
    same, other = _compare_kinds(first, rows)
    return same >= 2 and other == 0


def _compare_kinds(first: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Count the cells of the same kind as their column, and those of another kind.

    Text columns are ignored, since their names are text too. Years are not counted as the same
    kind, since they may be names.
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


def _contact_cells(cells: Sequence[str]) -> list[str]:
    """Return the cells that may be a phone number or e-mail address, without dates."""
    stripped = (cell.strip() for cell in cells)
    return [
        cell
        for cell in stripped
        if not _DATE.fullmatch(cell) and (_EMAIL.fullmatch(cell) or _count_digits(cell) >= 7)
    ]


def _count_digits(cell: str) -> int:
    return sum(character.isdigit() for character in cell)


def unique_names(cells: Sequence[str], positions: Sequence[int]) -> tuple[list[str], list[str]]:
    """Return a unique name for each column, and the codes of notices about changed names.

    ``positions`` are the positions of the columns in the sheet, from 0; columns without a name are
    named by their letters. Line breaks and runs of spaces become one space. Names that differ in
    case only are different names.
    """
    notes: list[str] = []
    names: list[str] = []
    wanted = [
        " ".join(cell.split()) or letter_name(at) for cell, at in zip(cells, positions, strict=True)
    ]
    if not all(cell.strip() for cell in cells):
        notes.append(NoticeCode.UNNAMED_COLUMNS)
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
        if NoticeCode.SAME_NAMES not in notes:
            notes.append(NoticeCode.SAME_NAMES)
    return names, notes


def plain_name(header: str) -> str:
    """Return a header in lowercase without accents, its words separated by single spaces."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    letters = unicodedata.normalize("NFKD", spaced.casefold())
    kept = "".join(each for each in letters if not unicodedata.combining(each))
    return " ".join(re.findall(r"[a-z0-9]+", kept))


def letter_name(index: int) -> str:
    """Return "Column A" for 0 and "Column AA" for 26: the letters of spreadsheet programs."""
    # Imported here because it takes 24 ms, and most sheets have names for all columns.
    from xlsxwriter.utility import xl_col_to_name

    return f"Column {xl_col_to_name(index)}"


def find_structure(top: Sequence[Sequence[str]], end: Sequence[Sequence[str]]) -> Structure:
    """Return the structure of a sheet by its first and its last rows, without empty ones."""
    filled = sorted(_count_filled(row) for row in (*top, *end))
    # The upper quartile: in grouped rows many cells are empty because they repeat the row above.
    usual = filled[3 * len(filled) // 4]
    first = _count_preamble(top, usual)
    if first and _count_header(top[first - 1 : first + 2]) == 2:
        first -= 1
    header = _count_header(top[first : first + 3])
    if header == 1 and is_row(top[first], top[first + 1 :]):
        header = 0
    rows = [*top, *end]
    return Structure(first, header, _count_footer(rows[first + max(header, 1) :], usual))


def joined_names(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Return the names of columns from two header rows, the upper one naming groups."""
    names = []
    group = ""
    for above, below in zip(upper, lower, strict=True):
        group = above if above.strip() or not below.strip() else group
        names.append(f"{group} {below}")
    return names


def _count_header(rows: Sequence[Sequence[str]]) -> int:
    """Count the rows that name the columns: 0, 1 or 2."""
    if is_data(rows[0]):
        return 0
    if len(rows) < 3:
        return 1
    upper, lower = rows[0], rows[1]
    gaps = sum(1 for above, below in zip(upper, lower, strict=True) if not above.strip() and below)
    has_values = any(any(map(str.isdigit, cell)) for cell in lower)
    alone = sum(1 for above, below in zip(upper, lower, strict=True) if above.strip() and not below)
    return 2 if gaps and alone and not lower[0].strip() and not has_values else 1


def _count_preamble(top: Sequence[Sequence[str]], usual: int) -> int:
    """Count the rows above the table, which have far fewer values than its rows usually have."""
    if usual < 2:
        return 0
    least = math.ceil(0.6 * usual)
    for at, row in enumerate(top[: _MAX_PREAMBLE + 1]):
        if is_data(row) or _count_filled(row) >= max(2, least):
            return at
    return 0


def _count_footer(end: Sequence[Sequence[str]], usual: int) -> int:
    """Count the rows below the table: notes in one cell, and totals."""
    count = 0
    if usual < 3:
        return count
    for row in reversed(end[-_MAX_FOOTER:]):
        cells = [cell for cell in row if cell.strip()]
        is_note = len(cells) == 1 or (len(cells) < usual and _TOTAL.fullmatch(cells[0]))
        if not row[0].strip() or not is_note or is_data(row):
            break
        count += 1
    return count


def _count_filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell.strip())


def find_tables(table: pa.Table, rows: pa.Array, header: int) -> tuple[list[TableRange], list[int]]:
    """Return the tables in these rows, and the indices of rows that repeat the column names.

    ``header`` is the index of the row that names the first table's columns; ``rows`` are the row
    numbers.
    """
    names = _row_cells(table, header)
    starts, repeats = [0], []
    for at in _rows_like_header(table, header):
        cells = _row_cells(table, at)
        if cells == names:
            repeats.append(at)
        elif _shares_names(cells, names):
            starts.append(at)
    for at in _rows_after_gaps(rows, header):
        if at not in starts and at not in repeats and _begins_table(table, at):
            starts.append(at)
    starts = sorted(set(starts))[:_MAX_TABLES]
    stops = [*starts[1:], table.num_rows]
    return [TableRange(start, stop) for start, stop in zip(starts, stops, strict=True)], repeats


def _row_cells(table: pa.Table, at: int) -> list[str]:
    return [column[at].as_py().strip() for column in table.columns]


def _rows_like_header(table: pa.Table, header: int) -> list[int]:
    """Return the rows below the header with the same value in its first non-empty column."""
    first = next(
        (at for at, column in enumerate(table.columns) if column[header].as_py().strip()), None
    )
    if first is None:
        return []
    same = pc.equal(table[first], table[first][header])
    found = pc.indices_nonzero(same.combine_chunks() if same.num_chunks > 1 else same)
    return [at for at in found.to_pylist() if at > header]


def _shares_names(cells: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether most column names of a row are the first table's, in the same positions."""
    shared = sum(1 for cell, name in zip(cells, names, strict=True) if cell and cell == name)
    filled = sum(map(bool, cells))
    return shared >= 2 and shared * 2 > max(filled, sum(map(bool, names)))


def _rows_after_gaps(rows: pa.Array, header: int) -> list[int]:
    """Return the rows below the header that follow an empty row."""
    if len(rows) < 2:
        return []
    jumps = pc.greater(pc.subtract(rows[1:], rows[:-1]), 1)
    found = (at + 1 for at in pc.indices_nonzero(jumps).to_pylist())
    return [at for at in found if at > header][:_MAX_GAPS]


def _begins_table(table: pa.Table, at: int) -> bool:
    """Return whether another table begins at this row: column names, or titles above them."""
    rows = [
        [cell.strip() for cell in row]
        for row in zip(
            *(column.slice(at, _ROWS_COMPARED).to_pylist() for column in table.columns),
            strict=True,
        )
    ]
    titles = 0
    while titles < min(_MAX_TITLES, len(rows)) and sum(map(bool, rows[titles])) == 1:
        titles += 1
    if len(rows) - titles < 2:
        return False
    names, below = rows[titles], rows[titles + 1 :]
    return sum(map(bool, names)) >= 2 and not is_data(names) and names_columns(names, below)
