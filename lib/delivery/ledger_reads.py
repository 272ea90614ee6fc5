"""Read runs, outcomes and attempts from the ledger. Each function is given a transaction."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    select,
    type_coerce,
)

from lib.connections import Business
from lib.connectly import DuplicateBehavior
from lib.delivery.ledger_course import course_of
from lib.delivery.ledger_tables import Moment, attempt, batch, run, sendout, tally, worker
from lib.delivery.ledger_workers import DEAD_AFTER
from lib.delivery.states import OVER, AttemptResult, BatchState, Outcome, Reason, RunKind, RunState
from lib.delivery.summaries import (
    AttemptRecord,
    RunSummary,
    SendoutSummary,
    TallyLine,
    WorkerState,
)

_SPEED_WINDOW: Final = timedelta(seconds=10)
_ROWS_AT_ONCE: Final = 50_000
_RUNS_AT_ONCE: Final = 1_000  # a statement takes only so many parameters

_RUNS: Final = select(run)
_SENDOUTS: Final = (
    select(sendout)
    .where(sendout.c.run_id.in_(bindparam("runs", expanding=True)))
    .order_by(sendout.c.run_id, sendout.c.number)
)
_LATELY: Final = select(func.coalesce(func.sum(batch.c.size), 0)).where(
    batch.c.run_id == bindparam("run"), batch.c.settled_at >= bindparam("since")
)
_TALLY_KEYS: Final = (tally.c.run_id, tally.c.sendout, tally.c.outcome, tally.c.error_code)
_MINUTE: Final = timedelta(minutes=1)
_MICROSECOND: Final = timedelta(microseconds=1)
_OUTCOME: Final = {each.value: each for each in Outcome}
_LAST_ATTEMPT: Final = and_(attempt.c.batch_id == batch.c.id, attempt.c.number == batch.c.attempts)
_OUTCOMES: Final = (
    select(
        batch.c.start,
        batch.c.size,
        case((batch.c.state == BatchState.MIXED, Outcome.UNKNOWN), else_=batch.c.state).label(
            "state"
        ),
        batch.c.error_code,
        attempt.c.error_type,
        attempt.c.message,
        attempt.c.http_status,
        attempt.c.trace_id,
        type_coerce(batch.c.settled_at, BigInteger).label("settled_at"),
    )
    .join_from(batch, attempt, _LAST_ATTEMPT, isouter=True)
    .where(batch.c.run_id == bindparam("run"), batch.c.settled_at.is_not(None))
    .order_by(batch.c.start)
)
_ATTEMPTS: Final = (
    select(batch.c.start, attempt)
    .join_from(batch, attempt, attempt.c.batch_id == batch.c.id)
    .order_by(batch.c.start, attempt.c.number)
)
_ATTEMPTS_OF_RUN: Final = _ATTEMPTS.where(batch.c.run_id == bindparam("run")).limit(
    bindparam("most")
)
_ATTEMPTS_OF_BATCHES: Final = _ATTEMPTS.where(batch.c.id.in_(bindparam("wanted", expanding=True)))
_UNDER_WAY: Final = select(batch.c.start, batch.c.size).where(
    batch.c.run_id == bindparam("run"), batch.c.state == BatchState.SENDING
)
_KEEPS_TIME: Final = select(
    exists().where(worker.c.beat_at >= bindparam("since"), worker.c.carries.is_not(False))
)
_RUNS_BY_STATE: Final = (
    select(run.c.state, func.count().label("runs"))
    .where(run.c.state.not_in(OVER))
    .group_by(run.c.state)
)
_ALL_WAITING: Final = (
    select(func.coalesce(func.sum(sendout.c.waiting), 0))
    .join(run, run.c.id == sendout.c.run_id)
    .where(run.c.state == RunState.RUNNING)
)
_WORKERS: Final = select(func.count()).select_from(worker)
_WORKER: Final = select(worker).order_by(worker.c.beat_at.desc()).limit(1)


def run_by_id(db: Connection, run_id: str, now: datetime) -> RunSummary | None:
    """Return one run, or None where there is no such run."""
    return next(iter(_summaries(db, [run.c.id == run_id], now)), None)


def runs_by_plan(
    db: Connection, fingerprint: str, connection: str, now: datetime
) -> list[RunSummary]:
    """Return all runs of a plan over a connection, newest first."""
    same = [run.c.fingerprint == fingerprint, run.c.connection == connection]
    return _summaries(db, same, now)


def latest_runs(
    db: Connection, kind: RunKind | None, limit: int | None, offset: int, now: datetime
) -> list[RunSummary]:
    """Return one page of all runs, newest first; without a ``limit`` all from ``offset`` on."""
    return _summaries(db, [run.c.kind == kind] if kind else [], now, limit, offset)


def count_runs(db: Connection, kind: RunKind | None) -> int:
    """Return how many runs there are."""
    counted = select(func.count()).select_from(run)
    return int(db.execute(counted.where(run.c.kind == kind) if kind else counted).scalar_one())


def _summaries(
    db: Connection,
    where: Sequence[ColumnElement[bool]],
    now: datetime,
    limit: int | None = None,
    offset: int | None = None,
) -> list[RunSummary]:
    newest_first = _RUNS.where(*where).order_by(run.c.created_at.desc(), run.c.id)
    runs = db.execute(newest_first.limit(limit).offset(offset)).all()
    sendouts: dict[str, list[SendoutSummary]] = defaultdict(list)
    for first in range(0, len(runs), _RUNS_AT_ONCE):
        some = [each.id for each in runs[first : first + _RUNS_AT_ONCE]]
        for row in db.execute(_SENDOUTS, {"runs": some}):
            sendouts[row.run_id].append(_sendout_summary(row))
    return [
        RunSummary(
            id=each.id,
            label=each.label,
            kind=RunKind(each.kind),
            connection=each.connection,
            state=RunState(each.state),
            reason=Reason(each.reason) if each.reason else None,
            created_at=each.created_at,
            started_at=each.started_at,
            finished_at=each.finished_at,
            fingerprint=each.fingerprint,
            plan_id=each.plan_id,
            sheet_id=each.sheet_id,
            duplicates=DuplicateBehavior(each.if_duplicate_check_unspecified),
            retry_of=each.retry_of,
            rows=each.rows,
            held=each.held,
            sendouts=tuple(sendouts[each.id]),
            per_second=_speed(db, each, now),
            course=course_of(each),
            wave=each.wave,
            seen_at=now,
            business=None
            if each.business_id is None
            else Business(each.base_url, each.business_id),
        )
        for each in runs
    ]


def _sendout_summary(row: Row[Any]) -> SendoutSummary:
    return SendoutSummary(
        index=row.number,
        campaign_name=row.campaign_name,
        campaign_version=row.campaign_version,
        pinned_version=row.pinned_version,
        reported_version=row.reported_version,
        needs_version=row.needs_version,
        entries=row.entries,
        released=row.released,
        waiting=row.waiting,
        accepted=row.accepted,
        rejected=row.rejected,
        unknown=row.unknown,
        cancelled=row.cancelled,
    )


def _speed(db: Connection, of: Row[Any], now: datetime) -> float:
    """Return recipients settled a second, over the last ten seconds or since the start."""
    if of.state != RunState.RUNNING or of.started_at is None:
        return 0.0
    since = max(now - _SPEED_WINDOW, of.started_at)
    settled: int = db.execute(_LATELY, {"run": of.id, "since": since}).scalar_one()
    seconds: float = max((now - since).total_seconds(), 1.0)
    return settled / seconds


def tally_lines(
    db: Connection,
    run_ids: Sequence[str] | None,
    since: datetime | None,
    until: datetime | None,
    kinds: Sequence[RunKind],
    *,
    step: timedelta = _MINUTE,
) -> list[TallyLine]:
    """Return settled recipients by run, sendout, outcome, code and time, in order of time.

    Times are beginnings of steps of that length, counted from 1970.
    """
    counts = _counts(run_ids, since, until, step).subquery()
    wanted = (
        select(
            counts.c.run_id,
            run.c.label,
            sendout.c.campaign_name,
            func.coalesce(
                sendout.c.campaign_version, sendout.c.pinned_version, sendout.c.reported_version
            ),
            counts.c.outcome,
            counts.c.error_code,
            type_coerce(counts.c.moment, Moment),
            counts.c.recipients,
        )
        .join_from(
            counts,
            sendout,
            and_(sendout.c.run_id == counts.c.run_id, sendout.c.number == counts.c.sendout),
        )
        .join(run, run.c.id == counts.c.run_id)
        .where(run.c.kind.in_(kinds))
        .order_by(counts.c.moment, counts.c.run_id, counts.c.sendout, counts.c.outcome)
    )
    # Columns by their place, and outcomes from a table: there are many lines in a year of runs.
    return [
        TallyLine(run_id, label, campaign, version, _OUTCOME[outcome], code or None, minute, count)
        for run_id, label, campaign, version, outcome, code, minute, count in db.execute(
            wanted
        ).all()
    ]


def _counts(
    run_ids: Sequence[str] | None, since: datetime | None, until: datetime | None, step: timedelta
) -> Select[Any]:
    """Choose lines of the tally, those of one step added up."""
    if step == _MINUTE:
        counts = select(
            *_TALLY_KEYS, tally.c.minute.label("moment"), tally.c["count"].label("recipients")
        )
    else:
        minute = type_coerce(tally.c.minute, BigInteger)
        # A parameter would be two of them, and the database could not tell that they are the same.
        moment = minute - minute % literal_column(str(step // _MICROSECOND))
        counts = select(
            *_TALLY_KEYS,
            moment.label("moment"),
            cast(func.sum(tally.c["count"]), BigInteger).label("recipients"),
        ).group_by(*_TALLY_KEYS, moment)
    if run_ids is not None:
        counts = counts.where(tally.c.run_id.in_(run_ids))
    if since is not None:
        counts = counts.where(tally.c.minute >= since)
    if until is not None:
        counts = counts.where(tally.c.minute < until)
    return counts


def settled_batches(db: Connection, run_id: str) -> Iterator[Sequence[Row[Any]]]:
    """Yield a run's settled batches with their last attempts, by position, in large pieces.

    Columns: start, size, state, error_code, error_type, message, http_status, trace_id,
    settled_at (microseconds since 1970).
    """
    options = {"yield_per": _ROWS_AT_ONCE}
    yield from db.execute(_OUTCOMES, {"run": run_id}, execution_options=options).partitions()


def attempts_of(db: Connection, run_id: str, most: int) -> list[AttemptRecord]:
    """Return a run's attempts, by position and number, ``most`` at the most."""
    rows = db.execute(_ATTEMPTS_OF_RUN, {"run": run_id, "most": most})
    return [_attempt_record(row) for row in rows]


def attempts_of_batches(db: Connection, batch_ids: Sequence[int]) -> dict[int, list[AttemptRecord]]:
    """Return the attempts of each of these batches, by number."""
    found: dict[int, list[AttemptRecord]] = defaultdict(list)
    for row in db.execute(_ATTEMPTS_OF_BATCHES, {"wanted": list(batch_ids)}):
        found[row.batch_id].append(_attempt_record(row))
    return found


def _attempt_record(row: Row[Any]) -> AttemptRecord:
    return AttemptRecord(
        position=row.start,
        number=row.number,
        started_at=row.started_at,
        ended_at=row.ended_at,
        result=AttemptResult(row.result) if row.result else None,
        http_status=row.http_status,
        error_code=row.error_code,
        error_type=row.error_type,
        message=row.message,
        trace_id=row.trace_id,
        campaign_version=row.campaign_version,
        connectly_sendout_id=row.connectly_sendout_id,
        answer=row.answer,
    )


def positions_under_way(db: Connection, run_id: str) -> np.ndarray:
    """Return the positions of the rows whose request has left and whose answer is not there yet."""
    return positions_of(db.execute(_UNDER_WAY, {"run": run_id}).all())


def positions_of(batches: Sequence[Row[Any, Any]]) -> np.ndarray:
    """Return the positions of all entries of these batches."""
    pieces = [np.arange(each.start, each.start + each.size) for each in batches]
    return np.concatenate([np.array([], dtype="int64"), *pieces])


@dataclass(frozen=True)
class Load:
    """What there is to do: runs by state, recipients of running ones who wait, workers."""

    runs: dict[str, int]
    waiting: int
    workers: int


def load(db: Connection) -> Load:
    """Return what there is to do, over all connections."""
    runs = {row.state: int(row.runs) for row in db.execute(_RUNS_BY_STATE)}
    waiting = int(db.execute(_ALL_WAITING).scalar_one())
    return Load(runs, waiting, int(db.execute(_WORKERS).scalar_one()))


def latest_worker(db: Connection, now: datetime) -> WorkerState:
    """Return the worker that beat last, alive or not."""
    row = db.execute(_WORKER).one_or_none()
    if row is None:
        return WorkerState(alive=False)
    return WorkerState(
        alive=now - row.beat_at < DEAD_AFTER,
        id=row.id,
        pid=row.pid,
        host=row.host,
        started_at=row.started_at,
        beat_at=row.beat_at,
        keeps_time=db.execute(_KEEPS_TIME, {"since": now - DEAD_AFTER}).scalar_one(),
    )
