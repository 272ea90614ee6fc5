import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lib.connections import (
    ConnectionExistsError,
    ConnectionNameError,
    ConnectionNotFoundError,
    ConnectionsDamagedError,
    check_connection,
    delete_connection,
    get_connection,
    list_connections,
    save_connection,
    set_damaged_aside,
)
from lib.connectly import AuthenticationFailed, ConnectionFailed
from lib.settings import ROOT, ConnectionSettings, Settings, get_settings
from tests.support.sandbox import SandboxHandle

KEY = "key-of-acme-0123456789"


def _acme(**changes: object) -> ConnectionSettings:
    return ConnectionSettings.model_validate(
        {"business_id": "biz_1", "api_key": KEY, "base_url": "https://api.example", **changes}
    )


def test_without_any_setting_there_is_the_sandbox(settings: Settings) -> None:
    connections = list_connections(settings)

    assert [each.name for each in connections] == ["sandbox"]
    assert connections[0].is_sandbox


def test_a_saved_connection_comes_back_and_only_its_owner_can_read_the_file(
    settings: Settings,
) -> None:
    save_connection("acme", _acme(), settings)

    found = get_connection("acme", settings)
    mode = stat.S_IMODE((settings.data_dir / "connections.json").stat().st_mode)
    assert found.api_key.get_secret_value() == KEY
    assert found.source == "data folder"
    assert mode == 0o600


def test_the_key_is_in_no_representation(settings: Settings) -> None:
    save_connection("acme", _acme(), settings)

    found = get_connection("acme", settings)

    assert KEY not in repr(found)
    assert KEY not in str(found)
    assert found.masked_key.endswith("6789")
    assert KEY[:-4] not in found.masked_key


def test_a_short_key_is_masked_wholly(settings: Settings) -> None:
    save_connection("acme", _acme(api_key="short"), settings)

    assert set(get_connection("acme", settings).masked_key) == {"•"}


@pytest.mark.parametrize("name", ["", "sandbox", "Acme", "a b", "../x", "a" * 41])
def test_an_unfit_name_is_refused(name: str, settings: Settings) -> None:
    with pytest.raises(ConnectionNameError):
        save_connection(name, _acme(), settings)

    assert not (settings.data_dir / "connections.json").exists()


def test_a_connection_of_the_environment_wins_and_says_so(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDOUT_CONNECTIONS__ACME__BUSINESS_ID", "biz_env")
    monkeypatch.setenv("SENDOUT_CONNECTIONS__ACME__API_KEY", KEY)
    get_settings.cache_clear()

    found = get_connection("acme", get_settings())

    assert (found.business_id, found.source) == ("biz_env", "environment")
    with pytest.raises(ConnectionNameError):
        save_connection("acme", _acme(), get_settings())


def test_nobody_can_pass_for_the_sandbox(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real business under the sandbox's name would receive what was meant as a rehearsal."""
    monkeypatch.setenv("SENDOUT_CONNECTIONS__SANDBOX__BUSINESS_ID", "biz_real")
    monkeypatch.setenv("SENDOUT_CONNECTIONS__SANDBOX__API_KEY", KEY)
    get_settings.cache_clear()

    assert get_connection("sandbox", get_settings()).business_id == "sandbox"


def test_a_removed_connection_is_gone(settings: Settings) -> None:
    save_connection("acme", _acme(), settings)

    delete_connection("acme", settings)

    with pytest.raises(ConnectionNotFoundError):
        get_connection("acme", settings)


def test_the_sandbox_is_found_where_it_has_announced_itself(settings: Settings) -> None:
    announcement = {"pid": 1, "port": 4711, "url": "http://127.0.0.1:4711"}
    (settings.data_dir / "sandbox.json").write_text(json.dumps(announcement))

    assert get_connection("sandbox", settings).base_url == "http://127.0.0.1:4711"


def test_checking_a_connection_tells_a_right_key_from_a_wrong_one(
    settings: Settings, sandbox: SandboxHandle
) -> None:
    right = _acme(business_id=sandbox.business_id, api_key=sandbox.api_key, base_url=sandbox.url)
    wrong = right.model_copy(update={"api_key": _acme().api_key})
    save_connection("right", right, settings)
    save_connection("wrong", wrong, settings)

    check_connection(get_connection("right", settings), settings)
    with pytest.raises(AuthenticationFailed):
        check_connection(get_connection("wrong", settings), settings)
    assert sandbox.record() == []


def test_checking_a_connection_that_nobody_answers_says_so(
    settings: Settings, sandbox: SandboxHandle
) -> None:
    save_connection("gone", _acme(base_url=sandbox.url), settings)
    sandbox.stop()

    with pytest.raises(ConnectionFailed):
        check_connection(get_connection("gone", settings), settings)


@pytest.mark.parametrize(
    "change", [{"base_url": "http://api.example"}, {"base_url": ""}, {"api_key": ""}]
)
def test_a_connection_that_could_not_send_safely_is_not_kept(
    change: dict[str, object], settings: Settings
) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        save_connection("acme", _acme(**change), settings)

    assert [each.name for each in list_connections(settings)] == ["sandbox"]


def test_the_same_values_again_are_no_question(settings: Settings) -> None:
    save_connection("acme", _acme(), settings)
    save_connection("acme", _acme(), settings)

    assert get_connection("acme", settings).business_id == "biz_1"


def test_another_connection_of_the_same_name_is_asked_about_and_shows_no_key(
    settings: Settings,
) -> None:
    save_connection("acme", _acme(), settings)
    wanted = _acme(business_id="biz_2", base_url="https://other.example", api_key="k" * 20)

    with pytest.raises(ConnectionExistsError) as raised:
        save_connection("acme", wanted, settings)

    labels = [label for label, _, _ in raised.value.differences]
    assert labels == ["Business ID", "Address", "API key"]
    assert KEY not in f"{raised.value!r} {raised.value} {raised.value.differences}"
    assert get_connection("acme", settings).business_id == "biz_1"
    save_connection("acme", wanted, settings, replacing=raised.value.there)
    assert get_connection("acme", settings).business_id == "biz_2"


def test_a_connection_that_changed_meanwhile_is_asked_about_again(settings: Settings) -> None:
    save_connection("acme", _acme(), settings)
    with pytest.raises(ConnectionExistsError) as first:
        save_connection("acme", _acme(business_id="biz_2"), settings)
    save_connection("acme", _acme(business_id="biz_3"), settings, replacing=first.value.there)

    with pytest.raises(ConnectionExistsError) as second:
        save_connection("acme", _acme(business_id="biz_2"), settings, replacing=first.value.there)

    assert second.value.differences == (("Business ID", "biz_3", "biz_2"),)


def test_threads_that_save_at_once_keep_all(settings: Settings) -> None:
    def save(number: int) -> None:
        save_connection(f"c{number}", _acme(), settings)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(save, range(80)))

    assert len(list_connections(settings)) == 81


def test_eight_processes_that_save_at_once_keep_all(settings: Settings) -> None:
    code = """
import sys
from lib.connections import save_connection
from lib.settings import ConnectionSettings, get_settings
for number in range(10):
    given = ConnectionSettings(business_id="b", api_key="k", base_url="https://api.example")
    save_connection(f"c{sys.argv[1]}-{number}", given, get_settings())
"""
    environment = {**os.environ, "SENDOUT_DATA_DIR": str(settings.data_dir)}
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(each)], cwd=ROOT, env=environment)
        for each in range(8)
    ]
    assert [each.wait(timeout=60) for each in processes] == [0] * 8
    assert len(list_connections(settings)) == 81


@pytest.mark.parametrize("text", ["{", "[]", '{"acme": {"business_id": 7}}', '{"acme": {},}', ""])
def test_a_damaged_file_is_told_and_not_overwritten(text: str, settings: Settings) -> None:
    path = settings.data_dir / "connections.json"
    path.write_text(text)

    assert [each.name for each in list_connections(settings)] == ["sandbox"]
    with pytest.raises(ConnectionNotFoundError):
        get_connection("acme", settings)
    with pytest.raises(ConnectionsDamagedError):
        save_connection("acme", _acme(), settings)
    assert path.read_text() == text

    set_damaged_aside(settings)
    save_connection("acme", _acme(), settings)
    assert path.with_name("connections.json.damaged").read_text() == text
    assert get_connection("acme", settings).business_id == "biz_1"


def test_what_cannot_be_read_at_all_is_damaged_too(settings: Settings) -> None:
    (settings.data_dir / "connections.json").mkdir()

    assert [each.name for each in list_connections(settings)] == ["sandbox"]
    set_damaged_aside(settings)
    save_connection("acme", _acme(), settings)
    assert get_connection("acme", settings).business_id == "biz_1"


def test_two_keys_that_end_alike_are_told_apart(settings: Settings) -> None:
    save_connection("acme", _acme(api_key="a" * 20), settings)

    with pytest.raises(ConnectionExistsError) as raised:
        save_connection("acme", _acme(api_key="b" * 16 + "a" * 4), settings)

    ((label, old, new),) = raised.value.differences
    assert label == "API key"
    assert old != new


def test_a_second_damaged_file_leaves_the_first_one(settings: Settings) -> None:
    path = settings.data_dir / "connections.json"
    for text in ("{1", "{2"):
        path.write_text(text)
        set_damaged_aside(settings)

    assert path.with_name("connections.json.damaged").read_text() == "{1"
    assert path.with_name("connections.json.damaged-2").read_text() == "{2"
