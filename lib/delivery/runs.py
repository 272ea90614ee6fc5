"""Public API for runs: start, pause, resume and cancel them, and read their outcomes.

None of these functions sends. Each reads or writes the ledger in one transaction and may be called
from any thread of any process; the worker sends. All raise LedgerError if the ledger cannot be
used, and RunNotFoundError for an unknown run id.
"""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeVar

from sqlalchemy import Connection

from lib.campaign import Plan, SendSchedule, freeze
from lib.connections import Business, business_of
from lib.connectly import VersionBehavior
from lib.delivery.ledger import outcomes, run_summaries, runs, workers
from lib.delivery.ledger import schedule as run_schedule
from lib.delivery.ledger.database import clock, open_ledger
from lib.delivery.ledger.history import PreviousSendout, sendouts_of_campaigns
from lib.delivery.ledger.runs import NewRun, NewSendout
from lib.delivery.ledger.tally import count_outcomes
from lib.delivery.states import RunKind
from lib.delivery.summaries import AttemptRecord, OutcomeCount, RunSummary, WorkerState
from lib.errors import StudioError
from lib.former_names import accepts_former_names
from lib.i18n import N_
from lib.settings import Settings, get_settings

T = TypeVar("T")

_PAGE: Final = 50


class RunNotFoundError(StudioError, LookupError):
    """The ledger has no run with this id."""

    code = "STUDIO_RUN_NOT_FOUND"
    sentence = N_("There is no broadcast at this address.")
    action = N_("Open Broadcasts and choose one from the list.")


class NothingToSendError(StudioError, ValueError):
    """Every row of the plan is held back, or every rejected row has been sent again."""

    code = "STUDIO_NOTHING_TO_SEND"
    sentence = N_("Every row is held back, so there is nothing to send.")
    action = N_("Review the findings, correct the sheet or the columns, and check again.")


class ConcurrentSendoutError(StudioError):
    """A run with the same campaign was confirmed after the person saw the previous sendouts."""

    code = "STUDIO_REACHED_MEANWHILE"
    sentence = N_("Another broadcast with the same campaign was confirmed just now.")
    action = N_("Review who already got the campaign, then confirm again.")


@accepts_former_names(course="schedule", knowing="seen_sendouts", repeat="resend_number")
def start_run(
    plan: Plan,
    *,
    connection: str,
    label: str | None = None,
    kind: Literal["sheet", "test"] = "sheet",
    resend_number: int = 0,
    token: str | None = None,
    schedule: SendSchedule | None = None,
    seen_sendouts: Collection[PreviousSendout] | None = None,
    settings: Settings | None = None,
) -> str:
    """Confirm a plan: store its entries, insert one run into the ledger, and return the run's id.

    Without a ``schedule``, all entries are sent at once. ``seen_sendouts`` are the previous
    sendouts of the same campaigns that the person has been shown (see `previous_sendouts`). If the
    ledger has another one, nothing is inserted: of two concurrent confirmations, one succeeds.

    The run is pinned to the base URL and business id that the connection has now; if either
    changes, the run pauses. Exclude lists apply until each row is sent, except those that the
    plan's answers ignore.

    The call is idempotent: there is one run for a token. Unless ``token`` is given, it consists of
    the plan's fingerprint, the connection, the kind and ``resend_number``; increase that number to
    send the same plan again.

    Raises NothingToSendError for a plan without entries, and ConcurrentSendoutError if there is a
    previous sendout that is not among ``seen_sendouts``.
    """
    settings = settings or get_settings()
    if plan.entry_count == 0:
        raise NothingToSendError
    freeze(plan, settings)
    sendouts = _sendouts(plan)
    business = business_of(connection, settings)
    token = token or f"{plan.fingerprint}:{connection}:{kind}:{resend_number}"
    with open_ledger(settings).write() as db:
        if seen_sendouts is not None and not runs.has_token(db, token):
            _require_seen(db, connection, business, sendouts, seen_sendouts)
        run = _new_run(
            plan,
            connection=connection,
            business=business,
            label=label,
            kind=RunKind(kind),
            token=token,
            schedule=schedule,
            now=clock(db),
        )
        return runs.insert_run(db, run, sendouts)


def _new_run(
    plan: Plan,
    *,
    connection: str,
    business: Business | None,
    label: str | None,
    kind: RunKind,
    token: str,
    schedule: SendSchedule | None,
    now: datetime,
) -> NewRun:
    return NewRun(
        id=secrets.token_hex(8),
        token=token,
        label=label or plan.filename or "Untitled",
        kind=kind,
        connection=connection,
        fingerprint=plan.fingerprint,
        plan_id=plan.id,
        sheet_id=plan.sheet_id,
        rows=plan.rows,
        held=plan.held_count,
        if_version_unspecified=plan.answers.if_version_unspecified,
        if_duplicate_check_unspecified=plan.answers.if_duplicate_check_unspecified,
        created_at=now,
        business=business,
        ignored_lists=plan.answers.ignored_lists,
        schedule=schedule or SendSchedule(),
    )


def _require_seen(
    db: Connection,
    connection: str,
    business: Business | None,
    sendouts: Sequence[NewSendout],
    seen_sendouts: Collection[PreviousSendout],
) -> None:
    """Raise ConcurrentSendoutError if a previous sendout is not among those seen."""
    seen = {(each.run_id, each.number) for each in seen_sendouts}
    campaigns = {each.campaign_name for each in sendouts}
    business_id = business.business_id if business else None
    found = sendouts_of_campaigns(db, connection, campaigns, business_id=business_id)
    if any((each.run_id, each.number) not in seen for each in found):
        raise ConcurrentSendoutError


def _sendouts(plan: Plan) -> list[NewSendout]:
    """Return the plan's sendouts, with the positions of their entries in the frozen plan."""
    creates = plan.answers.if_version_unspecified == VersionBehavior.CREATE_NEW
    sendouts = []
    start = 0
    for each in plan.sendouts:
        needs_version = creates and each.campaign_version is None
        sendouts.append(
            NewSendout(
                number=each.index,
                campaign_name=each.campaign_name,
                campaign_version=each.campaign_version,
                needs_version=needs_version,
                start=start,
                entries=each.entries,
            )
        )
        start += each.entries
    return sendouts


def pause_run(run_id: str, *, settings: Settings | None = None) -> bool:
    """Pause a running or scheduled run; return whether it was one.

    Requests that have left still get their outcome.
    """
    with open_ledger(settings).write() as db:
        ensure_exists(runs.state_of(db, run_id))
        return runs.pause(db, run_id)


def resume_run(run_id: str, *, settings: Settings | None = None) -> bool:
    """Resume a paused run on its schedule; return whether it was paused."""
    with open_ledger(settings).write() as db:
        ensure_exists(runs.state_of(db, run_id))
        return run_schedule.resume_on_schedule(db, run_id, clock(db))


def approve_run(
    run_id: str, *, wave: int, everything: bool = False, settings: Settings | None = None
) -> bool:
    """Approve a run that waits for approval after this wave; return whether it did.

    Releases the next wave, or all remaining entries if ``everything`` is true.
    """
    with open_ledger(settings).write() as db:
        ensure_exists(runs.state_of(db, run_id))
        return run_schedule.approve(db, run_id, clock(db), wave=wave, everything=everything)


def start_now(run_id: str, *, settings: Settings | None = None) -> bool:
    """Start a run that is scheduled or has missed its start; return whether it was one."""
    with open_ledger(settings).write() as db:
        ensure_exists(runs.state_of(db, run_id))
        return run_schedule.start_now(db, run_id, clock(db))


def cancel_run(run_id: str, *, settings: Settings | None = None) -> bool:
    """Cancel a run, whose waiting rows are then never sent; return whether it was not over.

    Requests that have left still get their outcome.
    """
    with open_ledger(settings).write() as db:
        ensure_exists(runs.state_of(db, run_id))
        return runs.cancel(db, run_id, clock(db))


def run_summary(run_id: str, *, settings: Settings | None = None) -> RunSummary:
    """Return the current state of a run."""
    with open_ledger(settings).read() as db:
        return ensure_exists(run_summaries.run_by_id(db, run_id, clock(db)))


def list_runs(
    *,
    limit: int | None = _PAGE,
    offset: int = 0,
    kind: Literal["sheet", "test"] | None = None,
    settings: Settings | None = None,
) -> list[RunSummary]:
    """Return a page of runs, the newest first, or all if ``limit`` is None."""
    with open_ledger(settings).read() as db:
        of_kind = RunKind(kind) if kind else None
        return run_summaries.latest_runs(db, of_kind, limit, offset, clock(db))


def count_runs(
    *, kind: Literal["sheet", "test"] | None = None, settings: Settings | None = None
) -> int:
    """Return the number of runs of a kind, or of all runs."""
    with open_ledger(settings).read() as db:
        return run_summaries.count_runs(db, RunKind(kind) if kind else None)


def runs_of_plan(
    fingerprint: str, connection: str, *, settings: Settings | None = None
) -> list[RunSummary]:
    """Return the runs of a plan over a connection, the newest first."""
    with open_ledger(settings).read() as db:
        return run_summaries.runs_by_plan(db, fingerprint, connection, clock(db))


def outcome_counts(
    run_ids: Sequence[str] | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    kinds: Sequence[Literal["sheet", "test"]] = ("sheet",),
    step: timedelta = timedelta(minutes=1),
    settings: Settings | None = None,
) -> list[OutcomeCount]:
    """Return the number of settled recipients by sendout, outcome, error code and minute.

    ``run_ids`` is None for all runs. Minutes are in ``since`` (included) to ``until`` (excluded),
    both timezone-aware. A longer ``step``, in whole minutes, adds up the counts of each step, and
    ``minute`` is its first. Waiting and held rows are in the runs' summaries instead.
    """
    with open_ledger(settings).read() as db:
        return count_outcomes(
            db, run_ids, since, until, [RunKind(each) for each in kinds], step=step
        )


def run_attempts(
    run_id: str, *, limit: int = 1_000, settings: Settings | None = None
) -> list[AttemptRecord]:
    """Return the first ``limit`` attempts of a run and their answers, by position in the plan."""
    with open_ledger(settings).read() as db:
        ensure_exists(runs.state_of(db, run_id))
        return outcomes.attempts_of(db, run_id, limit)


def waiting_recipients(settings: Settings | None = None) -> int:
    """Return the number of recipients of running runs without an outcome."""
    with open_ledger(settings).read() as db:
        return run_summaries.queue_depth(db).waiting


def worker_state(settings: Settings | None = None) -> WorkerState:
    """Return the state of the worker with the latest heartbeat in the ledger."""
    with open_ledger(settings).read() as db:
        return workers.latest_worker(db, clock(db))


def ensure_exists(found: T | None) -> T:
    """Return the argument. Raises RunNotFoundError if it is None."""
    if found is None:
        raise RunNotFoundError
    return found
