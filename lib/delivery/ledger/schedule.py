"""Move runs on by their course: start, rest, waves, the stop rule. Each is given a transaction.

`advance` alone decides, by the ledger and the time. It may be called by anybody at any moment: by
whoever sends, before each claim, and by the engine when a time has come. What holds a run back
needs no engine; only what lets it begin or go on at a certain time does.
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
"""A start missed by more than this asks instead of sending."""

STOPS_FROM: Final = 20
"""So many must have been answered before their share can stop a run."""

HAS_SCHEDULE: Final = or_(
    run.c.first_wave.is_not(None),
    run.c.stop_share.is_not(None),
    run.c.starts_at.is_not(None),
    run.c.quiet_from.is_not(None),
)
_HAS_HOURS: Final = or_(run.c.starts_at.is_not(None), run.c.quiet_from.is_not(None))
_UNFINISHED: Final = run.c.state.not_in(OVER)
_sums: Final = (
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
_RUN: Final = select(run, _sums).join(_sums, _sums.c.run_id == run.c.id)
_WITH_HOURS: Final = select(run.c.id).where(_UNFINISHED, _HAS_HOURS).order_by(run.c.created_at)
_ANY_SCHEDULED: Final = select(run.c.id).where(run.c.state == RunState.SCHEDULED).limit(1)
_MOVE: Final = (
    update(run)
    .where(run.c.id == bindparam("run"), run.c.state == bindparam("of"))
    .values(state=bindparam("to"), reason=bindparam("why"))
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
_SEEN: Final = (
    update(run)
    .where(run.c.id == bindparam("run"))
    .values(seen_answered=bindparam("answered"), seen_refused=bindparam("refused"))
)
_NEXT_WAVE: Final = update(run).where(run.c.id == bindparam("run")).values(wave=run.c.wave + 1)
_LEFT: Final = (
    select(sendout.c.number, sendout.c.entries - sendout.c.released)
    .where(sendout.c.run_id == bindparam("run"))
    .order_by(sendout.c.number)
)
_RELEASE: Final = (
    update(sendout)
    .where(sendout.c.run_id == bindparam("run"), sendout.c.number == bindparam("of"))
    .values(released=sendout.c.released + bindparam("more"))
)


@dataclass(frozen=True)
class RunProgress:
    """A run as it stands: what was chosen, and how far it has come."""

    id: str
    state: RunState
    reason: Reason | None
    schedule: SendSchedule
    wave: int
    has_begun: bool
    left: int
    waiting: int
    answered: int
    refused: int
    seen_answered: int
    seen_refused: int

    @property
    def refused_share(self) -> float:
        """Share of those answered who were not accepted; those in doubt are not."""
        return self.refused / self.answered if self.answered else 0.0

    @property
    def must_stop(self) -> bool:
        """Tell whether too many were not accepted since a person last let it go on."""
        answered = self.answered - self.seen_answered
        if self.schedule.stop_share is None or self.waiting == 0 or answered < STOPS_FROM:
            return False
        return (self.refused - self.seen_refused) / answered >= self.schedule.stop_share

    @property
    def ends_wave(self) -> bool:
        """Tell whether all of the waves that are out are answered, and more is to come."""
        return self.left > 0 and self.waiting <= self.left


def schedule_of(row: Row[Any]) -> SendSchedule:
    """Return what was chosen for the run of this row."""
    chosen = {name: getattr(row, name) for name in SendSchedule.model_fields}
    return SendSchedule(**{**chosen, "zone": row.zone or "UTC"})


def runs_with_hours(db: Connection) -> list[str]:
    """Return the ids of unfinished runs for which a time of day matters."""
    return [str(run_id) for run_id in db.execute(_WITH_HOURS).scalars()]


def any_scheduled(db: Connection) -> bool:
    """Tell whether a run waits for its time."""
    return db.execute(_ANY_SCHEDULED).first() is not None


def advance(db: Connection, run_id: str, now: datetime) -> RunState | None:
    """Move a run on if its time has come, or hold it back; return its state, None without one."""
    standing = _progress_of(db, run_id)
    if standing is None:
        return state_of(db, run_id)
    match standing.state:
        case RunState.SCHEDULED:
            _begin_if_due(db, standing, now)
        case RunState.RUNNING:
            _hold_back_if_due(db, standing, now)
        case _:
            return standing.state
    return state_of(db, run_id)


def next_change(db: Connection, run_id: str, now: datetime) -> datetime | None:
    """Return the next moment at which the clock may let a run begin or go on, if there is one."""
    standing = _progress_of(db, run_id)
    return None if standing is None else standing.schedule.next_change(now)


def approve(db: Connection, run_id: str, now: datetime, *, wave: int, everything: bool) -> bool:
    """Let a run go on that waits for approval after a wave; tell whether it did.

    Changes nothing unless ``wave`` is the one after which it waits: a click on an old page does
    not approve what nobody has seen.
    """
    standing = _progress_of(db, run_id)
    if standing is None or standing.state is not RunState.WAITING_FOR_APPROVAL:
        return False
    if standing.wave != wave or not standing.ends_wave:
        return False
    _release_next(db, standing, everything=everything)
    _record_seen(db, standing)
    _move(db, standing, RunState.RUNNING, None)
    advance(db, run_id, now)
    return True


def start_now(db: Connection, run_id: str, now: datetime) -> bool:
    """Start a run that waits for its time, or has missed it; tell whether it did."""
    if db.execute(_START_NOW, {"run": run_id, "now": now}).rowcount == 0:
        return False
    advance(db, run_id, now)
    return True


def resume_on_schedule(db: Connection, run_id: str, now: datetime) -> bool:
    """Let a paused run go on, by its course: what was refused so far stops it no more."""
    if not resume(db, run_id):
        return False
    standing = _progress_of(db, run_id)
    if standing is not None:
        _record_seen(db, standing)
        advance(db, run_id, now)
    return True


def _begin_if_due(db: Connection, standing: RunProgress, now: datetime) -> None:
    schedule = standing.schedule
    opens_at = schedule.opens_at
    if not standing.has_begun and opens_at is not None:
        if schedule.starts_at is not None and now < schedule.starts_at:
            return
        if now > opens_at + MISSED_AFTER:
            _move(db, standing, RunState.WAITING_FOR_APPROVAL, Reason.START_MISSED)
            return
    if schedule.rest_ends(now) is not None:
        _move(db, standing, RunState.SCHEDULED, Reason.QUIET_HOURS)
    else:
        _move(db, standing, RunState.RUNNING, None)


def _hold_back_if_due(db: Connection, standing: RunProgress, now: datetime) -> None:
    schedule = standing.schedule
    if not standing.has_begun and schedule.starts_at is not None and now < schedule.starts_at:
        _move(db, standing, RunState.SCHEDULED, None)
    elif schedule.rest_ends(now) is not None:
        _move(db, standing, RunState.SCHEDULED, Reason.QUIET_HOURS)
    elif standing.must_stop:
        pause(db, standing.id, Reason.TOO_MANY_REJECTED)
    elif standing.ends_wave:
        _end_wave(db, standing)


def _end_wave(db: Connection, standing: RunProgress) -> None:
    """Release the next wave, or ask a person: unasked, or since too many were not accepted."""
    tolerance = standing.schedule.wave_tolerance
    if tolerance is None:
        _move(db, standing, RunState.WAITING_FOR_APPROVAL, None)
    elif standing.refused_share > tolerance:
        _move(db, standing, RunState.WAITING_FOR_APPROVAL, Reason.WAVE_REJECTED)
    else:
        _release_next(db, standing, everything=False)


def _release_next(db: Connection, standing: RunProgress, *, everything: bool) -> None:
    size = standing.left
    if not everything:
        size = wave_size(standing.schedule, standing.wave + 1, standing.left)
    left = db.execute(_LEFT, {"run": standing.id}).all()
    shares = apportion([each[1] for each in left], size)
    db.execute(
        _RELEASE,
        [
            {"run": standing.id, "of": number, "more": share}
            for (number, _), share in zip(left, shares, strict=True)
        ],
    )
    db.execute(_NEXT_WAVE, {"run": standing.id})


def _record_seen(db: Connection, standing: RunProgress) -> None:
    seen = {"answered": standing.answered, "refused": standing.refused}
    db.execute(_SEEN, {"run": standing.id, **seen})


def _move(db: Connection, standing: RunProgress, to: RunState, why: Reason | None) -> None:
    """Bring a run from the state it was found in to another, unless it is there already."""
    if (standing.state, standing.reason) == (to, why):
        return
    db.execute(_MOVE, {"run": standing.id, "of": standing.state, "to": to, "why": why})
    if to is not RunState.RUNNING:
        put_back(db, standing.id)


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
        has_begun=row.started_at is not None,
        left=row.entries - row.released,
        waiting=row.waiting,
        answered=row.accepted + row.refused,
        refused=row.refused,
        seen_answered=row.seen_answered,
        seen_refused=row.seen_refused,
    )
