"""The send rate that workers share per connection. Each function is given a transaction.

Workers lease slots: each slot is the moment at which one request may be sent. Together, any number
of workers keep to the rate of the connection. Times are those of the ledger's `clock`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select, update

from lib.connectly import MAX_RETRY_AFTER
from lib.delivery.ledger.schema import line
from lib.delivery.ledger.upsert import insert_into

# No pause is longer than what the client reads from a response.
_LONGEST_PAUSE: Final = MAX_RETRY_AFTER

# Slots are not leased further ahead: a later next slot dates from before a clock was set back.
_MAX_AHEAD: Final = timedelta(seconds=2)
# Requests sent before the jump still count in Connectly's window of one second.
_DELAY_AFTER_JUMP: Final = timedelta(seconds=1)
# After a silence of this length, slots are twice as far apart for as long: the first requests open
# connections, and later ones would catch up with them.
_SLOW_START: Final = timedelta(seconds=0.5)

_OF_CONNECTION: Final = line.c.connection == bindparam("connection_name")
_LINE: Final = select(line).where(_OF_CONNECTION)
_LEASE: Final = (
    update(line)
    .where(_OF_CONNECTION)
    .values(next_slot=bindparam("new_next_slot"), slow_until=bindparam("new_slow_until"))
)
_PAUSE: Final = (
    update(line).where(_OF_CONNECTION).values(paused_until=bindparam("new_paused_until"))
)
_SET_MAX_ENTRIES: Final = (
    update(line).where(_OF_CONNECTION).values(max_entries=bindparam("new_max_entries"))
)


@dataclass(frozen=True)
class SlotLease:
    """Evenly spaced slots for one request each: ``number`` of them, the first in ``first`` seconds.

    ``spacing`` is in seconds. During a pause, which ends in ``pause`` seconds, there are none.
    """

    first: float
    spacing: float
    number: int
    pause: float


def lease_slots(
    db: Connection, connection: str, number: int, *, rate: float, now: datetime
) -> SlotLease:
    """Lease the next free slots of a connection. Unused slots of the past are forfeited."""
    row = _line_of(db, connection, now)
    if pause := _pause_left(row, now):
        return SlotLease(0.0, 0.0, 0, pause)
    slow_until = row.slow_until
    jumped = row.next_slot > now + _MAX_AHEAD
    first = now + _DELAY_AFTER_JUMP if jumped else max(now, row.next_slot)
    if slow_until is None or row.next_slot < now - _SLOW_START:
        slow_until = first + _SLOW_START
    is_slow = first < slow_until <= first + _SLOW_START
    spacing = timedelta(seconds=(2.0 if is_slow else 1.0) / rate)
    db.execute(
        _LEASE,
        {
            "connection_name": connection,
            "new_next_slot": first + number * spacing,
            "new_slow_until": slow_until,
        },
    )
    return SlotLease((first - now).total_seconds(), spacing.total_seconds(), number, 0.0)


def pause_line(db: Connection, connection: str, seconds: float, now: datetime) -> None:
    """Pause all workers of a connection for some seconds; a longer pause stays in effect."""
    row = _line_of(db, connection, now)
    pause = max(min(seconds, _LONGEST_PAUSE), _pause_left(row, now))
    db.execute(
        _PAUSE, {"connection_name": connection, "new_paused_until": now + timedelta(seconds=pause)}
    )


def max_entries(db: Connection, connection: str, now: datetime) -> int | None:
    """Return the largest number of entries of a request, or None if no limit is known."""
    found: int | None = _line_of(db, connection, now).max_entries
    return found


def lower_max_entries(db: Connection, connection: str, limit: int, now: datetime) -> None:
    """Lower the largest number of entries of a request of this connection."""
    known = max_entries(db, connection, now)
    if known is None or limit < known:
        db.execute(_SET_MAX_ENTRIES, {"connection_name": connection, "new_max_entries": limit})


def raise_max_entries(db: Connection, connection: str, size: int, now: datetime) -> None:
    """Raise the largest number of entries by a hundredth after a request of that size passed.

    Few large rows may have lowered it for all others.
    """
    if max_entries(db, connection, now) == size:
        new = size + max(size // 100, 1)
        db.execute(_SET_MAX_ENTRIES, {"connection_name": connection, "new_max_entries": new})


def _pause_left(row: Row[Any], now: datetime) -> float:
    """Return the seconds until the pause of a connection ends, or 0.

    A pause longer than `_LONGEST_PAUSE` dates from before a clock was set back, and is ignored.
    """
    if row.paused_until is None:
        return 0.0
    seconds = float((row.paused_until - now).total_seconds())
    return seconds if 0 < seconds <= _LONGEST_PAUSE else 0.0


def _line_of(db: Connection, connection: str, now: datetime) -> Row[Any]:
    row = db.execute(_LINE, {"connection_name": connection}).one_or_none()
    if row is None:
        silent_since = now - 2 * _SLOW_START
        insert = insert_into(line, db.dialect.name).on_conflict_do_nothing(
            index_elements=[line.c.connection]
        )
        db.execute(insert, {"connection": connection, "next_slot": silent_since})
        row = db.execute(_LINE, {"connection_name": connection}).one()
    return row
