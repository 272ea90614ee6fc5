"""The rows held back, as a sheet for their owner to mend."""

import pandas as pd

from lib.campaign.corrections import REASON_COLUMN, ROW_COLUMN, corrected
from lib.campaign.findings import WORDS
from lib.campaign.plan import Plan
from lib.sheet import Sheet


def held_sheet(plan: Plan, sheet: Sheet) -> pd.DataFrame:
    """Return the owner's rows that are held back: all their columns, with "Row" and "Why held".

    What has been corrected here is in its place.
    """
    held = plan.held["reasons"]
    frame: pd.DataFrame = corrected(sheet, plan.answers.corrections).frame.loc[held.index].copy()
    frame.insert(0, ROW_COLUMN, [str(row) for row in held.index], allow_duplicates=True)
    frame.insert(1, REASON_COLUMN, held.map(reasons_in_words), allow_duplicates=True)
    return frame


def reasons_in_words(codes: str) -> str:
    """Return codes with commas as sentences for people; empty for no code."""
    words = [WORDS[code] for code in codes.split(",") if code]
    return " ".join(f"{each.title}. {each.sentence} {each.action}".strip() for each in words)
