"""The rows held back, as a sheet for their owner to mend."""

import pandas as pd

from lib.campaign.corrections import REASON_COLUMN, ROW_COLUMN, corrected
from lib.campaign.findings import WORDS
from lib.campaign.plan import Plan
from lib.sheet import Sheet
from lib.sheet.phones.messages import PROBLEMS, explained


def held_sheet(plan: Plan, sheet: Sheet) -> pd.DataFrame:
    """Return the owner's rows that are held back: all their columns, with "Row" and "Why held".

    What has been corrected here is in its place.
    """
    held = plan.held["reasons"]
    frame: pd.DataFrame = corrected(sheet, plan.answers.corrections).frame.loc[held.index].copy()
    frame.insert(0, ROW_COLUMN, [str(row) for row in held.index], allow_duplicates=True)
    phones = _phones(frame, plan)
    reasons = [reasons_in_words(*each) for each in zip(held, phones, strict=True)]
    frame.insert(1, REASON_COLUMN, reasons, allow_duplicates=True)
    return frame


def _phones(frame: pd.DataFrame, plan: Plan) -> list[str | None]:
    column = plan.mapping.client.column if plan.mapping else None
    return [None] * len(frame) if column is None else frame[column].to_list()


def reasons_in_words(codes: str, phone: str | None = None) -> str:
    """Return codes with commas as sentences for people; empty for no code.

    With the cell of the phone, what is wrong with it is said with its facts.
    """
    return " ".join(_reason(code, phone) for code in codes.split(",") if code)


def _reason(code: str, phone: str | None) -> str:
    words = WORDS[code]
    if phone is not None and code in PROBLEMS:
        return f"{words.title}. {explained(code, phone)}"
    return f"{words.title}. {words.sentence} {words.action}".strip()
