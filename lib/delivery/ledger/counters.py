"""Counters of sendouts and the tally. Each function is given the transaction of the batches."""

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

_SETTLE: Final = (
    update(sendout)
    .where(sendout.c.run_id == bindparam("run"), sendout.c.number == bindparam("sendout_number"))
    .values(
        waiting=sendout.c.waiting - bindparam("row_count"),
        **{each.value: sendout.c[each.value] + bindparam(f"added_{each}") for each in _COUNTERS},
    )
)
_UNKNOWN_TO_WAITING: Final = (
    update(sendout)
    .where(sendout.c.run_id == bindparam("run"), sendout.c.number == bindparam("sendout_number"))
    .values(
        waiting=sendout.c.waiting + bindparam("row_count"),
        unknown=sendout.c.unknown - bindparam("row_count"),
    )
)
_SUBTRACT_FROM_TALLY: Final = (
    update(tally)
    .where(
        tally.c.run_id == bindparam("run"),
        tally.c.sendout == bindparam("sendout_number"),
        tally.c.outcome == Outcome.UNKNOWN,
        tally.c.error_code == bindparam("tallied_code"),
        tally.c.minute == bindparam("tallied_minute"),
    )
    .values(count=tally.c["count"] - bindparam("row_count"))
)
_DELETE_EMPTY: Final = delete(tally).where(
    tally.c.run_id == bindparam("run"), tally.c["count"] == 0
)
_WAITING: Final = select(func.coalesce(func.sum(sendout.c.waiting), 0)).where(
    sendout.c.run_id == bindparam("run")
)


@dataclass(frozen=True)
class CounterDelta:
    """Counter increment for the settled rows of a sendout."""

    run_id: str
    sendout: int
    outcome: Outcome
    error_code: str | None
    size: int


def apply_deltas(db: Connection, settled: Sequence[CounterDelta], now: datetime) -> None:
    """Move the counts of settled rows from waiting to their outcome."""
    if not settled:
        return
    db.execute(
        _SETTLE,
        [
            {
                "run": each.run_id,
                "sendout_number": each.sendout,
                "row_count": each.size,
                **{f"added_{name}": each.size if name is each.outcome else 0 for name in _COUNTERS},
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
    """Move the counts of settled batches from unknown back to waiting."""
    moved = [
        {
            "run": each.run_id,
            "sendout_number": each.sendout,
            "row_count": each.size,
            "tallied_code": each.error_code or "",
            "tallied_minute": _minute(each.settled_at),
        }
        for each in batches
    ]
    db.execute(_UNKNOWN_TO_WAITING, moved)
    db.execute(_SUBTRACT_FROM_TALLY, moved)
    for run_id in {each.run_id for each in batches}:
        db.execute(_DELETE_EMPTY, {"run": run_id})


def count_waiting(db: Connection, run_id: str) -> int:
    """Return the number of rows of a run without an outcome."""
    return int(db.execute(_WAITING, {"run": run_id}).scalar_one())


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
