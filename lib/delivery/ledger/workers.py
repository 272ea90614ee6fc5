"""Register workers in the ledger, and take over what a dead one has left behind.

Each function is given a transaction.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    Connection,
    bindparam,
    case,
    delete,
    exists,
    insert,
    select,
    update,
)

from lib.delivery.ledger import bisection
from lib.delivery.ledger.claims import NEEDS_PILOT
from lib.delivery.ledger.counters import CounterDelta, apply_deltas
from lib.delivery.ledger.runs import PUT_BACK, pause
from lib.delivery.ledger.schema import Moment, attempt, batch, sendout, worker
from lib.delivery.states import INTERRUPTED, AttemptResult, BatchState, Outcome, Reason
from lib.delivery.summaries import (
    WorkerState,
)

DEAD_AFTER: Final = timedelta(seconds=10)
"""A worker that has not beaten for so long is taken for dead."""

_REGISTER: Final = insert(worker)
_BEAT: Final = (
    update(worker)
    .where(worker.c.id == bindparam("who"))
    .values(beat_at=bindparam("now"), beats=worker.c.beats + 1)
)
_NOTE_CARRYING: Final = (
    update(worker).where(worker.c.id == bindparam("who")).values(can_schedule=bindparam("able"))
)
_ALIVE: Final = select(worker.c.id)
_RETIRE: Final = delete(worker).where(worker.c.id == bindparam("who"))
_OTHERS: Final = select(worker.c.id, worker.c.beats).where(worker.c.id != bindparam("who"))
_OF_SEAT: Final = select(worker.c.id).where(
    worker.c.id != bindparam("who"), worker.c.data_folder_id == bindparam("seat")
)
_NOBODYS: Final = (
    select(batch.c.owner)
    .where(batch.c.owner.is_not(None), ~exists().where(worker.c.id == batch.c.owner))
    .distinct()
)
_RELEASE: Final = PUT_BACK.where(batch.c.owner == bindparam("who"))
_UNDER_WAY: Final = (
    select(
        batch.c.id,
        batch.c.run_id,
        batch.c.sendout,
        batch.c.size,
        batch.c.parent_batch_id,
        NEEDS_PILOT.label("pilot"),
    )
    .join(sendout)
    .where(batch.c.owner == bindparam("who"), batch.c.state == BatchState.SENDING)
)
_TO_UNKNOWN: Final = (
    update(batch)
    .where(batch.c.id == bindparam("which"))
    .values(
        state=BatchState.UNKNOWN,
        owner=None,
        has_unknown_attempt=True,
        error_code=INTERRUPTED,
        settled_at=case((batch.c.parent_batch_id.is_(None), bindparam("now", type_=Moment()))),
    )
)
_END_ATTEMPTS: Final = (
    update(attempt)
    .where(attempt.c.batch_id == bindparam("which"), attempt.c.ended_at.is_(None))
    .values(
        ended_at=bindparam("now"),
        result=AttemptResult.UNKNOWN,
        error_code=INTERRUPTED,
    )
)


@dataclass(frozen=True)
class TakeoverResult:
    """How many batches a worker had claimed, and how many were under way."""

    claimed: int
    under_way: int


@dataclass(frozen=True)
class NewWorker:
    """A worker that starts. At most one worker holds the lock of a data folder at a time."""

    id: str
    pid: int
    host: str
    data_folder_id: str
    release: str


def register(db: Connection, new: NewWorker, now: datetime) -> None:
    """Enter a worker that has begun."""
    db.execute(_REGISTER, {**asdict(new), "started_at": now, "beat_at": now, "beats": 0})


def beat(db: Connection, worker_id: str, now: datetime) -> bool:
    """Note that a worker is alive; tell whether it still counts as such."""
    return db.execute(_BEAT, {"who": worker_id, "now": now}).rowcount == 1


def beats_of_others(db: Connection, worker_id: str) -> dict[str, int]:
    """Return how often each other worker has beaten; nothing else proves that it is alive."""
    return {row.id: row.beats for row in db.execute(_OTHERS, {"who": worker_id})}


def record_scheduler_state(db: Connection, worker_id: str, *, able: bool) -> None:
    """Note whether a worker can carry what waits for its time."""
    db.execute(_NOTE_CARRYING, {"who": worker_id, "able": able})


def living_worker_ids(db: Connection) -> set[str]:
    """Return the ids of all workers that nobody has taken for dead."""
    return {*db.execute(_ALIVE).scalars()}


def remove_worker(db: Connection, worker_id: str, now: datetime) -> TakeoverResult:
    """Take out a worker that ends or is dead, with whatever it could not end itself.

    From then on it can open no attempt any more, should it live after all.
    """
    left = _give_up(db, worker_id, now)
    db.execute(_RETIRE, {"who": worker_id})
    return left


def evict_stale_workers(
    db: Connection, new: NewWorker, *, alone: bool, now: datetime
) -> TakeoverResult:
    """Take over from workers that are dead for certain: the caller holds the lock of their seat.

    ``alone`` says that no other seat uses this ledger. What nobody owns any more is taken too.
    """
    dead = {*db.execute(_OF_SEAT, {"who": new.id, "seat": new.data_folder_id}).scalars()}
    if alone:
        dead |= {*beats_of_others(db, new.id)}
    dead |= {*db.execute(_NOBODYS).scalars()}
    left = [remove_worker(db, str(each), now) for each in sorted(dead)]
    return TakeoverResult(sum(each.claimed for each in left), sum(each.under_way for each in left))


def _give_up(db: Connection, worker_id: str, now: datetime) -> TakeoverResult:
    """Put back what was only claimed; whatever was under way is in doubt, and stays so."""
    claimed = db.execute(_RELEASE, {"who": worker_id}).rowcount
    under_way = db.execute(_UNDER_WAY, {"who": worker_id}).all()
    which = [{"which": row.id, "now": now} for row in under_way]
    if which:
        db.execute(_END_ATTEMPTS, which)
        db.execute(_TO_UNKNOWN, which)
    settled = [
        CounterDelta(row.run_id, row.sendout, Outcome.UNKNOWN, INTERRUPTED, row.size)
        for row in under_way
        if row.parent_batch_id is None
    ]
    apply_deltas(db, settled, now)
    for parent_batch_id in {row.parent_batch_id for row in under_way} - {None}:
        bisection.finish_split(db, parent_batch_id, now)
    for run_id in {row.run_id for row in under_way if row.pilot}:
        pause(db, run_id, Reason.VERSION_IN_DOUBT)
    return TakeoverResult(claimed, len(under_way))


_KEEPS_TIME: Final = select(
    exists().where(worker.c.beat_at >= bindparam("since"), worker.c.can_schedule.is_not(False))
)


_WORKER: Final = select(worker).order_by(worker.c.beat_at.desc()).limit(1)


def latest_worker(db: Connection, now: datetime) -> WorkerState:
    """Return the worker that beat last, alive or not."""
    row = db.execute(_WORKER).one_or_none()
    if row is None:
        return WorkerState(alive=False)
    return WorkerState(
        alive=now - row.beat_at < DEAD_AFTER,
        id=row.id,
        pid=row.pid,
        host=row.host,
        started_at=row.started_at,
        beat_at=row.beat_at,
        scheduler_ok=db.execute(_KEEPS_TIME, {"since": now - DEAD_AFTER}).scalar_one(),
    )
