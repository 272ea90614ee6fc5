"""Batches whose outcome is unknown, and decisions on them. Each function is given a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, case, func, insert, select, update

from lib.delivery.ledger.bisection import finish_split
from lib.delivery.ledger.counters import CounterDelta, apply_deltas, remove_unknown
from lib.delivery.ledger.runs import reopen
from lib.delivery.ledger.schema import Moment, batch, judgement
from lib.delivery.states import MARKED_SENT, BatchState, Outcome, ResolutionChoice

_IS_UNKNOWN: Final = batch.c.state.in_([BatchState.UNKNOWN, BatchState.MIXED])
_OF_RUN: Final = batch.c.run_id == bindparam("run")
_IS_CHOSEN: Final = batch.c.id.in_(bindparam("batch_ids", expanding=True))
_COUNT: Final = select(func.count()).select_from(batch).where(_OF_RUN, _IS_UNKNOWN)
_PAGE: Final = (
    select(batch)
    .where(_OF_RUN, _IS_UNKNOWN)
    .order_by(batch.c.start)
    .limit(bindparam("max_batches"))
    .offset(bindparam("skipped"))
)
_ALL: Final = select(batch).where(_OF_RUN, _IS_UNKNOWN)
_SOME: Final = _ALL.where(_IS_CHOSEN)
_JUDGEMENTS: Final = (
    select(judgement)
    .where(judgement.c.batch_id.in_(bindparam("batch_ids", expanding=True)))
    .order_by(judgement.c.at, judgement.c.id)
)
_INSERT: Final = insert(judgement)
_IS_BATCH: Final = batch.c.id == bindparam("batch")
_REPEAT: Final = (
    update(batch)
    .where(_IS_BATCH)
    .values(
        state=BatchState.WAITING,
        # Some rows of a mixed batch were accepted: as for an unknown batch, a later rejection does
        # not prove that none was.
        has_unknown_attempt=True,
        error_code=None,
        settled_at=None,
        parent_batch_id=None,
        said_accepted=None,
        said_rejected=None,
    )
)
_MARK_SENT: Final = (
    update(batch)
    .where(_IS_BATCH)
    .values(state=BatchState.ACCEPTED, error_code=MARKED_SENT, settled_at=bindparam("now"))
)


_SETTLE_AS_UNKNOWN: Final = (
    update(batch)
    .where(_IS_BATCH)
    .values(
        state=BatchState.UNKNOWN,
        owner=None,
        has_unknown_attempt=True,
        error_code=bindparam("code"),
        settled_at=case((batch.c.parent_batch_id.is_(None), bindparam("now", type_=Moment()))),
    )
)


@dataclass(frozen=True)
class Resolution:
    """A person's decision on a batch whose outcome is unknown."""

    verdict: ResolutionChoice
    person: str
    at: datetime


def settle_as_unknown(db: Connection, rows: Sequence[Row[Any]], code: str, now: datetime) -> None:
    """Settle unsettled batches as unknown, because they may have been sent.

    ``rows`` have id, run_id, sendout, size and parent_batch_id.
    """
    if not rows:
        return
    db.execute(_SETTLE_AS_UNKNOWN, [{"batch": row.id, "code": code, "now": now} for row in rows])
    settled = [
        CounterDelta(row.run_id, row.sendout, Outcome.UNKNOWN, code, row.size)
        for row in rows
        if row.parent_batch_id is None
    ]
    apply_deltas(db, settled, now)
    for parent_batch_id in {row.parent_batch_id for row in rows} - {None}:
        finish_split(db, parent_batch_id, now)


def count_unknown_batches(db: Connection, run_id: str) -> int:
    """Return the number of batches of a run whose outcome is unknown."""
    return int(db.execute(_COUNT, {"run": run_id}).scalar_one())


def unknown_batches(db: Connection, run_id: str, limit: int, offset: int) -> Sequence[Row[Any]]:
    """Return a page of a run's batches whose outcome is unknown, by position."""
    return db.execute(_PAGE, {"run": run_id, "max_batches": limit, "skipped": offset}).all()


def resolutions(db: Connection, batch_ids: Sequence[int]) -> dict[int, list[Resolution]]:
    """Return the decisions on each of these batches, in order of time."""
    found: dict[int, list[Resolution]] = {}
    for row in db.execute(_JUDGEMENTS, {"batch_ids": list(batch_ids)}):
        decision = Resolution(ResolutionChoice(row.verdict), row.person, row.at)
        found.setdefault(row.batch_id, []).append(decision)
    return found


def resolve(
    db: Connection,
    run_id: str,
    verdict: ResolutionChoice,
    *,
    batch_ids: Sequence[int] | None,
    person: str,
    now: datetime,
) -> int:
    """Apply a person's decision to a run's batches with an unknown outcome; return their rows.

    ``batch_ids`` is None for all of them. Batches with a known outcome are skipped. A finished run
    is reopened if batches are repeated.
    """
    found = (
        db.execute(_ALL, {"run": run_id}).all()
        if batch_ids is None
        else db.execute(_SOME, {"run": run_id, "batch_ids": list(batch_ids)}).all()
    )
    if not found:
        return 0
    db.execute(
        _INSERT,
        [{"batch_id": each.id, "verdict": verdict, "person": person, "at": now} for each in found],
    )
    if verdict is ResolutionChoice.REPEAT:
        remove_unknown(db, found)
        db.execute(_REPEAT, [{"batch": each.id} for each in found])
        reopen(db, run_id)
    elif verdict is ResolutionChoice.SENT:
        remove_unknown(db, found)
        db.execute(_MARK_SENT, [{"batch": each.id, "now": now} for each in found])
        settled = [
            CounterDelta(run_id, each.sendout, Outcome.ACCEPTED, None, each.size) for each in found
        ]
        apply_deltas(db, settled, now)
    return sum(each.size for each in found)
