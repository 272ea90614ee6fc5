"""Worker registration, heartbeats and takeover. Each function is given a transaction."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from lib.delivery.ledger.claims import NEEDS_PILOT
from lib.delivery.ledger.runs import PUT_BACK, pause
from lib.delivery.ledger.schema import attempt, batch, sendout, worker
from lib.delivery.ledger.unknowns import settle_as_unknown
from lib.delivery.states import INTERRUPTED, AttemptResult, BatchState, Reason
from lib.delivery.summaries import WorkerState

DEAD_AFTER: Final = timedelta(seconds=10)
"""A worker without a heartbeat for this long is considered dead."""

_REGISTER: Final = insert(worker)
_BEAT: Final = (
    update(worker)
    .where(worker.c.id == bindparam("worker_id"))
    .values(beat_at=bindparam("now"), beats=worker.c.beats + 1)
)
_SET_CAN_SCHEDULE: Final = (
    update(worker)
    .where(worker.c.id == bindparam("worker_id"))
    .values(can_schedule=bindparam("is_able"))
)
_WORKER_IDS: Final = select(worker.c.id)
_REMOVE: Final = delete(worker).where(worker.c.id == bindparam("worker_id"))
_OTHER_BEATS: Final = select(worker.c.id, worker.c.beats).where(
    worker.c.id != bindparam("worker_id")
)
_SAME_FOLDER: Final = select(worker.c.id).where(
    worker.c.id != bindparam("worker_id"), worker.c.data_folder_id == bindparam("folder_id")
)
_ORPHAN_OWNERS: Final = (
    select(batch.c.owner)
    .where(batch.c.owner.is_not(None), ~exists().where(worker.c.id == batch.c.owner))
    .distinct()
)
_RELEASE: Final = PUT_BACK.where(batch.c.owner == bindparam("worker_id"))
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
    .where(batch.c.owner == bindparam("worker_id"), batch.c.state == BatchState.SENDING)
)
_CLOSE_ATTEMPTS: Final = (
    update(attempt)
    .where(attempt.c.batch_id == bindparam("batch"), attempt.c.ended_at.is_(None))
    .values(
        ended_at=bindparam("now"),
        result=AttemptResult.UNKNOWN,
        error_code=INTERRUPTED,
    )
)
_ANY_SCHEDULER: Final = select(
    exists().where(worker.c.beat_at >= bindparam("since"), worker.c.can_schedule.is_not(False))
)
_WORKER: Final = select(worker).order_by(worker.c.beat_at.desc()).limit(1)


@dataclass(frozen=True)
class TakeoverResult:
    """The numbers of batches that removed workers had claimed, and had in flight."""

    claimed: int
    under_way: int


@dataclass(frozen=True)
class NewWorker:
    """A worker that starts. At most one worker at a time holds the lock of a data folder."""

    id: str
    pid: int
    host: str
    data_folder_id: str
    release: str


def register(db: Connection, new: NewWorker, now: datetime) -> None:
    """Register a worker."""
    db.execute(_REGISTER, {**asdict(new), "started_at": now, "beat_at": now, "beats": 0})


def beat(db: Connection, worker_id: str, now: datetime) -> bool:
    """Record a heartbeat; return whether the worker is still registered."""
    return db.execute(_BEAT, {"worker_id": worker_id, "now": now}).rowcount == 1


def beats_of_others(db: Connection, worker_id: str) -> dict[str, int]:
    """Return the heartbeat counter of each other worker, which increases while it is alive."""
    return {row.id: row.beats for row in db.execute(_OTHER_BEATS, {"worker_id": worker_id})}


def record_scheduler_state(db: Connection, worker_id: str, *, able: bool) -> None:
    """Record whether a worker can run scheduled work."""
    db.execute(_SET_CAN_SCHEDULE, {"worker_id": worker_id, "is_able": able})


def living_worker_ids(db: Connection) -> set[str]:
    """Return the ids of all registered workers."""
    return {*db.execute(_WORKER_IDS).scalars()}


def remove_worker(db: Connection, worker_id: str, now: datetime) -> TakeoverResult:
    """Remove a worker that ends or is dead, and settle its open batches.

    It can open no attempt from then on, even if it is alive.
    """
    result = _settle_batches_of(db, worker_id, now)
    db.execute(_REMOVE, {"worker_id": worker_id})
    return result


def evict_stale_workers(
    db: Connection, new: NewWorker, *, alone: bool, now: datetime
) -> TakeoverResult:
    """Remove dead workers: those of the data folder whose lock the caller holds.

    If ``alone``, no other data folder uses this ledger, and all other workers are dead. Batches
    owned by unregistered workers are settled too.
    """
    dead = {
        *db.execute(_SAME_FOLDER, {"worker_id": new.id, "folder_id": new.data_folder_id}).scalars()
    }
    if alone:
        dead |= {*beats_of_others(db, new.id)}
    dead |= {*db.execute(_ORPHAN_OWNERS).scalars()}
    results = [remove_worker(db, str(each), now) for each in sorted(dead)]
    return TakeoverResult(
        claimed=sum(each.claimed for each in results),
        under_way=sum(each.under_way for each in results),
    )


def _settle_batches_of(db: Connection, worker_id: str, now: datetime) -> TakeoverResult:
    """Release the claimed batches of a worker, and settle those in flight as unknown."""
    claimed = db.execute(_RELEASE, {"worker_id": worker_id}).rowcount
    under_way = db.execute(_UNDER_WAY, {"worker_id": worker_id}).all()
    batches = [{"batch": row.id, "now": now} for row in under_way]
    if batches:
        db.execute(_CLOSE_ATTEMPTS, batches)
    settle_as_unknown(db, under_way, INTERRUPTED, now)
    for run_id in {row.run_id for row in under_way if row.pilot}:
        pause(db, run_id, Reason.VERSION_IN_DOUBT)
    return TakeoverResult(claimed, len(under_way))


def latest_worker(db: Connection, now: datetime) -> WorkerState:
    """Return the worker with the latest heartbeat, alive or not."""
    row = db.execute(_WORKER).one_or_none()
    if row is None:
        return WorkerState(alive=False)
    age = now - row.beat_at
    return WorkerState(
        alive=age < DEAD_AFTER,
        id=row.id,
        pid=row.pid,
        host=row.host,
        started_at=row.started_at,
        beat_at=row.beat_at,
        heartbeat_age=age.total_seconds(),
        scheduler_ok=db.execute(_ANY_SCHEDULER, {"since": now - DEAD_AFTER}).scalar_one(),
    )
