"""Questions about consent: what is asked, and what each answer does."""

import pytest

from lib.campaign import (
    Answers,
    ConsentQuestion,
    FieldSource,
    FindingCode,
    Plan,
    consent_questions,
    make_plan,
    suggest_mapping,
)
from lib.sheet import Sheet
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet

EMAIL = "Email opt-in"


def sheet_of(columns: dict[str, list[str]]) -> Sheet:
    rows = len(next(iter(columns.values())))
    phones = [fictional_phone(number) for number in range(rows)]
    return make_sheet({"Phone": phones, "Name": ["Ana"] * rows, **columns})


def plan_of(sheet: Sheet, answers: Answers | None = None) -> Plan:
    source = FieldSource(value="promo")
    mapping = suggest_mapping(sheet).model_copy(update={"campaign_name": source})
    return make_plan(sheet, mapping, answers=answers)


def questions_of(sheet: Sheet, answers: Answers | None = None) -> tuple[ConsentQuestion, ...]:
    return consent_questions(plan_of(sheet, answers), sheet)


@pytest.mark.parametrize("sends", [None, True, False])
def test_blank_and_unclear_rows_stay_one_question_each_once_answered(sends: bool | None) -> None:
    sheet = sheet_of({"Opt-in": ["yes", "no", "", "maybe", ""]})
    answers = Answers(send_blank_consent=sends, send_unclear_consent=sends)

    blank, unclear = questions_of(sheet, answers)

    assert (blank.code, list(blank.rows), blank.sends) == ("consent_blank", [4, 6], sends)
    assert (unclear.code, list(unclear.rows), unclear.sends) == ("consent_unclear", [5], sends)
    assert (unclear.sendable, unclear.held, unclear.other_reasons) == (1, 1, ())
    assert unclear.example_cells == {"Opt-in": "maybe"}


def test_open_questions_come_first() -> None:
    sheet = sheet_of({"Opt-in": ["yes", "maybe", "", ""]})

    codes = [each.code for each in questions_of(sheet, Answers(send_blank_consent=True))]

    assert codes == [FindingCode.CONSENT_UNCLEAR, FindingCode.CONSENT_BLANK]


def test_a_report_sent_again_is_a_question() -> None:
    sheet = sheet_of(
        {"Outcome": ["Accepted", "Rejected", "Unconfirmed"], "Trace id": ["a", "b", "c"]}
    )

    (question,) = questions_of(sheet)

    assert (question.code, list(question.rows)) == ("in_own_report", [2, 4])
    assert question.example_cells == {"Phone": fictional_phone(0)}


def test_rows_held_back_for_other_reasons_are_not_sent_by_an_answer() -> None:
    sheet = sheet_of({"Opt-in": ["", "", "yes"]})
    sheet.frame.loc[2, "Phone"] = ""

    (question,) = questions_of(sheet)

    assert (len(question.rows), question.sendable) == (2, 1)
    assert question.other_reasons == ("phone_missing",)


@pytest.mark.parametrize("answers", [Answers(), Answers(email_consent={EMAIL: True})])
def test_an_email_question_counts_what_other_columns_still_hold_back(answers: Answers) -> None:
    sheet = sheet_of(
        {EMAIL: ["no", "no", "no", "yes", "perhaps"], "SMS consent": ["yes", "no", "", "", ""]}
    )

    question = next(each for each in questions_of(sheet, answers) if each.column == EMAIL)

    assert (list(question.rows), question.agreed_elsewhere) == ([3, 4, 6], 1)
    assert (question.sendable, question.held) == (0, 3)
    assert question.other_reasons == ("said_no", "consent_blank")


@pytest.mark.parametrize("sends", [None, True, False])
def test_each_answer_to_an_email_question_does_what_it_counts(sends: bool | None) -> None:
    sheet = sheet_of({EMAIL: ["no", "yes", "", "maybe", "no"]})
    (first,) = [each for each in questions_of(sheet) if each.column == EMAIL]
    answers = first.answered(Answers(), sends=sends)

    question = next(each for each in questions_of(sheet, answers) if each.column == EMAIL)

    assert question.sends is sends
    assert (list(question.rows), question.sendable, question.held) == ([2, 5, 6], 3, 4)
    held = {None: 3, True: 0, False: 4}[sends]
    assert plan_of(sheet, answers).held_count == held
    assert question.answered(answers, sends=None) == Answers()


def test_two_email_columns_hold_the_same_row_until_both_are_answered() -> None:
    sheet = sheet_of({EMAIL: ["no", "yes"], "Newsletter": ["no", "yes"]})

    questions = questions_of(sheet)

    assert [each.sendable for each in questions] == [0, 0]
    assert {each.other_reasons for each in questions} == {("consent_email",)}


def test_an_email_column_that_everyone_accepts_is_no_question() -> None:
    assert questions_of(sheet_of({EMAIL: ["yes", "yes"]})) == ()
