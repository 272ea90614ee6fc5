"""Consent columns on the New broadcast page: their use and the decisions about their rows."""

from lib.campaign import load_draft
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
    draft = load_draft(current_draft_id(app), settings)
    assert draft is not None
    assert draft.mapping is not None
    assert list(draft.mapping.variables) == ["name"]
    assert "Send to 1 recipient" in texts(app)
    press(app, "Send 1 row anyway")
    assert "Send to 2 recipients" in texts(app)
    press(app, "Hold back 1 row")
    assert "Send to 1 recipient" in texts(app)


def test_a_consent_column_can_be_ignored(visit: Visit) -> None:
    app = prepared(visit, SHEET)
    press(app, "Ignore this column")
    assert "Send to 3 recipients" in texts(app)


def test_a_column_that_is_not_about_consent_becomes_a_variable(
    visit: Visit, settings: Settings
) -> None:
    app = prepared(visit, SHEET)
    press(app, "This column is not about consent")
    draft = load_draft(current_draft_id(app), settings)
    assert draft is not None
    assert draft.mapping is not None
    assert list(draft.mapping.variables) == ["name", "Accepts Marketing"]


def test_an_email_column_needs_a_decision_for_whatsapp(visit: Visit) -> None:
    app = prepared(visit, SHEET.replace("Accepts Marketing", "Email opt-in"))
    assert "Send to 2 recipients" in texts(app)
    press(app, "Email only: send these rows")
    assert "Send to 3 recipients" in texts(app)
    press(app, "Change")
    assert "Send to 2 recipients" in texts(app)
