"""Queries for outcomes and attempts. Each function is given a transaction."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import BigInteger, Connection, Row, and_, bindparam, case, select, type_coerce

from lib.delivery.ledger.schema import attempt, batch
from lib.delivery.states import AttemptResult, BatchState, Outcome
from lib.delivery.summaries import AttemptRecord

_ROWS_AT_ONCE: Final = 50_000

_LAST_ATTEMPT: Final = and_(attempt.c.batch_id == batch.c.id, attempt.c.number == batch.c.attempts)
_OUTCOMES: Final = (
    select(
        batch.c.start,
        batch.c.size,
        case((batch.c.state == BatchState.MIXED, Outcome.UNKNOWN), else_=batch.c.state).label(
            "state"
        ),
        batch.c.error_code,
        attempt.c.error_type,
        attempt.c.message,
        attempt.c.http_status,
        attempt.c.trace_id,
        type_coerce(batch.c.settled_at, BigInteger).label("settled_at"),
    )
    .join_from(batch, attempt, _LAST_ATTEMPT, isouter=True)
    .where(batch.c.run_id == bindparam("run"), batch.c.settled_at.is_not(None))
    .order_by(batch.c.start)
)
_ATTEMPTS: Final = (
    select(batch.c.start, attempt)
    .join_from(batch, attempt, attempt.c.batch_id == batch.c.id)
    .order_by(batch.c.start, attempt.c.number)
)
_ATTEMPTS_OF_RUN: Final = _ATTEMPTS.where(batch.c.run_id == bindparam("run")).limit(
    bindparam("max_attempts")
)
_ATTEMPTS_OF_BATCHES: Final = _ATTEMPTS.where(
    batch.c.id.in_(bindparam("batch_ids", expanding=True))
)
_UNDER_WAY: Final = select(batch.c.start, batch.c.size).where(
    batch.c.run_id == bindparam("run"), batch.c.state == BatchState.SENDING
)


def settled_batches(db: Connection, run_id: str) -> Iterator[Sequence[Row[Any]]]:
    """Yield a run's settled batches with their last attempts, by position, in lists of rows.

    Columns: start, size, state, error_code, error_type, message, http_status, trace_id,
    settled_at (microseconds since 1970).
    """
    options = {"yield_per": _ROWS_AT_ONCE}
    yield from db.execute(_OUTCOMES, {"run": run_id}, execution_options=options).partitions()


def attempts_of(db: Connection, run_id: str, max_attempts: int) -> list[AttemptRecord]:
    """Return the first ``max_attempts`` attempts of a run, by position and number."""
    rows = db.execute(_ATTEMPTS_OF_RUN, {"run": run_id, "max_attempts": max_attempts})
    return [_attempt_record(row) for row in rows]


def attempts_of_batches(db: Connection, batch_ids: Sequence[int]) -> dict[int, list[AttemptRecord]]:
    """Return the attempts of each of these batches, by number."""
    found: dict[int, list[AttemptRecord]] = defaultdict(list)
    for row in db.execute(_ATTEMPTS_OF_BATCHES, {"batch_ids": list(batch_ids)}):
        found[row.batch_id].append(_attempt_record(row))
    return found


def _attempt_record(row: Row[Any]) -> AttemptRecord:
    return AttemptRecord(
        position=row.start,
        number=row.number,
        started_at=row.started_at,
        ended_at=row.ended_at,
        result=AttemptResult(row.result) if row.result else None,
        http_status=row.http_status,
        error_code=row.error_code,
        error_type=row.error_type,
        message=row.message,
        trace_id=row.trace_id,
        campaign_version=row.campaign_version,
        connectly_sendout_id=row.connectly_sendout_id,
        answer=row.answer,
    )


def positions_under_way(db: Connection, run_id: str) -> np.ndarray:
    """Return the positions of the rows whose request is in flight."""
    return positions_of(db.execute(_UNDER_WAY, {"run": run_id}).all())


def positions_of(batches: Sequence[Row[Any, Any]]) -> np.ndarray:
    """Return the positions of all entries of these batches."""
    ranges = [np.arange(each.start, each.start + each.size) for each in batches]
    return np.concatenate([np.array([], dtype="int64"), *ranges])
