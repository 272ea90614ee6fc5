"""Find the table in a sheet: which row names the columns, and which lines do not belong to it.

Nobody may be lost: a line with a phone number or an e-mail address in it always belongs to the
table.
"""

import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from lib.sheet.header import is_data, is_row

# How far a header may be from the top, and a footer from the end, in lines that are not empty.
LINES_LOOKED_AT: Final = 60
_MOST_PREAMBLE: Final = 30
_MOST_FOOTER: Final = 20

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
    for at, line in enumerate(top[: _MOST_PREAMBLE + 1]):
        if is_data(line) or _filled(line) >= max(2, least):
            return at
    return 0


def _footer(end: Sequence[Sequence[str]], usual: int) -> int:
    """Count the lines below the table: notes in one cell, and totals."""
    count = 0
    if usual < 3:
        return count
    for line in reversed(end[-_MOST_FOOTER:]):
        cells = [cell for cell in line if cell.strip()]
        is_note = len(cells) == 1 or (len(cells) < usual and _TOTAL.fullmatch(cells[0]))
        if not line[0].strip() or not is_note or is_data(line):
            break
        count += 1
    return count


def _filled(line: Sequence[str]) -> int:
    return sum(1 for cell in line if cell.strip())
