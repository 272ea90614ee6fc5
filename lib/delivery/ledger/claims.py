"""Create and claim batches. Each function is given a transaction.

Each change to a batch names the claim that it is made under. It has no effect if the claim has
been revoked by a pause, a cancellation or another worker.
"""

import json
import sys
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, bindparam, exists, func, insert, or_, select, update

from lib.connections import Business
from lib.connectly import DuplicateBehavior, VersionBehavior
from lib.delivery.ledger import rate_slots
from lib.delivery.ledger.bisection import HAS_CLAIM
from lib.delivery.ledger.runs import PUT_BACK, finish_if_done, pause
from lib.delivery.ledger.schedule import HAS_SCHEDULE, advance
from lib.delivery.ledger.schema import batch, run, sendout, worker
from lib.delivery.ledger.stopped_sendouts import pause_if_stopped
from lib.delivery.states import BatchState, Reason, RunKind, RunState

# Batches are created as needed, so a run of a million rows starts at once and blocks no other run.
_BATCHES_AHEAD: Final = 500

_RUNS: Final = (
    select(
        run.c.id,
        run.c.kind,
        run.c.plan_id,
        run.c.if_version_unspecified,
        run.c.if_duplicate_check_unspecified,
        run.c.batch_size,
        run.c.retries,
        run.c.base_url,
        run.c.business_id,
        run.c.ignored_lists,
        HAS_SCHEDULE.label("has_schedule"),
    )
    .where(run.c.state == RunState.RUNNING, run.c.connection == bindparam("connection_name"))
    .order_by(run.c.kind != RunKind.TEST, run.c.served_at.nulls_first(), run.c.created_at)
)
_SERVED: Final = (
    update(run)
    .where(run.c.id == bindparam("run"))
    .values(
        served_at=bindparam("now"), started_at=func.coalesce(run.c.started_at, bindparam("now"))
    )
)
_PIN_BUSINESS: Final = (
    update(run)
    .where(run.c.id == bindparam("run"), run.c.business_id.is_(None))
    .values(base_url=bindparam("new_base_url"), business_id=bindparam("new_business_id"))
)
_BUSY_CONNECTIONS: Final = (
    select(run.c.connection).where(run.c.state == RunState.RUNNING).distinct()
)

NEEDS_PILOT: Final = and_(sendout.c.needs_version, sendout.c.pinned_version.is_(None))
_OTHER: Final = batch.alias("other")
_PILOT_IS_CLAIMED: Final = exists().where(
    _OTHER.c.run_id == sendout.c.run_id,
    _OTHER.c.sendout == sendout.c.number,
    _OTHER.c.state.in_([BatchState.CLAIMED, BatchState.SENDING]),
)
_PILOT_EXISTS: Final = exists().where(
    _OTHER.c.run_id == sendout.c.run_id,
    _OTHER.c.sendout == sendout.c.number,
    _OTHER.c.state.in_([BatchState.WAITING, BatchState.CLAIMED, BatchState.SENDING]),
)
_WAITING: Final = (
    select(
        batch.c.id,
        batch.c.sendout,
        batch.c.start,
        batch.c.size,
        batch.c.claims,
        batch.c.attempts,
        batch.c.has_unknown_attempt,
        NEEDS_PILOT.label("pilot"),
        func.coalesce(sendout.c.pinned_version, batch.c.pinned_version).label("pinned_version"),
        batch.c.retries,
        batch.c.parent_batch_id,
    )
    .join(sendout)
    .where(
        batch.c.run_id == bindparam("run"),
        batch.c.state == BatchState.WAITING,
        or_(batch.c.not_before.is_(None), batch.c.not_before <= bindparam("now")),
        or_(~NEEDS_PILOT, ~_PILOT_IS_CLAIMED),
        sendout.c.stopped_code.is_(None),
    )
    .order_by(batch.c.start)
    .limit(bindparam("max_batches"))
)
_CLAIM: Final = (
    update(batch)
    .where(batch.c.id == bindparam("batch"))
    .values(state=BatchState.CLAIMED, owner=bindparam("worker_id"), claims=batch.c.claims + 1)
)
_UNBATCHED: Final = (
    select(
        sendout.c.number,
        sendout.c.start,
        sendout.c.released,
        sendout.c.batched,
        NEEDS_PILOT.label("pilot"),
    )
    .where(
        sendout.c.run_id == bindparam("run"),
        sendout.c.batched < sendout.c.released,
        or_(~NEEDS_PILOT, ~_PILOT_EXISTS),
        sendout.c.stopped_code.is_(None),
    )
    .order_by(sendout.c.number)
    .limit(100)
)
_INSERT_BATCH: Final = insert(batch)
_BATCHED: Final = (
    update(sendout)
    .where(sendout.c.run_id == bindparam("run"), sendout.c.number == bindparam("sendout_number"))
    .values(batched=sendout.c.batched + bindparam("added"))
)

# An evicted worker may open no attempt.
IS_ALIVE: Final = exists().where(worker.c.id == bindparam("worker_id"))
_ALIVE: Final = select(IS_ALIVE)
_RELEASE: Final = PUT_BACK.where(HAS_CLAIM)
_RELEASE_OTHERS: Final = PUT_BACK.where(
    batch.c.owner == bindparam("worker_id"),
    batch.c.id.not_in(bindparam("known_batches", expanding=True)),
    batch.c.run_id.in_(select(run.c.id).where(run.c.connection == bindparam("connection_name"))),
)


@dataclass(frozen=True)
class Claim:
    """A batch that only its owner may send, until the claim is revoked."""

    owner: str
    batch_id: int
    number: int
    run_id: str
    kind: RunKind
    plan_id: str
    sendout: int
    start: int
    size: int
    attempts: int
    has_unknown_attempt: bool
    pilot: bool
    pinned_version: str | None
    version_behavior: VersionBehavior
    duplicates: DuplicateBehavior
    business: Business
    ignored_lists: frozenset[str] = frozenset()
    retries: int = 0
    max_retries: int = 0
    parent_batch_id: int | None = None

    @property
    def fence(self) -> dict[str, object]:
        """The values that `HAS_CLAIM` compares with."""
        return {"batch": self.batch_id, "worker_id": self.owner, "claim": self.number}


def busy_connections(db: Connection) -> list[str]:
    """Return the names of the connections with running runs."""
    return [str(name) for name in db.execute(_BUSY_CONNECTIONS).scalars()]


def claim(
    db: Connection,
    connection: str,
    owner: str,
    max_batches: int,
    now: datetime,
    *,
    business: Business,
) -> list[Claim]:
    """Claim up to ``max_batches`` batches of a connection's running runs for a worker.

    Tests are served first. After them, the run that has waited longest comes first, and each run
    gets an equal share of the remaining batches. A run without waiting rows is finished, and one
    with none but stopped sendouts is paused.

    ``business`` is the current business of the connection. A run that was confirmed for another
    business is paused. An evicted worker gets no batches.
    """
    if not db.execute(_ALIVE, {"worker_id": owner}).scalar_one():
        return []
    runs = db.execute(_RUNS, {"connection_name": connection}).all()
    max_entries = rate_slots.max_entries(db, connection, now) or sys.maxsize
    claims: list[Claim] = []
    for position, each in enumerate(runs):
        remaining = max_batches - len(claims)
        if remaining == 0:
            break
        if not _may_be_claimed(db, each, business, now):
            continue
        runs_left = len(runs) - position
        share = remaining if each.kind == RunKind.TEST else -(-remaining // runs_left)
        size = min(each.batch_size, max_entries)
        rows = _waiting_batches(db, each.id, share, size, now)
        if not rows:
            if not finish_if_done(db, each.id, now):
                pause_if_stopped(db, each.id)
            continue
        db.execute(_CLAIM, [{"batch": row.id, "worker_id": owner} for row in rows])
        db.execute(_SERVED, {"run": each.id, "now": now})
        claims += [_claim_of(each, row, owner, business) for row in rows]
    return claims


def _claim_of(run_row: Any, batch_row: Row[Any], owner: str, business: Business) -> Claim:
    is_part = batch_row.parent_batch_id is not None
    return Claim(
        owner=owner,
        batch_id=batch_row.id,
        number=batch_row.claims + 1,
        run_id=run_row.id,
        kind=RunKind(run_row.kind),
        plan_id=run_row.plan_id,
        sendout=batch_row.sendout,
        start=batch_row.start,
        size=batch_row.size,
        attempts=batch_row.attempts,
        has_unknown_attempt=batch_row.has_unknown_attempt,
        pilot=bool(batch_row.pilot),
        pinned_version=batch_row.pinned_version,
        version_behavior=VersionBehavior(run_row.if_version_unspecified),
        duplicates=DuplicateBehavior(run_row.if_duplicate_check_unspecified),
        business=business,
        ignored_lists=frozenset(json.loads(run_row.ignored_lists or "[]")),
        retries=batch_row.retries,
        max_retries=0 if is_part else run_row.retries,
        parent_batch_id=batch_row.parent_batch_id,
    )


def _may_be_claimed(db: Connection, run_row: Any, business: Business, now: datetime) -> bool:
    """Return whether batches of a run may be claimed now; pause or advance the run if needed."""
    if not _matches_business(db, run_row, business):
        pause(db, run_row.id, Reason.CONNECTION_CHANGED)
        return False
    return not run_row.has_schedule or advance(db, run_row.id, now) is RunState.RUNNING


def _matches_business(db: Connection, run_row: Any, business: Business) -> bool:
    """Return whether a run was confirmed for a business; pin it to that if it names none."""
    if run_row.business_id is None:
        db.execute(
            _PIN_BUSINESS,
            {
                "run": run_row.id,
                "new_base_url": business.base_url,
                "new_business_id": business.business_id,
            },
        )
        return True
    return Business(run_row.base_url, run_row.business_id) == business


def _waiting_batches(
    db: Connection, run_id: str, max_batches: int, size: int, now: datetime
) -> list[Row[Any]]:
    """Return batches to claim, created if needed; only one of a sendout that needs a pilot."""
    values = {"run": run_id, "max_batches": max_batches, "now": now}
    found = db.execute(_WAITING, values).all()
    if len(found) < max_batches and _make_batches(db, run_id, size):
        found = db.execute(_WAITING, values).all()
    piloted: set[int] = set()
    rows = []
    for row in found:
        if row.pilot and row.sendout in piloted:
            continue
        if row.pilot:
            piloted.add(row.sendout)
        rows.append(row)
    return rows


def _make_batches(db: Connection, run_id: str, size: int) -> bool:
    """Create batches of at most ``size`` entries for the next entries of a run.

    Returns whether there were any. The pilot of a new version is a batch of one entry.
    """
    remaining = _BATCHES_AHEAD
    created = False
    for row in db.execute(_UNBATCHED, {"run": run_id}).all():
        first, end = row.start + row.batched, row.start + row.released
        starts = [first] if row.pilot else [*islice(range(first, end, size), remaining)]
        if not starts:
            break
        end = first + 1 if row.pilot else min(end, starts[-1] + size)
        insert_batches(db, run_id, row.number, range(first, end, size))
        remaining -= len(starts)
        created = True
    return created


def insert_batches(db: Connection, run_id: str, number: int, starts: range) -> None:
    """Insert the waiting batches of a sendout that begin at these positions of the plan.

    The step of the range is the number of entries of a batch, its end the end of the last one.
    """
    if not starts:
        return
    db.execute(
        _INSERT_BATCH,
        [
            {
                "run_id": run_id,
                "sendout": number,
                "start": start,
                "size": min(start + starts.step, starts.stop) - start,
                "state": BatchState.WAITING,
                "claims": 0,
                "attempts": 0,
                "has_unknown_attempt": False,
                "retries": 0,
            }
            for start in starts
        ],
    )
    added = starts.stop - starts.start
    db.execute(_BATCHED, {"run": run_id, "sendout_number": number, "added": added})


def release(db: Connection, claim: Claim) -> None:
    """Release a claimed batch that has not been sent."""
    db.execute(_RELEASE, claim.fence)


def release_all_but(db: Connection, connection: str, owner: str, known: set[int]) -> None:
    """Release the batches that a worker has claimed over a connection, except the known ones.

    The worker does not know of a claim whose commit succeeded although it was reported as failed.
    """
    db.execute(
        _RELEASE_OTHERS,
        {
            "connection_name": connection,
            "worker_id": owner,
            "known_batches": sorted(known),
        },
    )
