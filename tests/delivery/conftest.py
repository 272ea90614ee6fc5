"""Fixtures for a ledger and a worker."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.delivery.ledger.database import Ledger
from lib.settings import get_settings
from tests.support.sandbox import SandboxHandle
from tests.support.worker import Worker


@pytest.fixture
def idle_worker(data_dir: Path) -> Iterator[Worker]:
    """A worker that is not started yet; it is stopped after the test."""
    worker = Worker(data_dir)
    yield worker
    worker.end()


@pytest.fixture
def worker(idle_worker: Worker, sandbox: SandboxHandle) -> Worker:
    """A worker that sends to the sandbox."""
    idle_worker.connect(sandbox)
    idle_worker.start()
    return idle_worker


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(tmp_path: Path, new_ledger: Path, request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A new ledger, on each kind of database."""
    if request.param == "sqlite":
        address: Path | str = Path(shutil.copy(new_ledger, tmp_path))
    else:
        address = request.getfixturevalue("shared_database")
    ledger = Ledger(address)
    yield ledger
    ledger.close()


@pytest.fixture
def shared_storage(
    shared_database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A database and a storage that several machines share, already in the settings."""
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setenv("SENDOUT_STORAGE_URL", shared.as_uri())
    get_settings.cache_clear()


@pytest.fixture
def workers(
    shared_storage: None,
    data_dir: Path,
    tmp_path: Path,
    sandbox: SandboxHandle,
) -> Iterator[list[Worker]]:
    """Two started workers that share a database and a storage, as on two machines."""
    other = tmp_path / "other"
    other.mkdir()
    both = [Worker(data_dir), Worker(other)]
    for each in both:
        each.connect(sandbox)
        each.start()
    yield both
    for each in both:
        each.end()
