"""Assemble a sheet from raw cells: find the header, remove empty rows and columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.errors import SheetError, SheetErrorCode
from lib.sheet.notes import CellIssue, NoticeCode
from lib.sheet.table.detect import (
    SAMPLE_ROWS,
    Structure,
    TableRange,
    find_structure,
    find_tables,
    joined_names,
    unique_names,
)

# Most columns have a value in their first cells. Checking these first avoids a full scan.
_FIRST_CELLS: Final = 1_000


@dataclass(frozen=True)
class RawSheet:
    """A sheet: its cells by position, the row numbers, and the column names.

    ``tables`` are the first and last rows of each table found in the sheet. ``number`` is the
    number of the table that was read, from 1. ``notes`` are codes of notices. ``made_up`` are the
    names that are not in the sheet: those of columns without one, after their letters.
    """

    table: pa.Table
    rows: pa.Array
    names: list[str]
    header_row: int
    notes: list[str]
    flags: list[CellIssue]
    tables: list[tuple[int, int]]
    number: int
    made_up: list[str]


@dataclass(frozen=True)
class HeaderOptions:
    """Choices about a sheet's rows; those that are None are detected.

    ``header_row`` names the columns (0 for none), ``last_row`` is the last row to read, ``table``
    is the number of the table to read, from 1.
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
    """Return the sheet in these cells.

    ``rows`` are the row numbers if empty rows have been removed; otherwise the first row is row 1.
    Empty columns are removed, except the first ``kept`` ones if there is no header. ``merged`` are
    vertically merged cells (first row, last row, column from 0); each of their rows gets the value.

    Raises SheetError: empty_file, only_header, too_many_rows, too_many_cells.
    """
    is_filtered = rows is not None
    table, rows, positions, notes = _filled_part(raw, rows)
    ranges, repeats = _find_ranges(table, rows, wanted)
    notes += [NoticeCode.NAMES_REPEATED] * bool(repeats)
    tables = [(rows[each.start].as_py(), rows[each.stop - 1].as_py()) for each in ranges]
    chosen = _choose_range(ranges, table, rows, wanted)
    table, rows = _select_range(table, rows, chosen, repeats)
    if len(ranges) > 1:
        notes.append(NoticeCode.SEVERAL_TABLES)
        table, positions = _drop_empty_columns(table, positions)
    structure = _detect_structure(table, rows, wanted)
    header_row = rows[structure.first].as_py() if structure.header else 0
    table, rows, notices = _trim(table, rows, structure)
    notes += notices
    if structure.first:
        table, positions = _drop_empty_columns(table, positions)
    if not structure.header and not is_filtered:
        table, positions = _restore_columns(raw, table, rows, positions, kept)
    names, made_up, notices = _name_columns(table, structure.header, positions)
    notes += notices
    table, rows = table.slice(structure.header), rows.slice(structure.header)
    _check_size(table, max_rows, max_cells)
    table, is_changed = _repeat_merged(table, rows, positions, merged)
    notes += [NoticeCode.MERGED_REPEATED] * is_changed
    flags = _move_flags(flags, positions, rows)
    number = ranges.index(chosen) + 1
    return RawSheet(table, rows, names, header_row, notes, flags, tables, number, made_up)


def _filled_part(
    raw: pa.Table, rows: pa.Array | None
) -> tuple[pa.Table, pa.Array, list[int], list[str]]:
    """Return the table without empty rows and columns, its rows, its columns, and notices."""
    positions = _filled_columns(raw)
    if not positions:
        raise SheetError(SheetErrorCode.EMPTY_FILE)
    table = raw.select(positions)
    if rows is None:
        table, rows = _filled_rows(table)
    notes: list[str] = [NoticeCode.EMPTY_ROWS] * (table.num_rows < rows[-1].as_py())
    notes += [NoticeCode.EMPTY_COLUMNS] * (len(positions) < raw.num_columns)
    return table, rows, positions, notes


def _restore_columns(
    raw: pa.Table, table: pa.Table, rows: pa.Array, positions: list[int], kept: int
) -> tuple[pa.Table, list[int]]:
    """Return the table with the first ``kept`` columns even if they are empty, and all positions.

    ``rows`` are the numbers, from 1, of the table's rows in ``raw``.
    """
    restored = sorted({*positions, *range(min(kept, raw.num_columns))})
    if restored == positions:
        return table, positions
    return raw.select(restored).take(pc.subtract(rows, 1)), restored


def _check_size(table: pa.Table, max_rows: int, max_cells: int) -> None:
    """Raise SheetError only_header, too_many_rows or too_many_cells for an unacceptable size."""
    if not table.num_rows:
        raise SheetError(SheetErrorCode.ONLY_HEADER)
    if table.num_rows > max_rows:
        raise SheetError(SheetErrorCode.TOO_MANY_ROWS, limit=max_rows)
    if (cells := table.num_rows * table.num_columns) > max_cells:
        raise SheetError(SheetErrorCode.TOO_MANY_CELLS, found=cells, limit=max_cells)


def _name_columns(
    table: pa.Table, header: int, positions: list[int]
) -> tuple[list[str], list[str], list[str]]:
    """Return the columns' names from the first ``header`` rows, those made up, and notices."""
    if not header:
        names = unique_names([""] * len(positions), positions)[0]
        return names, names, [NoticeCode.NO_HEADER]
    header_rows = _row_lists(table.slice(0, header))
    cells = joined_names(*header_rows) if header == 2 else header_rows[0]
    names, notices = unique_names(cells, positions)
    made_up = [name for name, cell in zip(names, cells, strict=True) if not cell.strip()]
    return names, made_up, notices


def _find_ranges(
    table: pa.Table, rows: pa.Array, wanted: HeaderOptions
) -> tuple[list[TableRange], list[int]]:
    """Return the tables in these rows, and the indices of rows that repeat the column names."""
    whole = [TableRange(0, table.num_rows)]
    if wanted.header_row is not None:
        header = pc.index(rows, wanted.header_row).as_py()
    else:
        structure = _detect_structure(table, rows, HeaderOptions())
        header = structure.first + structure.header - 1 if structure.header else -1
    if header < 0:
        return whole, []
    ranges, repeats = find_tables(table, rows, header)
    # If all rows are equal, they are the rows of the sheet.
    is_all = len(repeats) == table.num_rows - header - 1
    return ranges, [] if is_all else repeats


def _choose_range(
    ranges: list[TableRange], table: pa.Table, rows: pa.Array, wanted: HeaderOptions
) -> TableRange:
    """Return the table to read: by its number, by its header row, else the largest."""
    if wanted.table is not None:
        return ranges[min(max(wanted.table, 1), len(ranges)) - 1]
    if wanted.header_row:
        at = pc.index(rows, wanted.header_row).as_py()
        return next((each for each in ranges if each.start <= at < each.stop), ranges[0])
    return ranges[0] if len(ranges) == 1 else max(ranges, key=partial(_count_values, table))


def _count_values(table: pa.Table, each: TableRange) -> int:
    """Count the cells with a value in the rows of a table, without its first row."""
    rows = table.slice(each.start + 1, each.stop - each.start - 1)
    return sum(pc.sum(_is_filled(column)).as_py() or 0 for column in rows.columns)


def _select_range(
    table: pa.Table, rows: pa.Array, chosen: TableRange, repeats: list[int]
) -> tuple[pa.Table, pa.Array]:
    """Return the rows of one table, without those that repeat the column names."""
    left_out = [at - chosen.start for at in repeats if chosen.start <= at < chosen.stop]
    table = table.slice(chosen.start, chosen.stop - chosen.start)
    rows = rows.slice(chosen.start, chosen.stop - chosen.start)
    if left_out:
        kept = np.ones(table.num_rows, dtype=bool)
        kept[left_out] = False
        table, rows = table.filter(pa.array(kept)), rows.filter(pa.array(kept))
    return table, rows


def _filled_columns(table: pa.Table) -> list[int]:
    """Return the positions of columns that are not empty."""
    return [at for at, column in enumerate(table.columns) if _has_values(column)]


def _drop_empty_columns(table: pa.Table, positions: list[int]) -> tuple[pa.Table, list[int]]:
    filled = _filled_columns(table)
    return table.select(filled), [positions[at] for at in filled]


def _has_values(column: pa.ChunkedArray) -> bool:
    return bool(
        pc.any(_is_filled(column[:_FIRST_CELLS])).as_py() or pc.any(_is_filled(column)).as_py()
    )


def _is_filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    # By chunk, to limit memory: trimming a whole column would copy it.
    chunks = [pc.not_equal(pc.utf8_trim_whitespace(chunk), "") for chunk in column.chunks]
    return pa.chunked_array(chunks, pa.bool_())


def _filled_rows(table: pa.Table) -> tuple[pa.Table, pa.Array]:
    """Return the rows that are not empty, and their numbers from 1."""
    rows = pa.array(np.arange(1, table.num_rows + 1))
    kept = _is_filled(table[0])
    for column in table.columns[1:]:
        if pc.all(kept).as_py():
            return table, rows
        kept = pc.or_(kept, _is_filled(column))
    kept = kept.combine_chunks()
    return table.filter(kept), rows.filter(kept)


def _detect_structure(table: pa.Table, rows: pa.Array, wanted: HeaderOptions) -> Structure:
    """Detect where the table begins and ends in these rows, unless ``wanted`` specifies it."""
    top = _row_lists(table.slice(0, SAMPLE_ROWS))
    end = _row_lists(table.slice(max(len(top), table.num_rows - SAMPLE_ROWS)))
    found = find_structure(top, end, _follow_gaps(rows, len(top), len(end)))
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


def _follow_gaps(rows: pa.Array, top: int, end: int) -> list[bool]:
    """Return whether each of the first ``top`` and last ``end`` rows follows an empty row."""
    first, last = rows[:top].to_numpy(), rows[max(0, len(rows) - end - 1) :].to_numpy()
    gaps = np.diff(first, prepend=first[:1] - 1) > 1
    return [*gaps.tolist(), *(np.diff(last) > 1).tolist()][: top + end]


def _row_lists(table: pa.Table) -> list[list[str]]:
    return [list(row) for row in zip(*(column.to_pylist() for column in table), strict=True)]


def _trim(
    table: pa.Table, rows: pa.Array, structure: Structure
) -> tuple[pa.Table, pa.Array, list[str]]:
    """Return the table without the rows above and below it, and notices about those."""
    length = table.num_rows - structure.first - structure.last
    notes: list[str] = []
    if structure.first:
        notes.append(NoticeCode.PREAMBLE)
    if structure.last:
        notes.append(NoticeCode.FOOTER)
    return table.slice(structure.first, length), rows.slice(structure.first, length), notes


def _repeat_merged(
    table: pa.Table,
    rows: pa.Array,
    positions: list[int],
    merged: Sequence[tuple[int, int, int]],
) -> tuple[pa.Table, bool]:
    """Return the table with merged values in each of their rows, and whether there were any."""
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


def _move_flags(
    flags: Sequence[CellIssue], positions: list[int], rows: pa.Array
) -> list[CellIssue]:
    """Return the issues of cells that are in the sheet, with their new column positions."""
    if not flags:
        return []
    new_positions = {old: new for new, old in enumerate(positions)}
    remaining = set(rows.to_pylist())
    return sorted(
        CellIssue(flag.row, new_positions[flag.column], flag.code)
        for flag in flags
        if flag.column in new_positions and flag.row in remaining
    )
