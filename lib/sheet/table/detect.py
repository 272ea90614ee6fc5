"""Detect the header, the tables, and the lines above and below them; name the columns."""

import math
import re
import unicodedata
from collections.abc import Sequence
from itertools import count
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
_SENTENCE: Final = re.compile(r".*[:©].*|(?:\S+\s+){4,}\S+", re.DOTALL)
_MISSING: Final = re.compile(r"-+|n/?a|none|null|unknown|\?+", re.IGNORECASE)
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
        if kind in (EMPTY, TEXT) or not cell.strip() or _MISSING.fullmatch(cell.strip()):
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
    named by their letters, and numbered if another column has this name. Line breaks and runs of
    spaces become one space. Names that differ in case only are different names.
    """
    given = [" ".join(cell.split()) for cell in cells]
    notes: list[str] = [] if all(given) else [NoticeCode.UNNAMED_COLUMNS]
    wanted = [
        name or letter_name(position) for name, position in zip(given, positions, strict=True)
    ]
    names = list(wanted)
    taken, used = set(wanted), set()
    # Columns without a name come last, so that they leave the sheet's own names unchanged.
    for at in sorted(range(len(wanted)), key=lambda at: not given[at]):
        if wanted[at] in used:
            names[at] = next(
                numbered
                for number in count(2)
                if (numbered := f"{wanted[at]} ({number})") not in taken
            )
            taken.add(names[at])
            if NoticeCode.SAME_NAMES not in notes:
                notes.append(NoticeCode.SAME_NAMES)
        used.add(names[at])
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


def find_structure(
    top: Sequence[Sequence[str]], end: Sequence[Sequence[str]], gaps: Sequence[bool]
) -> Structure:
    """Return the structure of a sheet by its first and its last rows, without empty ones.

    ``gaps`` are True for those rows, of both parts, that follow an empty row.
    """
    rows = [*top, *end]
    filled = sorted(map(_count_filled, rows))
    # The upper quartile: in grouped rows many cells are empty because they repeat the row above.
    usual = filled[3 * len(filled) // 4]
    if _starts_with_group(rows):
        return Structure(0, 0, 0)
    first = _count_preamble(top, gaps, usual)
    if first and _count_header(top[first - 1 :]) == 2:
        first -= 1
    header = _count_header(top[first:])
    if header == 1 and _is_record(top[first], rows[first + 1 :]):
        header = 0
    if header and first + header == len(rows) and first > 1 and not gaps[first]:
        # The rows above these "names" are the rows of the sheet.
        first, header = 0, 1
    start = first + header
    return Structure(first, header, _count_footer(rows[start:], gaps[start:], usual))


def _starts_with_group(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first column has only headings of groups, from the first row on."""
    headings = [row for row in rows if row[0].strip()]
    return (
        len(headings) >= 2
        and headings[0] is rows[0]
        and all(_count_filled(row) == 1 for row in headings)
        and len(rows[0]) > 1
        and not all(_count_filled(row) == 1 for row in rows)
        and not rows[-1][0].strip()
        and headings[1] is not rows[1]
    )


def _is_record(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a first row is like those below it, and does not name their columns."""
    if not rows or names_columns(first, rows):
        return False
    return all(row == first for row in rows) or is_row(first, rows) or _recurs(first, rows)


def _recurs(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether values of a row are met again in other rows, as column names are not.

    Two such values are required, or one if the whole row is met again. A column with this value and
    empty cells does not count: exports of forms repeat the name of a choice.
    """
    others = [row for row in rows if row != first]
    columns = 0
    for at, cell in enumerate(first):
        values = [row[at] for row in others if row[at].strip()]
        is_choice = len(set(values)) == 1 and len(values) < len(others)
        columns += bool(cell.strip()) and not is_choice and values.count(cell) >= 2
    return columns >= (2 if len(others) == len(rows) else 1)


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
    has_groups = any(
        not above.strip() and below.strip() for above, below in zip(upper, lower, strict=True)
    )
    return 2 if has_groups and _names_groups(upper, lower, rows[2:]) else 1


def _names_groups(
    upper: Sequence[str], lower: Sequence[str], rows: Sequence[Sequence[str]]
) -> bool:
    """Return whether the upper of two rows names groups of columns, and the lower the columns."""
    if any(kind_of_cell(cell) not in (EMPTY, TEXT) for cell in upper):
        return False
    named = [at for at, cell in enumerate(upper) if cell.strip()]
    # A name covers the columns up to the next one. A title has none after it.
    has_blank = len(named) > 1 and named != list(range(named[-1] + 1))
    if has_blank and _are_names(lower, rows):
        return True
    has_values = any(any(map(str.isdigit, cell)) for cell in lower)
    # A column that only the upper row names has values; the heading of a group of rows has none.
    alone = [at for at, cell in enumerate(upper) if cell.strip() and not lower[at].strip()]
    has_rows = any(all(row[at].strip() for row in rows) for at in alone)
    return has_rows and not lower[0].strip() and not has_values


def _are_names(cells: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the cells are different texts, and the columns hold other kinds of values."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    is_unique = len(set(filled)) == len(filled) >= 2
    return is_unique and not is_data(cells) and names_columns(cells, rows)


def _count_preamble(top: Sequence[Sequence[str]], gaps: Sequence[bool], usual: int) -> int:
    """Count the rows above the table.

    They have far fewer values than its rows usually have, or stand above better column names.
    """
    if usual < 2:
        return 0
    least = max(2, math.ceil(0.6 * usual))
    first = next(
        (
            at
            for at, row in enumerate(top[: _MAX_PREAMBLE + 1])
            if is_data(row) or _count_filled(row) >= least
        ),
        len(top),
    )
    if first == len(top):
        return 0
    for at in range(first + 1, min(len(top), _MAX_PREAMBLE + 1)):
        above = top[first:at]
        if is_data(above[-1]):
            break
        if _count_filled(top[at]) < least:
            continue
        if gaps[at] and all(map(_is_fact, above)):
            return at
        is_table = len(above) > 2 and _are_names(above[0], above[1:])
        if is_table or not _are_names(top[at], top[at + 1 :]):
            continue
        if all(_is_above(row, top[at], top[at + 1 :]) for row in above):
            return at
    return first


def _is_fact(row: Sequence[str]) -> bool:
    """Return whether a row is a label and a value that is not text, such as a date."""
    cells = [cell.strip() for cell in row if cell.strip()]
    if len(cells) != 2 or _YEAR.fullmatch(cells[1]):
        return False
    return kind_of_cell(cells[0]) == TEXT != kind_of_cell(cells[1])


def _is_above(row: Sequence[str], names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a row above column names is a title, a fact or a stray record."""
    filled = [at for at, cell in enumerate(row) if cell.strip()]
    same, _other = _compare_kinds(row, rows)
    is_start = filled == list(range(len(filled)))
    is_cut = any(row[at].startswith(" ") for at in filled) and not any(
        name.startswith(" ") for name in names
    )
    is_shorter = is_start and len(filled) < _count_filled(names)
    is_longer = is_start and any(filled) and not any(map(str.strip, names[filled[-1] :]))
    return bool(same) or is_cut or is_shorter or is_longer or _is_fact(row)


def _count_footer(rows: Sequence[Sequence[str]], gaps: Sequence[bool], usual: int) -> int:
    """Count the rows below the table: totals, and notes in the first cell.

    A value in the first cell alone is a note if it follows an empty row, is of another kind than
    the column, or reads like a sentence; otherwise it is a row whose other cells are missing.
    """
    start = len(rows)
    while start and usual >= 3 and len(rows) - start < _MAX_FOOTER:
        if not _may_be_footer(rows[start - 1], usual):
            break
        start -= 1
    body = rows[:start]
    kind = column_kinds(body, 1)[0]
    has_gaps = all(_count_filled(row) > 1 or not row[0].strip() for row in body)
    for at in range(start, len(rows)):
        cell = rows[at][0].strip()
        is_other = kind not in (EMPTY, TEXT) and kind_of_cell(cell) != kind
        follows_gap = gaps[at] and has_gaps and at > 0
        if is_other or follows_gap or _SENTENCE.fullmatch(cell) or _TOTAL.fullmatch(cell):
            return len(rows) - at if at else 0
    return 0


def _may_be_footer(row: Sequence[str], usual: int) -> bool:
    filled = _count_filled(row)
    is_total = filled < usual and _TOTAL.fullmatch(row[0].strip()) is not None
    return bool(row[0].strip()) and (filled == 1 or is_total) and not is_data(row)


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
        elif _shares_names(cells, names) and _begins_table(table, at):
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
    return _are_names(names, below)
