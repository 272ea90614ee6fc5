"""Kinds of cell values, such as dates, numbers and phones, and the usual kind of a column."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

EMPTY: Final = ""
TEXT: Final = "text"

_KINDS: Final = (
    ("email", re.compile(r"[^@\s,;|]+@[^@\s,;|]+\.[A-Za-z]{2,}")),
    ("link", re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)),
    ("time", re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[ap]\.?m\.?)?", re.IGNORECASE)),
    ("date", re.compile(
        r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})"
        r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[ap]m|Z|[+-]\d{2}:?\d{2})?)?",
        re.IGNORECASE,
    )),
    ("money", re.compile(r"[$€£]\s?-?\d[\d.,\u00a0]*|-?\d[\d.,\u00a0]*\s?[$€£]")),
    ("share", re.compile(r"[+-]?\d+(?:[.,]\d+)?\s?%")),
    ("number", re.compile(
        r"[+-]?(?:\d{1,3}(?:[., \u00a0]\d{3})+|\d+)?(?:[.,]?\d+)?(?:[eE][+-]?\d+)?"
    )),
    ("phone", re.compile(r"\+?[\d(][\d\s().\-/\u00a0]{5,24}\d")),
    ("truth", re.compile(r"true|false|yes|no|sí|não|si|ja|nein", re.IGNORECASE)),
    ("code", re.compile(r"(?=\S*\d)(?=\S*[^\W\d_])[\w./#-]{2,40}")),
)  # fmt: skip
# Longer cells are text.
_MAX_LENGTH: Final = 200


def kind_of_cell(cell: str) -> str:
    """Return the kind of a cell's value: "" for an empty cell, "text" if no other kind fits."""
    bare = cell.strip()
    if not bare:
        return EMPTY
    if len(bare) > _MAX_LENGTH:
        return TEXT
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(bare)), TEXT)


def column_kinds(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the usual kind of each of ``width`` columns.

    A column is "" if at most one in five cells has a value, and "text" unless four in five values
    are of one kind.
    """
    kinds = []
    for at in range(width):
        found = Counter(kind_of_cell(row[at]) for row in rows if at < len(row))
        empty = found.pop(EMPTY, 0)
        filled = found.total()
        if empty and filled * 4 <= empty:
            kinds.append(EMPTY)
            continue
        kind, count = found.most_common(1)[0] if found else (TEXT, 0)
        kinds.append(kind if count * 5 >= filled * 4 else TEXT)
    return kinds


def fit(cells: Sequence[str], kinds: Sequence[str]) -> int:
    """Count the cells whose kind is the usual kind of their column."""
    return sum(kind_of_cell(cell) == kind for cell, kind in zip(cells, kinds, strict=False))
