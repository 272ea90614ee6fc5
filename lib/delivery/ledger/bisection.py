"""Go on with a batch as two halves, and believe what they show only if it adds up.

Each function is given a transaction. A batch whose answer says that some of its rows were taken,
but not which, is the root of its parts. Their outcomes count once all are in, and only if the
totals are those of the root's own answer; else every row of it stays in doubt.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Boolean, Connection, and_, bindparam, case, insert, select, update

from lib.delivery.ledger.counters import CounterDelta, apply_deltas
from lib.delivery.ledger.schema import batch
from lib.delivery.states import PART_REJECTED, BatchState, Outcome

OWNED_BY_ME: Final = and_(
    batch.c.id == bindparam("batch"),
    batch.c.owner == bindparam("by"),
    batch.c.claims == bindparam("claim"),
)
"""A batch under one claim: whoever holds an earlier one changes nothing any more."""

_in_hand: Final = and_(OWNED_BY_ME, batch.c.state.in_([BatchState.CLAIMED, BatchState.SENDING]))
_HALVE: Final = (
    update(batch)
    .where(_in_hand, batch.c.size > 1)
    .values(
        size=bindparam("half"),
        state=BatchState.WAITING,
        owner=None,
        has_unknown_attempt=bindparam("is"),
    )
)
_HALF: Final = select(batch).where(batch.c.id == bindparam("batch"))
_INSERT: Final = insert(batch)
_MAKE_ROOT: Final = (
    update(batch)
    .where(_in_hand, batch.c.parent_batch_id.is_(None))
    .values(
        parent_batch_id=batch.c.id,
        said_accepted=bindparam("accepted"),
        said_rejected=bindparam("rejected"),
        pinned_version=bindparam("version"),
    )
)
_PARTS: Final = select(batch).where(batch.c.parent_batch_id == bindparam("whole"))
_ADDS_UP: Final = bindparam("adds_up", type_=Boolean)
_SETTLE: Final = (
    update(batch)
    .where(batch.c.parent_batch_id == bindparam("whole"))
    .values(
        settled_at=bindparam("now"),
        owner=None,
        state=case((_ADDS_UP, batch.c.state), else_=BatchState.MIXED),
        error_code=case((_ADDS_UP, batch.c.error_code), else_=PART_REJECTED),
    )
)
_OPEN_ROOTS: Final = (
    select(batch.c.parent_batch_id)
    .where(
        batch.c.run_id == bindparam("run"),
        batch.c.parent_batch_id.is_not(None),
        batch.c.settled_at.is_(None),
    )
    .distinct()
)
_UNSETTLED: Final = frozenset({BatchState.WAITING, BatchState.CLAIMED, BatchState.SENDING})


def split(
    db: Connection, fence: Mapping[str, object], size: int, *, has_unknown_attempt: bool
) -> bool:
    """Put a batch of several entries back in line as two; tell whether it still was the owner's.

    ``fence`` names the batch, its owner and the claim.
    """
    first = (size + 1) // 2
    if db.execute(_HALVE, {**fence, "half": first, "is": has_unknown_attempt}).rowcount == 0:
        return False
    row = db.execute(_HALF, {"batch": fence["batch"]}).one()
    own = {"id", "start", "size", "claims", "attempts", "said_accepted", "said_rejected"}
    second = {each.key: getattr(row, each.key) for each in batch.c if each.key not in own}
    second |= {"start": row.start + first, "size": size - first, "claims": 0, "attempts": 0}
    db.execute(_INSERT, second)
    return True


def mark_parent(
    db: Connection,
    fence: Mapping[str, object],
    *,
    accepted: int,
    rejected: int,
    version: str | None,
) -> None:
    """Note what the first answer about a batch said; its parts have to add up to that."""
    said = {"accepted": accepted, "rejected": rejected, "version": version}
    db.execute(_MAKE_ROOT, {**fence, **said})


def finish_split(db: Connection, parent_batch_id: int, now: datetime) -> None:
    """Settle the rows of a root once all its parts have an outcome."""
    parts = db.execute(_PARTS, {"whole": parent_batch_id}).all()
    if any(part.state in _UNSETTLED for part in parts):
        return
    whole = next(part for part in parts if part.id == parent_batch_id)
    sizes: Counter[str] = Counter()
    for part in parts:
        sizes[part.state] += part.size
    said = Counter(accepted=whole.said_accepted, rejected=whole.said_rejected)
    _settle(db, parent_batch_id, adds_up=sizes == said, now=now)


def abandon_splits(db: Connection, run_id: str, now: datetime) -> None:
    """Leave all rows in doubt whose batch is still being taken apart."""
    for parent_batch_id in db.execute(_OPEN_ROOTS, {"run": run_id}).scalars().all():
        _settle(db, parent_batch_id, adds_up=False, now=now)


def _settle(db: Connection, parent_batch_id: int, *, adds_up: bool, now: datetime) -> None:
    db.execute(_SETTLE, {"whole": parent_batch_id, "adds_up": adds_up, "now": now})
    apply_deltas(
        db,
        [
            CounterDelta(
                part.run_id,
                part.sendout,
                Outcome(part.state) if adds_up else Outcome.UNKNOWN,
                part.error_code,
                part.size,
            )
            for part in db.execute(_PARTS, {"whole": parent_batch_id}).all()
        ],
        now,
    )
