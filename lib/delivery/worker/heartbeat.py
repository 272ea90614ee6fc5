"""Be known to be alive, know when one no longer counts as such, and notice when others die.

A worker beats in the ledger every two seconds. One that has not beaten for ten is dead to the
others, who watch its count stand still by clocks of their own, so that a clock that jumps buries
nobody. One that could not beat for five sends nothing more: when the others take over, it has
long been silent, whether it was stopped, cut off, or asleep with its machine.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from lib.delivery.ledger import workers
from lib.delivery.ledger.workers import DEAD_AFTER, NewWorker, TakeoverResult
from lib.delivery.worker.group_commit import GroupWriter, LedgerTransaction
from lib.delivery.worker.metrics import TAKEOVERS

_LOGGER: Final = logging.getLogger(__name__)

BEAT_SECONDS: Final = 2.0
SILENT_AFTER_SECONDS: Final = 5.0


def _since_boot() -> float:
    """Return seconds of a clock that nobody sets and that runs on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class WorkerEvictedError(Exception):
    """Others have taken this worker for dead and have taken over from it."""


class Heartbeat:
    """The beat of one worker, and its watch over the others."""

    def __init__(
        self, new: NewWorker, writer: GroupWriter, *, clock: Callable[[], float] = _since_boot
    ) -> None:
        self._new = new
        self._writer = writer
        self._clock = clock
        self._beaten_at = clock() - SILENT_AFTER_SECONDS
        self._seen: dict[str, tuple[int, float]] = {}
        # How many others this one has taken for dead: somebody has to carry on for them.
        self.evictions = 0

    @property
    def worker_id(self) -> str:
        """The name under which this worker owns batches."""
        return self._new.id

    @property
    def is_current(self) -> bool:
        """Tell whether this worker may send: it beat a short while ago, and nobody doubts it."""
        return self.silence < SILENT_AFTER_SECONDS

    @property
    def silence(self) -> float:
        """Seconds since this worker last beat."""
        return self._clock() - self._beaten_at

    async def enter(self, *, alone: bool) -> TakeoverResult:
        """Enter the ledger, and take over from those who are dead for certain."""

        def operation(transaction: LedgerTransaction) -> TakeoverResult:
            workers.register(transaction.db, self._new, transaction.now)
            return workers.evict_stale_workers(
                transaction.db, self._new, alone=alone, now=transaction.now
            )

        started = self._clock()
        left = await self._writer.write(operation)
        self._beaten_at = started
        return left

    async def beat(self) -> None:
        """Beat for ever, and take over from whoever has died. Raises TakenForDeadError."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            started = self._clock()
            alive, beats = await self._writer.write(self._beat_once)
            if not alive:
                raise WorkerEvictedError
            self._beaten_at = started
            for worker_id in self._stood_still(beats):
                await self._bury(worker_id, self._seen.pop(worker_id)[0])

    def _beat_once(self, transaction: LedgerTransaction) -> tuple[bool, dict[str, int]]:
        alive = workers.beat(transaction.db, self.worker_id, transaction.now)
        return alive, workers.beats_of_others(transaction.db, self.worker_id)

    def _stood_still(self, beats: dict[str, int]) -> list[str]:
        """Return the workers whose count has not moved for so long that they are dead."""
        now = self._clock()
        before, self._seen = self._seen, {}
        for worker_id, count in beats.items():
            known = before.get(worker_id)
            self._seen[worker_id] = known if known and known[0] == count else (count, now)
        return [
            worker_id
            for worker_id, (_, since) in self._seen.items()
            if now - since > DEAD_AFTER.total_seconds()
        ]

    async def _bury(self, worker_id: str, count: int) -> None:
        def operation(transaction: LedgerTransaction) -> TakeoverResult | None:
            if workers.beats_of_others(transaction.db, self.worker_id).get(worker_id) != count:
                return None
            return workers.remove_worker(transaction.db, worker_id, transaction.now)

        left = await self._writer.write(operation)
        if left is not None:
            self.evictions += 1
            TAKEOVERS.inc()
            _LOGGER.warning(
                "worker taken for dead",
                extra={"dead": worker_id, "released": left.claimed, "in_doubt": left.under_way},
            )

    async def leave(self) -> TakeoverResult:
        """Leave the ledger, with whatever could not be ended."""
        return await self._writer.write(
            lambda transaction: workers.remove_worker(
                transaction.db, self.worker_id, transaction.now
            )
        )
