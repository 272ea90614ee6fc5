"""Times in the ledger come from the ledger's clock, and no other clock is compared with them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from lib.campaign import SendSchedule
from lib.child_processes import ChildProcesses
from lib.connectly import DuplicateBehavior
from lib.delivery import (
    ResolutionChoice,
    RunState,
    ask_for_export,
    cancel_run,
    end_export,
    list_runs,
    resolve_unknown_rows,
    retry_run,
    run_summary,
    runs_of_plan,
    start_run,
    unknown_rows,
    worker_state,
)
from lib.delivery.ledger import workers
from lib.delivery.ledger.database import clock, open_ledger
from lib.delivery.ledger.schema import export
from lib.settings import Settings, get_settings
from tests.support.ledger import worker_of
from tests.support.retries import rejected_run
from tests.support.unknown_rows import run_with_unknown_rows
from tests.support.worker import plan_of

BEHIND = timedelta(hours=1)
A_MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def settings(data_dir, shared_database, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A PostgreSQL whose clock is an hour behind that of this machine."""
    behind = text(f"SELECT clock_timestamp() - interval '{BEHIND.seconds} seconds'")
    monkeypatch.setattr("lib.delivery.ledger.database._POSTGRES_CLOCK", behind)
    return get_settings()


def is_database_time(moment: datetime | None) -> bool:
    return moment is not None and abs(datetime.now(UTC) - BEHIND - moment) < A_MINUTE


def test_a_worker_that_has_just_beaten_is_alive():
    with open_ledger().write() as db:
        workers.register(db, worker_of("me"), clock(db))
    state = worker_state()
    assert state.alive
    assert state.heartbeat_age is not None
    assert 0 <= state.heartbeat_age < A_MINUTE.total_seconds()


def test_the_health_check_reports_the_age_of_the_heartbeat_in_database_time(settings: Settings):
    with open_ledger().write() as db:
        workers.register(db, worker_of("me"), clock(db))
    age = ChildProcesses(settings).health().heartbeat_age_seconds
    assert age is not None
    assert 0 <= age < A_MINUTE.total_seconds()


def test_a_run_is_created_read_and_cancelled_in_database_time():
    plan = plan_of(2)
    run_id = start_run(plan, connection="sandbox")
    assert cancel_run(run_id)
    runs = [run_summary(run_id), *list_runs(), *runs_of_plan(plan.fingerprint, "sandbox")]
    for run in runs:
        assert is_database_time(run.created_at)
        assert is_database_time(run.finished_at)
        assert is_database_time(run.seen_at)


def test_a_start_that_has_not_come_on_the_database_clock_is_waited_for():
    soon = datetime.now(UTC) - BEHIND / 2
    run_id = start_run(plan_of(1), connection="sandbox", schedule=SendSchedule(starts_at=soon))
    assert run_summary(run_id).state is RunState.SCHEDULED


def test_a_retry_is_created_in_database_time(settings: Settings):
    code = "ERROR_CODE_CAMPAIGN_ENTRY_CLIENT_INVALID"
    run_id = rejected_run(settings, 3, {0: code})
    assert is_database_time(run_summary(retry_run(run_id, [code])).created_at)


def test_a_decision_on_an_unconfirmed_row_has_database_time(settings: Settings):
    run_id = run_with_unknown_rows(settings, DuplicateBehavior.ALLOW_ONE)
    resolve_unknown_rows(run_id, ResolutionChoice.LEFT, person="me")
    row = unknown_rows(run_id)[0]
    assert is_database_time(row.resolutions[0].at)


def test_an_export_is_queued_and_ended_in_database_time():
    run_id = start_run(plan_of(1), connection="sandbox")
    ask_for_export(run_id, "report.xlsx")
    end_export("report.xlsx")
    with open_ledger().read() as db:
        row = db.execute(select(export)).one()
    assert is_database_time(row.asked_at)
    assert is_database_time(row.ended_at)
