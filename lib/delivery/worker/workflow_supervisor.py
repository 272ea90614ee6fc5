"""Watch over what waits for its time: start the engine when there is a need, and keep it going.

A worker that only sends never starts the engine, which takes a second and some memory. Where it
cannot start, the worker says so and goes on sending: what must not be sent now is held back by the
ledger alone, so that runs which wait for a time stay where they are, and all others go out.
"""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from lib.delivery.ledger import exports as ledger_exports
from lib.delivery.ledger import schedule, workers
from lib.delivery.ledger.database import Ledger
from lib.settings import Settings

if TYPE_CHECKING:
    from lib.delivery.worker.workflows import Engine

_LOGGER: Final = logging.getLogger(__name__)

# Orphans are looked for when somebody has died, and this often in any case.
_ORPHANS_SECONDS: Final = 30.0
# The engine itself keeps what has ended for ever.
_FORGOTTEN_AFTER: Final = timedelta(days=7)
_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 300.0


class Supervisor:
    """The engine of one worker."""

    def __init__(self, settings: Settings, ledger: Ledger, worker_id: str) -> None:
        self._settings = settings
        self._ledger = ledger
        self._worker_id = worker_id
        self._engine: Engine | None = None
        self._not_before = 0.0
        self._wait = _FIRST_WAIT
        self._evictions = 0
        self._orphans_at = 0.0
        self._closed = False
        self._lock = threading.Lock()

    def tick(self, evictions: int) -> None:
        """Look once: every run for which a time matters, every report wanted, has a workflow.

        ``evictions`` is how many workers have been taken for dead so far. Raises LedgerError.
        """
        with self._lock:
            if not self._closed:
                self._tick(evictions)

    def _tick(self, evictions: int) -> None:
        with self._ledger.read() as db:
            run_ids = schedule.runs_with_hours(db)
            exports = ledger_exports.waiting(db)
            living = workers.living_worker_ids(db)
        if not (run_ids or exports) or time.monotonic() < self._not_before:
            return
        # Imported only now: DBOS takes a second, which a worker that only sends need not spend.
        from lib.delivery.worker.workflows import Engine, EngineError

        try:
            if self._engine is None:
                self._engine = Engine(self._settings, self._worker_id)
                self._note(able=True)
            if evictions != self._evictions or time.monotonic() >= self._orphans_at:
                taken = self._engine.take_over(living)
                if taken:
                    _LOGGER.info("workflows taken over", extra={"workflows": len(taken)})
                self._evictions = evictions
                self._orphans_at = time.monotonic() + _ORPHANS_SECONDS
                self._engine.forget((datetime.now(UTC) - _FORGOTTEN_AFTER).isoformat())
            self._engine.ensure_scheduled(run_ids)
            self._engine.ensure_exports_queued(exports)
        except EngineError as error:
            self._give_up(error)
        else:
            self._wait = _FIRST_WAIT

    def close(self) -> None:
        """Stop the engine for good, if it runs."""
        with self._lock:
            self._closed = True
            self._stop()

    def _stop(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _give_up(self, error: Exception) -> None:
        """Say that the engine does not work, and try again later, and later still."""
        _LOGGER.error(
            "engine unusable, so runs that wait for a time stay where they are",
            extra={"code": type(error.__cause__ or error).__name__},
        )
        self._not_before = time.monotonic() + self._wait
        self._wait = min(2 * self._wait, _LONGEST_WAIT)
        self._stop()
        self._note(able=False)

    def _note(self, *, able: bool) -> None:
        with self._ledger.write() as db:
            workers.record_scheduler_state(db, self._worker_id, able=able)
