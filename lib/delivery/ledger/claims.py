"""Make and claim batches in the ledger. Each function is given a transaction.

Whoever acts on a batch names the claim that it acts under. A claim that was taken back in the
meantime, by a pause, a cancel or another worker, changes nothing any more.
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
from lib.delivery.ledger.bisection import OWNED_BY_ME
from lib.delivery.ledger.runs import PUT_BACK, finish_if_done, pause
from lib.delivery.ledger.schedule import HAS_SCHEDULE, advance
from lib.delivery.ledger.schema import batch, run, sendout, worker
from lib.delivery.states import BatchState, Reason, RunKind, RunState

# Batches are made as they are needed: a run of a million starts at once and holds up nobody.
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
    .where(run.c.state == RunState.RUNNING, run.c.connection == bindparam("of"))
    .order_by(run.c.kind != RunKind.TEST, run.c.served_at.nulls_first(), run.c.created_at)
)
_SERVED: Final = (
    update(run)
    .where(run.c.id == bindparam("run"))
    .values(
        served_at=bindparam("now"), started_at=func.coalesce(run.c.started_at, bindparam("now"))
    )
)
_BIND: Final = (
    update(run)
    .where(run.c.id == bindparam("run"), run.c.business_id.is_(None))
    .values(base_url=bindparam("url"), business_id=bindparam("business"))
)
_BUSY_CONNECTIONS: Final = (
    select(run.c.connection).where(run.c.state == RunState.RUNNING).distinct()
)

NEEDS_PILOT: Final = and_(sendout.c.needs_version, sendout.c.pinned_version.is_(None))
_other: Final = batch.alias("other")
_pilot_is_out: Final = exists().where(
    _other.c.run_id == sendout.c.run_id,
    _other.c.sendout == sendout.c.number,
    _other.c.state.in_([BatchState.CLAIMED, BatchState.SENDING]),
)
_pilot_is_there: Final = exists().where(
    _other.c.run_id == sendout.c.run_id,
    _other.c.sendout == sendout.c.number,
    _other.c.state.in_([BatchState.WAITING, BatchState.CLAIMED, BatchState.SENDING]),
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
        or_(~NEEDS_PILOT, ~_pilot_is_out),
    )
    .order_by(batch.c.start)
    .limit(bindparam("most"))
)
_CLAIM: Final = (
    update(batch)
    .where(batch.c.id == bindparam("batch"))
    .values(state=BatchState.CLAIMED, owner=bindparam("by"), claims=batch.c.claims + 1)
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
        or_(~NEEDS_PILOT, ~_pilot_is_there),
    )
    .order_by(sendout.c.number)
    .limit(100)
)
_INSERT_BATCH: Final = insert(batch)
_BATCHED: Final = (
    update(sendout)
    .where(sendout.c.run_id == bindparam("run"), sendout.c.number == bindparam("of"))
    .values(batched=sendout.c.batched + bindparam("more"))
)

# A worker that others have taken for dead opens nothing any more.
IS_ALIVE: Final = exists().where(worker.c.id == bindparam("by"))
_ALIVE: Final = select(IS_ALIVE)
_RELEASE: Final = PUT_BACK.where(OWNED_BY_ME)
_RELEASE_ALL_BUT: Final = PUT_BACK.where(
    batch.c.owner == bindparam("by"),
    batch.c.id.not_in(bindparam("known", expanding=True)),
    batch.c.run_id.in_(select(run.c.id).where(run.c.connection == bindparam("of"))),
)


@dataclass(frozen=True)
class Claim:
    """A batch that one owner alone may send, until the claim is taken back."""

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
        """The values that `OWNED_BY_ME` compares with."""
        return {"batch": self.batch_id, "by": self.owner, "claim": self.number}


def busy_connections(db: Connection) -> list[str]:
    """Return the names of the connections that have running runs."""
    return [str(name) for name in db.execute(_BUSY_CONNECTIONS).scalars()]


def claim(
    db: Connection, connection: str, owner: str, most: int, now: datetime, *, business: Business
) -> list[Claim]:
    """Claim up to ``most`` batches of a connection's running runs: tests first, then fairly.

    ``business`` is what the connection leads to now. A run that was confirmed for another one is
    paused instead.

    The run that waited longest is served first, and each gets an equal share of what is left.
    A run without anything left to do is finished on the way. A worker that others have taken for
    dead gets nothing.
    """
    if not db.execute(_ALIVE, {"by": owner}).scalar_one():
        return []
    runs = db.execute(_RUNS, {"of": connection}).all()
    max_entries = rate_slots.max_entries(db, connection, now) or sys.maxsize
    claims: list[Claim] = []
    for position, each in enumerate(runs):
        left = most - len(claims)
        if left == 0:
            break
        if not _leads_to(db, each, business):
            pause(db, each.id, Reason.CONNECTION_CHANGED)
            continue
        if each.has_schedule and advance(db, each.id, now) is not RunState.RUNNING:
            continue
        share = left if each.kind == RunKind.TEST else -(-left // (len(runs) - position))
        rows = _waiting(db, each.id, share, min(each.batch_size, max_entries), now)
        if not rows:
            finish_if_done(db, each.id, now)
            continue
        db.execute(_CLAIM, [{"batch": row.id, "by": owner} for row in rows])
        db.execute(_SERVED, {"run": each.id, "now": now})
        claims += [
            Claim(
                owner=owner,
                batch_id=row.id,
                number=row.claims + 1,
                run_id=each.id,
                kind=RunKind(each.kind),
                plan_id=each.plan_id,
                sendout=row.sendout,
                start=row.start,
                size=row.size,
                attempts=row.attempts,
                has_unknown_attempt=row.has_unknown_attempt,
                pilot=bool(row.pilot),
                pinned_version=row.pinned_version,
                version_behavior=VersionBehavior(each.if_version_unspecified),
                duplicates=DuplicateBehavior(each.if_duplicate_check_unspecified),
                business=business,
                ignored_lists=frozenset(json.loads(each.ignored_lists or "[]")),
                retries=row.retries,
                max_retries=0 if row.parent_batch_id is not None else each.retries,
                parent_batch_id=row.parent_batch_id,
            )
            for row in rows
        ]
    return claims


def _leads_to(db: Connection, of: Any, business: Business) -> bool:
    """Tell whether a run was confirmed for this business; one that names none is bound to it."""
    if of.business_id is None:
        db.execute(
            _BIND, {"run": of.id, "url": business.base_url, "business": business.business_id}
        )
        return True
    return Business(of.base_url, of.business_id) == business


def _waiting(db: Connection, run_id: str, most: int, size: int, now: datetime) -> list[Row[Any]]:
    """Return batches to claim, made now if need be; of a sendout that needs a pilot, only one."""
    wanted = {"run": run_id, "most": most, "now": now}
    found = db.execute(_WAITING, wanted).all()
    if len(found) < most and _make_batches(db, run_id, size):
        found = db.execute(_WAITING, wanted).all()
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
    """Give the next entries of a run their batches, ``size`` entries each at the most.

    Tells whether there were any. The pilot of a new version is one entry, alone.
    """
    room = _BATCHES_AHEAD
    made = False
    for row in db.execute(_UNBATCHED, {"run": run_id}).all():
        first, end = row.start + row.batched, row.start + row.released
        starts = [first] if row.pilot else [*islice(range(first, end, size), room)]
        if not starts:
            break
        end = first + 1 if row.pilot else min(end, starts[-1] + size)
        db.execute(
            _INSERT_BATCH,
            [
                {
                    "run_id": run_id,
                    "sendout": row.number,
                    "start": start,
                    "size": min(start + size, end) - start,
                    "state": BatchState.WAITING,
                    "claims": 0,
                    "attempts": 0,
                    "has_unknown_attempt": False,
                    "retries": 0,
                }
                for start in starts
            ],
        )
        db.execute(_BATCHED, {"run": run_id, "of": row.number, "more": end - first})
        room -= len(starts)
        made = True
    return made


def release(db: Connection, of: Claim) -> None:
    """Put a claimed batch back of which nothing has been sent."""
    db.execute(_RELEASE, of.fence)


def release_all_but(db: Connection, connection: str, owner: str, known: set[int]) -> None:
    """Put back what a worker has claimed over a connection without knowing of it."""
    db.execute(_RELEASE_ALL_BUT, {"of": connection, "by": owner, "known": sorted(known)})
