from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lib.preferences import Preferences, change_preferences, load_preferences, save_preferences
from lib.settings import Settings, get_settings


def test_what_one_person_keeps_is_not_another_persons(settings: Settings) -> None:
    save_preferences("ana", Preferences(own_phone="+16505550123", region="US"), settings)

    assert load_preferences("ana", settings).own_phone == "+16505550123"
    assert load_preferences("ben", settings) == Preferences()


def test_the_default_country_of_the_settings_holds_until_a_person_chooses(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDOUT_DEFAULT_REGION", "BR")
    get_settings.cache_clear()
    settings = get_settings()

    before = load_preferences("ana", settings).region
    save_preferences("ana", Preferences(region="MX"), settings)

    assert before == "BR"
    assert load_preferences("ana", settings).region == "MX"


def test_changing_the_phone_does_not_choose_a_country(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDOUT_DEFAULT_REGION", "BR")
    get_settings.cache_clear()
    change_preferences("ana", get_settings(), own_phone="+16505550123")
    monkeypatch.setenv("SENDOUT_DEFAULT_REGION", "MX")
    get_settings.cache_clear()

    kept = load_preferences("ana", get_settings())

    assert kept == Preferences(own_phone="+16505550123", region="MX")


def test_changes_at_once_keep_each_other(settings: Settings) -> None:
    for number in range(20):
        changes = ({"own_phone": f"+{number}"}, {"region": "MX"})
        save_preferences("ana", Preferences(), settings)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda each: change_preferences("ana", settings, **each), changes))
        assert load_preferences("ana", settings) == Preferences(own_phone=f"+{number}", region="MX")


@pytest.mark.parametrize("text", ["{", "[1]", "null", "7", '{"own_phone": 7}', "\0"])
def test_a_damaged_file_is_as_good_as_none_and_is_set_aside_before_it_is_written(
    text: str, settings: Settings
) -> None:
    save_preferences("ana", Preferences(own_phone="+16505550123"), settings)
    path = settings.data_dir / "preferences" / "ana.json"
    path.write_text(text)

    assert load_preferences("ana", settings) == Preferences()
    change_preferences("ana", settings, region="MX")

    assert load_preferences("ana", settings) == Preferences(region="MX")
    assert path.with_name("ana.json.damaged").read_text() == text
