"""Make a sheet of raw cells: find the header, leave out what is empty, keep row numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.errors import sheet_error
from lib.sheet.notes import CellIssue
from lib.sheet.table.detect import (
    LINES_LOOKED_AT,
    Structure,
    TableRange,
    find_structure,
    find_tables,
    joined_names,
    unique_names,
)

# Most columns have something among their first cells; then the rest need not be looked at.
_FIRST: Final = 1_000


@dataclass(frozen=True)
class RawSheet:
    """A sheet's columns by position, its row numbers, and its columns' names.

    ``tables`` are the first and last rows of each table that the sheet holds; ``number`` says
    which of them this is, from 1.
    """

    table: pa.Table
    rows: pa.Array
    names: list[str]
    header_row: int
    notes: list[str]
    flags: list[CellIssue]
    tables: list[tuple[int, int]]
    number: int


@dataclass(frozen=True)
class HeaderOptions:
    """What a person has said about a sheet's lines; None is left to be found.

    ``header_row`` names the columns (0: none does), ``last_row`` is the last one that counts,
    ``table`` is the number of the table, from 1.
    """

    header_row: int | None = None
    last_row: int | None = None
    table: int | None = None


def assemble(
    raw: pa.Table,
    flags: Sequence[CellIssue],
    *,
    max_rows: int,
    max_cells: int,
    wanted: HeaderOptions,
    kept: int = 0,
    merged: Sequence[tuple[int, int, int]] = (),
    rows: pa.Array | None = None,
) -> RawSheet:
    """Return the sheet in these cells, whose first record is row 1.

    Empty columns are left out; but where no row names them, the first ``kept`` ones are all there.
    ``rows`` are the numbers of the records, where empty ones have been left out already.
    ``merged`` are cells merged downwards, as first row, last row and column: each gets the value.

    Raises SheetError: empty_file, only_header, too_many_rows, too_many_cells.
    """
    positions = [at for at, column in enumerate(raw.columns) if _has_anything(column)]
    if not positions:
        raise sheet_error("empty_file")
    is_filtered = rows is not None
    table = raw.select(positions)
    if rows is None:
        table, rows = _filled_rows(table)
    notes = ["empty_rows"] * (table.num_rows < rows[-1].as_py())
    if len(positions) < raw.num_columns:
        notes.append("empty_columns")
    blocks, repeats = _blocks(table, rows, wanted)
    tables = [(rows[block.start].as_py(), rows[block.stop - 1].as_py()) for block in blocks]
    if repeats:
        notes.append("names_repeated")
    chosen = _chosen(blocks, rows, wanted)
    table, rows = _block(table, rows, chosen, repeats)
    if len(blocks) > 1:
        notes.append("several_tables")
        still = [at for at, column in enumerate(table.columns) if _has_anything(column)]
        table, positions = table.select(still), [positions[at] for at in still]
    structure = _structure(table, rows, wanted)
    header_row = rows[structure.first].as_py() if structure.header else 0
    table, rows, more = _cut(table, rows, structure)
    notes.extend(more)
    every = sorted({*positions, *range(min(kept, raw.num_columns))})
    if not structure.header and every != positions and not is_filtered:
        positions = every
        table = raw.select(positions).take(pc.subtract(rows, 1))
    names, more = _names(table, structure.header, positions)
    notes.extend(more)
    table, rows = table.slice(structure.header), rows.slice(structure.header)
    _check_size(table, max_rows, max_cells)
    table, is_changed = _repeated(table, rows, positions, merged)
    if is_changed:
        notes.append("merged_repeated")
    moved = _moved(flags, positions, rows)
    number = blocks.index(chosen) + 1
    return RawSheet(table, rows, names, header_row, notes, moved, tables, number)


def _check_size(table: pa.Table, max_rows: int, max_cells: int) -> None:
    if not table.num_rows:
        raise sheet_error("only_header")
    if table.num_rows > max_rows:
        raise sheet_error("too_many_rows", limit=max_rows)
    if (cells := table.num_rows * table.num_columns) > max_cells:
        raise sheet_error("too_many_cells", found=cells, limit=max_cells)


def _names(table: pa.Table, header: int, positions: list[int]) -> tuple[list[str], list[str]]:
    """Return the columns' names by the first ``header`` lines, and notes about them."""
    if not header:
        return unique_names([""] * len(positions), positions)[0], ["no_header"]
    named = _lines(table.slice(0, header))
    return unique_names(joined_names(*named) if header == 2 else named[0], positions)


def _blocks(
    table: pa.Table, rows: pa.Array, wanted: HeaderOptions
) -> tuple[list[TableRange], list[int]]:
    """Return the tables among these lines, and the lines that repeat the names of columns."""
    whole = [TableRange(0, table.num_rows)]
    if wanted.header_row is not None:
        header = pc.index(rows, wanted.header_row).as_py()
    else:
        structure = _structure(table, rows, HeaderOptions())
        header = structure.first + structure.header - 1 if structure.header else -1
    return find_tables(table, rows, header) if header >= 0 else (whole, [])


def _chosen(blocks: list[TableRange], rows: pa.Array, wanted: HeaderOptions) -> TableRange:
    """Return the table that a person wants: by its number, by its header, else the first."""
    if wanted.table is not None:
        return blocks[min(max(wanted.table, 1), len(blocks)) - 1]
    if wanted.header_row:
        at = pc.index(rows, wanted.header_row).as_py()
        return next((block for block in blocks if block.start <= at < block.stop), blocks[0])
    return blocks[0]


def _block(
    table: pa.Table, rows: pa.Array, block: TableRange, repeats: list[int]
) -> tuple[pa.Table, pa.Array]:
    """Return the lines of one table, without those that repeat the names of columns."""
    left_out = [at - block.start for at in repeats if block.start <= at < block.stop]
    table = table.slice(block.start, block.stop - block.start)
    rows = rows.slice(block.start, block.stop - block.start)
    if left_out:
        kept = np.ones(table.num_rows, dtype=bool)
        kept[left_out] = False
        table, rows = table.filter(pa.array(kept)), rows.filter(pa.array(kept))
    return table, rows


def _has_anything(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(_filled(column[:_FIRST])).as_py() or pc.any(_filled(column)).as_py())


def _filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    # Chunk by chunk: the trimmed text of a whole column would be as large as the column.
    chunks = [pc.not_equal(pc.utf8_trim_whitespace(chunk), "") for chunk in column.chunks]
    return pa.chunked_array(chunks, pa.bool_())


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


def _structure(table: pa.Table, rows: pa.Array, wanted: HeaderOptions) -> Structure:
    """Find the table among the lines that are not empty, or take it as a person has said."""
    top = _lines(table.slice(0, LINES_LOOKED_AT))
    end = _lines(table.slice(max(len(top), table.num_rows - LINES_LOOKED_AT)))
    found = find_structure(top, end)
    if wanted.header_row is not None:
        first = pc.index(rows, wanted.header_row).as_py()
        first, header = (first, 1) if first >= 0 else (0, 0)
        if header and first == found.first:
            header = max(header, found.header)
        found = Structure(first, header, found.last)
    if wanted.last_row is not None:
        below = pc.sum(pc.greater(rows, wanted.last_row)).as_py() or 0
        found = found._replace(last=min(below, table.num_rows - found.first - found.header))
    return found


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


def _repeated(
    table: pa.Table,
    rows: pa.Array,
    positions: list[int],
    merged: Sequence[tuple[int, int, int]],
) -> tuple[pa.Table, bool]:
    """Write the value of merged cells into each of their rows; tell whether there were any."""
    numbers = rows.to_numpy()
    by_column: dict[int, list[tuple[int, int]]] = {}
    for first, last, column in merged:
        start, stop = np.searchsorted(numbers, [first, last + 1])
        if column in positions and stop - start > 1 and numbers[start] == first:
            by_column.setdefault(positions.index(column), []).append((start, stop))
    for at, ranges in by_column.items():
        cells = table[at].to_pylist()
        for start, stop in ranges:
            cells[start:stop] = [
                cell if cell.strip() else cells[start] for cell in cells[start:stop]
            ]
        table = table.set_column(at, table.column_names[at], pa.array(cells, pa.string()))
    return table, bool(by_column)


def _moved(flags: Sequence[CellIssue], positions: list[int], rows: pa.Array) -> list[CellIssue]:
    """Return the flags of cells that are still there, their columns counted anew."""
    if not flags:
        return []
    places = {old: new for new, old in enumerate(positions)}
    alive = set(rows.to_pylist())
    return sorted(
        CellIssue(flag.row, places[flag.column], flag.code)
        for flag in flags
        if flag.column in places and flag.row in alive
    )
