"""The rate limit: a strict sliding window of one second."""

from collections import deque


class SlidingWindow:
    """Let at most ``limit`` requests pass in any second, however they are spaced.

    A refused request does not count, so a client that keeps knocking still gets its full rate.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._passed: deque[float] = deque()

    def admit(self, now: float) -> bool:
        """Count a request at ``now`` (seconds of a clock that never goes back) or refuse it."""
        while self._passed and self._passed[0] <= now - 1.0:
            self._passed.popleft()
        if len(self._passed) >= self._limit:
            return False
        self._passed.append(now)
        return True
