import json
import stat
from pathlib import Path

import pytest

from lib.connections import (
    ConnectionNameError,
    ConnectionNotFoundError,
    check_connection,
    delete_connection,
    get_connection,
    list_connections,
    save_connection,
)
from lib.connectly import AuthenticationFailed, ConnectionFailed
from lib.settings import ConnectionSettings, Settings, get_settings
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
