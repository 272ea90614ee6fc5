"""Commit many small writes together: one thread gathers what waits into one transaction.

A commit costs a flush of the disk however little it holds. With ten milliseconds a flush, one
commit a write would allow a fraction of the rate that one commit a group does.
"""

import asyncio
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
    """A transaction, the ledger's time in it, and what this process's own clock said just then."""

    db: Connection
    now: datetime
    read_at: float


@dataclass
class _Write:
    operation: Callable[[LedgerTransaction], Any]
    done: Future[Any] = field(default_factory=Future)


class GroupWriter:
    """The one writer of a process.

    Where the ledger cannot be written (a full disk, a database that restarts), a group is tried
    again for half a minute. Everything waits meanwhile, so nothing is sent whose attempt is not in
    the ledger.
    """

    def __init__(self, ledger: Ledger, *, patience: float = _PATIENCE_SECONDS) -> None:
        self._ledger = ledger
        self._patience = patience
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="ledger-writer", daemon=True)
        # How many commits have failed. One of them may have happened all the same.
        self.failures = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Commit what waits, then end."""
        self._waiting.put(None)
        self._thread.join()

    @property
    def depth(self) -> int:
        """How many writes wait for their transaction."""
        return self._waiting.qsize()

    async def write(self, operation: Callable[[LedgerTransaction], T]) -> T:
        """Run ``operation`` in the next transaction; return its result once that is committed.

        ``operation`` touches nothing but the ledger and has the same effect however often it runs,
        since it runs again where a commit fails. Raises LedgerError where the ledger could not be
        written in all the time allowed.
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
        deadline = time.monotonic() + self._patience
        while True:
            try:
                with self._ledger.write() as db:
                    transaction = LedgerTransaction(db, clock(db), time.monotonic())
                    results = [each.operation(transaction) for each in group]
            except LedgerTooNewError as error:
                _fail(group, error)
            except LedgerError as error:
                self.failures += 1
                if time.monotonic() < deadline:
                    time.sleep(_RETRY_SECONDS)
                    continue
                _fail(group, error)
            except Exception as error:  # noqa: BLE001 - handed on to whoever waits, none is lost
                if len(group) == 1:
                    _fail(group, error)
                else:
                    # One of them is to blame: the others must not fail with it.
                    for each in group:
                        self._commit([each])
            else:
                for each, result in zip(group, results, strict=True):
                    each.done.set_result(result)
            return


def _fail(group: list[_Write], error: Exception) -> None:
    for each in group:
        each.done.set_exception(error)
