"""Runs that wait for their time: the worker that waits may die, and so may the engine's memory."""

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select

from lib.campaign import SendSchedule
from lib.delivery import RunState, approve_run, run_summary, start_run, worker_state
from lib.delivery.ledger.database import open_ledger
from lib.delivery.ledger.schema import worker as worker_table
from lib.delivery.ledger.workers import DEAD_AFTER
from tests.support.sandbox import messages_by_phone
from tests.support.states import wait_for
from tests.support.worker import Worker, plan_of, registered_workers, wait_for_run


def starting_in(seconds: float) -> SendSchedule:
    return SendSchedule(starts_at=datetime.now(UTC) + timedelta(seconds=seconds))


def naps(data_dir: Path) -> int:
    """Count the runs for which the engine in a data folder keeps time."""
    with contextlib.closing(sqlite3.connect(data_dir / "engine.sqlite3")) as db:
        counted = "SELECT count(*) FROM operation_outputs WHERE function_name = 'DBOS.sleep'"
        return int(db.execute(counted).fetchone()[0])


def keep_time() -> int:
    """Count the workers whose engine has started."""
    counted = select(func.count()).select_from(worker_table).where(worker_table.c.can_schedule)
    with open_ledger().read() as db:
        return int(db.execute(counted).scalar_one())


def who_waits(database: str, run_id: str) -> list[str]:
    """Return the workers that keep time for a run, as the engine's own tables have it."""
    with psycopg.connect(database) as db:
        found = db.execute(
            "SELECT executor_id FROM sendout_engine.workflow_status"
            " JOIN sendout_engine.operation_outputs USING (workflow_uuid)"
            " WHERE workflow_uuid = %s AND function_name = 'DBOS.sleep'",
            [run_id],
        )
        return [row[0] for row in found]


@pytest.mark.parametrize("memory", ["kept", "lost"])
def test_a_run_starts_at_its_time_though_the_worker_that_waited_for_it_was_killed(
    idle_worker: Worker, sandbox, data_dir, memory
):
    idle_worker.connect(sandbox)
    start_run(plan_of(5, first=500), connection="sandbox", schedule=starting_in(3_600))
    idle_worker.start()
    wait_for(lambda: keep_time() == 1)
    run_id = start_run(plan_of(40), connection="sandbox", schedule=starting_in(4))
    wait_for(lambda: naps(data_dir) == 2)
    idle_worker.kill()
    assert run_summary(run_id).state is RunState.SCHEDULED
    if memory == "lost":
        for path in data_dir.glob("engine.sqlite3*"):
            path.unlink()
    idle_worker.start()
    run = wait_for_run(run_id)
    assert run.accepted == 40
    assert run.started_at is not None
    assert run.schedule.starts_at is not None
    assert run.started_at >= run.schedule.starts_at
    assert set(messages_by_phone(sandbox).values()) == {1}


def test_a_first_wave_stops_after_exactly_so_many_though_the_worker_is_killed_in_it(
    idle_worker: Worker, sandbox
):
    idle_worker.connect(sandbox)
    schedule = SendSchedule(first_wave=150, stop_share=0.5)
    plan = plan_of(400, campaign=("demo_welcome", "demo_invalid_phones"))
    run_id = start_run(plan, connection="sandbox", schedule=schedule)
    idle_worker.start()
    wait_for_run(run_id, until=lambda run: run.waiting < 380)
    idle_worker.kill()
    idle_worker.start()
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.WAITING_FOR_APPROVAL)
    assert run.waiting == run.to_come == 250
    assert len(messages_by_phone(sandbox)) <= 150
    assert approve_run(run_id, wave=1)
    wait_for_run(run_id)
    assert set(messages_by_phone(sandbox).values()) == {1}


def test_a_worker_whose_engine_cannot_start_says_so_and_sends_what_need_not_wait(
    idle_worker: Worker, sandbox, data_dir
):
    (data_dir / "engine.sqlite3").mkdir()
    idle_worker.connect(sandbox)
    waiting = start_run(plan_of(5), connection="sandbox", schedule=starting_in(1))
    plain = start_run(plan_of(5, first=100), connection="sandbox")
    idle_worker.start()
    assert wait_for_run(plain).accepted == 5
    wait_for(lambda: not worker_state().scheduler_ok)
    assert "workflow engine unavailable" in idle_worker.log
    assert run_summary(waiting).state is RunState.SCHEDULED
    (data_dir / "engine.sqlite3").rmdir()
    assert wait_for_run(waiting).accepted == 5
    assert worker_state().scheduler_ok


def test_another_worker_waits_in_place_of_one_that_died(workers, sandbox, shared_database):
    start_run(plan_of(5, first=500), connection="sandbox", schedule=starting_in(3_600))
    wait_for(lambda: keep_time() == 2)
    run_id = start_run(plan_of(40), connection="sandbox", schedule=starting_in(4))
    wait_for(lambda: len(who_waits(shared_database, run_id)) == 1)
    [waiting] = who_waits(shared_database, run_id)
    dying = next(each for each in workers if f"-{each.pid}-" in waiting)
    dying.kill()
    run = wait_for_run(run_id, seconds=DEAD_AFTER.total_seconds() + 30)
    assert run.accepted == 40
    assert waiting not in registered_workers()
    assert set(messages_by_phone(sandbox).values()) == {1}
