"""Recognize the report of an earlier broadcast that is uploaded again, and its accepted rows."""

from typing import Final

import numpy as np
import pandas as pd

from lib.campaign.arrow_text import Mask
from lib.i18n import N_, _
from lib.sheet import Sheet, plain_name

_OUTCOME: Final = N_("Outcome")
_MARKS: Final = (N_("Phone as sent"), N_("Trace id"))
# Outcomes of people who got the message, or may have.
_REACHED: Final = (N_("Accepted"), N_("Unconfirmed"))


def reached_rows(sheet: Sheet) -> Mask:
    """Return which rows a report of this app shows as accepted or unconfirmed.

    In other sheets there are none. Headers and outcomes may be in the reader's language or in
    English.
    """
    # The report's own columns come first, before a column of the sheet with the same name.
    names = {plain_name(column): column for column in reversed(sheet.frame.columns)}
    outcome = _find(_OUTCOME, names)
    if outcome is None or not any(_find(mark, names) for mark in _MARKS):
        return np.zeros(len(sheet.frame), dtype=bool)
    reached = {plain_name(each) for word in _REACHED for each in (word, _(word))}
    cells: pd.Series = sheet.frame[outcome]
    places, texts = pd.factorize(cells)
    return np.array([plain_name(str(text)) in reached for text in texts], dtype=bool)[places]


def _find(header: str, names: dict[str, str]) -> str | None:
    return next(
        (names[each] for each in map(plain_name, (header, _(header))) if each in names), None
    )
