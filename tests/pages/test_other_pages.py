"""Start, quick test, settings and error guide, with and without data and with errors."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from lib.campaign import FieldSource, Mapping, save_mapping, saved_mappings
from lib.connections import get_connection, list_connections, save_connection
from lib.delivery import list_runs
from lib.preferences import Preferences, load_preferences, save_preferences
from lib.settings import ConnectionSettings, Settings, get_settings
from tests.support.app_test import Visit, press, texts
from tests.support.recipients import fictional_phone
from tests.support.sandbox import SandboxHandle
from tests.support.sheets import make_sheet
from tests.support.sign_in import write_secrets

KEY = "key-of-acme-0123456789"


def _fill(app: AppTest, **values: str) -> AppTest:
    """Type into the fields with these labels without leaving them."""
    for label, value in values.items():
        next(each for each in app.text_input if each.label == label.replace("_", " ")).set_value(
            value
        )
    return app


def _announce(settings: Settings, sandbox: SandboxHandle) -> None:
    announcement = {"pid": sandbox.process.pid, "port": 0, "url": sandbox.url}
    (settings.data_dir / "sandbox.json").write_text(json.dumps(announcement))


PAGES = [
    "start", "new_broadcast", "quick_test", "broadcasts", "outcomes", "exclude_lists",
    "error_guide", "settings",
]  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_the_sandbox_banner_without_a_connection(name: str, visit: Visit) -> None:
    assert "You are in the sandbox" in texts(visit(name))


@pytest.mark.parametrize("name", PAGES)
def test_no_page_shows_the_sandbox_banner_or_the_key_with_a_connection(
    name: str, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDOUT_CONNECTIONS__ACME__BUSINESS_ID", "biz")
    monkeypatch.setenv("SENDOUT_CONNECTIONS__ACME__API_KEY", KEY)
    get_settings.cache_clear()

    shown = texts(visit(name))

    assert "You are in the sandbox" not in shown
    assert KEY not in shown


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_only_sees_the_sign_in_button(
    name: str, visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets_file = write_secrets(tmp_path / "secrets.toml", port=8501)
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(secrets_file))
    monkeypatch.setenv("SENDOUT_SIGN_IN_DOMAINS", "corp.example")
    get_settings.cache_clear()

    app = visit(name)

    assert texts(app).splitlines() == ["Sendout Studio", "Please sign in to continue.", "Sign in"]


def test_start_offers_the_first_broadcast_without_any(visit: Visit) -> None:
    app = visit("start")

    assert "Send your first campaign" in texts(app)
    assert "New broadcast" in [each.label for each in app.button]


def test_a_quick_test_is_sent_once_and_the_button_is_disabled(
    visit: Visit, settings: Settings
) -> None:
    app = _fill(
        visit("quick_test"), Your_own_phone=fictional_phone(0), Campaign_name="demo_welcome"
    ).run()

    press(app, "Send to my phone")

    (run,) = list_runs(settings=settings)
    assert run.allows_repeats
    assert "On its way" in texts(app)
    assert next(each for each in app.button if each.label == "Send to my phone").disabled
    assert load_preferences("local", settings).own_phone == fictional_phone(0)


@pytest.mark.parametrize(
    ("phone", "sentence"), [("1.65E+10", "kept only 3 digits"), ("2025550100", "country")]
)
def test_a_test_to_an_unreadable_phone_is_not_sent(phone: str, sentence: str, visit: Visit) -> None:
    app = _fill(visit("quick_test"), Your_own_phone=phone, Campaign_name="demo_welcome").run()

    assert sentence in texts(app)
    assert next(each for each in app.button if each.label == "Send to my phone").disabled


def test_quick_test_shows_the_saved_phone(visit: Visit, settings: Settings) -> None:
    save_preferences("local", Preferences(own_phone=fictional_phone(7)), settings)

    assert fictional_phone(7) in [each.value for each in visit("quick_test").text_input]


def test_a_connection_is_added_tested_and_removed(
    visit: Visit, settings: Settings, sandbox: SandboxHandle
) -> None:
    app = visit("settings")
    _fill(
        app,
        Name="acme",
        Business_ID=sandbox.business_id,
        API_key=sandbox.api_key,
        Address=sandbox.url,
    )
    press(app, "Add connection")
    assert "**acme**" in texts(app)
    assert "acme" not in [each.value for each in app.text_input]

    app.button(key="test_acme").click().run()
    assert "The key works" in texts(app)

    app.button(key="remove_acme").click().run()
    assert [each.name for each in list_connections(settings)] == ["sandbox"]


def test_the_connection_test_distinguishes_a_wrong_key_from_an_unreachable_server(
    visit: Visit, settings: Settings, sandbox: SandboxHandle
) -> None:
    app = visit("settings")
    _fill(app, Name="acme", Business_ID="biz", API_key=KEY, Address=sandbox.url)
    press(app, "Add connection")

    app.button(key="test_acme").click().run()
    assert "Connectly doesn't accept this key" in texts(app)

    sandbox.stop()
    app.button(key="test_acme").click().run()
    assert "Connectly can't be reached" in texts(app)
    assert KEY not in texts(app)


def test_a_connection_of_the_same_name_is_only_replaced_after_confirmation(
    visit: Visit, settings: Settings
) -> None:
    given = ConnectionSettings(
        business_id="b1", api_key=SecretStr("key"), base_url="https://api.example"
    )
    save_connection("acme", given, settings)

    def ask() -> AppTest:
        app = visit("settings")
        fields = {each.label: each for each in app.text_input}
        fields["Name"].set_value("acme")
        fields["Business ID"].set_value("b2")
        fields["API key"].set_value("key")
        fields["Address"].set_value("https://api.example")
        return press(app, "Add connection")

    app = ask()
    assert "already exists" in texts(app)
    press(app, "Keep current connection")
    assert get_connection("acme", settings).business_id == "b1"
    press(ask(), "Replace connection")
    assert get_connection("acme", settings).business_id == "b2"


def test_replacing_asks_again_if_the_connection_was_changed_in_between(
    visit: Visit, settings: Settings
) -> None:
    def given(business: str) -> ConnectionSettings:
        return ConnectionSettings(
            business_id=business, api_key=SecretStr("key"), base_url="https://api.example"
        )

    save_connection("acme", given("b1"), settings)
    app = visit("settings")
    _fill(app, Name="acme", Business_ID="b2", API_key="key", Address="https://api.example")
    press(app, "Add connection")
    save_connection("acme", given("b3"), settings, replacing=given("b1"))

    press(app, "Replace connection")
    assert get_connection("acme", settings).business_id == "b3"
    assert "b3" in str(app.table[0].value)
    press(app, "Replace connection")
    assert get_connection("acme", settings).business_id == "b2"


@pytest.mark.parametrize("name", PAGES)
def test_every_page_works_with_a_damaged_file_of_connections(
    name: str, visit: Visit, settings: Settings
) -> None:
    (settings.data_dir / "connections.json").write_text('{"acme": ')

    assert not visit(name).exception


def test_removing_a_connection_from_a_damaged_file_shows_the_error(
    visit: Visit, settings: Settings
) -> None:
    given = ConnectionSettings(
        business_id="b1", api_key=SecretStr("key"), base_url="https://api.example"
    )
    save_connection("acme", given, settings)
    app = visit("settings")
    (settings.data_dir / "connections.json").write_text("{")

    press(app, "Remove")

    assert "connections.json in the data folder is damaged" in texts(app)


def test_a_damaged_file_of_connections_is_reported_and_can_be_set_aside(
    visit: Visit, settings: Settings
) -> None:
    (settings.data_dir / "connections.json").write_text("{")
    app = visit("settings")
    assert "connections.json in the data folder is damaged" in texts(app)
    press(app, "Set damaged file aside")
    assert "is damaged" not in texts(app)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"Name": "sandbox"}, "taken"),
        ({"Name": "A b"}, "lowercase letters"),
        ({"Address": "http://api.example"}, "https"),
        ({"API_key": ""}, "Enter a name, a business ID and an API key"),
    ],
)
def test_an_invalid_connection_is_refused_with_a_reason_and_stays_in_the_form(
    values: dict[str, str], sentence: str, visit: Visit, settings: Settings
) -> None:
    app = visit("settings")
    given = {"Name": "acme", "Business_ID": "biz", "API_key": KEY, **values}
    _fill(app, **given)

    press(app, "Add connection")

    assert sentence in texts(app)
    assert len(list_connections(settings)) == 1
    kept = {each.label.replace(" ", "_"): each.value for each in app.text_input}
    assert {name: kept[name] for name in given} == given


def test_own_phone_and_country_are_saved(visit: Visit, settings: Settings) -> None:
    app = visit("settings")
    _fill(app, Your_own_phone="+12025550100").run()
    next(each for each in app.selectbox if each.label == "Default country").set_value("BR").run()

    kept = load_preferences("local", settings)

    assert (kept.own_phone, kept.region) == ("+12025550100", "BR")


def test_the_guide_finds_a_code_by_part_of_its_name(visit: Visit) -> None:
    app = visit("error_guide")
    next(each for each in app.text_input if each.label == "Search").set_value(
        "customer_opted"
    ).run()

    assert [each.value for each in app.code] == ["ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT"]


def test_the_guide_suggests_another_search_without_results(visit: Visit) -> None:
    app = visit("error_guide")
    next(each for each in app.text_input if each.label == "Search").set_value("qqq").run()

    assert "No codes found" in texts(app)


def test_a_linked_code_is_shown_alone_even_if_unknown(visit: Visit) -> None:
    app = visit("error_guide", code="ERROR_CODE_FROM_NEXT_YEAR")

    assert [each.value for each in app.code] == ["ERROR_CODE_FROM_NEXT_YEAR"]


def test_saved_mappings_are_renamed_and_deleted(visit: Visit, settings: Settings) -> None:
    assert "No saved mappings yet" in texts(visit("settings"))
    sheet = make_sheet({"phone": [], "[x](http://x.example)": []})
    mapping = Mapping(client=FieldSource(column="phone"), campaign_name=FieldSource(value="may"))
    save_mapping(mapping, sheet, saved_by="Ana", settings=settings)
    app = visit("settings")

    _fill(app, Mapping_name="Monday")
    app.run()

    assert [each.name for each in saved_mappings(settings)] == ["Monday"]
    assert all("](http" not in each.value for each in app.caption)
    press(app, "Delete mapping")
    assert saved_mappings(settings) == []


def test_a_code_in_the_address_is_shown_without_markdown(visit: Visit) -> None:
    app = visit("error_guide", code="[Sign in](https://example.com) :red[now]")

    assert not any("](https://" in each.value or ":red[" in each.value for each in app.markdown)
