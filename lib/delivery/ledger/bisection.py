"""Split batches in two. Each function is given a transaction.

A batch whose answer rejects some rows without naming them becomes the parent of its parts, which
are sent again. The outcomes of the parts count once all of them are settled, and only if their
totals match the counts of the parent's answer. Otherwise the outcome of every row is unknown.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Boolean, Connection, and_, bindparam, case, insert, select, update

from lib.delivery.ledger.counters import CounterDelta, apply_deltas
from lib.delivery.ledger.schema import batch
from lib.delivery.states import PART_REJECTED, BatchState, Outcome

HAS_CLAIM: Final = and_(
    batch.c.id == bindparam("batch"),
    batch.c.owner == bindparam("worker_id"),
    batch.c.claims == bindparam("claim"),
)
"""A batch under one claim. A statement with an earlier claim changes nothing."""

IS_CLAIMED: Final = and_(HAS_CLAIM, batch.c.state.in_([BatchState.CLAIMED, BatchState.SENDING]))
"""A batch under one claim that has no result yet."""

_SHRINK: Final = (
    update(batch)
    .where(IS_CLAIMED, batch.c.size > 1)
    .values(
        size=bindparam("first_size"),
        state=BatchState.WAITING,
        owner=None,
        has_unknown_attempt=bindparam("new_has_unknown_attempt"),
    )
)
_BATCH: Final = select(batch).where(batch.c.id == bindparam("batch"))
_INSERT: Final = insert(batch)
_MARK_PARENT: Final = (
    update(batch)
    .where(IS_CLAIMED, batch.c.parent_batch_id.is_(None))
    .values(
        parent_batch_id=batch.c.id,
        said_accepted=bindparam("counted_accepted"),
        said_rejected=bindparam("counted_rejected"),
        pinned_version=bindparam("new_version"),
    )
)
_PARTS: Final = select(batch).where(batch.c.parent_batch_id == bindparam("parent"))
_MATCHES_PARENT: Final = bindparam("matches_parent", type_=Boolean)
_SETTLE: Final = (
    update(batch)
    .where(batch.c.parent_batch_id == bindparam("parent"))
    .values(
        settled_at=bindparam("now"),
        owner=None,
        state=case((_MATCHES_PARENT, batch.c.state), else_=BatchState.MIXED),
        error_code=case((_MATCHES_PARENT, batch.c.error_code), else_=PART_REJECTED),
    )
)
_OPEN_PARENTS: Final = (
    select(batch.c.parent_batch_id)
    .where(
        batch.c.run_id == bindparam("run"),
        batch.c.parent_batch_id.is_not(None),
        batch.c.settled_at.is_(None),
    )
    .distinct()
)
UNSETTLED: Final = frozenset({BatchState.WAITING, BatchState.CLAIMED, BatchState.SENDING})
"""The states of batches without an outcome."""


def split(
    db: Connection, fence: Mapping[str, object], size: int, *, has_unknown_attempt: bool
) -> bool:
    """Put a batch of several entries back as two halves; return whether the claim is still valid.

    ``fence`` names the batch, its owner and the claim (see `Claim.fence`).
    """
    first = (size + 1) // 2
    values = {"first_size": first, "new_has_unknown_attempt": has_unknown_attempt}
    if db.execute(_SHRINK, {**fence, **values}).rowcount == 0:
        return False
    row = db.execute(_BATCH, {"batch": fence["batch"]}).one()
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
    """Record the counts of a batch's first answer, which its parts have to match."""
    answer = {
        "counted_accepted": accepted,
        "counted_rejected": rejected,
        "new_version": version,
    }
    db.execute(_MARK_PARENT, {**fence, **answer})


def finish_split(db: Connection, parent_batch_id: int, now: datetime) -> None:
    """Settle the rows of a parent batch if all its parts have an outcome."""
    parts = db.execute(_PARTS, {"parent": parent_batch_id}).all()
    if any(part.state in UNSETTLED for part in parts):
        return
    parent = next(part for part in parts if part.id == parent_batch_id)
    sizes: Counter[str] = Counter()
    for part in parts:
        sizes[part.state] += part.size
    expected = Counter(accepted=parent.said_accepted, rejected=parent.said_rejected)
    _settle(db, parent_batch_id, matches_parent=sizes == expected, now=now)


def abandon_splits(db: Connection, run_id: str, now: datetime) -> None:
    """Settle all rows of batches that are still being split, as unknown."""
    for parent_batch_id in db.execute(_OPEN_PARENTS, {"run": run_id}).scalars().all():
        _settle(db, parent_batch_id, matches_parent=False, now=now)


def _settle(db: Connection, parent_batch_id: int, *, matches_parent: bool, now: datetime) -> None:
    db.execute(_SETTLE, {"parent": parent_batch_id, "matches_parent": matches_parent, "now": now})
    apply_deltas(
        db,
        [
            CounterDelta(
                part.run_id,
                part.sendout,
                Outcome(part.state) if matches_parent else Outcome.UNKNOWN,
                part.error_code,
                part.size,
            )
            for part in db.execute(_PARTS, {"parent": parent_batch_id}).all()
        ],
        now,
    )
