"""Fixtures for a ledger and a worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.delivery.ledger.database import Ledger
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
def ledger(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A new ledger, on each kind of database."""
    if request.param == "sqlite":
        address: Path | str = tmp_path / "ledger.sqlite3"
    else:
        address = request.getfixturevalue("shared_database")
    ledger = Ledger(address)
    yield ledger
    ledger.close()
