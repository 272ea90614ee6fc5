"""Schedules of runs: waves, the stop rule, starts and quiet hours, at given times."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lib.campaign import SendSchedule
from lib.delivery.ledger import claims as ledger_claims
from lib.delivery.ledger import runs, schedule
from lib.delivery.ledger.database import Ledger
from lib.delivery.ledger.runs import NewRun, NewSendout
from lib.delivery.ledger.schema import batch
from lib.delivery.states import Reason, RunKind, RunState
from tests.support.businesses import SANDBOX
from tests.support.ledger import (
    ACCEPTED,
    NOW,
    REJECTED,
    UNKNOWN,
    register,
    send,
    send_all,
    summary,
)

HOUR = timedelta(hours=1)
MINUTE = NOW.hour * 60 + NOW.minute


@pytest.fixture
def ledger(tmp_path: Path, new_ledger: Path) -> Iterator[Ledger]:
    ledger = Ledger(Path(shutil.copy(new_ledger, tmp_path)))
    yield ledger
    ledger.close()


def enter(ledger: Ledger, schedule: SendSchedule, *sizes: int) -> None:
    sendouts = [
        NewSendout(number, f"campaign {number}", None, False, sum(sizes[:number]), size)
        for number, size in enumerate(sizes)
    ]
    run = NewRun(
        id="one",
        token="one",
        label="one",
        kind=RunKind.SHEET,
        connection="sandbox",
        fingerprint="f",
        plan_id="f",
        sheet_id=None,
        rows=sum(sizes),
        held=0,
        if_version_unspecified="reuse_last_active",
        if_duplicate_check_unspecified="allow_one",
        created_at=NOW,
        schedule=schedule,
    )
    with ledger.write() as db:
        runs.insert_run(db, run, sendouts)


def advance(ledger: Ledger, now: datetime) -> RunState | None:
    with ledger.write() as db:
        return schedule.advance(db, "one", now)


def approve(ledger: Ledger, wave: int, *, everything: bool = False) -> bool:
    with ledger.write() as db:
        return schedule.approve(db, "one", NOW, wave=wave, everything=everything)


def batches(ledger: Ledger) -> int:
    with ledger.read() as db:
        return db.execute(select(func.count()).select_from(batch)).scalar_one()


def test_a_first_wave_is_apportioned_and_then_waits_for_approval(ledger):
    enter(ledger, SendSchedule(first_wave=10), 60, 30, 2)
    assert send_all(ledger, ACCEPTED) == batches(ledger) == 10
    run = summary(ledger)
    assert (run.state, run.reason, run.wave) == (RunState.WAITING_FOR_APPROVAL, None, 1)
    assert [each.accepted for each in run.sendouts] == [6, 3, 1]
    assert (run.to_come, run.next_wave) == (82, 82)
    assert send_all(ledger, ACCEPTED) == 0
    assert approve(ledger, 1)
    assert not approve(ledger, 1)
    assert send_all(ledger, ACCEPTED) == 82
    assert summary(ledger).state is RunState.FINISHED


def test_an_approval_of_an_earlier_wave_has_no_effect(ledger):
    enter(ledger, SendSchedule(first_wave=5, wave_growth=2), 40)
    assert not approve(ledger, 1)
    send_all(ledger, ACCEPTED)
    assert approve(ledger, 1)
    assert send_all(ledger, ACCEPTED) == 10
    assert not approve(ledger, 1)
    assert approve(ledger, 2, everything=True)
    assert send_all(ledger, ACCEPTED) == 25


def test_waves_continue_automatically_within_the_tolerance(ledger):
    enter(ledger, SendSchedule(first_wave=10, wave_growth=2, wave_tolerance=0.1), 70)
    assert send_all(ledger, REJECTED, ACCEPTED) == 70
    assert (summary(ledger).state, summary(ledger).wave) == (RunState.FINISHED, 3)


def test_waves_wait_for_approval_beyond_the_tolerance(ledger):
    enter(ledger, SendSchedule(first_wave=10, wave_growth=2, wave_tolerance=0.1), 70)
    assert send_all(ledger, REJECTED, UNKNOWN, ACCEPTED) == 10
    run = summary(ledger)
    assert (run.state, run.reason) == (RunState.WAITING_FOR_APPROVAL, Reason.WAVE_REJECTED)


def test_the_stop_rule_counts_from_the_last_resumption(ledger):
    enter(ledger, SendSchedule(stop_share=0.3), 200)
    sent = send_all(ledger, *[ACCEPTED] * 14, REJECTED)
    assert schedule.STOPS_FROM <= sent <= schedule.STOPS_FROM + 3
    run = summary(ledger)
    assert (run.state, run.reason) == (RunState.PAUSED, Reason.TOO_MANY_REJECTED)
    with ledger.write() as db:
        assert schedule.resume_on_schedule(db, "one", NOW)
    assert send_all(ledger, *[ACCEPTED] * 40, REJECTED) > 40
    assert summary(ledger).reason is Reason.TOO_MANY_REJECTED


def test_the_stop_rule_needs_enough_answers(ledger):
    enter(ledger, SendSchedule(stop_share=0.3), 19)
    send_all(ledger, REJECTED)
    assert (summary(ledger).state, summary(ledger).rejected) == (RunState.FINISHED, 19)


def test_a_run_starts_at_its_scheduled_time(ledger):
    enter(ledger, SendSchedule(starts_at=NOW + HOUR), 3)
    assert summary(ledger).state is RunState.SCHEDULED
    assert summary(ledger).goes_on_at == NOW + HOUR
    assert send_all(ledger, ACCEPTED) == 0
    assert advance(ledger, NOW + HOUR - timedelta(seconds=1)) is RunState.SCHEDULED
    assert advance(ledger, NOW + HOUR) is RunState.RUNNING
    assert send_all(ledger, ACCEPTED, now=NOW + HOUR) == 3


def test_a_start_missed_by_more_than_an_hour_waits_for_approval(ledger):
    enter(ledger, SendSchedule(starts_at=NOW - 2 * HOUR), 3)
    with ledger.write() as db:
        db.exec_driver_sql("UPDATE run SET state = 'scheduled'")
    assert advance(ledger, NOW) is RunState.WAITING_FOR_APPROVAL
    assert summary(ledger).reason is Reason.START_MISSED
    assert (send_all(ledger, ACCEPTED), approve(ledger, 1)) == (0, False)
    with ledger.write() as db:
        assert schedule.start_now(db, "one", NOW)
        assert not schedule.start_now(db, "one", NOW)
    assert send_all(ledger, ACCEPTED) == 3


def test_a_run_resumed_before_its_start_is_scheduled(ledger):
    enter(ledger, SendSchedule(starts_at=NOW + HOUR), 3)
    with ledger.write() as db:
        assert runs.pause(db, "one")
        assert schedule.advance(db, "one", NOW + HOUR) is RunState.PAUSED
        assert schedule.resume_on_schedule(db, "one", NOW)
    assert summary(ledger).state is RunState.SCHEDULED


def test_claimed_batches_are_released_when_quiet_hours_begin(ledger):
    enter(ledger, SendSchedule(quiet_from=MINUTE, quiet_until=MINUTE + 60), 9)
    with ledger.write() as db:
        register(db, "me")
        claims = ledger_claims.claim(
            db, "sandbox", "me", 3, NOW - timedelta(minutes=1), business=SANDBOX
        )
    assert len(claims) == 3
    assert advance(ledger, NOW) is RunState.SCHEDULED
    run = summary(ledger)
    assert run.reason is Reason.QUIET_HOURS
    assert run.goes_on_at == (NOW + HOUR).replace(second=0, microsecond=0)
    assert not send(ledger, claims[0])
    assert send_all(ledger, ACCEPTED, now=NOW) == 0
    assert advance(ledger, NOW + HOUR) is RunState.RUNNING
    assert send_all(ledger, ACCEPTED, now=NOW + HOUR) == 9


def test_a_start_in_quiet_hours_is_delayed_and_not_missed(ledger):
    quiet = SendSchedule(starts_at=NOW + HOUR, quiet_from=MINUTE, quiet_until=MINUTE + 300)
    enter(ledger, quiet, 3)
    assert advance(ledger, NOW + 3 * HOUR) is RunState.SCHEDULED
    assert summary(ledger).reason is Reason.QUIET_HOURS
    assert advance(ledger, NOW + 5 * HOUR) is RunState.RUNNING


@pytest.mark.parametrize("state", ["scheduled", "waiting_for_approval"])
def test_a_waiting_run_can_be_cancelled_and_its_counters_match(ledger, state):
    schedule = (
        SendSchedule(starts_at=NOW + HOUR) if state == "scheduled" else SendSchedule(first_wave=2)
    )
    enter(ledger, schedule, 5, 4)
    send_all(ledger, ACCEPTED)
    assert summary(ledger).state == state
    with ledger.write() as db:
        assert runs.cancel(db, "one", NOW)
    run = summary(ledger)
    assert (run.waiting, run.cancelled) == (0, 9 - run.accepted)
