"""Rows to look at before sending: the first, one by chance, and the one with the longest values."""

import random
from dataclasses import dataclass

import numpy as np

from lib.campaign.plan import Plan
from lib.sheet import Sheet


@dataclass(frozen=True)
class Glimpse:
    """A variable of one row: its name, the text that is sent, and its cells in the sheet."""

    name: str
    text: str
    cells: dict[str, str]


def random_row(plan: Plan, seed: int) -> int | None:
    """Return a row that is sent, by chance, but always the same one for a seed."""
    sent = np.flatnonzero(plan.table["position"].notna().to_numpy())
    if not len(sent):
        return None
    chance = random.Random(seed)  # noqa: S311 - nothing secret hangs on it
    return int(plan.table.index[sent[chance.randrange(len(sent))]])


def glimpses(plan: Plan, sheet: Sheet, row: int) -> list[Glimpse]:
    """Return the variables of a row that is sent, in the mapping's order."""
    entry = plan.entry_for_row(row)
    assert entry is not None
    assert plan.mapping is not None
    cells = dict(sheet.frame.loc[row]) | plan.answers.corrections.get(row, {})
    sources = plan.mapping.variables
    return [
        Glimpse(name, str(text), {column: str(cells[column]) for column in sources[name].columns})
        for name, text in entry.variables.items()
    ]
