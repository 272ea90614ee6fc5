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
    ``said_no_waiting`` counts rows that say no and would be held back only until open questions
    about consent are answered.
    """

    column: str
    use: ConsentUse
    said_no: int
    unanswered: int
    said_no_waiting: int

    @property
    def is_empty(self) -> bool:
        """Whether there are no such rows."""
        return not (self.said_no or self.unanswered or self.said_no_waiting)


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
    changed = with_use(mapping, sheet, column, use)
    released = consent_findings(sheet, mapping, answers).held
    if plan is not None:
        released &= ~held_otherwise(plan)
    is_held = consent_findings(sheet, changed, answers).held
    stays_held = consent_findings(sheet, changed, _all_sent(sheet, changed, answers)).held
    cells = sheet.frame[column]
    says_no = cell_answers(consent_column(column, cells), cells) == Answer.NO
    return ReleasedRows(
        column,
        use,
        said_no=int((released & ~is_held & says_no).sum()),
        unanswered=int((released & ~is_held & ~says_no).sum()),
        said_no_waiting=int((released & is_held & ~stays_held & says_no).sum()),
    )


def released_rows(plan: Plan, sheet: Sheet) -> tuple[ReleasedRows, ...]:
    """Count, for each column that would hold rows back by default, the rows that a plan sends.

    They are sent because a person chose another use for the column. The counts may be 0.
    """
    assert plan.mapping is not None
    found = []
    for column, use in consent_uses(sheet, plan.mapping).items():
        default = suggest_use(column, sheet.frame[column])
        if default is ConsentUse.HOLD and use is not default:
            mapping = with_use(plan.mapping, sheet, column, ConsentUse.HOLD)
            found.append(rows_released_by(use, column, sheet, mapping, plan.answers, plan=plan))
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


def _all_sent(sheet: Sheet, mapping: Mapping, answers: Answers) -> Answers:
    """Return the answers with every open question about consent answered so that rows are sent."""
    email = dict.fromkeys(consent_uses(sheet, mapping), False)
    return answers.model_copy(
        update={
            "email_consent": {**email, **answers.email_consent},
            "send_blank_consent": answers.send_blank_consent is not False,
            "send_unclear_consent": answers.send_unclear_consent is not False,
        }
    )
