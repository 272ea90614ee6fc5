"""Start the workflow engine when it is needed, and restart it after failures.

A worker without scheduled work does not start the engine, which takes a second and some memory. If
the engine cannot start, the worker reports that and continues to send: the ledger alone decides
what may be sent, so scheduled runs wait and all others are sent.
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

# Interval of the search for orphaned workflows, which an eviction starts as well.
_ORPHANS_SECONDS: Final = 30.0
# The engine itself keeps finished workflows indefinitely.
_DELETED_AFTER: Final = timedelta(days=7)
_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 300.0


class Supervisor:
    """Runs the workflow engine of one worker."""

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
        """Ensure that every scheduled run and every queued report has a workflow.

        ``evictions`` is the number of workers evicted so far. Raises LedgerError.
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
        # Imported when needed, because importing DBOS takes a second.
        from lib.delivery.worker.workflows import Engine, EngineError

        try:
            if self._engine is None:
                self._engine = Engine(self._settings, self._worker_id)
                self._record_state(able=True)
            if evictions != self._evictions or time.monotonic() >= self._orphans_at:
                taken = self._engine.take_over(living)
                if taken:
                    _LOGGER.info("workflows taken over", extra={"workflows": len(taken)})
                self._evictions = evictions
                self._orphans_at = time.monotonic() + _ORPHANS_SECONDS
                self._engine.delete_finished((datetime.now(UTC) - _DELETED_AFTER).isoformat())
            self._engine.ensure_scheduled(run_ids)
            self._engine.ensure_exports_queued(exports)
        except EngineError as error:
            self._back_off(error)
        else:
            self._wait = _FIRST_WAIT

    def close(self) -> None:
        """Stop the engine permanently."""
        with self._lock:
            self._closed = True
            self._stop()

    def _stop(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _back_off(self, error: Exception) -> None:
        """Record that the engine does not work, and retry with exponential back-off."""
        _LOGGER.error(
            "workflow engine unavailable, scheduled runs wait",
            extra={"code": type(error.__cause__ or error).__name__},
        )
        self._not_before = time.monotonic() + self._wait
        self._wait = min(2 * self._wait, _LONGEST_WAIT)
        self._stop()
        self._record_state(able=False)

    def _record_state(self, *, able: bool) -> None:
        with self._ledger.write() as db:
            workers.record_scheduler_state(db, self._worker_id, able=able)
