"""Several tables in one sheet: where each begins, and names that are repeated among rows."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.header import is_data, names_columns

# Gaps and repeated names beyond these are not looked at: no sheet has so many tables.
_MOST_GAPS: Final = 200
_MOST_TABLES: Final = 50
_ROWS_COMPARED: Final = 20
_MOST_TITLES: Final = 3


class Block(NamedTuple):
    """Lines of one table, in lines that are not empty: from ``start`` up to ``stop``."""

    start: int
    stop: int


def find_tables(table: pa.Table, rows: pa.Array, header: int) -> tuple[list[Block], list[int]]:
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
    starts = sorted(set(starts))[:_MOST_TABLES]
    stops = [*starts[1:], table.num_rows]
    return [Block(start, stop) for start, stop in zip(starts, stops, strict=True)], repeats


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
    return [at for at in found if at > header][:_MOST_GAPS]


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
    while titles < min(_MOST_TITLES, len(lines)) and sum(map(bool, lines[titles])) == 1:
        titles += 1
    if len(lines) - titles < 2:
        return False
    names, below = lines[titles], lines[titles + 1 :]
    return sum(map(bool, names)) >= 2 and not is_data(names) and names_columns(names, below)
