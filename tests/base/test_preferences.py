from pathlib import Path

import pytest

from lib.preferences import Preferences, load_preferences, save_preferences
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


def test_a_damaged_file_is_as_good_as_none(settings: Settings) -> None:
    save_preferences("ana", Preferences(own_phone="+16505550123"), settings)
    (settings.data_dir / "preferences" / "ana.json").write_text("{")

    assert load_preferences("ana", settings) == Preferences()
