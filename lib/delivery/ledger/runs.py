"""Create, pause, resume, cancel and finish runs. Each function is given a transaction.

The row of a run holds its state. Every function changes it only from the states that it expects,
and returns whether it did, so a click or a worker never reverts a decision made in between.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from lib.campaign import SendSchedule, apportion, wave_size
from lib.connections import Business
from lib.delivery.ledger.bisection import abandon_splits
from lib.delivery.ledger.counters import CounterDelta, apply_deltas, count_waiting
from lib.delivery.ledger.schema import batch, run, sendout
from lib.delivery.ledger.upsert import insert_into
from lib.delivery.states import OVER, BatchState, Outcome, Reason, RunKind, RunState

_INSERT_SENDOUT: Final = insert(sendout)
_ID_BY_TOKEN: Final = select(run.c.id).where(run.c.token == bindparam("token"))
_STATE: Final = select(run.c.state).where(run.c.id == bindparam("run"))
_RUNNING_IDS: Final = select(run.c.id).where(
    run.c.state == RunState.RUNNING, run.c.connection == bindparam("connection_name")
)
_PAUSE: Final = (
    update(run)
    .where(run.c.id == bindparam("run"), run.c.state.in_([RunState.RUNNING, RunState.SCHEDULED]))
    .values(state=RunState.PAUSED, reason=bindparam("new_reason"))
)
_RESUME: Final = (
    update(run)
    .where(run.c.id == bindparam("run"), run.c.state == RunState.PAUSED)
    .values(state=RunState.RUNNING, reason=None)
)
_START_STOPPED: Final = (
    update(sendout).where(sendout.c.run_id == bindparam("run")).values(stopped_code=None)
)
_CANCEL: Final = (
    update(run)
    .where(run.c.id == bindparam("run"), run.c.state.not_in(OVER))
    .values(state=RunState.CANCELLED, reason=None, finished_at=bindparam("now"))
)
_FINISH: Final = (
    update(run)
    .where(run.c.id == bindparam("run"), run.c.state == RunState.RUNNING)
    .values(state=RunState.FINISHED, reason=None, finished_at=bindparam("now"))
)
_REOPEN: Final = (
    update(run)
    .where(run.c.id == bindparam("run"), run.c.state == RunState.FINISHED)
    .values(state=RunState.RUNNING, reason=None, finished_at=None)
)
_SET_REASON: Final = (
    update(run)
    .where(run.c.connection == bindparam("connection_name"), run.c.state == RunState.RUNNING)
    .values(reason=bindparam("new_reason"))
)
# A claimed batch has not been sent, so it may wait again.
PUT_BACK: Final = (
    update(batch)
    .where(batch.c.state == BatchState.CLAIMED)
    .values(state=BatchState.WAITING, owner=None)
)
_RELEASE: Final = PUT_BACK.where(batch.c.run_id == bindparam("run"))
_UNSENT: Final = batch.c.state.in_([BatchState.WAITING, BatchState.CLAIMED])
_COUNT_UNSENT: Final = (
    select(batch.c.sendout, batch.c.has_unknown_attempt, func.sum(batch.c.size))
    .where(batch.c.run_id == bindparam("run"), _UNSENT)
    .group_by(batch.c.sendout, batch.c.has_unknown_attempt)
)
_CANCEL_UNSENT: Final = (
    update(batch)
    .where(batch.c.run_id == bindparam("run"), _UNSENT)
    .values(
        state=case((batch.c.has_unknown_attempt, BatchState.UNKNOWN), else_=BatchState.CANCELLED),
        owner=None,
        settled_at=bindparam("now"),
    )
)
_UNBATCHED: Final = select(sendout.c.number, sendout.c.entries - sendout.c.batched).where(
    sendout.c.run_id == bindparam("run"), sendout.c.entries > sendout.c.batched
)


@dataclass(frozen=True)
class NewSendout:
    """The entries of one campaign and version, from position ``start`` of the frozen plan."""

    number: int
    campaign_name: str
    campaign_version: str | None
    needs_version: bool
    start: int
    entries: int
    pinned_version: str | None = None


@dataclass(frozen=True)
class NewRun:
    """A confirmed plan that is inserted into the ledger."""

    id: str
    token: str
    label: str
    kind: RunKind
    connection: str
    fingerprint: str
    plan_id: str
    sheet_id: str | None
    rows: int
    held: int
    if_version_unspecified: str
    if_duplicate_check_unspecified: str
    created_at: datetime
    retry_of: str | None = None
    business: Business | None = None
    ignored_lists: frozenset[str] = frozenset()
    schedule: SendSchedule = field(default_factory=SendSchedule)


def has_token(db: Connection, token: str) -> bool:
    """Return whether there is a run with this token."""
    return db.execute(_ID_BY_TOKEN, {"token": token}).scalar_one_or_none() is not None


def insert_run(db: Connection, new: NewRun, sendouts: Sequence[NewSendout]) -> str:
    """Insert a run unless there is one with its token; return the id of the run with the token."""
    converted = {"schedule", "business", "ignored_lists"}
    row = {
        **{name: value for name, value in asdict(new).items() if name not in converted},
        **new.schedule.model_dump(),
        "base_url": new.business.base_url if new.business else None,
        "business_id": new.business.business_id if new.business else None,
        "ignored_lists": json.dumps(sorted(new.ignored_lists)) if new.ignored_lists else None,
        "state": _first_state(new),
        "wave": 1,
        "seen_answered": 0,
        "seen_refused": 0,
    }
    insert_new = insert_into(run, db.dialect.name).on_conflict_do_nothing(
        index_elements=[run.c.token]
    )
    if db.execute(insert_new.returning(run.c.id), row).scalar_one_or_none() is not None:
        first = wave_size(new.schedule, 1, sum(each.entries for each in sendouts))
        released = apportion([each.entries for each in sendouts], first, each=1)
        counters = dict.fromkeys(("batched", "accepted", "rejected", "unknown", "cancelled"), 0)
        db.execute(
            _INSERT_SENDOUT,
            [
                {
                    **asdict(each),
                    **counters,
                    "run_id": new.id,
                    "waiting": each.entries,
                    "released": share,
                }
                for each, share in zip(sendouts, released, strict=True)
            ],
        )
    return str(db.execute(_ID_BY_TOKEN, {"token": new.token}).scalar_one())


def _first_state(new: NewRun) -> RunState:
    is_scheduled = new.schedule.starts_at is not None and new.schedule.starts_at > new.created_at
    return RunState.SCHEDULED if is_scheduled else RunState.RUNNING


def state_of(db: Connection, run_id: str) -> RunState | None:
    """Return the state of a run, or None if it does not exist."""
    state = db.execute(_STATE, {"run": run_id}).scalar_one_or_none()
    return None if state is None else RunState(state)


def pause(db: Connection, run_id: str, reason: Reason | None = None) -> bool:
    """Pause a running or scheduled run and release its claimed batches; return whether it was."""
    changed = db.execute(_PAUSE, {"run": run_id, "new_reason": reason}).rowcount == 1
    if changed:
        put_back(db, run_id)
    return changed


def put_back(db: Connection, run_id: str) -> None:
    """Release the claimed batches of a run, so that no attempt of them is opened."""
    db.execute(_RELEASE, {"run": run_id})


def pause_connection(db: Connection, connection: str, reason: Reason) -> list[str]:
    """Pause every running run of a connection; return their ids."""
    run_ids = [
        str(run_id)
        for run_id in db.execute(_RUNNING_IDS, {"connection_name": connection}).scalars()
    ]
    for run_id in run_ids:
        pause(db, run_id, reason)
    return run_ids


def set_reason(db: Connection, connection: str, reason: Reason | None) -> None:
    """Set or clear the reason why the running runs of a connection do not progress."""
    db.execute(_SET_REASON, {"connection_name": connection, "new_reason": reason})


def resume(db: Connection, run_id: str) -> bool:
    """Resume a paused run, its stopped sendouts included; return whether it was paused."""
    if db.execute(_RESUME, {"run": run_id}).rowcount == 0:
        return False
    db.execute(_START_STOPPED, {"run": run_id})
    return True


def cancel(db: Connection, run_id: str, now: datetime) -> bool:
    """Cancel a run that is not over; return whether there was one.

    Waiting rows are cancelled, except that rows waiting for a repeat become unknown, because the
    first attempt may have been accepted. Requests in flight still get their outcome.
    """
    if db.execute(_CANCEL, {"run": run_id, "now": now}).rowcount == 0:
        return False
    abandon_splits(db, run_id, now)
    unsent = [
        CounterDelta(
            run_id,
            number,
            Outcome.UNKNOWN if has_unknown_attempt else Outcome.CANCELLED,
            None,
            size,
        )
        for number, has_unknown_attempt, size in db.execute(_COUNT_UNSENT, {"run": run_id})
    ]
    unsent += [
        CounterDelta(run_id, number, Outcome.CANCELLED, None, size)
        for number, size in db.execute(_UNBATCHED, {"run": run_id})
    ]
    db.execute(_CANCEL_UNSENT, {"run": run_id, "now": now})
    apply_deltas(db, unsent, now)
    return True


def finish_if_done(db: Connection, run_id: str, now: datetime) -> bool:
    """Finish a running run in which every row has an outcome; return whether it did."""
    if count_waiting(db, run_id) > 0:
        return False
    return db.execute(_FINISH, {"run": run_id, "now": now}).rowcount == 1


def reopen(db: Connection, run_id: str) -> bool:
    """Set a finished run with waiting rows to running; return whether it was finished."""
    return db.execute(_REOPEN, {"run": run_id}).rowcount == 1
