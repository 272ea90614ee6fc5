"""Make a sheet of raw cells: find the header, leave out what is empty, keep row numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.errors import sheet_error
from lib.sheet.header import is_data, unique_names
from lib.sheet.spreadsheet import Flag


@dataclass(frozen=True)
class Assembled:
    """A sheet's columns by position, its row numbers, and its columns' names."""

    table: pa.Table
    rows: pa.Array
    names: list[str]
    notes: list[str]
    flags: list[Flag]


def assemble(raw: pa.Table, flags: Sequence[Flag], *, max_rows: int, max_cells: int) -> Assembled:
    """Return the sheet in these cells, whose first record is row 1.

    Raises SheetError: empty_file, only_header, too_many_rows, too_many_cells.
    """
    filled = [pc.not_equal(pc.utf8_trim_whitespace(column), "") for column in raw.columns]
    positions = [at for at, mask in enumerate(filled) if pc.any(mask).as_py()]
    if not positions:
        raise sheet_error("empty_file")
    kept = filled[positions[0]]
    for at in positions[1:]:
        kept = pc.or_(kept, filled[at])
    rows = pa.array(range(1, raw.num_rows + 1), pa.int64()).filter(kept.combine_chunks())
    table = raw.select(positions).filter(kept)
    notes = _left_out(raw.num_columns, positions, table.num_rows, rows[-1].as_py())
    top = [column[0].as_py() for column in table.columns]
    if is_data(top):
        names, more = unique_names([""] * len(positions), positions)
        notes.append("no_header")
    else:
        names, more = unique_names(top, positions)
        notes.extend(more)
        table, rows = table.slice(1), rows.slice(1)
    if not table.num_rows:
        raise sheet_error("only_header")
    if table.num_rows > max_rows:
        raise sheet_error("too_many_rows", limit=max_rows)
    if (cells := table.num_rows * table.num_columns) > max_cells:
        raise sheet_error("too_many_cells", found=cells, limit=max_cells)
    return Assembled(table, rows, names, notes, _moved(flags, positions, rows))


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
