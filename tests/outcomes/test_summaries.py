"""Totals add up, agree with the ledger, and say so where they do not."""

import random
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event

from lib.campaign import single_entry_plan
from lib.connectly import CampaignEntry, SendCampaignsOptions
from lib.delivery import Outcome, RunKind, RunNotFoundError, cancel_run, outcome_counts, start_run
from lib.delivery.ledger.counters import CounterDelta, apply_deltas
from lib.delivery.ledger.database import open_ledger
from lib.delivery.ledger.runs import NewRun, NewSendout, insert_run
from lib.outcomes import Filter, outcome_summary
from lib.settings import Settings
from tests.support.recipients import fictional_phone
from tests.support.sent_run import SentRun, odd_sheet, start_known

SENDOUT_OF_ONE = NewSendout(0, "promo", "v1", needs_version=False, start=0, entries=1)


def run_of_one(number: int) -> NewRun:
    """A run with one recipient, confirmed a minute after the one of the number before."""
    return NewRun(
        id=str(number),
        token=str(number),
        label="list.csv",
        kind=RunKind.SHEET,
        connection="sandbox",
        fingerprint="0" * 64,
        plan_id="0" * 64,
        sheet_id=None,
        rows=1,
        held=0,
        if_version_unspecified="reuse_last_active",
        if_duplicate_check_unspecified="allow_one",
        created_at=datetime(2026, 1, 1, tzinfo=UTC) + number * timedelta(minutes=1),
    )


def test_totals_are_those_of_the_run(sent_run: SentRun) -> None:
    run = sent_run.summary
    summary = outcome_summary(Filter(), settings=sent_run.settings)
    assert summary.reconciles
    assert (summary.runs, summary.rows) == (1, run.rows)
    assert summary.totals == {each: getattr(run, each.value) for each in Outcome}
    assert sum(summary.totals.values()) == run.rows


def test_every_table_has_the_same_people(sent_run: SentRun) -> None:
    summary = outcome_summary(Filter(), settings=sent_run.settings)
    rejected = summary.totals[Outcome.REJECTED]
    assert rejected > 0
    assert summary.by_sendout["Rejected"].sum() == rejected
    assert summary.by_code["Recipients"].sum() == rejected
    assert summary.by_class["Recipients"].sum() == rejected
    assert summary.by_campaign["Recipients"].sum() == rejected
    assert summary.over_time()["Rejected"].sum() == rejected


def test_a_campaign_alone_adds_up_without_rows_held_back(sent_run: SentRun) -> None:
    wanted = Filter(campaign="demo_invalid_phones")
    summary = outcome_summary(wanted, settings=sent_run.settings)
    sent = [cells for cells in sent_run.known.sent.values() if cells[1] == wanted.campaign]
    assert summary.reconciles
    assert summary.rows == len(sent)
    assert summary.totals[Outcome.HELD] == 0
    assert set(summary.by_sendout["Campaign"]) == {wanted.campaign}


def test_time_limits_what_is_counted(sent_run: SentRun) -> None:
    minutes = [line.minute for line in outcome_counts(settings=sent_run.settings)]
    before = outcome_summary(Filter(until=min(minutes)), settings=sent_run.settings)
    after = outcome_summary(Filter(since=min(minutes)), settings=sent_run.settings)
    assert (before.rows, before.runs, before.reconciles) == (0, 0, True)
    assert after.rows == sent_run.summary.accepted + sent_run.summary.rejected


def test_an_unknown_run_is_not_passed_over(settings: Settings) -> None:
    with pytest.raises(RunNotFoundError):
        outcome_summary(Filter(run_ids=("nobody",)), settings=settings)


def test_an_empty_ledger_adds_up_to_nothing(settings: Settings) -> None:
    summary = outcome_summary(Filter(), settings=settings)
    assert (summary.runs, summary.rows, summary.reconciles) == (0, 0, True)
    assert set(summary.totals.values()) == {0}
    assert summary.by_sendout.empty


def test_rows_wait_until_they_are_sent(settings: Settings) -> None:
    known = odd_sheet(40)
    start_known(known, settings)
    summary = outcome_summary(Filter(), settings=settings)
    assert summary.reconciles
    assert summary.totals[Outcome.WAITING] == len(known.sent)
    assert summary.totals[Outcome.HELD] == len(known.held)
    assert summary.by_sendout["Waiting"].sum() == len(known.sent)


def test_cancelled_rows_are_counted_as_such(settings: Settings) -> None:
    known = odd_sheet(40)
    cancel_run(start_known(known, settings), settings=settings)
    summary = outcome_summary(Filter(), settings=settings)
    assert summary.reconciles
    assert summary.totals[Outcome.CANCELLED] == len(known.sent)
    assert summary.over_time().empty


def test_several_runs_are_one_sum_and_can_be_told_apart(settings: Settings) -> None:
    known = odd_sheet(40)
    first, second = (start_known(known, settings, repeat=each) for each in (0, 1))
    both = outcome_summary(Filter(run_ids=(first, second, first)), settings=settings)
    one = outcome_summary(Filter(run_ids=(second,)), settings=settings)
    assert (both.runs, both.rows) == (2, 80)
    assert (one.runs, one.rows) == (1, 40)


def test_tests_are_left_out_unless_asked_for(settings: Settings) -> None:
    entry = CampaignEntry(client=fictional_phone(0), campaign_name="demo_welcome")
    plan = single_entry_plan(entry, SendCampaignsOptions(), label="my phone")
    run_id = start_run(plan, connection="sandbox", kind="test", settings=settings)
    assert outcome_summary(Filter(run_ids=(run_id,)), settings=settings).rows == 0
    assert outcome_summary(Filter(include_tests=True), settings=settings).rows == 1


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE sendout SET accepted = accepted + 1, waiting = waiting - 1 WHERE number = 0",
        "UPDATE run SET rows = rows + 1",
        "INSERT INTO tally SELECT id, 0, 'accepted', '', 0, 1 FROM run",
    ],
)
def test_numbers_that_do_not_add_up_say_so(settings: Settings, tampering: str) -> None:
    start_known(odd_sheet(20), settings)
    with sqlite3.connect(settings.ledger_path) as db:
        db.execute(tampering)
    db.close()
    assert not outcome_summary(Filter(), settings=settings).reconciles


@pytest.mark.parametrize(
    ("wanted", "is_timed"),
    [
        (Filter(), False),
        (Filter(since=datetime.now(UTC)), True),
        (Filter(until=datetime.now(UTC) + timedelta(days=1)), True),
    ],
)
def test_a_filter_knows_whether_it_limits_time(wanted: Filter, *, is_timed: bool) -> None:
    assert wanted.is_timed is is_timed


@pytest.mark.parametrize("zone", ["Europe/Madrid", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("hours", [23, 30, 24 * 30])
def test_bars_have_exactly_who_answered_in_their_time(
    settings: Settings, zone: str, hours: int
) -> None:
    """Also where clocks differ by quarters and half hours, and change meanwhile."""
    first = datetime(2026, 10, 3, 10, 7, tzinfo=UTC)
    dice = random.Random(hours)
    within = {0, 60 * hours, *(dice.randrange(60 * hours) for _ in range(400))}
    counts = {first + timedelta(minutes=each): dice.randint(1, 9) for each in within}
    with open_ledger(settings).write() as db:
        insert_run(db, run_of_one(0), [SENDOUT_OF_ONE])
        for at, count in counts.items():
            apply_deltas(db, [CounterDelta("0", 0, Outcome.ACCEPTED, None, count)], at)
    wanted: Counter[datetime] = Counter()
    for at, count in counts.items():
        hour = at.astimezone(ZoneInfo(zone)).replace(minute=0, tzinfo=None)
        wanted[hour if hours < 48 else hour.replace(hour=0)] += count
    table = outcome_summary(Filter(), settings=settings).over_time(ZoneInfo(zone))
    assert dict(zip(table["Time"], table["Accepted"], strict=True)) == wanted


def test_a_summary_of_many_runs_reconciles_while_others_begin(settings: Settings) -> None:
    """Another run begins after each statement, none of which the snapshot shows."""
    ledger = open_ledger(settings)
    many = 1_002
    with ledger.write() as db:
        for number in range(many):
            insert_run(db, run_of_one(number), [SENDOUT_OF_ONE])
    spare = [many + each for each in range(9)]

    def begin_another(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("SELECT") and "token = " not in statement and spare:
            with ledger.write() as db:
                insert_run(db, run_of_one(spare.pop()), [SENDOUT_OF_ONE])

    event.listen(Engine, "after_cursor_execute", begin_another)
    try:
        summary = outcome_summary(Filter(), settings=settings)
    finally:
        event.remove(Engine, "after_cursor_execute", begin_another)
    assert len(spare) < 9
    assert summary.reconciles
    assert (summary.runs, summary.rows, summary.totals[Outcome.WAITING]) == (many, many, many)
