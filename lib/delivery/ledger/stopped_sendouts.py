"""Sendouts whose campaign cannot be sent: they stop, and the others of their run go on.

Each function is given a transaction.
"""

from typing import Final

from sqlalchemy import Connection, bindparam, exists, or_, select, update

from lib.delivery.ledger.runs import PUT_BACK, pause
from lib.delivery.ledger.schema import batch, sendout
from lib.delivery.states import BatchState, Reason

_STOP: Final = (
    update(sendout)
    .where(
        sendout.c.run_id == bindparam("run"),
        sendout.c.number == bindparam("sendout_number"),
        sendout.c.stopped_code.is_(None),
    )
    .values(stopped_code=bindparam("code"))
)
_RELEASE: Final = PUT_BACK.where(
    batch.c.run_id == bindparam("run"), batch.c.sendout == bindparam("sendout_number")
)
_ANY_STOPPED: Final = select(
    exists().where(
        sendout.c.run_id == bindparam("run"),
        sendout.c.stopped_code.is_not(None),
        sendout.c.waiting > 0,
    )
)
_OPEN_BATCH: Final = exists().where(
    batch.c.run_id == sendout.c.run_id,
    batch.c.sendout == sendout.c.number,
    or_(
        batch.c.state.in_([BatchState.CLAIMED, BatchState.SENDING]),
        (batch.c.state == BatchState.WAITING) & sendout.c.stopped_code.is_(None),
    ),
)
_UNBATCHED: Final = sendout.c.stopped_code.is_(None) & (sendout.c.batched < sendout.c.released)
_ANY_UNDER_WAY: Final = select(
    exists().where(sendout.c.run_id == bindparam("run"), or_(_OPEN_BATCH, _UNBATCHED))
)


def stop_sendout(db: Connection, run_id: str, number: int, code: str) -> None:
    """Send no more of a sendout until its run is resumed, because of an error code."""
    values = {"run": run_id, "sendout_number": number}
    if db.execute(_STOP, {**values, "code": code}).rowcount:
        db.execute(_RELEASE, values)


def pause_if_stopped(db: Connection, run_id: str) -> bool:
    """Pause a run in which nothing but stopped sendouts is left; return whether it was paused."""
    values = {"run": run_id}
    if not db.execute(_ANY_STOPPED, values).scalar_one():
        return False
    if db.execute(_ANY_UNDER_WAY, values).scalar_one():
        return False
    return pause(db, run_id, Reason.CAMPAIGN_STOPPED)
