"""Queries for summaries of runs and sendouts. Each function is given a transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, select

from lib.connections import Business
from lib.connectly import DuplicateBehavior
from lib.delivery.ledger.schedule import schedule_of
from lib.delivery.ledger.schema import batch, run, sendout, worker
from lib.delivery.states import OVER, Reason, RunKind, RunState
from lib.delivery.summaries import RunSummary, SendoutSummary

_SPEED_WINDOW: Final = timedelta(seconds=10)
_RUNS_AT_ONCE: Final = 1_000  # databases limit the parameters of a statement

_RUNS: Final = select(run)
_SENDOUTS: Final = (
    select(sendout)
    .where(sendout.c.run_id.in_(bindparam("run_ids", expanding=True)))
    .order_by(sendout.c.run_id, sendout.c.number)
)
_SETTLED_SINCE: Final = select(func.coalesce(func.sum(batch.c.size), 0)).where(
    batch.c.run_id == bindparam("run"), batch.c.settled_at >= bindparam("since")
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


@dataclass(frozen=True)
class QueueDepth:
    """Unfinished runs by state, waiting recipients of running runs, and registered workers."""

    runs: dict[str, int]
    waiting: int
    workers: int


def run_by_id(db: Connection, run_id: str, now: datetime) -> RunSummary | None:
    """Return a run, or None if it does not exist."""
    return next(iter(_summaries(db, [run.c.id == run_id], now)), None)


def runs_by_plan(
    db: Connection, fingerprint: str, connection: str, now: datetime
) -> list[RunSummary]:
    """Return the runs of a plan over a connection, the newest first."""
    same = [run.c.fingerprint == fingerprint, run.c.connection == connection]
    return _summaries(db, same, now)


def latest_runs(
    db: Connection, kind: RunKind | None, limit: int | None, offset: int, now: datetime
) -> list[RunSummary]:
    """Return a page of runs, the newest first, or all from ``offset`` if ``limit`` is None."""
    return _summaries(db, [run.c.kind == kind] if kind else [], now, limit, offset)


def count_runs(db: Connection, kind: RunKind | None) -> int:
    """Return the number of runs of a kind, or of all runs."""
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
        run_ids = [each.id for each in runs[first : first + _RUNS_AT_ONCE]]
        for row in db.execute(_SENDOUTS, {"run_ids": run_ids}):
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
            per_second=_recipients_per_second(db, each, now),
            schedule=schedule_of(each),
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
        stopped_code=row.stopped_code,
    )


def _recipients_per_second(db: Connection, run_row: Row[Any], now: datetime) -> float:
    """Return the recipients settled per second in the last ten seconds, or since the start."""
    if run_row.state != RunState.RUNNING or run_row.started_at is None:
        return 0.0
    since = max(now - _SPEED_WINDOW, run_row.started_at)
    settled: int = db.execute(_SETTLED_SINCE, {"run": run_row.id, "since": since}).scalar_one()
    seconds: float = max((now - since).total_seconds(), 1.0)
    return settled / seconds


def queue_depth(db: Connection) -> QueueDepth:
    """Return the queue depth over all connections."""
    runs = {row.state: int(row.runs) for row in db.execute(_RUNS_BY_STATE)}
    waiting = int(db.execute(_ALL_WAITING).scalar_one())
    return QueueDepth(runs, waiting, int(db.execute(_WORKERS).scalar_one()))
