"""One sandbox for the tests that need no scenario; each finds it empty."""

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
    """A sandbox without a scenario that has seen nothing yet."""
    _shared.reset()
    return _shared
