"""What every test may ask for: a data folder of its own, and a sandbox in a process of its own."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.delivery.ledger.database import Ledger, open_ledger
from lib.settings import Settings, get_settings
from tests.support.postgres import Postgres
from tests.support.sandbox import SandboxHandle, start_sandbox

# With it, each of the many processes that tests start would compile all modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, state_dir: Path) -> None:
    """Keep the developer's own connections and data folder out of every test."""
    for name in list(os.environ):
        if name.startswith(("SENDOUT_", "STREAMLIT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SENDOUT_STATE_DIR", str(state_dir))
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of all tests: each ledger has an id of its own."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def new_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger without any run. Tests copy it, which is faster than to run all migrations."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite3"
    Ledger(path).close()
    return path


@pytest.fixture
def data_dir(tmp_path: Path, new_ledger: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of this test's own with a new ledger, already in the settings."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(new_ledger, folder)
    monkeypatch.setenv("SENDOUT_DATA_DIR", str(folder))
    get_settings.cache_clear()
    return folder


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    """The settings that lead to `data_dir`."""
    return get_settings()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for all tests of this process."""
    with Postgres() as server:
        yield server


@pytest.fixture
def shared_database(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a new ledger on PostgreSQL, already in the settings."""
    yield from _use(postgres.new_ledger(), postgres, monkeypatch)


@pytest.fixture
def empty_database(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database without tables on PostgreSQL, already in the settings."""
    yield from _use(postgres.new_database(), postgres, monkeypatch)


def _use(address: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("SENDOUT_DATABASE_URL", address)
    get_settings.cache_clear()
    yield address
    open_ledger(get_settings()).close()
    postgres.drop_database(address)


@pytest.fixture
def sandbox_factory(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[dict[str, Any] | None], SandboxHandle]]:
    """Start as many sandboxes as a test wants; all of them end with it."""
    started: list[SandboxHandle] = []

    def start(scenario: dict[str, Any] | None = None) -> SandboxHandle:
        handle = start_sandbox(tmp_path_factory.mktemp("sandbox"), scenario)
        started.append(handle)
        return handle

    yield start
    for handle in started:
        handle.stop()


@pytest.fixture
def sandbox(
    sandbox_factory: Callable[[dict[str, Any] | None], SandboxHandle],
) -> SandboxHandle:
    """A sandbox that answers as Connectly's page says."""
    return sandbox_factory(None)
