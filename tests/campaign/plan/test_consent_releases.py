"""Rows that are sent because a column in which people say no is not used as consent."""

import pytest

from lib.campaign import (
    Answers,
    ConsentUse,
    FieldSource,
    Mapping,
    make_plan,
    released_rows,
    rows_released_by,
    suggest_mapping,
)
from lib.sheet import Sheet
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet

CELLS = ["yes", "no", "no", "", "maybe"]
EMAIL = {"Email opt-in": CELLS}
SMS = {"SMS consent": CELLS}


def sheet_of(columns: dict[str, list[str]], *, bad_phone: int | None = None) -> Sheet:
    rows = len(next(iter(columns.values())))
    phones = [fictional_phone(number) for number in range(rows)]
    if bad_phone is not None:
        phones[bad_phone] = "123"
    return make_sheet({"Phone": phones, "Name": ["Ana"] * rows, **columns})


def mapping_of(sheet: Sheet, **uses: ConsentUse) -> Mapping:
    mapping = suggest_mapping(sheet)
    consent = {**mapping.consent, **uses}
    source = FieldSource(value="promo")
    return mapping.model_copy(update={"campaign_name": source, "consent": consent})


@pytest.mark.parametrize(
    ("columns", "column", "answers", "said_no", "unanswered"),
    [
        (SMS, "SMS consent", Answers(), 2, 2),
        (SMS, "SMS consent", Answers(send_blank_consent=True), 2, 1),
        (SMS, "SMS consent", Answers(corrections={3: {"SMS consent": "yes"}}), 1, 2),
        ({"Unsubscribed": ["no", "yes", "x"]}, "Unsubscribed", Answers(), 2, 0),
        # People whom another column holds back, or who agreed in one that comes first.
        ({**SMS, "Do not contact": ["yes"] * 5}, "SMS consent", Answers(), 0, 0),
        ({**SMS, "WhatsApp opt-in": ["yes"] * 5}, "SMS consent", Answers(), 0, 0),
        ({**SMS, "WhatsApp opt-in": ["no"] * 5}, "WhatsApp opt-in", Answers(), 1, 0),
        (EMAIL, "Email opt-in", Answers(), 2, 1),
        (EMAIL, "Email opt-in", Answers(email_consent={"Email opt-in": True}), 2, 2),
    ],
)
def test_it_is_counted_who_would_be_messaged(
    columns: dict[str, list[str]], column: str, answers: Answers, said_no: int, unanswered: int
) -> None:
    sheet = sheet_of(columns)
    mapping = mapping_of(sheet)

    would = rows_released_by(ConsentUse.IGNORE, column, sheet, mapping, answers)

    assert (would.said_no, would.unanswered) == (said_no, unanswered)
    ignored = mapping_of(sheet, **{column: ConsentUse.IGNORE})
    before, after = (make_plan(sheet, each, answers=answers) for each in (mapping, ignored))
    assert after.entry_count - before.entry_count == said_no + unanswered
    assert released_rows(after, sheet) == (would,)


def test_rows_held_back_for_other_reasons_do_not_count() -> None:
    sheet = sheet_of(SMS, bad_phone=1)
    plan = make_plan(sheet, mapping_of(sheet))
    assert plan.mapping is not None

    would = rows_released_by(
        ConsentUse.IGNORE, "SMS consent", sheet, plan.mapping, Answers(), plan=plan
    )

    assert (would.said_no, would.unanswered) == (1, 2)


def test_details_of_an_answer_and_columns_in_use_release_nobody() -> None:
    columns = {"Opt-in": ["yes", "no"], "Opt-in source": ["web", "unsubscribe form"]}
    sheet = sheet_of(columns)

    assert released_rows(make_plan(sheet, mapping_of(sheet)), sheet) == ()


def test_more_holding_columns_release_nobody() -> None:
    sheet = sheet_of(SMS)
    mapping = mapping_of(sheet, **{"SMS consent": ConsentUse.IGNORE})

    would = rows_released_by(ConsentUse.HOLD, "SMS consent", sheet, mapping, Answers())

    assert (would.said_no, would.unanswered) == (0, 0)


def test_rows_that_only_an_open_question_would_hold_back_are_counted() -> None:
    sheet = sheet_of({"SMS consent": ["no", "no", "yes"], "Email opt-in": ["no", "yes", "no"]})
    mapping = mapping_of(sheet)

    would = rows_released_by(ConsentUse.IGNORE, "SMS consent", sheet, mapping, Answers())

    assert (would.said_no, would.said_no_waiting, would.unanswered) == (1, 1, 0)
    applies = Answers(email_consent={"Email opt-in": True})
    would = rows_released_by(ConsentUse.IGNORE, "SMS consent", sheet, mapping, applies)
    assert (would.said_no, would.said_no_waiting, would.unanswered) == (1, 0, 0)
