"""A shared sandbox for tests without a scenario, emptied before each test."""

from collections.abc import Iterator

import pytest

from tests.support.sandbox import SandboxHandle, start_sandbox


@pytest.fixture(scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    handle = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield handle
    handle.stop()


@pytest.fixture
def api(_shared: SandboxHandle) -> SandboxHandle:
    """Return an empty sandbox without a scenario."""
    _shared.reset()
    return _shared
