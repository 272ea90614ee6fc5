"""Variables in step 2: what their widgets show is what is stored, however they were changed."""

import pytest
from streamlit.testing.v1 import AppTest

from lib.campaign import FieldSource, Mapping, load_draft
from lib.settings import Settings
from tests.support.app_test import Visit, press, texts
from tests.support.drafts import ANA, BEN, current_draft_id, upload

NOT_USED, FIXED, COMBINED = -1, -2, -3
SHEET = f"phone,campaign,name,city\n{ANA},demo_welcome,Ana,Lima\n{BEN},demo_welcome,Ben,Rio\n"


@pytest.fixture
def app(visit: Visit) -> AppTest:
    return upload(visit("new_broadcast"), SHEET)


def _mapping(app: AppTest, settings: Settings) -> Mapping:
    draft = load_draft(current_draft_id(app), settings)
    assert draft is not None
    assert draft.mapping is not None
    return draft.mapping


def _variables(app: AppTest, settings: Settings) -> dict[str, FieldSource]:
    return _mapping(app, settings).variables


def _names(app: AppTest) -> list[str | None]:
    return [each.value for each in app.text_input if each.label == "Variable"]


def _sources(app: AppTest) -> list[int | None]:
    return [each.value for each in app.selectbox if each.label == "Value from"]


def _field(app: AppTest, label: str, place: int = 0):
    return [each for each in [*app.selectbox, *app.text_input] if each.label == label][place]


def _remove(app: AppTest, place: int) -> None:
    [each for each in app.button if each.label == "Remove"][place].click().run()
    assert not app.exception


def test_a_variable_added_after_removing_all_asks_for_its_value(
    app: AppTest, settings: Settings
) -> None:
    press(app, "Use none")
    press(app, "Add variable")

    assert (_names(app), _sources(app)) == (["variable_1"], [FIXED])
    assert _variables(app, settings) == {"variable_1": FieldSource(value="")}
    assert "Enter a value, or choose another source." in texts(app)
    assert not [each for each in app.selectbox if each.label == "Format as"]
    assert next(b for b in app.button if b.label == "Confirm columns").disabled
    _field(app, "Value for every row").set_value("May").run()
    assert '"variable_1": "May"' in texts(press(app, "Confirm columns"))


@pytest.mark.parametrize("source", [FIXED, COMBINED])
def test_a_variable_without_any_text_is_not_confirmed(app: AppTest, source: int) -> None:
    _field(app, "Value from").set_value(source).run()
    label = "Value for every row" if source == FIXED else "Text with column names in braces"
    _field(app, label).set_value(" ").run()

    assert "Enter the value of the variable name, or remove it." in texts(app)
    assert next(b for b in app.button if b.label == "Confirm columns").disabled


def test_removing_a_variable_leaves_the_others_as_they_are(
    app: AppTest, settings: Settings
) -> None:
    _field(app, "Variable", 1).set_value("town").run()
    _field(app, "Format as", 1).set_value("upper").run()
    town = _variables(app, settings)["town"]

    _remove(app, 0)

    assert _variables(app, settings) == {"town": town}
    assert (_names(app), _sources(app)) == (["town"], [3])
    assert _field(app, "Format as").value == "upper"


def test_a_variable_that_is_removed_and_used_again_starts_anew(
    app: AppTest, settings: Settings
) -> None:
    _field(app, "Variable").set_value("first").run()
    _field(app, "If a cell is empty, use", 1).set_value("friend").run()
    _field(app, "Format as").set_value("upper").run()

    _remove(app, 0)
    press(app, "Use all columns")

    assert _names(app) == ["city", "name"]
    assert _variables(app, settings)["name"] == FieldSource(column="name")
    assert [_field(app, "Format as", place).value for place in (0, 1)] == ["as_it_is", "as_it_is"]


def test_fields_of_a_source_that_is_chosen_again_start_anew(
    app: AppTest, settings: Settings
) -> None:
    _field(app, "If a cell is empty, use", 1).set_value("friend").run()
    for source in (FIXED, 2):
        _field(app, "Value from").set_value(source).run()
    assert _field(app, "If a cell is empty, use", 1).value == ""

    _field(app, "Value from").set_value(COMBINED).run()
    _field(app, "Text with column names in braces").set_value("{name} {city}").run()
    for source in (NOT_USED, COMBINED):
        _field(app, "Value from").set_value(source).run()

    assert _field(app, "Text with column names in braces").value == ""
    assert _variables(app, settings)["name"] == FieldSource(template="")


def test_columns_of_the_same_name_become_different_variables(
    visit: Visit, settings: Settings
) -> None:
    app = upload(visit("new_broadcast"), SHEET)
    _field(app, "Variable").set_value("city (2)").run()
    _field(app, "Value from").set_value(FIXED).run()
    _field(app, "Value for every row").set_value("x").run()
    _field(app, "Value from", 1).set_value(NOT_USED).run()

    press(app, "Use all columns")

    assert {name: each.column for name, each in _variables(app, settings).items()} == {
        "city (2)": None,
        "city": None,
        "name": "name",
        "city (3)": "city",
    }


def test_a_column_that_is_no_longer_used_is_listed_at_once(app: AppTest) -> None:
    _field(app, "Value from").set_value(NOT_USED).run()

    assert "Columns not used: name" in texts(app)


def test_the_summary_names_only_variables_that_are_used(app: AppTest) -> None:
    _field(app, "Value from").set_value(NOT_USED).run()
    press(app, "Confirm columns")

    (title,) = [each.label for each in app.expander if "2 · Columns" in each.label]
    assert title.endswith("campaign “campaign”, city")


def test_a_finding_about_a_combined_variable_names_it_as_a_variable(visit: Visit) -> None:
    app = upload(visit("new_broadcast"), SHEET.replace("Lima", ""))
    press(app, "Use none")
    press(app, "Add variable")
    _field(app, "Value from").set_value(COMBINED).run()
    _field(app, "Text with column names in braces").set_value("{name}, {city}").run()

    assert "Variable “variable_1” · Row 2" in texts(press(app, "Confirm columns"))
