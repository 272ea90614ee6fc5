"""Rows that are sent because a column in which people refuse messages is not used as consent."""

from dataclasses import dataclass

from lib.campaign.arrow_text import Mask
from lib.campaign.findings import CONSENT_CODES, Findings, Severity
from lib.campaign.mapping.consent import (
    cell_answers,
    check_consent,
    consent_column,
    consent_uses,
    suggest_use,
)
from lib.campaign.mapping.consent_vocabulary import Answer
from lib.campaign.mapping.model import Answers, ConsentUse, Mapping
from lib.campaign.plan.corrections import corrected
from lib.campaign.plan.model import Plan
from lib.sheet import Sheet


@dataclass(frozen=True)
class ReleasedRows:
    """How many rows a column would hold back that are sent because it has another use.

    ``said_no`` counts the rows that say no, ``unanswered`` those without a clear answer.
    """

    column: str
    use: ConsentUse
    said_no: int
    unanswered: int


def rows_released_by(
    use: ConsentUse,
    column: str,
    sheet: Sheet,
    mapping: Mapping,
    answers: Answers,
    *,
    plan: Plan | None = None,
) -> ReleasedRows:
    """Count the rows that would no longer be held back if a column had this use.

    With a plan, rows that it holds back for reasons other than consent do not count.
    """
    sheet = corrected(sheet, answers.corrections)
    now = consent_findings(sheet, mapping, answers)
    changed = consent_findings(sheet, with_use(mapping, sheet, column, use), answers)
    released = now.held & ~changed.held
    if plan is not None:
        released &= ~held_otherwise(plan)
    return _count(column, use, released, sheet)


def released_rows(plan: Plan, sheet: Sheet) -> tuple[ReleasedRows, ...]:
    """Count the rows that a plan sends because of the use that a person chose for a column.

    Columns that hold no rows back by default are left out. The counts of others may be 0.
    """
    assert plan.mapping is not None
    sheet = corrected(sheet, plan.answers.corrections)
    is_sent = plan.table["position"].notna().to_numpy()
    found = []
    for column, use in consent_uses(sheet, plan.mapping).items():
        if use is ConsentUse.HOLD:
            continue
        if suggest_use(column, sheet.frame[column]) is not ConsentUse.HOLD:
            continue
        mapping = with_use(plan.mapping, sheet, column, ConsentUse.HOLD)
        with_column = consent_findings(sheet, mapping, plan.answers)
        found.append(_count(column, use, with_column.held & is_sent, sheet))
    return tuple(found)


def with_use(mapping: Mapping, sheet: Sheet, column: str, use: ConsentUse) -> Mapping:
    """Return the mapping with another use of a consent column."""
    return mapping.model_copy(update={"consent": {**consent_uses(sheet, mapping), column: use}})


def consent_findings(sheet: Sheet, mapping: Mapping, answers: Answers) -> Findings:
    """Return the findings about consent alone. Corrections are not applied to the sheet."""
    findings = Findings(sheet.frame.index)
    check_consent(sheet, mapping, answers, findings)
    return findings


def held_otherwise(plan: Plan) -> Mask:
    """Return a mask of the rows that a plan holds back for reasons other than consent."""
    found = plan.findings
    is_other = (found["severity"] == Severity.HOLD) & ~found["code"].isin(CONSENT_CODES)
    held: Mask = plan.table.index.isin(found.loc[is_other, "row"])
    return held


def _count(column: str, use: ConsentUse, released: Mask, sheet: Sheet) -> ReleasedRows:
    cells = sheet.frame[column]
    says_no = cell_answers(consent_column(column, cells), cells) == Answer.NO
    said_no = int((released & says_no).sum())
    return ReleasedRows(column, use, said_no, int(released.sum()) - said_no)
