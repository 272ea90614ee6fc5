"""Waiting for a state, never for a time."""

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Return as soon as the condition holds; raises AssertionError where it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"this did not come about within {seconds:g} s"
        time.sleep(0.02)
