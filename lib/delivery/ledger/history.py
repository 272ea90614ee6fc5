"""Sendouts of previous runs and their outcomes. Each function is given a transaction.

The ledger has outcomes by position; the people at these positions are in the frozen plans.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import (
    BigInteger,
    Connection,
    String,
    and_,
    bindparam,
    func,
    or_,
    select,
    type_coerce,
)

from lib.delivery.ledger.schema import batch, run, sendout
from lib.delivery.states import BatchState, RunKind, RunState

_ROWS_AT_ONCE: Final = 50_000

_NOT_SENT: Final = (BatchState.REJECTED, BatchState.CANCELLED)

_BUSINESS: Final = bindparam("business", type_=String)
_PREVIOUS: Final = (
    select(
        sendout.c.run_id,
        sendout.c.number,
        run.c.plan_id,
        (run.c.state == RunState.CANCELLED).label("is_cancelled"),
        sendout.c.campaign_name,
        sendout.c.start,
        sendout.c.entries,
        sendout.c.batched,
        sendout.c.waiting,
        sendout.c.accepted,
        sendout.c.rejected,
        sendout.c.unknown,
    )
    .join_from(sendout, run)
    .where(
        or_(
            run.c.business_id == _BUSINESS,
            and_(
                or_(run.c.business_id.is_(None), _BUSINESS.is_(None)),
                run.c.connection == bindparam("connection_name"),
            ),
        ),
        run.c.kind == RunKind.SHEET,
        sendout.c.accepted + sendout.c.unknown + sendout.c.waiting > 0,
    )
    .order_by(sendout.c.run_id, sendout.c.number)
)
_of_sendout: Final = (
    batch.c.run_id == bindparam("run"),
    batch.c.start >= bindparam("first_position"),
    batch.c.start < bindparam("stop_position"),
)
_SETTLED: Final = select(
    batch.c.start,
    batch.c.size,
    (batch.c.state == BatchState.ACCEPTED).label("is_accepted"),
    type_coerce(batch.c.settled_at, BigInteger).label("settled_at"),
).where(*_of_sendout, batch.c.settled_at.is_not(None), batch.c.state.not_in(_NOT_SENT))
# Uses the index on the state. Most batches of a run are accepted, and those are not read here.
_NOT_ACCEPTED: Final = select(
    batch.c.start, batch.c.size, batch.c.state, batch.c.settled_at.is_not(None)
).where(
    *_of_sendout,
    batch.c.state.in_([each for each in BatchState if each is not BatchState.ACCEPTED]),
)
_LAST_SETTLED: Final = select(type_coerce(func.max(batch.c.settled_at), BigInteger)).where(
    batch.c.run_id == bindparam("run")
)


@dataclass(frozen=True)
class PreviousSendout:
    """One sendout of a previous run, with its counters."""

    run_id: str
    number: int
    plan_id: str
    is_cancelled: bool
    campaign_name: str
    start: int
    entries: int
    batched: int
    waiting: int
    accepted: int
    rejected: int
    unknown: int

    @property
    def stop(self) -> int:
        """The position after its last entry."""
        return self.start + self.entries


@dataclass(frozen=True)
class RecipientMarks:
    """The state of each entry of a sendout, by its index in the sendout.

    Three boolean masks, and ``settled_at`` in microseconds since 1970.
    """

    reached: np.ndarray
    unknown: np.ndarray
    coming: np.ndarray
    settled_at: np.ndarray


def sendouts_of_campaigns(
    db: Connection, connection: str, campaigns: Collection[str], *, business_id: str | None
) -> tuple[PreviousSendout, ...]:
    """Return the sendouts of these campaigns that have reached, or may reach, a person.

    Only runs of sheets count: those of the business, whatever its connection is called. Where the
    business is unknown, the connection's name decides.
    """
    rows = db.execute(
        _PREVIOUS, {"connection_name": connection, "business": business_id}
    ).mappings()
    return tuple(PreviousSendout(**row) for row in rows if row["campaign_name"] in campaigns)


def settled_marks(db: Connection, previous: PreviousSendout) -> RecipientMarks:
    """Return the marks of a sendout without waiting rows, each with its own time."""
    marks = _empty_marks(previous)
    result = db.execute(
        _SETTLED, _positions_of(previous), execution_options={"yield_per": _ROWS_AT_ONCE}
    )
    for rows in result.partitions():
        starts, sizes, accepted, times = np.array([tuple(row) for row in rows], dtype="int64").T
        indexes = _entry_indexes(starts - previous.start, sizes)
        is_accepted = np.repeat(accepted.astype(bool), sizes)
        marks.reached[indexes] = is_accepted
        marks.unknown[indexes] = ~is_accepted
        marks.settled_at[indexes] = np.repeat(times, sizes)
    return marks


def changing_marks(db: Connection, previous: PreviousSendout) -> RecipientMarks:
    """Return the marks of a sendout with waiting rows, in milliseconds even if it is large.

    Every row that is not rejected, unknown or waiting has been accepted. All have the time of the
    run's last settled batch.
    """
    marks = _empty_marks(previous)
    marks.reached[: previous.batched] = True
    marks.coming[previous.batched :] = not previous.is_cancelled
    marks.settled_at[:] = db.execute(_LAST_SETTLED, {"run": previous.run_id}).scalar_one() or 0
    for start, size, state, is_settled in db.execute(_NOT_ACCEPTED, _positions_of(previous)):
        entries = slice(start - previous.start, start - previous.start + size)
        marks.reached[entries] = False
        marks.coming[entries] = not is_settled
        marks.unknown[entries] = is_settled and state not in _NOT_SENT
    return marks


def _empty_marks(previous: PreviousSendout) -> RecipientMarks:
    reached, unknown, coming = (np.zeros(previous.entries, dtype=bool) for _ in range(3))
    return RecipientMarks(reached, unknown, coming, np.zeros(previous.entries, dtype="int64"))


def _positions_of(previous: PreviousSendout) -> dict[str, object]:
    return {
        "run": previous.run_id,
        "first_position": previous.start,
        "stop_position": previous.stop,
    }


def _entry_indexes(starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the indexes of all entries of batches with these starts and sizes."""
    if (sizes == 1).all():
        return starts
    ends = np.cumsum(sizes)
    return np.repeat(starts - ends + sizes, sizes) + np.arange(ends[-1])
