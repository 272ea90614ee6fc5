"""Keep to a rate that a strict sliding window of one second never refuses."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from lib.delivery.ledger.rate_slots import LONGEST_PAUSE

# A request that leaves later than this after its slot could crowd the next ones.
LATENESS: Final = 0.012
# More are asked for when no more than these are left.
_FEW_LEFT: Final = 24

_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 30.0
_JITTER: Final = 0.2


@dataclass(frozen=True)
class LocalSlotLease:
    """Slots as times of the pacer's clock, in order; or the seconds in which none are dealt."""

    slots: tuple[float, ...]
    pause: float = 0.0


class Pacer:
    """Hand out the slots that are dealt to all who send over one connection, one request each.

    A slot is a time of ``clock``, in seconds. Unused time is never made up for: a slot taken too
    late is lost. Slots are asked for before they are needed, since the answer takes a commit.
    """

    def __init__(
        self,
        deal: Callable[[], Awaitable[LocalSlotLease]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deal = deal
        self._clock = clock
        self._slots: deque[float] = deque()
        self._asking: asyncio.Future[None] | None = None
        self._turn = asyncio.Lock()
        self._paused_until = clock()

    async def reserve(self) -> float | None:
        """Return the next free slot; None where a pause has begun. Raises what ``deal`` raises."""
        async with self._turn:
            while not self.pause_left:
                while self._slots and self._slots[0] < self._clock() - LATENESS:
                    self._slots.popleft()
                if self._asking is None and len(self._slots) <= _FEW_LEFT:
                    self._asking = asyncio.ensure_future(self._ask())
                if self._slots:
                    return self._slots.popleft()
                assert self._asking is not None
                await self._asking
            return None

    async def _ask(self) -> None:
        try:
            dealt = await self._deal()
        finally:
            self._asking = None
        if dealt.pause:
            self.pause_until(self._clock() + dealt.pause)
        self._slots.extend(dealt.slots)

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

    def close(self) -> None:
        """Want no more slots."""
        if self._asking is not None:
            self._asking.cancel()


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
        for, which are honoured up to five minutes.
        """
        now = self._clock()
        if wait:
            self._pause_ends = max(self._pause_ends, now + min(wait, LONGEST_PAUSE))
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
