"""Read a file's bytes in this process, without storing the sheet."""

from typing import Any, NamedTuple

from lib.settings import MIB
from lib.sheet.dispatch import read_contents
from lib.sheet.read_options import ReadLimits, ReadOptions

LIMITS = ReadLimits(rows=2_000_000, columns=1_000, cells=50 * MIB)


class ReadResult(NamedTuple):
    """A sheet's names, its cells, its row numbers, its flags and the facts about it."""

    names: list[str]
    cells: list[list[str]]
    rows: list[int]
    flags: list[tuple[int, int, str]]
    facts: dict[str, Any]


def read_bytes(data: bytes, worksheet: str | None = None, **reading: Any) -> ReadResult:
    """Read a sheet. Raises SheetError."""
    sheet, facts = read_contents(
        data, worksheet=worksheet, reading=ReadOptions(**reading), limits=LIMITS
    )
    cells = [list(row) for row in zip(*(column.to_pylist() for column in sheet.table), strict=True)]
    flags = [(each.row, each.column, str(each.code)) for each in sheet.flags]
    return ReadResult(sheet.names, cells, sheet.rows.to_pylist(), flags, facts)
