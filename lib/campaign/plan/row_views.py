"""Views of a plan's rows: held rows as a sheet, repaired phones, and previews of variables."""

import random
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from lib.campaign.download_columns import REASON_COLUMN, ROW_COLUMN
from lib.campaign.findings import WORDS, FindingCode, Remedy
from lib.campaign.plan.corrections import corrected
from lib.campaign.plan.model import Plan
from lib.campaign.values.render import render_field
from lib.i18n import _
from lib.sheet import Sheet
from lib.sheet.phones.messages import PROBLEMS, explained

PAGE_ROWS: Final = 25
"""Rows on one page of a table in the interface."""


def held_sheet(plan: Plan, sheet: Sheet) -> pd.DataFrame:
    """Return the rows held back, with all columns of the sheet and the corrections made so far.

    Two columns come first, in the reader's language: "Row", the row number, and "Why held",
    the reasons. `import_corrections` accepts the result once its cells are corrected.
    """
    held = plan.held["reasons"]
    frame: pd.DataFrame = corrected(sheet, plan.answers.corrections).frame.loc[held.index].copy()
    frame.insert(0, _(ROW_COLUMN), [str(row) for row in held.index], allow_duplicates=True)
    phones = _phone_cells(frame, plan)
    reasons = [reasons_in_words(*each) for each in zip(held, phones, strict=True)]
    frame.insert(1, _(REASON_COLUMN), reasons, allow_duplicates=True)
    return frame


def _phone_cells(frame: pd.DataFrame, plan: Plan) -> list[str | None]:
    if plan.mapping is None:
        return [None] * len(frame)
    return list(render_field(plan.mapping.client, frame, trim=False).texts)


class Reasons(NamedTuple):
    """Why a row is held back, in the reader's language: what it means and what to do, if anything.

    ``is_correctable`` is whether cells of the row have to be corrected.
    """

    meaning: str
    action: str
    is_correctable: bool


def explain_reasons(codes: str, phone: str | None = None) -> Reasons:
    """Return what codes joined with commas mean, for the reader of a file; empty for no code.

    With the cell of the phone, the reasons name details of it, such as its number of digits. If a
    row is rightly not sent, other reasons are named only: there is no use in correcting them.
    """
    found = [code for code in codes.split(",") if code]
    final = [code for code in found if WORDS[code].remedy is Remedy.NONE]
    meanings = [
        f"{_(WORDS[code].title)}." if final and code not in final else _explain_reason(code, phone)
        for code in found
    ]
    decisive = final or found
    actions = dict.fromkeys(WORDS[code].action_in_file for code in decisive)
    return Reasons(
        " ".join(meanings),
        " ".join(_(action) for action in actions if action),
        any(WORDS[code].remedy is Remedy.CORRECT for code in decisive),
    )


def reasons_in_words(codes: str, phone: str | None = None) -> str:
    """Return what codes joined with commas mean and what to do, as `explain_reasons` does."""
    reasons = explain_reasons(codes, phone)
    return f"{reasons.meaning} {reasons.action}".strip()


def _explain_reason(code: str, phone: str | None) -> str:
    words = WORDS[code]
    if phone is not None and code in PROBLEMS:
        details = explained(code, phone)
    else:
        details = _(words.sentence)
    return _("{reason}. {details}", reason=_(words.title), details=details)


def repaired_rows(plan: Plan, code: str) -> np.ndarray:
    """Return the numbers of the rows whose phone was repaired in this way."""
    return plan.findings.loc[plan.findings["code"] == code, "row"].to_numpy()


def before_and_after(plan: Plan, sheet: Sheet, rows: np.ndarray) -> pd.DataFrame:
    """Return the phones of these rows: ``before`` as in the sheet, ``after``, and ``used``.

    ``used`` is False where a person declined the repair, for the row or for all of its kind.
    """
    assert plan.mapping is not None
    lines = plan.table.loc[rows]
    refused = lines["held_codes"].str.contains(FindingCode.REPAIR_REFUSED, regex=False)
    return pd.DataFrame(
        {
            "before": render_field(plan.mapping.client, sheet.frame.loc[rows], trim=False).texts,
            "after": lines["client"],
            "used": ~refused,
        }
    )


@dataclass(frozen=True)
class VariablePreview:
    """A variable of one row: its name, the text to send, and the cells of the sheet it uses."""

    name: str
    text: str
    cells: dict[str, str]


def random_row(plan: Plan, seed: int) -> int | None:
    """Return the number of a random row to send, the same one for the same seed."""
    sent = np.flatnonzero(plan.table["position"].notna().to_numpy())
    if not len(sent):
        return None
    generator = random.Random(seed)  # noqa: S311 - not used for security
    return int(plan.table.index[sent[generator.randrange(len(sent))]])


def variable_previews(plan: Plan, sheet: Sheet, row: int) -> list[VariablePreview]:
    """Return the variables of a row to send, in the mapping's order."""
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
