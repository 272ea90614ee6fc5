"""Opt-outs after a run was confirmed apply in every state of the run."""

import dataclasses
import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from lib.campaign import Plan, SendSchedule
from lib.connectly import DuplicateBehavior
from lib.delivery import (
    Outcome,
    ResolutionChoice,
    RunState,
    approve_run,
    pause_run,
    resolve_unknown_rows,
    resume_run,
    run_summary,
    start_now,
    start_run,
)
from lib.delivery.ledger.database import open_ledger
from lib.delivery.ledger.opt_outs import opt_outs_by_business
from lib.delivery.states import OPTED_OUT_SINCE
from lib.outcomes import row_outcomes
from tests.support.opt_outs import exclude_phone
from tests.support.sandbox import messages_by_phone
from tests.support.unknown_rows import run_with_unknown_rows
from tests.support.worker import plan_of, wait_for_run


def phones_of(plan: Plan) -> list[str]:
    return list(plan.table["client"])


@pytest.mark.parametrize("batch_size", [1, 16])
def test_an_opt_out_during_a_pause_cancels_only_that_row(worker, sandbox, settings, batch_size):
    os.kill(worker.pid, signal.SIGSTOP)
    plan = plan_of(40)
    run_id = start_run(plan, connection="sandbox", schedule=SendSchedule(batch_size=batch_size))
    pause_run(run_id)
    gone = phones_of(plan)[7]
    exclude_phone(gone, settings)
    resume_run(run_id)
    os.kill(worker.pid, signal.SIGCONT)
    run = wait_for_run(run_id)
    assert (run.accepted, run.cancelled) == (39, 1)
    assert set(messages_by_phone(sandbox)) == set(phones_of(plan)) - {gone}
    found = row_outcomes(run_id)
    assert found.loc[found["outcome"] == Outcome.CANCELLED, "error_code"].tolist() == [
        OPTED_OUT_SINCE
    ]


def test_an_opt_out_before_a_scheduled_start_cancels_the_row(worker, sandbox, settings):
    plan = plan_of(5)
    later = SendSchedule(starts_at=datetime.now(UTC) + timedelta(hours=1))
    run_id = start_run(plan, connection="sandbox", schedule=later)
    exclude_phone(phones_of(plan)[0], settings)
    assert run_summary(run_id).state is RunState.SCHEDULED
    start_now(run_id)
    run = wait_for_run(run_id)
    assert (run.accepted, run.cancelled) == (4, 1)
    assert phones_of(plan)[0] not in messages_by_phone(sandbox)


def test_an_opt_out_between_two_waves_cancels_the_row(worker, sandbox, settings):
    plan = plan_of(10)
    waves = SendSchedule(first_wave=4, wave_growth=4.0)
    run_id = start_run(plan, connection="sandbox", schedule=waves)
    wait_for_run(run_id, until=lambda run: run.state is RunState.WAITING_FOR_APPROVAL)
    reached = set(messages_by_phone(sandbox))
    gone = next(phone for phone in phones_of(plan) if phone not in reached)
    exclude_phone(gone, settings)
    approve_run(run_id, wave=1, everything=True)
    run = wait_for_run(run_id)
    assert (run.accepted, run.cancelled) == (9, 1)
    assert gone not in messages_by_phone(sandbox)


def test_an_ignored_list_does_not_apply_and_a_later_list_does(worker, sandbox, settings):
    plan = plan_of(3)
    ignored = exclude_phone(phones_of(plan)[0], settings)
    answers = plan.answers.model_copy(update={"ignored_lists": frozenset({ignored})})
    plan = dataclasses.replace(plan, answers=answers)
    os.kill(worker.pid, signal.SIGSTOP)
    run_id = start_run(plan, connection="sandbox")
    exclude_phone(phones_of(plan)[1], settings)
    os.kill(worker.pid, signal.SIGCONT)
    wait_for_run(run_id)
    assert set(messages_by_phone(sandbox)) == {phones_of(plan)[0], phones_of(plan)[2]}


def test_an_opt_out_reported_by_a_rejection_applies_to_later_runs(worker, sandbox, settings):
    # In this campaign, phones that end in 9 are rejected as opted out.
    first = start_run(plan_of(10, campaign="demo_invalid_phones"), connection="sandbox")
    wait_for_run(first)
    second = start_run(plan_of(10, campaign="demo_welcome"), connection="sandbox")
    run = wait_for_run(second)
    assert (run.accepted, run.cancelled) == (9, 1)
    with open_ledger().read() as db:
        assert opt_outs_by_business(db) == {"sandbox": 1}
    found = row_outcomes(second)
    [row] = found.index[found["outcome"] == Outcome.CANCELLED]
    assert found.loc[row, "error_code"] == OPTED_OUT_SINCE


def test_opt_outs_reported_to_an_earlier_release_are_stored_at_the_next_start(
    worker, sandbox, settings
):
    wait_for_run(start_run(plan_of(10, campaign="demo_invalid_phones"), connection="sandbox"))
    worker.kill()
    with open_ledger().write() as db:
        # The state that an earlier release leaves.
        db.exec_driver_sql("DELETE FROM opt_out")
        db.exec_driver_sql("UPDATE run SET business_id = NULL, base_url = NULL")
    later = start_run(plan_of(10, campaign="demo_welcome"), connection="sandbox")
    worker.start()
    run = wait_for_run(later)
    assert (run.accepted, run.cancelled) == (9, 1)
    assert sum(each["campaignName"] == "demo_welcome" for each in sandbox.record()) == 9


def test_a_damaged_list_pauses_the_run_before_sending(worker, sandbox, settings):
    os.kill(worker.pid, signal.SIGSTOP)
    plan = plan_of(3)
    run_id = start_run(plan, connection="sandbox")
    list_id = exclude_phone("+12025550199", settings)
    path = settings.exclusions_dir / f"{list_id}.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    os.kill(worker.pid, signal.SIGCONT)
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert run.reason == "STUDIO_EXCLUDE_LISTS_UNREADABLE"
    assert not messages_by_phone(sandbox)
    path.write_bytes(whole)
    resume_run(run_id)
    assert wait_for_run(run_id).accepted == 3


def test_a_row_that_may_have_been_sent_stays_unknown(idle_worker, sandbox, settings):
    """A repeat is not made for who opted out; the first request may have reached them."""
    run_id = run_with_unknown_rows(settings, DuplicateBehavior.ALLOW_ONE)
    resolve_unknown_rows(run_id, ResolutionChoice.REPEAT, person="me")
    found = row_outcomes(run_id)
    assert set(found["outcome"]) == {Outcome.WAITING}
    exclude_phone("+12025550100", settings)
    idle_worker.connect(sandbox)
    idle_worker.start()
    assert wait_for_run(run_id).cancelled == 0
    found = row_outcomes(run_id)
    assert found.loc[2, "outcome"] == Outcome.UNKNOWN
    assert found.loc[2, "error_code"] == OPTED_OUT_SINCE
