"""Read and judge what is in doubt in the ledger. Each function is given a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from lib.delivery.ledger.counters import CounterDelta, apply_deltas, remove_unknown
from lib.delivery.ledger.runs import reopen
from lib.delivery.ledger.schema import batch, judgement
from lib.delivery.states import MARKED_SENT, BatchState, Outcome, ResolutionChoice

_IN_DOUBT: Final = batch.c.state.in_([BatchState.UNKNOWN, BatchState.MIXED])
_OF_RUN: Final = batch.c.run_id == bindparam("run")
_WANTED: Final = batch.c.id.in_(bindparam("wanted", expanding=True))
_COUNT: Final = select(func.count()).select_from(batch).where(_OF_RUN, _IN_DOUBT)
_PAGE: Final = (
    select(batch)
    .where(_OF_RUN, _IN_DOUBT)
    .order_by(batch.c.start)
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
_ALL: Final = select(batch).where(_OF_RUN, _IN_DOUBT)
_SOME: Final = _ALL.where(_WANTED)
_JUDGEMENTS: Final = (
    select(judgement)
    .where(judgement.c.batch_id.in_(bindparam("wanted", expanding=True)))
    .order_by(judgement.c.at, judgement.c.id)
)
_INSERT: Final = insert(judgement)
_THIS: Final = batch.c.id == bindparam("which")
_REPEAT: Final = (
    update(batch)
    .where(_THIS)
    .values(
        state=BatchState.WAITING,
        # Some of a mixed batch were accepted: as with an unknown one, a later rejection of all of
        # it proves nothing about them.
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
    .where(_THIS)
    .values(state=BatchState.ACCEPTED, error_code=MARKED_SENT, settled_at=bindparam("now"))
)


@dataclass(frozen=True)
class Resolution:
    """What a person has decided of a batch in doubt."""

    verdict: ResolutionChoice
    person: str
    at: datetime


def count_unknown_batches(db: Connection, run_id: str) -> int:
    """Return how many batches of a run are in doubt."""
    return int(db.execute(_COUNT, {"run": run_id}).scalar_one())


def unknown_batches(db: Connection, run_id: str, most: int, skip: int) -> Sequence[Row[Any]]:
    """Return a page of a run's batches in doubt, by position."""
    return db.execute(_PAGE, {"run": run_id, "most": most, "skip": skip}).all()


def resolutions(db: Connection, batch_ids: Sequence[int]) -> dict[int, list[Resolution]]:
    """Return what has been decided of each of these batches, in order of time."""
    found: dict[int, list[Resolution]] = {}
    for row in db.execute(_JUDGEMENTS, {"wanted": list(batch_ids)}):
        judged = Resolution(ResolutionChoice(row.verdict), row.person, row.at)
        found.setdefault(row.batch_id, []).append(judged)
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
    """Do with a run's batches in doubt as a person has decided; return how many rows that were.

    ``batch_ids`` None means all of them. Others than those in doubt are passed over. A finished
    run goes on where something is repeated.
    """
    found = (
        db.execute(_ALL, {"run": run_id}).all()
        if batch_ids is None
        else db.execute(_SOME, {"run": run_id, "wanted": list(batch_ids)}).all()
    )
    if not found:
        return 0
    db.execute(
        _INSERT,
        [{"batch_id": each.id, "verdict": verdict, "person": person, "at": now} for each in found],
    )
    if verdict is ResolutionChoice.REPEAT:
        remove_unknown(db, found)
        db.execute(_REPEAT, [{"which": each.id} for each in found])
        reopen(db, run_id)
    elif verdict is ResolutionChoice.SENT:
        remove_unknown(db, found)
        db.execute(_MARK_SENT, [{"which": each.id, "now": now} for each in found])
        settled = [
            CounterDelta(run_id, each.sendout, Outcome.ACCEPTED, None, each.size) for each in found
        ]
        apply_deltas(db, settled, now)
    return sum(each.size for each in found)
