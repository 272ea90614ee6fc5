"""Share one pace among all who send over a connection. Each function is given a transaction.

The ledger deals slots, the moments at which one request may leave, so that any number of workers
together keep to the rate of the connection. Times are those of the ledger's `clock`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select, update

from lib.delivery.ledger.schema import line
from lib.delivery.ledger.upsert import insert_into

LONGEST_PAUSE: Final = 300.0
"""Longest pause that a server may ask for, in seconds; a longer one is cut short."""

# No slots are dealt further ahead than this: whoever is, comes from before a clock was set back.
_FURTHEST: Final = timedelta(seconds=2)
# What was sent just before still counts in the other side's window of one second.
_AFTER_A_JUMP: Final = timedelta(seconds=1)

# For so long after a silence of as long, slots lie twice as far apart: the first requests open
# connections, which takes them so much longer that later ones would catch up with them.
_SLOW_START: Final = timedelta(seconds=0.5)

_OF: Final = line.c.connection == bindparam("of")
_LINE: Final = select(line).where(_OF)
_DEAL: Final = (
    update(line).where(_OF).values(next_slot=bindparam("next"), slow_until=bindparam("slow"))
)
_PAUSE: Final = update(line).where(_OF).values(paused_until=bindparam("until"))
_LEARN: Final = update(line).where(_OF).values(max_entries=bindparam("most"))


@dataclass(frozen=True)
class SlotLease:
    """Evenly spaced moments, one request each: ``number`` of them, the first after ``first`` s.

    None are dealt during a pause, which ends in ``pause`` seconds.
    """

    first: float
    spacing: float
    number: int
    pause: float


def lease_slots(
    db: Connection, connection: str, number: int, *, rate: float, now: datetime
) -> SlotLease:
    """Deal the next free slots of a connection; unused time is never made up for."""
    row = _line(db, connection, now)
    if pause := _pause_left(row, now):
        return SlotLease(0.0, 0.0, 0, pause)
    slow_until = row.slow_until
    jumped = row.next_slot > now + _FURTHEST
    first = now + _AFTER_A_JUMP if jumped else max(now, row.next_slot)
    if slow_until is None or row.next_slot < now - _SLOW_START:
        slow_until = first + _SLOW_START
    is_slow = first < slow_until <= first + _SLOW_START
    spacing = timedelta(seconds=(2.0 if is_slow else 1.0) / rate)
    db.execute(_DEAL, {"of": connection, "next": first + number * spacing, "slow": slow_until})
    return SlotLease((first - now).total_seconds(), spacing.total_seconds(), number, 0.0)


def pause_line(db: Connection, connection: str, seconds: float, now: datetime) -> None:
    """Let nothing leave over a connection for so long, whoever sends; a longer pause stands."""
    row = _line(db, connection, now)
    pause = max(
        min(seconds, timedelta(seconds=LONGEST_PAUSE).total_seconds()), _pause_left(row, now)
    )
    db.execute(_PAUSE, {"of": connection, "until": now + timedelta(seconds=pause)})


def max_entries(db: Connection, connection: str, now: datetime) -> int | None:
    """Return how many entries a request has been found to hold at the most, if that is known."""
    found: int | None = _line(db, connection, now).max_entries
    return found


def lower_max_entries(db: Connection, connection: str, most: int, now: datetime) -> None:
    """Remember that no request of this connection may hold more entries than these."""
    known = max_entries(db, connection, now)
    if known is None or most < known:
        db.execute(_LEARN, {"of": connection, "most": most})


def _pause_left(row: Row[Any], now: datetime) -> float:
    """Return the seconds until something may leave; a pause longer than any asked for is none.

    Such a one was asked for before a clock was set back.
    """
    if row.paused_until is None or not now < row.paused_until <= now + timedelta(
        seconds=LONGEST_PAUSE
    ):
        return 0.0
    return float((row.paused_until - now).total_seconds())


def _line(db: Connection, connection: str, now: datetime) -> Row[Any]:
    row = db.execute(_LINE, {"of": connection}).one_or_none()
    if row is None:
        silent_since = now - 2 * _SLOW_START
        insert = insert_into(line, db.dialect.name).on_conflict_do_nothing(
            index_elements=[line.c.connection]
        )
        db.execute(insert, {"connection": connection, "next_slot": silent_since})
        row = db.execute(_LINE, {"of": connection}).one()
    return row
