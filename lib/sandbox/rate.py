"""The rate limit of the simulated API."""

from collections import deque


class SlidingWindow:
    """A sliding window of one second that admits at most ``limit`` requests.

    Refused requests do not count.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._admitted: deque[float] = deque()

    def admit(self, now: float) -> bool:
        """Return whether a request may pass at ``now``, in seconds of a monotonic clock."""
        while self._admitted and self._admitted[0] <= now - 1.0:
            self._admitted.popleft()
        if len(self._admitted) >= self._limit:
            return False
        self._admitted.append(now)
        return True
