"""Cells that can't be trusted, by their place."""

from typing import NamedTuple


class Flag(NamedTuple):
    """What is wrong with one cell: its row from 1, its column from 0, and the code."""

    row: int
    column: int
    code: str
