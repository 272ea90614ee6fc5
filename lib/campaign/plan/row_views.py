"""The rows held back, as a sheet for their owner to mend."""

import random
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from lib.campaign.findings import WORDS
from lib.campaign.plan.corrections import REASON_COLUMN, ROW_COLUMN, corrected
from lib.campaign.plan.model import Plan
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


PAGE_ROWS: Final = 25


def repaired_rows(plan: Plan, code: str) -> np.ndarray:
    """Return the rows whose phone has had this kind of repair."""
    return plan.findings.loc[plan.findings["code"] == code, "row"].to_numpy()


def before_and_after(plan: Plan, sheet: Sheet, rows: np.ndarray) -> pd.DataFrame:
    """Return these rows' phones by row: ``before`` in the sheet, ``after``, and ``used``.

    ``used`` is False where a person does not want the repair of this row, or none of its kind.
    """
    assert plan.mapping is not None
    lines = plan.table.loc[rows]
    return pd.DataFrame(
        {
            "before": sheet.frame.loc[rows, plan.mapping.client.column],
            "after": lines["client"],
            "used": ~lines["held_codes"].str.contains("repair_refused", regex=False),
        }
    )


@dataclass(frozen=True)
class VariablePreview:
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


def variable_previews(plan: Plan, sheet: Sheet, row: int) -> list[VariablePreview]:
    """Return the variables of a row that is sent, in the mapping's order."""
    entry = plan.entry_for_row(row)
    assert entry is not None
    assert plan.mapping is not None
    cells = dict(sheet.frame.loc[row]) | plan.answers.corrections.get(row, {})
    sources = plan.mapping.variables
    return [
        VariablePreview(
            name, str(text), {column: str(cells[column]) for column in sources[name].columns}
        )
        for name, text in entry.variables.items()
    ]
