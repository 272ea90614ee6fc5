"""Keep to a rate that a strict sliding window of one second never refuses."""

import random
import time
from collections.abc import Callable
from typing import Final

# A request that leaves later than this after its slot could crowd the next ones.
LATENESS: Final = 0.012

_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 30.0
_LONGEST_ASKED: Final = 300.0
_JITTER: Final = 0.2


class Pacer:
    """Deal evenly spaced slots, one request each.

    A slot is a time of ``clock``, in seconds. Unused time is never made up for: after a silence
    the next slots are as far apart as ever, and a slot taken too late is lost.
    """

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._spacing = 1.0 / rate
        self._clock = clock
        self._next = clock()
        self._paused_until = self._next

    def set_rate(self, rate: float) -> None:
        """Deal ``rate`` slots a second from now on."""
        self._spacing = 1.0 / rate

    def reserve(self) -> float:
        """Return the next free slot."""
        slot = max(self._next, self._clock(), self._paused_until)
        self._next = slot + self._spacing
        return slot

    def take(self, slot: float) -> bool:
        """Tell whether a request may leave now on this slot; if not, the slot is forfeited."""
        now = self._clock()
        return slot <= now <= slot + LATENESS and now >= self._paused_until

    def pause_until(self, moment: float) -> None:
        """Let nothing leave before this moment; a longer pause stands."""
        self._paused_until = max(self._paused_until, moment)

    @property
    def pause_left(self) -> float:
        """Seconds until something may leave again; 0 where it may now."""
        return max(0.0, self._paused_until - self._clock())


class Backoff:
    """Choose the length of pauses: 1, 2, 4 … 30 seconds, a little random, anew after success.

    Requests that were already under way when a pause began say nothing new: only one that left
    after it makes the next pause longer, or ends the series.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._pause_ends = 0.0

    def failed(self, left_at: float, wait: float | None = None) -> float:
        """Return the moment until which to pause after a failure.

        ``left_at`` is when the request left; ``wait`` the seconds that the server itself asked
        for, which are honoured up to five minutes: asking once more then does no harm.
        """
        now = self._clock()
        if wait:
            self._pause_ends = max(self._pause_ends, now + min(wait, _LONGEST_ASKED))
        elif left_at >= self._pause_ends:
            self._failures += 1
            self._pause_ends = now + self._wait()
        return self._pause_ends

    def succeeded(self, left_at: float) -> None:
        """Begin the series anew, unless the request left before the last pause."""
        if left_at >= self._pause_ends:
            self._failures = 0

    def _wait(self) -> float:
        wait = min(_FIRST_WAIT * 2.0 ** (self._failures - 1), _LONGEST_WAIT)
        return wait * random.uniform(1.0, 1.0 + _JITTER)  # noqa: S311 - spreads, hides nothing
