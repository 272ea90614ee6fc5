"""Consent columns on the New broadcast page: their use and the decisions about their rows."""

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Expander

from lib.campaign import ConsentUse, load_draft
from lib.settings import Settings
from tests.support.app_test import Visit, press, texts
from tests.support.drafts import current_draft_id, prepared
from tests.support.recipients import fictional_phone

ANA, BEN, EVA = (fictional_phone(each) for each in range(3))
SHEET = (
    "phone,campaign,name,Accepts Marketing\n"
    f"{ANA},demo_welcome,Ana,yes\n{BEN},demo_welcome,Ben,no\n{EVA},demo_welcome,Eva,\n"
)


def test_a_no_is_held_back_and_a_blank_needs_a_decision(visit: Visit, settings: Settings) -> None:
    app = prepared(visit, SHEET)
    shown = texts(app)
    assert "1 agreed · 1 said no · 1 blank" in shown
    assert "**1 row waits for your answer to 1 question about consent.**" in shown
    assert "1 of them is of a person who doesn't want messages. Leave it as it is." in shown
    assert "For example, row 4: Accepts Marketing: “”" in shown
    draft = load_draft(current_draft_id(app), settings)
    assert draft is not None
    assert draft.mapping is not None
    assert list(draft.mapping.variables) == ["name"]
    assert "Send to 1 recipient" in texts(app)
    answer(app, "Send them anyway")
    shown = texts(app)
    assert "Send to 2 recipients" in shown
    assert "1 row decided" in shown
    assert "about consent.**" not in shown
    answer(app, "Hold them back")
    shown = texts(app)
    assert "Send to 1 recipient" in shown
    assert "about consent.**" not in shown
    answer(app, "Decide later")
    assert "**1 row waits for your answer to 1 question about consent.**" in texts(app)


def effects(app: AppTest) -> list[str]:
    """Return what the answers to the first question do."""
    return list(next(each for each in app.radio if "Decide later" in each.options).proto.captions)


def answer(app: AppTest, label: str) -> None:
    """Choose this answer to a question, and let the page run."""
    question = next(each for each in app.radio if label in each.options)
    question.set_value(("send", "hold", "later")[question.options.index(label)]).run()
    assert not app.exception


WOULD_BE_MESSAGED = "1 person who said no in “Accepts Marketing” would be messaged."
UNANSWERED = "1 person without a clear answer in “Accepts Marketing” would be messaged."
ARE_MESSAGED = "1 person in it said no and will be messaged."


def choose_use(app: AppTest, use: ConsentUse) -> AppTest:
    """Choose what the only consent column is used for in step 2."""
    uses = app.selectbox(key=consent_key(app))
    uses.set_value(use).run()
    assert not app.exception
    return app


def saved_uses(app: AppTest, settings: Settings) -> dict[str, ConsentUse]:
    draft = load_draft(current_draft_id(app), settings)
    assert draft is not None
    assert draft.mapping is not None
    return dict(draft.mapping.consent)


@pytest.mark.parametrize(("step", "use"), [(2, ConsentUse.IGNORE), (3, ConsentUse.OTHER)])
def test_people_who_said_no_are_messaged_only_after_a_question(
    step: int, use: ConsentUse, visit: Visit, settings: Settings
) -> None:
    app = prepared(visit, SHEET)

    def choose() -> None:
        if step == 2:
            choose_use(app, use)
        else:
            press(app, "This column is not about consent")

    choose()
    assert WOULD_BE_MESSAGED in texts(app)
    assert UNANSWERED in texts(app)
    assert "Send to 1 recipient" in texts(app)
    press(app, "Keep holding them back")
    assert WOULD_BE_MESSAGED not in texts(app)
    assert saved_uses(app, settings)["Accepts Marketing"] is ConsentUse.HOLD
    assert app.selectbox(key=consent_key(app)).value is ConsentUse.HOLD
    choose()
    press(app, "Message them anyway")

    shown = texts(app)
    assert saved_uses(app, settings) == {"Accepts Marketing": use}
    assert WOULD_BE_MESSAGED not in shown
    # A column that is not about consent becomes a variable, which is empty in one row.
    sent = 3 if use is ConsentUse.IGNORE else 2
    assert f"Send to {sent} recipients" in shown
    assert shown.count(ARE_MESSAGED) == 2  # in steps 3 and 6
    assert check_step(app).proto.expanded
    press(app, "Hold back rows that say no")
    assert "Send to 1 recipient" in texts(app)
    assert ARE_MESSAGED not in texts(app)


def check_step(app: AppTest) -> Expander:
    return next(each for each in app.expander if "3 · Check" in each.label)


def consent_key(app: AppTest) -> str:
    return next(str(each.key) for each in app.selectbox if str(each.key).startswith("consent_"))


def test_the_question_counts_only_people_who_would_be_messaged(visit: Visit) -> None:
    without_phone = SHEET + "123,demo_welcome,Leo,no\n"
    app = press(prepared(visit, without_phone), "Ignore this column")
    assert WOULD_BE_MESSAGED in texts(app)
    press(app, "Message them anyway")
    assert ARE_MESSAGED in texts(app)


def test_a_use_that_sends_to_nobody_else_is_saved_at_once(visit: Visit, settings: Settings) -> None:
    app = prepared(visit, SHEET.replace(",no\n", ",yes\n").replace(",Eva,\n", ",Eva,yes\n"))
    choose_use(app, ConsentUse.IGNORE)
    assert saved_uses(app, settings) == {"Accepts Marketing": ConsentUse.IGNORE}
    assert "Column “Accepts Marketing” is ignored." in texts(app)
    press(app, "Hold back rows that say no")
    assert saved_uses(app, settings) == {"Accepts Marketing": ConsentUse.HOLD}


def test_the_next_sheet_holds_people_back_although_the_column_was_ignored(visit: Visit) -> None:
    app = press(press(prepared(visit, SHEET), "Ignore this column"), "Message them anyway")
    assert "Send to 3 recipients" in texts(app)
    app = prepared(visit, SHEET + f"{fictional_phone(3)},demo_welcome,Leo,no\n")
    assert "Send to 1 recipient" in texts(app)


def test_a_column_that_is_not_about_consent_becomes_a_variable(
    visit: Visit, settings: Settings
) -> None:
    app = prepared(visit, SHEET)
    press(app, "This column is not about consent")
    press(app, "Message them anyway")
    draft = load_draft(current_draft_id(app), settings)
    assert draft is not None
    assert draft.mapping is not None
    assert list(draft.mapping.variables) == ["name", "Accepts Marketing"]


def test_an_email_column_is_a_question_that_can_be_answered_again(visit: Visit) -> None:
    column = "Email opt-in"
    app = prepared(visit, SHEET.replace("Accepts Marketing", column))
    shown = texts(app)
    assert "Send to 2 recipients" in shown
    assert "Step 3 asks about people who didn't agree here or in another column." in shown
    uses = app.selectbox(key=consent_key(app))
    assert "Ask whether it also applies to WhatsApp" in uses.options
    assert effects(app)[:2] == ["1 row is sent", "2 rows are held back"]
    answer(app, "No, it's only about email")
    assert "Send to 3 recipients" in texts(app)
    assert "You decided in step 3 that it doesn't apply to WhatsApp." in texts(app)
    assert check_step(app).proto.expanded
    answer(app, "Yes, hold them back")
    assert "Send to 1 recipient" in texts(app)
    choose_use(app, ConsentUse.IGNORE)
    press(app, "Message them anyway")
    assert "Send to 3 recipients" in texts(app)
    choose_use(app, ConsentUse.HOLD)
    assert "“Email opt-in” also apply to WhatsApp?" in texts(app)
    assert "Send to 2 recipients" in texts(app)


def test_an_email_question_says_what_other_columns_decide(visit: Visit) -> None:
    header = "phone,campaign,Accepts Email Marketing,Accepts SMS/WhatsApp Marketing"
    cells = ("no,yes", "no,no", "no,", "yes,yes")
    lines = [f"{fictional_phone(n)},demo_welcome,{each}" for n, each in enumerate(cells)]
    app = prepared(visit, "\n".join([header, *lines]))

    shown = texts(app)

    assert "Shows who has agreed to WhatsApp or SMS messages. 2 agreed · 1 said no" in shown
    assert "**2 rows wait for your answers to 2 questions about consent.**" in shown
    assert "1 more person didn't agree to email, but agreed in another column." in shown
    assert (
        "2 rows stay held back whatever you answer here: Declined marketing, No consent recorded"
        in shown
    )
    assert "0 of 2 rows are sent" in effects(app)
