"""Group commit: one thread combines pending writes into one transaction.

Each commit flushes the disk, which takes about ten milliseconds whatever its size. One commit per
write would limit the sending rate to a fraction of what groups allow.
"""

import asyncio
import math
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self, TypeVar

from sqlalchemy import Connection

from lib.delivery.ledger.database import Ledger, LedgerError, LedgerTooNewError, clock

T = TypeVar("T")

_GATHER_SECONDS: Final = 0.004
_RETRY_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 30.0


@dataclass(frozen=True)
class LedgerTransaction:
    """A transaction, with the ledger's time and this process's monotonic time at its start."""

    db: Connection
    now: datetime
    read_at: float


@dataclass
class _Write:
    operation: Callable[[LedgerTransaction], Any]
    done: Future[Any] = field(default_factory=Future)


class GroupWriter:
    """The only writer of a process.

    If the ledger cannot be written (full disk, restarting database), a group is retried for half a
    minute. All writers wait until then, so nothing is sent without a committed attempt.
    """

    def __init__(self, ledger: Ledger, *, patience: float = _PATIENCE_SECONDS) -> None:
        self._ledger = ledger
        self._patience = patience
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="ledger-writer", daemon=True)
        # Number of failed commits; one that was reported as failed may have been committed.
        self.failures = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Commit pending writes, then stop."""
        self._waiting.put(None)
        self._thread.join()

    @property
    def depth(self) -> int:
        """Number of pending writes."""
        return self._waiting.qsize()

    async def write(self, operation: Callable[[LedgerTransaction], T]) -> T:
        """Run ``operation`` in the next transaction, and return its result after the commit.

        ``operation`` must only use the ledger and be idempotent, because it is repeated if a commit
        fails. Raises LedgerError if the ledger cannot be written within the time allowed.
        """
        write = _Write(operation)
        self._waiting.put(write)
        result: T = await asyncio.wrap_future(write.done)
        return result

    def _work(self) -> None:
        last = False
        while not last:
            group = [self._waiting.get()]
            time.sleep(_GATHER_SECONDS)
            while not self._waiting.empty():
                group.append(self._waiting.get())
            last = None in group
            wanted = [each for each in group if each and each.done.set_running_or_notify_cancel()]
            if wanted:
                self._commit(wanted)

    def _commit(self, group: list[_Write]) -> None:
        # Counts from the first failure: the process may have stood still inside the transaction.
        deadline = math.inf
        while True:
            try:
                with self._ledger.write() as db:
                    transaction = LedgerTransaction(db, clock(db), time.monotonic())
                    results = [each.operation(transaction) for each in group]
            except LedgerTooNewError as error:
                _fail(group, error)
            except LedgerError as error:
                self.failures += 1
                deadline = min(deadline, time.monotonic() + self._patience)
                if time.monotonic() < deadline:
                    time.sleep(_RETRY_SECONDS)
                    continue
                _fail(group, error)
            except Exception as error:  # noqa: BLE001 - passed to the callers that wait
                if len(group) == 1:
                    _fail(group, error)
                else:
                    # Commit one by one, so that only the failing operation fails.
                    for each in group:
                        self._commit([each])
            else:
                for each, result in zip(group, results, strict=True):
                    each.done.set_result(result)
            return


def _fail(group: list[_Write], error: Exception) -> None:
    for each in group:
        each.done.set_exception(error)
