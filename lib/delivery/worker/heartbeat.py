"""Worker heartbeat and failure detection.

A worker increments its counter in the ledger every two seconds. The others evict a worker whose
counter has not changed for ten seconds by their own monotonic clocks, so that changes of the system
time evict nobody. A worker that could not write its heartbeat for five seconds stops sending, so it
has been silent for some time when others take over, whether it was stopped, disconnected, or
suspended with its machine.
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
    """Return the seconds of a monotonic clock that includes suspend."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class WorkerEvictedError(Exception):
    """Other workers have evicted this one and taken over its batches."""


class Heartbeat:
    """The heartbeat of one worker, and its observation of the others."""

    def __init__(
        self, new: NewWorker, writer: GroupWriter, *, clock: Callable[[], float] = _since_boot
    ) -> None:
        self._new = new
        self._writer = writer
        self._clock = clock
        self._beaten_at = clock() - SILENT_AFTER_SECONDS
        self._seen: dict[str, tuple[int, float]] = {}
        # Number of workers that this one has evicted; their workflows have to be resumed.
        self.evictions = 0

    @property
    def worker_id(self) -> str:
        """The id under which this worker owns batches."""
        return self._new.id

    @property
    def is_current(self) -> bool:
        """Whether this worker may send: its last heartbeat is recent and it was not evicted."""
        return self.age < SILENT_AFTER_SECONDS

    @property
    def age(self) -> float:
        """Seconds since the last heartbeat."""
        return self._clock() - self._beaten_at

    async def enter(
        self, *, alone: bool, and_then: Callable[[LedgerTransaction], None]
    ) -> TakeoverResult:
        """Register this worker, and take over from workers that have certainly ended.

        ``and_then`` is called in the same transaction, before anything can be claimed.
        """

        def operation(transaction: LedgerTransaction) -> TakeoverResult:
            workers.register(transaction.db, self._new, transaction.now)
            taken = workers.evict_stale_workers(
                transaction.db, self._new, alone=alone, now=transaction.now
            )
            and_then(transaction)
            return taken

        started = self._clock()
        taken = await self._writer.write(operation)
        self._beaten_at = started
        return taken

    async def beat(self) -> None:
        """Write heartbeats until cancelled, and evict stale workers. Raises WorkerEvictedError."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            started = self._clock()
            alive, beats = await self._writer.write(self._beat_once)
            if not alive:
                raise WorkerEvictedError
            self._beaten_at = started
            for worker_id in self._stale_workers(beats):
                await self._evict(worker_id, self._seen.pop(worker_id)[0])

    def _beat_once(self, transaction: LedgerTransaction) -> tuple[bool, dict[str, int]]:
        alive = workers.beat(transaction.db, self.worker_id, transaction.now)
        return alive, workers.beats_of_others(transaction.db, self.worker_id)

    def _stale_workers(self, beats: dict[str, int]) -> list[str]:
        """Return the workers whose counter has not changed for too long."""
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

    async def _evict(self, worker_id: str, count: int) -> None:
        def operation(transaction: LedgerTransaction) -> TakeoverResult | None:
            if workers.beats_of_others(transaction.db, self.worker_id).get(worker_id) != count:
                return None
            return workers.remove_worker(transaction.db, worker_id, transaction.now)

        taken = await self._writer.write(operation)
        if taken is not None:
            self.evictions += 1
            TAKEOVERS.inc()
            _LOGGER.warning(
                "worker evicted",
                extra={"evicted": worker_id, "released": taken.claimed, "unknown": taken.under_way},
            )

    async def leave(self) -> TakeoverResult:
        """Unregister this worker; its open attempts become unknown."""
        return await self._writer.write(
            lambda transaction: workers.remove_worker(
                transaction.db, self.worker_id, transaction.now
            )
        )
