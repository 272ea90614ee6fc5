"""Recognise a ledger that was restored or copied, and settle what may have been sent since.

A machine remembers how many attempts it has seen in a ledger. A ledger with fewer is an earlier
state of it: rows that still wait there may have been sent. Each function is given a transaction.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from lib.delivery.ledger.claims import insert_batches
from lib.delivery.ledger.runs import pause
from lib.delivery.ledger.schema import attempt, batch, ledger_identity, run, sendout
from lib.delivery.ledger.unknowns import settle_as_unknown
from lib.delivery.states import OVER, RESTORED, BatchState, Reason, RunState

# Batches are sent nearly in their order: as many may be in progress or claimed ahead.
_OUT_OF_ORDER: Final = 200

_IDENTITY: Final = select(ledger_identity.c.id)
_FORGET: Final = delete(ledger_identity)
_SET_IDENTITY: Final = insert(ledger_identity)
_ATTEMPTS: Final = select(func.coalesce(func.max(attempt.c.id), 0))
_UNFINISHED: Final = select(run).where(run.c.state.not_in(OVER)).order_by(run.c.created_at)
_SENDOUTS: Final = (
    select(sendout).where(sendout.c.run_id == bindparam("run")).order_by(sendout.c.number)
)
# A later wave may have been released since.
_RELEASE_BATCHED: Final = (
    update(sendout)
    .where(sendout.c.run_id == bindparam("run"), sendout.c.released < sendout.c.batched)
    .values(released=sendout.c.batched)
)
_SET_REASON: Final = (
    update(run)
    .where(run.c.id == bindparam("run"), run.c.state == RunState.PAUSED)
    .values(reason=Reason.RESTORED)
)
_NEXT: Final = (
    select(batch.c.id, batch.c.run_id, batch.c.sendout, batch.c.size, batch.c.parent_batch_id)
    .where(
        batch.c.run_id == bindparam("run"),
        batch.c.sendout == bindparam("sendout_number"),
        batch.c.state == BatchState.WAITING,
    )
    .order_by(batch.c.start)
    .limit(bindparam("max_batches"))
)


@dataclass(frozen=True)
class LedgerMark:
    """A ledger and the number of its latest attempt."""

    ledger_id: str
    attempts: int


def current_mark(db: Connection) -> LedgerMark | None:
    """Return the mark of this ledger, or None if no worker has used it yet."""
    ledger_id = db.execute(_IDENTITY).scalar_one_or_none()
    return None if ledger_id is None else LedgerMark(ledger_id, _attempts(db))


def new_identity(db: Connection) -> LedgerMark:
    """Give this ledger an identity that no other state or copy of it has."""
    db.execute(_FORGET)
    new = LedgerMark(secrets.token_hex(8), _attempts(db))
    db.execute(_SET_IDENTITY, {"id": new.ledger_id})
    return new


def _attempts(db: Connection) -> int:
    return int(db.execute(_ATTEMPTS).scalar_one())


def pause_all(db: Connection) -> int:
    """Pause all running and scheduled runs, because the ledger may be restored; return how many."""
    waiting = [row for row in db.execute(_UNFINISHED) if row.state != RunState.PAUSED]
    return sum(pause(db, row.id, Reason.RESTORED) for row in waiting)


def settle_lost_attempts(db: Connection, lost: int, now: datetime) -> int:
    """Make every row unknown that may have been sent in ``lost`` attempts since this state.

    In each sendout of each unfinished run these are the next batches. All these runs are paused.
    Returns the number of rows.
    """
    settled = 0
    for each in db.execute(_UNFINISHED).all():
        rows = [
            row
            for number in db.execute(_SENDOUTS, {"run": each.id}).all()
            for row in _next_batches(db, each, number, lost + _OUT_OF_ORDER)
        ]
        db.execute(_RELEASE_BATCHED, {"run": each.id})
        settle_as_unknown(db, rows, RESTORED, now)
        settled += sum(row.size for row in rows)
        pause(db, each.id, Reason.RESTORED)
        db.execute(_SET_REASON, {"run": each.id})
    return settled


def _next_batches(
    db: Connection, run_row: Row[Any], sendout_row: Row[Any], count: int
) -> list[Row[Any]]:
    """Return the next batches of a sendout, also those that are not released or not made yet."""
    values = {"run": run_row.id, "sendout_number": sendout_row.number, "max_batches": count}
    missing = count - len(db.execute(_NEXT, values).all())
    first = sendout_row.start + sendout_row.batched
    end = min(sendout_row.start + sendout_row.entries, first + max(missing, 0) * run_row.batch_size)
    insert_batches(db, run_row.id, sendout_row.number, range(first, end, run_row.batch_size))
    return [*db.execute(_NEXT, values)]
