"""Read from the ledger what earlier runs have sent to whom. Each function is given a transaction.

People are in the frozen plans, by position; the ledger knows the positions of what was sent.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from sqlalchemy import BigInteger, Connection, bindparam, func, or_, select, type_coerce

from lib.delivery.ledger.schema import batch, run, sendout
from lib.delivery.states import BatchState, RunKind, RunState

_ROWS_AT_ONCE: Final = 50_000

_NOT_SENT: Final = (BatchState.REJECTED, BatchState.CANCELLED)

_EARLIER: Final = (
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
        or_(run.c.connection == bindparam("of"), run.c.business_id == bindparam("business")),
        run.c.kind == RunKind.SHEET,
        sendout.c.accepted + sendout.c.unknown + sendout.c.waiting > 0,
    )
    .order_by(sendout.c.run_id, sendout.c.number)
)
_of_sendout: Final = (
    batch.c.run_id == bindparam("run"),
    batch.c.start >= bindparam("first"),
    batch.c.start < bindparam("stop"),
)
_SETTLED: Final = select(
    batch.c.start,
    batch.c.size,
    (batch.c.state == BatchState.ACCEPTED).label("is_accepted"),
    type_coerce(batch.c.settled_at, BigInteger).label("settled_at"),
).where(*_of_sendout, batch.c.settled_at.is_not(None), batch.c.state.not_in(_NOT_SENT))
# By index: of a run that goes well nearly all are accepted, and those are not read here.
_NOT_ACCEPTED: Final = select(
    batch.c.start, batch.c.size, batch.c.state, batch.c.settled_at.is_not(None)
).where(
    *_of_sendout,
    batch.c.state.in_([each for each in BatchState if each is not BatchState.ACCEPTED]),
)
_LAST: Final = select(type_coerce(func.max(batch.c.settled_at), BigInteger)).where(
    batch.c.run_id == bindparam("run")
)


@dataclass(frozen=True)
class PreviousSendout:
    """One sendout of an earlier run, and how far it has come."""

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
    """What has become of a sendout's entries, by their place in it: masks, and microseconds."""

    reached: np.ndarray
    unknown: np.ndarray
    coming: np.ndarray
    settled_at: np.ndarray


def sendouts_of_campaigns(
    db: Connection, connection: str, campaigns: Collection[str], *, business_id: str | None = None
) -> tuple[PreviousSendout, ...]:
    """Return the sendouts of these campaigns that have reached, or may reach, somebody.

    Those of sheets, over one connection, or for one business over any connection.
    """
    rows = db.execute(_EARLIER, {"of": connection, "business": business_id}).mappings()
    return tuple(PreviousSendout(**row) for row in rows if row["campaign_name"] in campaigns)


def settled_marks(db: Connection, of: PreviousSendout) -> RecipientMarks:
    """Return the marks of a sendout in which nothing waits, each with its own time."""
    marks = _none_yet(of)
    found = db.execute(_SETTLED, _place(of), execution_options={"yield_per": _ROWS_AT_ONCE})
    for piece in found.partitions():
        starts, sizes, accepted, times = np.array([tuple(row) for row in piece], dtype="int64").T
        places = _spread(starts - of.start, sizes)
        is_accepted = np.repeat(accepted.astype(bool), sizes)
        marks.reached[places] = is_accepted
        marks.unknown[places] = ~is_accepted
        marks.settled_at[places] = np.repeat(times, sizes)
    return marks


def changing_marks(db: Connection, of: PreviousSendout) -> RecipientMarks:
    """Return the marks of a sendout that goes on, read in milliseconds however large it is.

    What is not rejected, in doubt or waiting has been accepted. The time is the run's last.
    """
    marks = _none_yet(of)
    marks.reached[: of.batched] = True
    marks.coming[of.batched :] = not of.is_cancelled
    marks.settled_at[:] = db.execute(_LAST, {"run": of.run_id}).scalar_one() or 0
    for start, size, state, is_settled in db.execute(_NOT_ACCEPTED, _place(of)):
        place = slice(start - of.start, start - of.start + size)
        marks.reached[place] = False
        marks.coming[place] = not is_settled
        marks.unknown[place] = is_settled and state not in _NOT_SENT
    return marks


def _none_yet(of: PreviousSendout) -> RecipientMarks:
    reached, unknown, coming = (np.zeros(of.entries, dtype=bool) for _ in range(3))
    return RecipientMarks(reached, unknown, coming, np.zeros(of.entries, dtype="int64"))


def _place(of: PreviousSendout) -> dict[str, object]:
    return {"run": of.run_id, "first": of.start, "stop": of.stop}


def _spread(starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the places of all entries of batches: of each its start and those after it."""
    if (sizes == 1).all():
        return starts
    ends = np.cumsum(sizes)
    return np.repeat(starts - ends + sizes, sizes) + np.arange(ends[-1])
