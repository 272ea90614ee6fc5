"""Keep the counters of sendouts and the tally true, in the transaction that changes batches."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Executable, Row, bindparam, delete, func, select, update

from lib.delivery.ledger.schema import sendout, tally
from lib.delivery.ledger.upsert import insert_into
from lib.delivery.states import Outcome

_COUNTERS: Final = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN, Outcome.CANCELLED)

_MOVE: Final = (
    update(sendout)
    .where(sendout.c.run_id == bindparam("run"), sendout.c.number == bindparam("of"))
    .values(
        waiting=sendout.c.waiting - bindparam("size"),
        **{each.value: sendout.c[each.value] + bindparam(f"to_{each}") for each in _COUNTERS},
    )
)
_UNKNOWN_TO_WAITING: Final = (
    update(sendout)
    .where(sendout.c.run_id == bindparam("run"), sendout.c.number == bindparam("of"))
    .values(
        waiting=sendout.c.waiting + bindparam("size"), unknown=sendout.c.unknown - bindparam("size")
    )
)
_UNTALLY: Final = (
    update(tally)
    .where(
        tally.c.run_id == bindparam("run"),
        tally.c.sendout == bindparam("of"),
        tally.c.outcome == Outcome.UNKNOWN,
        tally.c.error_code == bindparam("code"),
        tally.c.minute == bindparam("then"),
    )
    .values(count=tally.c["count"] - bindparam("size"))
)
_FORGET_NONE: Final = delete(tally).where(tally.c.run_id == bindparam("run"), tally.c["count"] == 0)
_WAITING: Final = select(func.coalesce(func.sum(sendout.c.waiting), 0)).where(
    sendout.c.run_id == bindparam("run")
)


@dataclass(frozen=True)
class CounterDelta:
    """So many rows of a sendout that no longer wait, and what became of them."""

    run_id: str
    sendout: int
    outcome: Outcome
    error_code: str | None
    size: int


def apply_deltas(db: Connection, settled: Sequence[CounterDelta], now: datetime) -> None:
    """Move rows from waiting to their outcome."""
    if not settled:
        return
    db.execute(
        _MOVE,
        [
            {
                "run": each.run_id,
                "of": each.sendout,
                "size": each.size,
                **{f"to_{to}": each.size if to is each.outcome else 0 for to in _COUNTERS},
            }
            for each in settled
        ],
    )
    db.execute(
        _add_to_tally(db.dialect.name),
        [
            {
                "run_id": each.run_id,
                "sendout": each.sendout,
                "outcome": each.outcome,
                "error_code": each.error_code or "",
                "minute": _minute(now),
                "count": each.size,
            }
            for each in settled
        ],
    )


@functools.cache
def _add_to_tally(dialect: str) -> Executable:
    insert = insert_into(tally, dialect)
    return insert.on_conflict_do_update(
        index_elements=list(tally.primary_key.columns),
        set_={"count": tally.c["count"] + insert.excluded["count"]},
    )


def remove_unknown(db: Connection, batches: Sequence[Row[Any]]) -> None:
    """Let the rows of these settled batches, which are in doubt, wait again."""
    moved = [
        {
            "run": each.run_id,
            "of": each.sendout,
            "size": each.size,
            "code": each.error_code or "",
            "then": _minute(each.settled_at),
        }
        for each in batches
    ]
    db.execute(_UNKNOWN_TO_WAITING, moved)
    db.execute(_UNTALLY, moved)
    for run_id in {each.run_id for each in batches}:
        db.execute(_FORGET_NONE, {"run": run_id})


def count_waiting(db: Connection, run_id: str) -> int:
    """Return how many rows of a run have no outcome yet."""
    return int(db.execute(_WAITING, {"run": run_id}).scalar_one())


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
