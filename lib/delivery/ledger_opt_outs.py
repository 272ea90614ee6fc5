"""Opt-outs that rejections have reported, by business. Each function is given a transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select

# Its conflict clauses are written out for SQLite in the same words.
from sqlalchemy.dialects.postgresql import insert

from lib.delivery.ledger_tables import opt_out

# Databases limit how many values one statement may hold.
_AT_ONCE: Final = 1_000

_NOTE: Final = insert(opt_out).on_conflict_do_nothing(
    index_elements=[opt_out.c.business_id, opt_out.c.identity]
)
_of_business: Final = opt_out.c.business_id == bindparam("business")
_ALL_OF: Final = select(opt_out.c.identity).where(_of_business)
_ANY_OF: Final = _ALL_OF.where(opt_out.c.identity.in_(bindparam("people", expanding=True))).limit(1)
_COUNTS: Final = (
    select(opt_out.c.business_id, func.count().label("people"))
    .group_by(opt_out.c.business_id)
    .order_by(opt_out.c.business_id)
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
        db.execute(_NOTE, rows)


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


def forget_opt_outs(db: Connection, business_id: str) -> int:
    """Forget the opt-outs of a business; return how many there were."""
    return db.execute(_FORGET, {"business": business_id}).rowcount
