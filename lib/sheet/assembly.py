"""Make a sheet of raw cells: find the header, leave out what is empty, keep row numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.errors import sheet_error
from lib.sheet.header import unique_names
from lib.sheet.spreadsheet import Flag
from lib.sheet.structure import LINES_LOOKED_AT, Structure, find_structure, joined_names

# Most columns have something among their first cells; then the rest need not be looked at.
_FIRST: Final = 1_000


@dataclass(frozen=True)
class Assembled:
    """A sheet's columns by position, its row numbers, and its columns' names."""

    table: pa.Table
    rows: pa.Array
    names: list[str]
    header_row: int
    notes: list[str]
    flags: list[Flag]


def assemble(
    raw: pa.Table,
    flags: Sequence[Flag],
    *,
    max_rows: int,
    max_cells: int,
    header_row: int | None = None,
) -> Assembled:
    """Return the sheet in these cells, whose first record is row 1.

    ``header_row`` says which row names the columns, 0 that none does; without it, it is found.

    Raises SheetError: empty_file, only_header, too_many_rows, too_many_cells.
    """
    positions = [at for at, column in enumerate(raw.columns) if _has_anything(column)]
    if not positions:
        raise sheet_error("empty_file")
    table, rows = _filled_rows(raw.select(positions))
    notes = _left_out(raw.num_columns, positions, table.num_rows, rows[-1].as_py())
    structure = _structure(table, rows, header_row)
    header_row = rows[structure.first].as_py() if structure.header else 0
    table, rows, more = _cut(table, rows, structure)
    notes.extend(more)
    if structure.header:
        named = _lines(table.slice(0, structure.header))
        names, more = unique_names(
            joined_names(*named) if structure.header == 2 else named[0], positions
        )
        notes.extend(more)
        table, rows = table.slice(structure.header), rows.slice(structure.header)
    else:
        names, _ = unique_names([""] * len(positions), positions)
        notes.append("no_header")
    if not table.num_rows:
        raise sheet_error("only_header")
    if table.num_rows > max_rows:
        raise sheet_error("too_many_rows", limit=max_rows)
    if (cells := table.num_rows * table.num_columns) > max_cells:
        raise sheet_error("too_many_cells", found=cells, limit=max_cells)
    return Assembled(table, rows, names, header_row, notes, _moved(flags, positions, rows))


def _has_anything(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(_filled(column[:_FIRST])).as_py() or pc.any(_filled(column)).as_py())


def _filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.not_equal(pc.utf8_trim_whitespace(column), "")


def _filled_rows(table: pa.Table) -> tuple[pa.Table, pa.Array]:
    """Return the rows that are not empty, and their numbers."""
    rows = pa.array(np.arange(1, table.num_rows + 1))
    kept = _filled(table[0])
    for column in table.columns[1:]:
        if pc.all(kept).as_py():
            return table, rows
        kept = pc.or_(kept, _filled(column))
    kept = kept.combine_chunks()
    return table.filter(kept), rows.filter(kept)


def _structure(table: pa.Table, rows: pa.Array, header_row: int | None) -> Structure:
    """Find the table among the lines that are not empty, or take it as a person has said."""
    if header_row is not None:
        first = pc.index(rows, header_row).as_py()
        return Structure(first, 1, 0) if first >= 0 else Structure(0, 0, 0)
    top = _lines(table.slice(0, LINES_LOOKED_AT))
    return find_structure(top, _lines(table.slice(max(len(top), table.num_rows - LINES_LOOKED_AT))))


def _lines(table: pa.Table) -> list[list[str]]:
    return [list(line) for line in zip(*(column.to_pylist() for column in table), strict=True)]


def _cut(
    table: pa.Table, rows: pa.Array, structure: Structure
) -> tuple[pa.Table, pa.Array, list[str]]:
    """Return the table without the lines above and below it, and notes about those."""
    length = table.num_rows - structure.first - structure.last
    notes = ["preamble"] * (structure.first > 0) + ["footer"] * (structure.last > 0)
    return (
        table.slice(structure.first, length),
        rows.slice(structure.first, length),
        notes,
    )


def _left_out(columns: int, positions: list[int], rows: int, last_row: int) -> list[str]:
    notes = []
    if rows < last_row:
        notes.append("empty_rows")
    if len(positions) < columns:
        notes.append("empty_columns")
    return notes


def _moved(flags: Sequence[Flag], positions: list[int], rows: pa.Array) -> list[Flag]:
    """Return the flags of cells that are still there, their columns counted anew."""
    if not flags:
        return []
    places = {old: new for new, old in enumerate(positions)}
    alive = set(rows.to_pylist())
    return sorted(
        Flag(flag.row, places[flag.column], flag.code)
        for flag in flags
        if flag.column in places and flag.row in alive
    )
