"""Consistent reads: runs, counted outcomes and rows as of one moment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
from sqlalchemy import Connection, Row

from lib.delivery.ledger import outcomes, run_summaries
from lib.delivery.ledger.database import clock, open_ledger
from lib.delivery.ledger.tally import count_outcomes
from lib.delivery.runs import ensure_exists
from lib.delivery.states import RunKind
from lib.delivery.summaries import OutcomeCount, RunSummary
from lib.settings import Settings


@dataclass(frozen=True)
class LedgerSnapshot:
    """The ledger as of one moment. Use it inside `ledger_snapshot` only."""

    _db: Connection
    seen_at: datetime

    def run(self, run_id: str) -> RunSummary:
        """Return a run. Raises RunNotFoundError if there is none with this id."""
        return ensure_exists(run_summaries.run_by_id(self._db, run_id, self.seen_at))

    def runs(self) -> list[RunSummary]:
        """Return all runs, newest first."""
        return run_summaries.latest_runs(self._db, None, None, 0, self.seen_at)

    def outcome_counts(
        self,
        run_ids: Sequence[str] | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        kinds: Sequence[Literal["sheet", "test"]] = ("sheet",),
        step: timedelta = timedelta(minutes=1),
    ) -> list[OutcomeCount]:
        """Return settled recipients by sendout, outcome, error code and time.

        If ``run_ids`` is None, all runs are counted. Times are timezone-aware; ``since`` is
        inclusive and ``until`` exclusive. Counts are grouped into intervals of ``step``; each has
        the start of its interval.
        """
        chosen = [RunKind(each) for each in kinds]
        return count_outcomes(self._db, run_ids, since, until, chosen, step=step)

    def settled_batches(self, run_id: str) -> Iterator[Sequence[Row[Any]]]:
        """Yield the settled batches of a run, see `lib.delivery.ledger.outcomes`."""
        return outcomes.settled_batches(self._db, run_id)

    def positions_under_way(self, run_id: str) -> np.ndarray:
        """Return the positions of entries whose request has no answer yet."""
        return outcomes.positions_under_way(self._db, run_id)


@contextmanager
def ledger_snapshot(settings: Settings | None = None) -> Iterator[LedgerSnapshot]:
    """Read the ledger as of one moment. Raises LedgerError if it cannot be read."""
    with open_ledger(settings).read() as db:
        yield LedgerSnapshot(db, clock(db))
