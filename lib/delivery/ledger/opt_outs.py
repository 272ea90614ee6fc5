"""Opt-outs reported by rejections, by business. Each function is given a transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, select

from lib.delivery.ledger.schema import batch, opt_out, run, tally
from lib.delivery.ledger.upsert import insert_into
from lib.delivery.states import OPT_OUT_CODES, BatchState, Outcome

# Databases limit how many values one statement may hold.
_AT_ONCE: Final = 1_000

_OF_BUSINESS: Final = opt_out.c.business_id == bindparam("business")
_IDENTITIES: Final = select(opt_out.c.identity).where(_OF_BUSINESS)
_ANY_OPTED_OUT: Final = _IDENTITIES.where(
    opt_out.c.identity.in_(bindparam("identities", expanding=True))
).limit(1)
_COUNTS: Final = (
    select(opt_out.c.business_id, func.count().label("people"))
    .group_by(opt_out.c.business_id)
    .order_by(opt_out.c.business_id)
)
# Runs of releases that did not store opt-outs name no business. The tally finds the few of them
# that have any, without reading the batches of all runs.
_RUNS_WITHOUT_BUSINESS: Final = (
    select(run.c.id, run.c.plan_id, run.c.connection)
    .join(tally, tally.c.run_id == run.c.id)
    .where(
        run.c.business_id.is_(None),
        tally.c.outcome == Outcome.REJECTED,
        tally.c.error_code.in_(OPT_OUT_CODES),
    )
    .distinct()
)
_REPORTED_STARTS: Final = select(batch.c.start).where(
    batch.c.run_id == bindparam("run"),
    batch.c.state == BatchState.REJECTED,
    batch.c.size == 1,
    batch.c.error_code.in_(OPT_OUT_CODES),
)
_DELETE: Final = delete(opt_out).where(_OF_BUSINESS)


def note_opt_outs(
    db: Connection, business_id: str, identities: Iterable[int], now: datetime
) -> None:
    """Store that these people have opted out of a business."""
    rows = [
        {"business_id": business_id, "identity": each, "learned_at": now} for each in identities
    ]
    if rows:
        key = [opt_out.c.business_id, opt_out.c.identity]
        insert = insert_into(opt_out, db.dialect.name)
        db.execute(insert.on_conflict_do_nothing(index_elements=key), rows)


def any_opted_out(db: Connection, business_id: str, identities: Sequence[int]) -> bool:
    """Return whether any of these people has opted out of a business."""
    return any(
        db.execute(_ANY_OPTED_OUT, {"business": business_id, "identities": people}).first()
        is not None
        for start in range(0, len(identities), _AT_ONCE)
        if (people := identities[start : start + _AT_ONCE])
    )


def opted_out_of(db: Connection, business_id: str) -> list[int]:
    """Return the identities of the people who have opted out of a business."""
    return [int(each) for each in db.execute(_IDENTITIES, {"business": business_id}).scalars()]


def opt_outs_by_business(db: Connection) -> dict[str, int]:
    """Return the number of people who have opted out of each business."""
    return {row.business_id: int(row.people) for row in db.execute(_COUNTS)}


def unnoted_runs(db: Connection) -> Sequence[Row[Any, Any, Any]]:
    """Return runs (id, plan_id, connection) whose reported opt-outs are not stored."""
    return db.execute(_RUNS_WITHOUT_BUSINESS).all()


def reported_positions(db: Connection, run_id: str) -> list[int]:
    """Return the positions in a run's plan of the people reported as opted out."""
    return [int(each) for each in db.execute(_REPORTED_STARTS, {"run": run_id}).scalars()]


def forget_opt_outs(db: Connection, business_id: str) -> int:
    """Delete the opt-outs of a business; return how many there were."""
    return db.execute(_DELETE, {"business": business_id}).rowcount
