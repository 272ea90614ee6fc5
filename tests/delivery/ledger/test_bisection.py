"""Larger batches are split if they are too large or partly rejected."""

from collections import Counter

import pytest

from lib.campaign import SendSchedule
from lib.connectly import DuplicateBehavior
from lib.delivery import Outcome, RunState, cancel_run, run_attempts, start_run
from lib.delivery.ledger.database import open_ledger
from lib.delivery.ledger.rate_slots import max_entries
from lib.delivery.states import PART_REJECTED, AttemptResult
from lib.outcomes import row_outcomes
from tests.support.ledger import NOW
from tests.support.sandbox import messages_by_phone
from tests.support.states import wait_for
from tests.support.worker import plan_of, wait_for_run

ONE, MULTIPLE = DuplicateBehavior.ALLOW_ONE, DuplicateBehavior.ALLOW_MULTIPLE
# Phones that end in 7, 8 or 9 are rejected, each with a different error.
PICKY = "demo_invalid_phones"


def outcomes(run_id: str) -> Counter[str]:
    return Counter(row_outcomes(run_id)["outcome"])


def bad_rows(count: int) -> set[int]:
    plan = plan_of(count, campaign=PICKY)
    return {row for row in plan.table.index if plan.table.loc[row, "client"][-1] in "789"}


def test_a_large_batch_is_sent_in_one_request(worker, sandbox):
    run_id = start_run(plan_of(1_000), connection="sandbox", schedule=SendSchedule(batch_size=250))
    run = wait_for_run(run_id)
    assert run.accepted == 1_000
    assert len(run_attempts(run_id)) == 4
    assert set(messages_by_phone(sandbox).values()) == {1}
    assert outcomes(run_id) == {Outcome.ACCEPTED: 1_000}


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_rejected_rows_of_a_batch_are_identified_without_duplicates(
    request, database, data_dir, sandbox
):
    if database == "postgres":
        request.getfixturevalue("shared_database")
    request.getfixturevalue("worker")
    run_id = start_run(
        plan_of(120, campaign=PICKY), connection="sandbox", schedule=SendSchedule(batch_size=60)
    )
    run = wait_for_run(run_id)
    found = row_outcomes(run_id)
    assert set(found.index[found["outcome"] == Outcome.REJECTED]) == bad_rows(120)
    assert (run.rejected, run.unknown) == (len(bad_rows(120)), 0)
    assert set(messages_by_phone(sandbox).values()) == {1}
    assert len(messages_by_phone(sandbox)) == run.accepted
    assert len(run_attempts(run_id)) > 2


def test_a_partly_rejected_batch_stays_unknown_without_deduplication(worker, sandbox):
    plan = plan_of(40, campaign=PICKY, duplicates=MULTIPLE)
    run_id = start_run(plan, connection="sandbox", schedule=SendSchedule(batch_size=20))
    run = wait_for_run(run_id)
    assert (run.unknown, run.accepted, run.rejected) == (40, 0, 0)
    assert [each.result for each in run_attempts(run_id)] == [AttemptResult.MIXED] * 2
    assert set(row_outcomes(run_id)["error_code"]) == {PART_REJECTED}
    assert set(messages_by_phone(sandbox).values()) == {1}


@pytest.mark.parametrize("status", [200, 400, 413])
def test_a_batch_too_large_is_split_and_the_limit_is_stored(idle_worker, sandbox_factory, status):
    limits = {"entry_limit": 30, "limit_status": status, "error_body": "connectly"}
    sandbox = sandbox_factory(limits)
    idle_worker.connect(sandbox)
    idle_worker.start()
    run = wait_for_run(
        start_run(plan_of(300), connection="sandbox", schedule=SendSchedule(batch_size=200))
    )
    assert (run.accepted, run.unknown) == (300, 0)
    with open_ledger().write() as db:
        limit = max_entries(db, "sandbox", NOW)
    assert limit is not None
    assert 25 <= limit <= 30
    again = start_run(
        plan_of(100, first=1_000), connection="sandbox", schedule=SendSchedule(batch_size=200)
    )
    wait_for_run(again)
    assert len(run_attempts(again)) <= 5
    assert set(messages_by_phone(sandbox).values()) == {1}


def test_a_rejection_without_a_reason_splits_the_batch(idle_worker, sandbox_factory):
    sandbox = sandbox_factory({"entry_limit": 30, "limit_status": 400})
    idle_worker.connect(sandbox)
    idle_worker.start()
    run = wait_for_run(
        start_run(plan_of(60), connection="sandbox", schedule=SendSchedule(batch_size=60))
    )
    assert run.accepted == 60


@pytest.mark.parametrize("how", ["kill", "cancel"])
def test_an_interrupted_split_ends_unknown_and_the_counters_match(
    idle_worker, sandbox_factory, how
):
    sandbox = sandbox_factory({"latency_ms": [60, 120]})
    idle_worker.connect(sandbox)
    idle_worker.start()
    run_id = start_run(
        plan_of(200, campaign=PICKY), connection="sandbox", schedule=SendSchedule(batch_size=100)
    )
    wait_for(lambda: len(run_attempts(run_id)) > 8)
    if how == "kill":
        idle_worker.kill()
        idle_worker.start()
        run = wait_for_run(run_id)
    else:
        cancel_run(run_id)
        run = wait_for_run(run_id, until=lambda each: not each.waiting)
        assert run.state is RunState.CANCELLED
    assert outcomes(run_id) == {
        outcome: count for outcome in Outcome if (count := getattr(run, outcome.value))
    }
    found = row_outcomes(run_id)
    assert not set(found.index[found["outcome"] == Outcome.ACCEPTED]) & bad_rows(200)
    assert set(messages_by_phone(sandbox).values()) == {1}
