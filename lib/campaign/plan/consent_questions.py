"""Questions about consent: rows that are held back until a person decides about all of them."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from lib.campaign.findings import CONSENT_CODES, FindingCode, Findings, Severity
from lib.campaign.mapping.consent import cell_answers, consent_column, consent_uses
from lib.campaign.mapping.consent_vocabulary import Answer, Channel
from lib.campaign.mapping.model import Answers, ConsentUse
from lib.campaign.plan.consent_releases import consent_findings, held_otherwise
from lib.campaign.plan.corrections import corrected
from lib.campaign.plan.model import Plan
from lib.sheet import Sheet

_ROW_QUESTIONS: Final = {
    FindingCode.CONSENT_BLANK: (FindingCode.CONSENT_BLANK_SENT, "send_blank_consent"),
    FindingCode.CONSENT_UNCLEAR: (FindingCode.CONSENT_UNCLEAR_SENT, "send_unclear_consent"),
    FindingCode.IN_OWN_REPORT: (FindingCode.IN_OWN_REPORT_SENT, "resend_reported"),
}
"""The code of the rows once they are sent, and the answer that decides, by the code until then."""

QUESTION_CODES: Final = frozenset(
    {*_ROW_QUESTIONS, *(sent for sent, _answer in _ROW_QUESTIONS.values())}
    | {FindingCode.CONSENT_EMAIL}
)
"""The findings that a question shows."""


@dataclass(frozen=True)
class ConsentQuestion:
    """A question whether to send to a group of rows.

    ``code`` is the finding of the rows while the question is open. ``column`` is the column on
    email consent that the question is about; None for other questions. ``sends`` is the answer,
    None while it is open, which holds the rows back. ``rows`` are the numbers of the rows.

    If the answer is to send, ``sendable`` of the rows are sent; the others stay held back for
    ``other_reasons``, which are codes of findings. If the answer is not to send, ``held`` rows are
    held back. That a column on email applies may hold back rows in which it is blank as well.

    ``agreed_elsewhere`` counts the people who did not agree to email, but agreed in another column.
    ``example_cells`` are the cells of the first row that the question is about, by column.
    """

    code: FindingCode
    column: str | None
    sends: bool | None
    rows: np.ndarray
    sendable: int
    other_reasons: tuple[str, ...]
    held: int
    agreed_elsewhere: int = 0
    example_cells: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def key(self) -> str:
        """A text that identifies the question within its plan."""
        return self.code if self.column is None else f"{self.code}:{self.column}"

    def answered(self, answers: Answers, *, sends: bool | None) -> Answers:
        """Return the answers with this question answered; None leaves it open."""
        if self.column is None:
            _sent, name = _ROW_QUESTIONS[self.code]
            return answers.model_copy(update={name: sends})
        return answers.model_copy(
            update={"email_consent": _decided(answers, self.column, sends=sends)}
        )


def consent_questions(plan: Plan, sheet: Sheet) -> tuple[ConsentQuestion, ...]:
    """Return the questions of a plan, open ones first, then by the number of rows."""
    sheet = corrected(sheet, plan.answers.corrections)
    asked = [_row_question(code, plan, sheet) for code in _ROW_QUESTIONS]
    asked += [_email_question(column, plan, sheet) for column in _email_columns(plan, sheet)]
    found = [each for each in asked if each is not None]
    return tuple(sorted(found, key=lambda each: (each.sends is not None, -len(each.rows))))


def _row_question(code: FindingCode, plan: Plan, sheet: Sheet) -> ConsentQuestion | None:
    sent_code, answer = _ROW_QUESTIONS[code]
    groups = plan.finding_groups
    if not any(each.code in {code, sent_code} for each in groups):
        return None
    found = plan.findings
    rows = found.loc[found["code"].isin((code, sent_code)), "row"].unique()
    others = _other_holds(plan, rows, (code,))
    if code is FindingCode.IN_OWN_REPORT:
        assert plan.mapping is not None
        shown = list(plan.mapping.client.columns)
    else:
        shown = _columns_in_use(plan, sheet)
    return ConsentQuestion(
        code=code,
        column=None,
        sends=getattr(plan.answers, answer),
        rows=rows,
        sendable=len(rows) - others["row"].nunique(),
        other_reasons=tuple(others["code"].unique()),
        held=len(rows),
        example_cells=_cells(sheet, rows[0], shown),
    )


def _email_question(column: str, plan: Plan, sheet: Sheet) -> ConsentQuestion | None:
    """Return the question whether a column on email consent applies to WhatsApp."""
    still_open = _findings_if(column, plan, sheet, sends=None)
    in_question = still_open.mask(FindingCode.CONSENT_EMAIL, column)
    if not in_question.any():
        return None
    if_sent = _findings_if(column, plan, sheet, sends=True)
    if_held = _findings_if(column, plan, sheet, sends=False)
    rows = sheet.frame.index[in_question].to_numpy()
    otherwise = held_otherwise(plan)
    asked_about = in_question | (if_held.held & ~still_open.held & ~otherwise)
    cells = sheet.frame[column]
    given = cell_answers(consent_column(column, cells), cells)
    did_not_agree = np.isin(given, (Answer.NO, Answer.UNCLEAR))
    reasons = [str(code) for code in CONSENT_CODES if (if_sent.mask(code) & in_question).any()]
    reasons += list(_other_holds(plan, rows, CONSENT_CODES)["code"].unique())
    return ConsentQuestion(
        code=FindingCode.CONSENT_EMAIL,
        column=column,
        sends=_sends_despite_email(plan.answers, column),
        rows=rows,
        sendable=int((in_question & ~if_sent.held & ~otherwise).sum()),
        other_reasons=tuple(reasons),
        held=int((asked_about & (if_held.held | otherwise)).sum()),
        agreed_elsewhere=int((did_not_agree & ~in_question).sum()),
        example_cells=_cells(sheet, rows[0], [column]),
    )


def _other_holds(plan: Plan, rows: np.ndarray, codes: tuple[FindingCode, ...]) -> pd.DataFrame:
    """Return the findings other than these that hold one of the rows back."""
    found = plan.findings
    is_other = (found["severity"] == Severity.HOLD) & ~found["code"].isin(codes)
    return found[is_other & found["row"].isin(rows)]


def _findings_if(column: str, plan: Plan, sheet: Sheet, *, sends: bool | None) -> Findings:
    """Return the findings about consent if the question about an email column had this answer."""
    assert plan.mapping is not None
    decided = _decided(plan.answers, column, sends=sends)
    answers = plan.answers.model_copy(update={"email_consent": decided})
    return consent_findings(sheet, plan.mapping, answers)


def _decided(answers: Answers, column: str, *, sends: bool | None) -> dict[str, bool]:
    """Return which email columns apply to WhatsApp once the question about one is answered."""
    decided = {name: applies for name, applies in answers.email_consent.items() if name != column}
    return decided if sends is None else {**decided, column: not sends}


def _sends_despite_email(answers: Answers, column: str) -> bool | None:
    applies = answers.email_consent.get(column)
    return None if applies is None else not applies


def _columns_in_use(plan: Plan, sheet: Sheet) -> list[str]:
    assert plan.mapping is not None
    uses = consent_uses(sheet, plan.mapping)
    return [name for name, use in uses.items() if use is ConsentUse.HOLD]


def _email_columns(plan: Plan, sheet: Sheet) -> list[str]:
    return [
        name
        for name in _columns_in_use(plan, sheet)
        if consent_column(name, sheet.frame[name]).channel is Channel.EMAIL
    ]


def _cells(sheet: Sheet, row: int, columns: list[str]) -> dict[str, str]:
    return {name: str(sheet.frame.loc[row, name]) for name in columns}
