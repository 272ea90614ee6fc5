"""Schedules of runs: start, quiet hours, waves and the stop rule.

Each function is given a transaction. `advance` decides by the ledger and the time, and may be
called at any moment: before each claim, and by the workflow engine at a scheduled time. Only a
start or resumption at a time needs the engine; holding a run back does not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, or_, select, update

from lib.campaign import SendSchedule, apportion, wave_size
from lib.delivery.ledger.runs import pause, put_back, resume, state_of
from lib.delivery.ledger.schema import run, sendout
from lib.delivery.states import OVER, Reason, RunState

MISSED_AFTER: Final = timedelta(hours=1)
"""A start missed by more than this waits for approval."""

STOPS_FROM: Final = 20
"""Answers that a run needs before its share of rejected recipients can stop it."""

HAS_SCHEDULE: Final = or_(
    run.c.first_wave.is_not(None),
    run.c.stop_share.is_not(None),
    run.c.starts_at.is_not(None),
    run.c.quiet_from.is_not(None),
)
_HAS_HOURS: Final = or_(run.c.starts_at.is_not(None), run.c.quiet_from.is_not(None))
_UNFINISHED: Final = run.c.state.not_in(OVER)
_TOTALS: Final = (
    select(
        sendout.c.run_id,
        func.sum(sendout.c.entries).label("entries"),
        func.sum(sendout.c.released).label("released"),
        func.sum(sendout.c.waiting).label("waiting"),
        func.sum(sendout.c.accepted).label("accepted"),
        func.sum(sendout.c.rejected + sendout.c.unknown).label("refused"),
    )
    .where(sendout.c.run_id == bindparam("run"))
    .group_by(sendout.c.run_id)
    .subquery()
)
_RUN: Final = select(run, _TOTALS).join(_TOTALS, _TOTALS.c.run_id == run.c.id)
_WITH_HOURS: Final = select(run.c.id).where(_UNFINISHED, _HAS_HOURS).order_by(run.c.created_at)
_ANY_SCHEDULED: Final = select(run.c.id).where(run.c.state == RunState.SCHEDULED).limit(1)
_SET_STATE: Final = (
    update(run)
    .where(run.c.id == bindparam("run"), run.c.state == bindparam("old_state"))
    .values(state=bindparam("new_state"), reason=bindparam("new_reason"))
)
_START_NOW: Final = (
    update(run)
    .where(
        run.c.id == bindparam("run"),
        run.c.starts_at.is_not(None),
        or_(
            (run.c.state == RunState.SCHEDULED) & run.c.reason.is_(None),
            (run.c.state == RunState.WAITING_FOR_APPROVAL) & (run.c.reason == Reason.START_MISSED),
        ),
    )
    .values(state=RunState.RUNNING, reason=None, starts_at=bindparam("now"))
)
_RECORD_SEEN: Final = (
    update(run)
    .where(run.c.id == bindparam("run"))
    .values(seen_answered=bindparam("answered"), seen_refused=bindparam("refused"))
)
_NEXT_WAVE: Final = update(run).where(run.c.id == bindparam("run")).values(wave=run.c.wave + 1)
_UNRELEASED: Final = (
    select(sendout.c.number, sendout.c.entries - sendout.c.released)
    .where(sendout.c.run_id == bindparam("run"))
    .order_by(sendout.c.number)
)
_RELEASE: Final = (
    update(sendout)
    .where(sendout.c.run_id == bindparam("run"), sendout.c.number == bindparam("sendout_number"))
    .values(released=sendout.c.released + bindparam("added"))
)


@dataclass(frozen=True)
class RunProgress:
    """The schedule of a run, and how many of its rows are released, waiting and answered."""

    id: str
    state: RunState
    reason: Reason | None
    schedule: SendSchedule
    wave: int
    has_started: bool
    unreleased: int
    waiting: int
    answered: int
    refused: int
    seen_answered: int
    seen_refused: int

    @property
    def refused_share(self) -> float:
        """Share of answered recipients who were not accepted, including unknown ones."""
        return self.refused / self.answered if self.answered else 0.0

    @property
    def must_stop(self) -> bool:
        """Return whether too many were not accepted since a person last resumed the run."""
        answered = self.answered - self.seen_answered
        if self.schedule.stop_share is None or self.waiting == 0 or answered < STOPS_FROM:
            return False
        return (self.refused - self.seen_refused) / answered >= self.schedule.stop_share

    @property
    def ends_wave(self) -> bool:
        """Return whether all released rows are answered and more are to be released."""
        return self.unreleased > 0 and self.waiting <= self.unreleased


def schedule_of(row: Row[Any]) -> SendSchedule:
    """Return the schedule of the run in this row."""
    values = {name: getattr(row, name) for name in SendSchedule.model_fields}
    return SendSchedule(**{**values, "zone": row.zone or "UTC"})


def runs_with_hours(db: Connection) -> list[str]:
    """Return the ids of unfinished runs with a start time or quiet hours."""
    return [str(run_id) for run_id in db.execute(_WITH_HOURS).scalars()]


def any_scheduled(db: Connection) -> bool:
    """Return whether any run is scheduled."""
    return db.execute(_ANY_SCHEDULED).first() is not None


def advance(db: Connection, run_id: str, now: datetime) -> RunState | None:
    """Start, resume or hold back a run as its schedule says; return its state, None if unknown."""
    progress = _progress_of(db, run_id)
    if progress is None:
        return state_of(db, run_id)
    match progress.state:
        case RunState.SCHEDULED:
            _start_if_due(db, progress, now)
        case RunState.RUNNING:
            _hold_back_if_due(db, progress, now)
        case _:
            return progress.state
    return state_of(db, run_id)


def next_change(db: Connection, run_id: str, now: datetime) -> datetime | None:
    """Return the next time at which a run may start or resume, or None."""
    progress = _progress_of(db, run_id)
    return None if progress is None else progress.schedule.next_change(now)


def approve(db: Connection, run_id: str, now: datetime, *, wave: int, everything: bool) -> bool:
    """Approve a run that waits for approval after a wave; return whether it did.

    Changes nothing unless ``wave`` is the latest wave, so a click on an outdated page approves no
    wave that the person has not seen.
    """
    progress = _progress_of(db, run_id)
    if progress is None or progress.state is not RunState.WAITING_FOR_APPROVAL:
        return False
    if progress.wave != wave or not progress.ends_wave:
        return False
    _release_next(db, progress, everything=everything)
    _record_seen(db, progress)
    _set_state(db, progress, RunState.RUNNING, None)
    advance(db, run_id, now)
    return True


def start_now(db: Connection, run_id: str, now: datetime) -> bool:
    """Start a run that is scheduled or has missed its start; return whether it was one."""
    if db.execute(_START_NOW, {"run": run_id, "now": now}).rowcount == 0:
        return False
    advance(db, run_id, now)
    return True


def resume_on_schedule(db: Connection, run_id: str, now: datetime) -> bool:
    """Resume a paused run on its schedule; return whether it was paused.

    Rejections so far no longer count for the stop rule.
    """
    if not resume(db, run_id):
        return False
    progress = _progress_of(db, run_id)
    if progress is not None:
        _record_seen(db, progress)
        advance(db, run_id, now)
    return True


def _start_if_due(db: Connection, progress: RunProgress, now: datetime) -> None:
    schedule = progress.schedule
    opens_at = schedule.opens_at
    if not progress.has_started and opens_at is not None:
        if schedule.starts_at is not None and now < schedule.starts_at:
            return
        if now > opens_at + MISSED_AFTER:
            _set_state(db, progress, RunState.WAITING_FOR_APPROVAL, Reason.START_MISSED)
            return
    if schedule.rest_ends(now) is not None:
        _set_state(db, progress, RunState.SCHEDULED, Reason.QUIET_HOURS)
    else:
        _set_state(db, progress, RunState.RUNNING, None)


def _hold_back_if_due(db: Connection, progress: RunProgress, now: datetime) -> None:
    schedule = progress.schedule
    if not progress.has_started and schedule.starts_at is not None and now < schedule.starts_at:
        _set_state(db, progress, RunState.SCHEDULED, None)
    elif schedule.rest_ends(now) is not None:
        _set_state(db, progress, RunState.SCHEDULED, Reason.QUIET_HOURS)
    elif progress.must_stop:
        pause(db, progress.id, Reason.TOO_MANY_REJECTED)
    elif progress.ends_wave:
        _end_wave(db, progress)


def _end_wave(db: Connection, progress: RunProgress) -> None:
    """Release the next wave, or wait for approval if the schedule or the rejections require it."""
    tolerance = progress.schedule.wave_tolerance
    if tolerance is None:
        _set_state(db, progress, RunState.WAITING_FOR_APPROVAL, None)
    elif progress.refused_share > tolerance:
        _set_state(db, progress, RunState.WAITING_FOR_APPROVAL, Reason.WAVE_REJECTED)
    else:
        _release_next(db, progress, everything=False)


def _release_next(db: Connection, progress: RunProgress, *, everything: bool) -> None:
    size = progress.unreleased
    if not everything:
        size = wave_size(progress.schedule, progress.wave + 1, progress.unreleased)
    unreleased = db.execute(_UNRELEASED, {"run": progress.id}).all()
    shares = apportion([each[1] for each in unreleased], size)
    db.execute(
        _RELEASE,
        [
            {"run": progress.id, "sendout_number": number, "added": share}
            for (number, _), share in zip(unreleased, shares, strict=True)
        ],
    )
    db.execute(_NEXT_WAVE, {"run": progress.id})


def _record_seen(db: Connection, progress: RunProgress) -> None:
    seen = {"answered": progress.answered, "refused": progress.refused}
    db.execute(_RECORD_SEEN, {"run": progress.id, **seen})


def _set_state(
    db: Connection, progress: RunProgress, state: RunState, reason: Reason | None
) -> None:
    """Change the state and reason of a run, if its state is still that of ``progress``."""
    if (progress.state, progress.reason) == (state, reason):
        return
    db.execute(
        _SET_STATE,
        {"run": progress.id, "old_state": progress.state, "new_state": state, "new_reason": reason},
    )
    if state is not RunState.RUNNING:
        put_back(db, progress.id)


def _progress_of(db: Connection, run_id: str) -> RunProgress | None:
    row = db.execute(_RUN, {"run": run_id}).one_or_none()
    if row is None:
        return None
    return RunProgress(
        id=row.id,
        state=RunState(row.state),
        reason=Reason(row.reason) if row.reason else None,
        schedule=schedule_of(row),
        wave=row.wave,
        has_started=row.started_at is not None,
        unreleased=row.entries - row.released,
        waiting=row.waiting,
        answered=row.accepted + row.refused,
        refused=row.refused,
        seen_answered=row.seen_answered,
        seen_refused=row.seen_refused,
    )
