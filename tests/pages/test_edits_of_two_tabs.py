"""Two tabs on one draft: a tab saves only its own changes and sends only what it shows."""

from collections.abc import Iterable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.campaign import (
    Draft,
    FieldSource,
    Mapping,
    SendSchedule,
    add_exclude_list,
    change_draft,
    exclude_lists,
    load_draft,
    pasted_cells,
    save_mapping,
)
from lib.connectly import DuplicateBehavior, VersionBehavior
from lib.delivery import list_runs
from lib.preferences import Preferences, load_preferences
from lib.settings import Settings
from tests.support.app_test import Visit, press, texts
from tests.support.drafts import ANA, BEN, current_draft_id, prepared
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet

SHEET = f"phone_us,campaign,name\n2025550100,demo_welcome,Ana\n{BEN},demo_welcome,Ben\n"
SENDER = "+12025550199"
OTHER_COLUMNS = Mapping(
    client=FieldSource(column="phone_us"),
    campaign_name=FieldSource(column="campaign"),
    variables={"name": FieldSource(value="everybody")},
)


def stored(app: AppTest, settings: Settings) -> Draft:
    draft = load_draft(current_draft_id(app), settings)
    assert draft is not None
    return draft


def mapping_of(app: AppTest, settings: Settings) -> Mapping:
    mapping = stored(app, settings).mapping
    assert mapping is not None
    return mapping


def widget(found: Iterable[Any], label: str) -> Any:
    return next(each for each in found if label in each.label)


def test_each_tab_saves_only_its_own_changes_to_columns(visit: Visit, settings: Settings) -> None:
    one = prepared(visit, SHEET)
    two = visit("new_broadcast", draft=current_draft_id(one))

    widget(one.selectbox, "Sender").set_value(-2).run()
    widget(one.text_input, "Value for every row").set_value(SENDER).run()
    widget(two.selectbox, "Callback data").set_value(-2).run()
    press(two, "Add variable")
    widget(one.text_input, "If a cell is empty").set_value("demo").run()
    two.run()

    assert not one.exception
    assert not two.exception
    mapping = mapping_of(one, settings)
    assert mapping.sender == FieldSource(value=SENDER)
    assert mapping.callback_data == FieldSource(value="")
    assert mapping.campaign_name == FieldSource(column="campaign", fallback="demo")
    assert list(mapping.variables) == ["name", "variable_1"]
    assert SENDER in [each.value for each in two.text_input]


def test_variables_added_in_two_tabs_are_both_saved(visit: Visit, settings: Settings) -> None:
    one = prepared(visit, SHEET)
    two = visit("new_broadcast", draft=current_draft_id(one))

    press(one, "Add variable")
    press(two, "Add variable")

    assert list(mapping_of(one, settings).variables) == ["name", "variable_1", "variable_2"]


def test_a_variable_renamed_in_one_tab_keeps_its_source_from_the_other(
    visit: Visit, settings: Settings
) -> None:
    one = prepared(visit, SHEET)
    two = visit("new_broadcast", draft=current_draft_id(one))

    widget(one.selectbox, "Value from").set_value(-2).run()
    widget(two.text_input, "Variable").set_value("first").run()
    one.run()

    assert mapping_of(one, settings).variables == {"first": FieldSource(value="")}
    assert widget(one.text_input, "Variable").value == "first"


def test_the_later_change_of_the_same_field_wins(visit: Visit, settings: Settings) -> None:
    one = prepared(visit, SHEET)
    two = visit("new_broadcast", draft=current_draft_id(one))
    for app in (one, two):
        widget(app.selectbox, "Sender").set_value(-2).run()

    widget(one.text_input, "Value for every row").set_value("+1").run()
    widget(two.text_input, "Value for every row").set_value("+2").run()
    one.run()

    assert mapping_of(one, settings).sender == FieldSource(value="+2")
    assert widget(one.text_input, "Value for every row").value == "+2"


def test_each_tab_saves_only_its_own_changes_to_the_schedule(
    visit: Visit, settings: Settings
) -> None:
    one = prepared(visit, SHEET)
    two = visit("new_broadcast", draft=current_draft_id(one))

    widget(one.selectbox, "Recipients per request").set_value(100).run()
    widget(two.checkbox, "try later").check().run()
    one.run()

    schedule = stored(one, settings).schedule
    assert schedule is not None
    assert (schedule.batch_size, schedule.retries) == (100, 3)
    assert widget(two.selectbox, "Recipients per request").value == 100
    assert widget(one.checkbox, "try later").value is True


def test_exclude_lists_ignored_in_two_tabs_are_both_ignored(
    visit: Visit, settings: Settings
) -> None:
    for number, name in enumerate(["A", "B", "C"]):
        cells = pasted_cells(fictional_phone(number + 7))
        add_exclude_list(cells, name=name, region=None, added_by="Ana", settings=settings)
    ids = {each.name: each.id for each in exclude_lists(settings)}
    one = prepared(visit, SHEET)
    two = visit("new_broadcast", draft=current_draft_id(one))

    def untick(app: AppTest, name: str) -> None:
        lists = widget(app.multiselect, "Exclude lists")
        lists.set_value([each for each in lists.value if each != ids[name]]).run()

    untick(one, "A")
    untick(two, "B")
    assert stored(one, settings).answers.ignored_lists == {ids["A"], ids["B"]}
    untick(two, "C")
    assert stored(one, settings).answers.ignored_lists == set(ids.values())

    one.run()
    lists = widget(one.multiselect, "Exclude lists")
    assert lists.value == []
    lists.set_value([ids["A"]]).run()
    assert stored(one, settings).answers.ignored_lists == {ids["B"], ids["C"]}


def test_choices_made_in_one_tab_are_shown_in_the_other(visit: Visit, settings: Settings) -> None:
    one = prepared(visit, SHEET)
    two = visit("new_broadcast", draft=current_draft_id(one))

    widget(one.toggle, "Use the fixed numbers").set_value(False).run()
    widget(one.radio, "Version to send").set_value(VersionBehavior.CREATE_NEW).run()
    widget(one.radio, "already got this campaign").set_value(DuplicateBehavior.ALLOW_MULTIPLE).run()
    two.run()

    assert widget(two.toggle, "Use the fixed numbers").value is False
    assert widget(two.radio, "Version to send").value is VersionBehavior.CREATE_NEW
    assert widget(two.radio, "already got this campaign").value is DuplicateBehavior.ALLOW_MULTIPLE


def test_own_phone_is_saved_only_by_the_tab_where_it_was_typed(
    visit: Visit, settings: Settings
) -> None:
    one, two, quick = visit("settings"), visit("settings"), visit("quick_test")
    widget(one.text_input, "Your own phone").set_value(BEN).run()
    widget(two.selectbox, "Default country").set_value("BR").run()
    widget(quick.text_input, "Your own phone").set_value(SENDER).run()
    assert load_preferences("local", settings) == Preferences(own_phone=SENDER, region="BR")

    widget(one.text_input, "Your own phone").set_value("+12025550111").run()
    quick.run()

    assert load_preferences("local", settings).own_phone == "+12025550111"


def test_decisions_about_email_columns_in_two_tabs_are_both_saved(
    visit: Visit, settings: Settings
) -> None:
    sheet = (
        f"phone,campaign,email_opt_in,newsletter_opt_in\n{ANA},demo_welcome,no,no\n"
        f"{BEN},demo_welcome,yes,yes\n"
    )
    one = prepared(visit, sheet)
    two = visit("new_broadcast", draft=current_draft_id(one))
    questions = [str(each.key) for each in one.radio if "consent_email:" in str(each.key)]
    assert len(questions) == 2

    for app, key in zip((one, two), questions, strict=True):
        app.radio(key=key).set_value("send").run()
        assert not app.exception

    assert list(stored(one, settings).answers.email_consent.values()) == [False, False]


def test_a_replaced_mapping_is_shown_again_in_full(visit: Visit, settings: Settings) -> None:
    sheet = make_sheet({"phone_us": [], "campaign": [], "name": []})
    mapping = Mapping(client=FieldSource(column="phone_us"), campaign_name=FieldSource(value="may"))
    saved = save_mapping(mapping, sheet, saved_by="Ana", settings=settings)
    app = prepared(visit, SHEET)
    saved_columns = widget(app.selectbox, "Saved mappings")
    assert saved_columns.value == saved.id

    saved_columns.set_value("").run()

    assert not app.exception
    assert mapping_of(app, settings).campaign_name == FieldSource(column="campaign")
    assert "name" in mapping_of(app, settings).variables
    assert not stored(app, settings).mapping_confirmed


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mapping": OTHER_COLUMNS}, "columns were changed"),
        ({"schedule": SendSchedule(batch_size=10)}, "schedule or pace was changed"),
        ({"sheet_id": "0" * 64}, None),
    ],
)
def test_nothing_is_sent_if_another_tab_changed_the_draft(
    change: dict[str, object], told: str | None, visit: Visit, settings: Settings
) -> None:
    app = prepared(visit, SHEET)
    widget(app.checkbox, "checked").check().run()
    change_draft(stored(app, settings), change, settings)

    app.button(key="send").click().run()

    assert list_runs(settings=settings) == []
    assert told is None or told in texts(app)


def test_an_unchanged_draft_is_sent(visit: Visit, settings: Settings) -> None:
    app = prepared(visit, SHEET)
    widget(app.checkbox, "checked").check().run()

    app.button(key="send").click().run()

    assert len(list_runs(settings=settings)) == 1
