"""A worker that every test here may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sandbox import SandboxHandle
from tests.support.worker import Worker


@pytest.fixture
def idle_worker(data_dir: Path) -> Iterator[Worker]:
    """A worker that has not been started; it ends with the test."""
    worker = Worker(data_dir)
    yield worker
    worker.end()


@pytest.fixture
def worker(idle_worker: Worker, sandbox: SandboxHandle) -> Worker:
    """A worker that sends to the sandbox."""
    idle_worker.connect(sandbox)
    idle_worker.start()
    return idle_worker
