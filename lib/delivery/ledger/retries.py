"""Queries for rows that may be sent again. Each function is given a transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import Connection, and_, bindparam, func, select

from lib.delivery.ledger.outcomes import positions_of
from lib.delivery.ledger.schema import batch, run, sendout
from lib.delivery.states import BatchState, RunState

_REJECTED: Final = and_(
    batch.c.run_id == bindparam("run"),
    batch.c.state == BatchState.REJECTED,
    batch.c.settled_at.is_not(None),
)
_REJECTED_BY_CODE: Final = (
    select(batch.c.error_code, func.sum(batch.c.size).label("rows"))
    .where(_REJECTED)
    .group_by(batch.c.error_code)
)
_REJECTED_WITH: Final = (
    select(batch.c.start, batch.c.size)
    .where(_REJECTED, batch.c.error_code.in_(bindparam("error_codes", expanding=True)))
    .order_by(batch.c.start)
)
_CANCELLED: Final = select(batch.c.start, batch.c.size).where(
    batch.c.run_id == bindparam("run"), batch.c.state == BatchState.CANCELLED
)
_UNBATCHED: Final = (
    select(
        (sendout.c.start + sendout.c.batched).label("start"),
        (sendout.c.entries - sendout.c.batched).label("size"),
    )
    .join(run, run.c.id == sendout.c.run_id)
    .where(run.c.id == bindparam("run"), run.c.state == RunState.CANCELLED)
)
_RETRIES: Final = (
    select(run.c.id, run.c.plan_id, (run.c.state == RunState.CANCELLED).label("is_cancelled"))
    .where(run.c.retry_of == bindparam("run"))
    .order_by(run.c.created_at, run.c.id)
)


@dataclass(frozen=True)
class RetryRun:
    """A run that resends rejected rows of another run."""

    id: str
    plan_id: str
    is_cancelled: bool


def retries_of(db: Connection, run_id: str) -> tuple[RetryRun, ...]:
    """Return the retries of a run, the oldest first."""
    rows = db.execute(_RETRIES, {"run": run_id})
    return tuple(RetryRun(row.id, row.plan_id, bool(row.is_cancelled)) for row in rows)


def rejected_by_code(db: Connection, run_id: str) -> dict[str, int]:
    """Return the number of rejected rows of a run by error code."""
    return {
        row.error_code: int(row.rows)
        for row in db.execute(_REJECTED_BY_CODE, {"run": run_id})
        if row.error_code
    }


def rejected_positions(db: Connection, run_id: str, codes: Collection[str]) -> np.ndarray:
    """Return the sorted positions of the rows that were rejected with one of these codes."""
    return positions_of(
        db.execute(_REJECTED_WITH, {"run": run_id, "error_codes": sorted(codes)}).all()
    )


def cancelled_positions(db: Connection, run_id: str) -> np.ndarray:
    """Return the positions of the rows that are never sent, in any order."""
    found = [*db.execute(_CANCELLED, {"run": run_id}), *db.execute(_UNBATCHED, {"run": run_id})]
    return positions_of(found)
