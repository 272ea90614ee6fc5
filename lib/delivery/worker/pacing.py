"""Keep requests within a rate that a strict sliding window of one second accepts."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

# Maximum delay of a request after its slot, in seconds; later ones could exceed the rate.
LATENESS: Final = 0.012
# Request more slots when this many are left.
_REFILL_AT: Final = 24

_FIRST_PAUSE_SECONDS: Final = 1.0
_MAX_BACKOFF_SECONDS: Final = 30.0
_JITTER: Final = 0.2


@dataclass(frozen=True)
class LocalSlotLease:
    """Slots as ascending times of the pacer's clock, or the seconds of a pause without slots."""

    slots: tuple[float, ...]
    pause: float = 0.0


class Pacer:
    """Distribute leased slots, one per request.

    A slot is a time of ``clock``, in seconds. A slot that is not used in time is forfeited. Slots
    are leased in advance, because a lease takes a commit.
    """

    def __init__(
        self,
        lease: Callable[[], Awaitable[LocalSlotLease]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lease = lease
        self._clock = clock
        self._slots: deque[float] = deque()
        self._leasing: asyncio.Future[None] | None = None
        self._turn = asyncio.Lock()
        self._paused_until = clock()

    async def reserve(self) -> float | None:
        """Return the next free slot, or None in a pause. Raises what ``lease`` raises."""
        async with self._turn:
            while not self.pause_left:
                while self._slots and self._slots[0] < self._clock() - LATENESS:
                    self._slots.popleft()
                if self._leasing is None and len(self._slots) <= _REFILL_AT:
                    self._leasing = asyncio.ensure_future(self._refill())
                if self._slots:
                    return self._slots.popleft()
                assert self._leasing is not None
                await self._leasing
            return None

    async def _refill(self) -> None:
        try:
            leased = await self._lease()
        finally:
            self._leasing = None
        if leased.pause:
            self.pause_until(self._clock() + leased.pause)
        self._slots.extend(leased.slots)

    def take(self, slot: float) -> bool:
        """Return whether a request may be sent now on this slot; otherwise it is forfeited."""
        now = self._clock()
        return slot <= now <= slot + LATENESS and now >= self._paused_until

    def pause_until(self, moment: float) -> None:
        """Pause until a time of the clock, unless a longer pause is in effect."""
        self._paused_until = max(self._paused_until, moment)

    @property
    def pause_left(self) -> float:
        """Remaining seconds of the pause, 0 without one."""
        return max(0.0, self._paused_until - self._clock())

    def close(self) -> None:
        """Stop leasing slots."""
        if self._leasing is not None:
            self._leasing.cancel()


class Backoff:
    """Exponential back-off: 1, 2, 4 … 30 seconds with jitter, reset by a success.

    Requests that were sent before a pause do not count: only a later one makes the next pause
    longer, or resets it.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._pause_ends = 0.0

    def failed(self, sent_at: float, wait: float | None = None) -> float:
        """Return the time until which to pause after a failure.

        ``sent_at`` is the time of the request; ``wait`` is the number of seconds that the server
        asked for (Retry-After).
        """
        now = self._clock()
        if wait:
            self._pause_ends = max(self._pause_ends, now + wait)
        elif sent_at >= self._pause_ends:
            self._failures += 1
            self._pause_ends = now + self._next_pause()
        return self._pause_ends

    def succeeded(self, sent_at: float) -> None:
        """Reset the back-off, unless the request was sent before the last pause."""
        if sent_at >= self._pause_ends:
            self._failures = 0

    def _next_pause(self) -> float:
        wait = min(_FIRST_PAUSE_SECONDS * 2.0 ** (self._failures - 1), _MAX_BACKOFF_SECONDS)
        return wait * random.uniform(1.0, 1.0 + _JITTER)  # noqa: S311 - jitter needs no cryptographic randomness
