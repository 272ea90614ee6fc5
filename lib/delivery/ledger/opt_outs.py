"""Opt-outs that rejections have reported, by business. Each function is given a transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, select

from lib.delivery.ledger.schema import batch, opt_out, run, tally
from lib.delivery.ledger.upsert import insert_into
from lib.delivery.states import OPT_OUT_CODES, BatchState, Outcome

# Databases limit how many values one statement may hold.
_AT_ONCE: Final = 1_000

_of_business: Final = opt_out.c.business_id == bindparam("business")
_ALL_OF: Final = select(opt_out.c.identity).where(_of_business)
_ANY_OF: Final = _ALL_OF.where(opt_out.c.identity.in_(bindparam("people", expanding=True))).limit(1)
_COUNTS: Final = (
    select(opt_out.c.business_id, func.count().label("people"))
    .group_by(opt_out.c.business_id)
    .order_by(opt_out.c.business_id)
)
# Runs of releases that did not note opt-outs name no business. The tally finds those few of them
# that have any, without reading the batches of all.
_UNNOTED_RUNS: Final = (
    select(run.c.id, run.c.plan_id, run.c.connection)
    .join(tally, tally.c.run_id == run.c.id)
    .where(
        run.c.business_id.is_(None),
        tally.c.outcome == Outcome.REJECTED,
        tally.c.error_code.in_(OPT_OUT_CODES),
    )
    .distinct()
)
_REPORTED: Final = select(batch.c.start).where(
    batch.c.run_id == bindparam("run"),
    batch.c.state == BatchState.REJECTED,
    batch.c.size == 1,
    batch.c.error_code.in_(OPT_OUT_CODES),
)
_FORGET: Final = delete(opt_out).where(_of_business)


def note_opt_outs(
    db: Connection, business_id: str, identities: Iterable[int], now: datetime
) -> None:
    """Remember that these people do not want messages of a business."""
    rows = [
        {"business_id": business_id, "identity": each, "learned_at": now} for each in identities
    ]
    if rows:
        key = [opt_out.c.business_id, opt_out.c.identity]
        insert = insert_into(opt_out, db.dialect.name)
        db.execute(insert.on_conflict_do_nothing(index_elements=key), rows)


def any_opted_out(db: Connection, business_id: str, identities: Sequence[int]) -> bool:
    """Tell whether any of these people does not want messages of a business."""
    return any(
        db.execute(_ANY_OF, {"business": business_id, "people": people}).first() is not None
        for start in range(0, len(identities), _AT_ONCE)
        if (people := identities[start : start + _AT_ONCE])
    )


def opted_out_of(db: Connection, business_id: str) -> list[int]:
    """Return the identities of the people who do not want messages of a business."""
    return [int(each) for each in db.execute(_ALL_OF, {"business": business_id}).scalars()]


def opt_outs_by_business(db: Connection) -> dict[str, int]:
    """Return how many people have opted out of each business."""
    return {row.business_id: int(row.people) for row in db.execute(_COUNTS)}


def unnoted_runs(db: Connection) -> Sequence[Row[Any, Any, Any]]:
    """Return runs (id, plan_id, connection) whose reported opt-outs nobody has noted."""
    return db.execute(_UNNOTED_RUNS).all()


def reported_positions(db: Connection, run_id: str) -> list[int]:
    """Return the positions in a run's plan of the people reported as opted out."""
    return [int(each) for each in db.execute(_REPORTED, {"run": run_id}).scalars()]


def forget_opt_outs(db: Connection, business_id: str) -> int:
    """Forget the opt-outs of a business; return how many there were."""
    return db.execute(_FORGET, {"business": business_id}).rowcount
