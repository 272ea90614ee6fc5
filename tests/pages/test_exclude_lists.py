"""The page Exclude lists, and the effect of a list on a broadcast in preparation."""

from datetime import UTC, datetime

import numpy as np

from lib.campaign import exclude_lists, load_exclusions
from lib.delivery import list_runs, people_opted_out
from lib.delivery.ledger.database import open_ledger
from lib.delivery.ledger.opt_outs import note_opt_outs
from lib.settings import Settings
from tests.support.app_test import Visit, press, texts
from tests.support.recipients import fictional_phone

ANA, BEN = fictional_phone(0), fictional_phone(1)
GOOD = f"phone,campaign,name\n{ANA},demo_welcome,Ana\n{BEN},demo_welcome,Ben\n".encode()


def _add_list(visit: Visit, text: str, name: str = "Opt-outs"):
    page = visit("exclude_lists")
    page.text_input[0].set_value(name)
    page.text_area[0].set_value(text).run()
    return press(page, "Add list")


def test_the_page_explains_lists_if_there_are_none(visit: Visit) -> None:
    assert "No exclude lists yet" in texts(visit("exclude_lists"))


def test_pasted_numbers_become_a_list_that_can_be_removed(visit: Visit, settings: Settings) -> None:
    page = _add_list(visit, f"{ANA}\nnobody")

    assert "Opt-outs" in texts(page)
    assert "1 entry unreadable, **not excluded**" in texts(page)
    assert [each.value for each in page.text] == ["nobody"]
    later = visit("exclude_lists")
    assert "1 entry unreadable, **not excluded**" in later.warning[0].value
    assert "running and scheduled broadcasts too" in texts(later)
    page = press(page, "Remove list")
    assert exclude_lists(settings) == []


def test_an_uploaded_list_uses_the_phone_column(visit: Visit, settings: Settings) -> None:
    page = visit("exclude_lists")
    page.file_uploader[0].upload("stop.csv", f"name,phone\nAna,{ANA}\n".encode()).run()
    press(page, "Add list")

    (added,) = exclude_lists(settings)
    assert (added.name, added.numbers, added.unread) == ("stop.csv", 1, 0)


def test_text_without_a_number_is_refused(visit: Visit, settings: Settings) -> None:
    page = _add_list(visit, "nobody")

    assert "We found no phone numbers" in page.error[0].value
    assert exclude_lists(settings) == []


def test_a_list_applies_to_a_broadcast_unless_it_is_deselected(visit: Visit) -> None:
    _add_list(visit, ANA)
    app = visit("new_broadcast")
    app.file_uploader[0].upload("list.csv", GOOD).run()
    app = press(app, "Confirm columns")
    assert "On an exclude list" in texts(app)
    assert "1 to send, 1 held back" in texts(app)

    (lists,) = app.multiselect
    lists.set_value([]).run()

    assert "On an exclude list" not in texts(app)
    assert "2 to send" in texts(app)


def test_an_opt_out_just_before_the_click_stops_the_broadcast(
    visit: Visit, settings: Settings
) -> None:
    app = visit("new_broadcast")
    app.file_uploader[0].upload("list.csv", GOOD).run()
    app = press(app, "Confirm columns")
    next(box for box in app.checkbox if "I have checked" in box.label).check().run()
    _add_list(visit, ANA)

    app = press(app, "Send to 2 recipients")

    assert list_runs(settings=settings) == []
    assert "Nothing was sent, because exclude lists or opt-outs have changed" in texts(app)
    assert "1 to send, 1 held back" in texts(app)
    next(box for box in app.checkbox if "I have checked" in box.label).check().run()
    press(app, "Send to 1 recipient")
    (run,) = list_runs(settings=settings)
    assert (run.rows, run.held) == (2, 1)


def test_a_list_without_unreadable_entries_shows_no_warning(visit: Visit) -> None:
    page = _add_list(visit, f"{ANA} / {BEN}")

    assert "2 numbers" in texts(page)
    assert not page.warning


def test_numbers_without_a_country_code_are_counted(visit: Visit) -> None:
    page = press(_add_list(visit, "55 1234 5678"), "Add list")

    assert "1 number has no country code" in texts(page)
    assert not page.warning


def test_opt_outs_reported_by_connectly_hold_rows_and_can_be_forgotten(
    visit: Visit, settings: Settings
) -> None:
    with open_ledger(settings).write() as db:
        people = [int(ANA.removeprefix("+"))]
        note_opt_outs(db, "sandbox", people, datetime.now(UTC))
    app = visit("new_broadcast")
    app.file_uploader[0].upload("list.csv", GOOD).run()
    press(app, "Confirm columns")
    assert "On an exclude list or opted out" in texts(app)
    assert "Send to 1 recipient" in texts(app)

    page = visit("exclude_lists")
    assert "1 person has opted out" in texts(page)
    press(page, "Forget these opt-outs")
    assert people_opted_out("sandbox", settings=settings) == ()


CONTACTS = f"name,phone,Subscription status\nAna,{ANA},unsubscribed\nBen,{BEN},subscribed\n"


def test_a_full_export_excludes_those_who_unsubscribed(visit: Visit, settings: Settings) -> None:
    page = visit("exclude_lists")
    page.file_uploader[0].upload("contacts.csv", CONTACTS.encode()).run()
    page = press(page, "Add list")

    assert "Whom should we exclude?" in page.radio[0].label
    assert exclude_lists(settings) == []
    press(page, "Add list")

    (added,) = exclude_lists(settings)
    assert added.numbers == 1
    assert load_exclusions([added.id], settings).mask(_numbers(ANA, BEN)).tolist() == [True, False]


def test_everyone_in_a_full_export_can_be_excluded(visit: Visit, settings: Settings) -> None:
    page = visit("exclude_lists")
    page.file_uploader[0].upload("contacts.csv", CONTACTS.encode()).run()
    page = press(page, "Add list")
    page.radio[0].set_value("all").run()
    press(page, "Add list")

    assert exclude_lists(settings)[0].numbers == 2


def test_adding_a_list_asks_for_a_missing_country(visit: Visit, settings: Settings) -> None:
    page = _add_list(visit, "5512345678")

    assert "no country code" in page.selectbox[0].label
    page.selectbox[0].set_value("MX").run()
    page = press(page, "Add list")

    (added,) = exclude_lists(settings)
    assert (added.numbers, added.national) == (1, 0)
    assert load_exclusions([added.id], settings).mask(_numbers("+525512345678")).tolist() == [True]


def test_the_numbers_of_a_list_can_be_shown(visit: Visit) -> None:
    page = _add_list(visit, f"{ANA}, {BEN}")
    page.toggle[0].set_value(True).run()

    assert sorted(page.dataframe[0].value["Number"]) == sorted([ANA, BEN])


def _numbers(*phones: str) -> np.ndarray:
    return np.array([int(phone.removeprefix("+")) for phone in phones], dtype="int64")
