"""The ledger: tables and migrations, claims, attempts, pauses and cancellations."""

import sqlite3
import threading
import traceback
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, select
from sqlalchemy.exc import IntegrityError

from lib.delivery.answer_policy import Decision
from lib.delivery.ledger import attempts as ledger_attempts
from lib.delivery.ledger import claims as ledger_claims
from lib.delivery.ledger import outcomes, run_summaries, runs, workers
from lib.delivery.ledger.counters import CounterDelta, apply_deltas
from lib.delivery.ledger.database import (
    Ledger,
    LedgerAddressError,
    LedgerError,
    LedgerTooNewError,
    driver_url,
)
from lib.delivery.ledger.schema import attempt, metadata, worker
from lib.delivery.ledger.tally import count_outcomes
from lib.delivery.ledger.unknowns import resolutions, resolve, unknown_batches
from lib.delivery.states import (
    INTERRUPTED,
    AttemptResult,
    BatchState,
    Outcome,
    Reason,
    ResolutionChoice,
    RunKind,
    RunState,
)
from lib.delivery.summaries import AttemptRecord
from tests.support.businesses import SANDBOX
from tests.support.ledger import (
    ACCEPTED,
    NOW,
    PUT_BACK,
    REJECTED,
    UNKNOWN,
    add_run,
    alembic_config,
    claim,
    send,
    summary,
    worker_of,
)


@pytest.fixture
def sqlite_ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite3")


def test_a_new_database_has_exactly_the_tables_of_the_metadata(ledger):
    with ledger.read() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_threads_may_open_the_same_ledger_concurrently(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            Ledger(path)
        except BaseException as error:  # noqa: BLE001 - reported below
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    add_run(Ledger(path))
    assert summary(Ledger(path)).waiting == 5


def test_commits_are_durable_and_readers_do_not_wait(sqlite_ledger):
    with sqlite_ledger.read() as db:
        pragmas = {
            name: db.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    add_run(sqlite_ledger)
    with sqlite_ledger.write() as writing:
        runs.pause(writing, "one")
        assert summary(sqlite_ledger).state is RunState.RUNNING
    assert summary(sqlite_ledger).state is RunState.PAUSED


def test_only_the_owner_can_read_the_file(sqlite_ledger, tmp_path):
    modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.glob("*.sqlite3*")}
    assert set(modes.values()) == {0}


def test_a_ledger_of_a_newer_release_is_refused(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    Ledger(path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(LedgerTooNewError, match="newer release"):
        Ledger(path)


def test_a_ledger_of_the_first_release_is_upgraded_with_its_runs(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    make_first_release(path)
    ledger = Ledger(path)
    found = summary(ledger)
    assert (found.label, found.waiting, found.accepted) == ("march.csv", 2, 1)
    assert [each.start for each in claim(ledger)] == [1, 2]
    with ledger.read() as db:
        context = MigrationContext.configure(db)
        assert compare_metadata(context, metadata) == []


def make_first_release(path: Path) -> None:
    """Create a ledger with the tables of the first release and a run of three rows."""
    config = alembic_config()
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as db:
        config.attributes["connection"] = db
        command.upgrade(config, "0001")
        db.exec_driver_sql(
            "INSERT INTO run VALUES ('one', 't', 'march.csv', 'sheet', 'sandbox', 'running', NULL,"
            " 'f', 'p', NULL, 3, 0, 'reuse_last_active', 'allow_one', 1, 1, NULL, 1)"
        )
        db.exec_driver_sql(
            "INSERT INTO sendout VALUES ('one', 0, 'march', NULL, 0, NULL, NULL, 0, 3, 2, 2, 1, 0,"
            " 0, 0)"
        )
        db.exec_driver_sql(
            "INSERT INTO batch VALUES (1, 'one', 0, 0, 1, 'accepted', NULL, 1, 1, 0, NULL, 2),"
            " (2, 'one', 0, 1, 1, 'waiting', NULL, 0, 0, 0, NULL, NULL)"
        )
        db.exec_driver_sql("INSERT INTO tally VALUES ('one', 0, 'accepted', '', 0, 1)")
    engine.dispose()


def test_a_file_that_is_not_a_database_is_refused(tmp_path):
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"not a database, but long enough to look at" * 50)
    with pytest.raises(LedgerError):
        Ledger(path)


def test_a_token_creates_one_run(ledger):
    assert add_run(ledger) == add_run(ledger) == "one"
    assert summary(ledger).rows == 5


def test_held_rows_are_part_of_the_total(ledger):
    add_run(ledger, sizes=(3, 4), held=2)
    found = summary(ledger)
    assert (found.rows, found.held, found.waiting) == (9, 2, 7)
    assert [each.entries for each in found.sendouts] == [3, 4]


def test_a_batch_is_claimed_once(ledger):
    add_run(ledger)
    first = claim(ledger, 3)
    second = claim(ledger, 100, owner="other")
    positions = [each.start for each in [*first, *second]]
    assert positions == [0, 1, 2, 3, 4]
    assert claim(ledger) == []


def test_concurrent_claims_never_share_a_batch(ledger):
    add_run(ledger, sizes=(400,))
    taken: list[int] = []

    def take(owner: str) -> None:
        while claims := claim(ledger, 7, owner=owner):
            taken.extend(each.batch_id for each in claims)

    threads = [threading.Thread(target=take, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 400


def test_tests_are_claimed_first_and_runs_share_evenly(ledger):
    add_run(ledger, "long", sizes=(1_000,))
    add_run(ledger, "short", sizes=(1_000,), after=timedelta(seconds=1))
    add_run(ledger, "test", sizes=(1,), kind=RunKind.TEST, after=timedelta(seconds=2))
    served = Counter(each.run_id for each in claim(ledger, 21))
    assert served == {"test": 1, "long": 10, "short": 10}


def test_a_large_sendout_is_claimed_completely_and_in_order(ledger):
    add_run(ledger, sizes=(1, 4_500, 2))
    positions: list[int] = []
    while claims := claim(ledger, 1_700):
        positions += [each.start for each in claims]
    assert positions == list(range(4_503))


def test_a_run_without_waiting_rows_finishes(ledger):
    add_run(ledger, sizes=(2, 1))
    for each, decision in zip(claim(ledger), [ACCEPTED, REJECTED, UNKNOWN], strict=True):
        assert send(ledger, each, decision)
    assert claim(ledger) == []
    found = summary(ledger)
    assert found.state is RunState.FINISHED
    assert found.finished_at == NOW
    assert (found.accepted, found.rejected, found.unknown, found.waiting) == (1, 1, 1, 0)


def test_the_tally_counts_by_code_and_minute(ledger):
    add_run(ledger, sizes=(3,))
    for each in claim(ledger):
        send(ledger, each, REJECTED)
    with ledger.read() as db:
        [line] = count_outcomes(db, ["one"], None, None, [RunKind.SHEET])
        assert count_outcomes(db, None, None, None, [RunKind.TEST]) == []
        assert count_outcomes(db, None, NOW, None, [RunKind.SHEET]) == []
    assert (line.outcome, line.error_code, line.count) == (Outcome.REJECTED, "ERROR_CODE_X", 3)
    assert line.minute == NOW.replace(second=0, microsecond=0)


def test_the_tally_adds_up_by_longer_steps(ledger):
    add_run(ledger, sizes=(4, 1))
    hour = NOW.replace(minute=0, second=0, microsecond=0)
    with ledger.write() as db:
        for number, minute in ((0, 14), (0, 15), (0, 29), (0, 30), (1, 29)):
            settled = CounterDelta("one", number, Outcome.ACCEPTED, None, 1)
            apply_deltas(db, [settled], hour + timedelta(minutes=minute))
    with ledger.read() as db:
        lines = count_outcomes(db, None, None, None, [RunKind.SHEET], step=timedelta(minutes=15))
    assert [
        (each.campaign_name, (each.minute - hour).seconds // 60, each.count) for each in lines
    ] == [("campaign 0", 0, 1), ("campaign 0", 15, 2), ("campaign 1", 15, 1), ("campaign 0", 30, 1)]


def test_a_paused_run_opens_no_attempt(ledger):
    add_run(ledger, sizes=(2,))
    early, late = claim(ledger)
    with ledger.write() as db:
        opened = ledger_attempts.open_attempt(db, early, 0, NOW)
        assert opened is not None
    with ledger.write() as db:
        assert runs.pause(db, "one")
    assert not send(ledger, late)
    assert claim(ledger) == []
    with ledger.write() as db:
        ledger_attempts.close_attempt(
            db, early, opened, ACCEPTED, has_unknown_attempt=False, now=NOW
        )
    assert (summary(ledger).accepted, summary(ledger).waiting) == (1, 1)


def test_a_pause_revokes_claims(ledger):
    add_run(ledger, sizes=(1,))
    [stale] = claim(ledger)
    with ledger.write() as db:
        runs.pause(db, "one")
        runs.resume(db, "one")
    [fresh] = claim(ledger)
    assert fresh.batch_id == stale.batch_id
    assert not send(ledger, stale)
    assert send(ledger, fresh)
    assert not send(ledger, fresh)
    assert summary(ledger).accepted == 1


def test_opening_an_attempt_twice_creates_one(ledger):
    add_run(ledger, sizes=(1,))
    [only] = claim(ledger)
    with ledger.write() as db:
        opened = ledger_attempts.open_attempt(db, only, 0, NOW)
        assert ledger_attempts.open_attempt(db, only, 0, NOW) == opened
    assert [each.number for each in attempts(ledger)] == [1]


def test_a_cancellation_spares_requests_in_flight(ledger):
    add_run(ledger, sizes=(3_000, 10))
    under_way, returned, claimed = claim(ledger, 3)
    with ledger.write() as db:
        opened = [ledger_attempts.open_attempt(db, each, 0, NOW) for each in (under_way, returned)]
    with ledger.write() as db:
        assert runs.cancel(db, "one", NOW)
        assert not runs.cancel(db, "one", NOW)
        assert not runs.resume(db, "one")
    assert not send(ledger, claimed)
    assert (summary(ledger).cancelled, summary(ledger).waiting) == (3_008, 2)
    with ledger.write() as db:
        assert opened[0]
        assert opened[1]
        ledger_attempts.close_attempt(
            db, under_way, opened[0], ACCEPTED, has_unknown_attempt=False, now=NOW
        )
        ledger_attempts.close_attempt(
            db, returned, opened[1], PUT_BACK, has_unknown_attempt=False, now=NOW
        )
    found = summary(ledger)
    assert (found.accepted, found.cancelled, found.waiting) == (1, 3_009, 0)
    assert found.state is RunState.CANCELLED


def repeat(db: Connection) -> int:
    return resolve(db, "one", ResolutionChoice.REPEAT, batch_ids=None, person="me", now=NOW)


def test_a_row_waiting_for_a_repeat_becomes_unknown_on_cancellation(ledger):
    add_run(ledger, sizes=(1,))
    send(ledger, claim(ledger)[0], UNKNOWN)
    assert claim(ledger) == []
    with ledger.write() as db:
        assert repeat(db) == 1
    assert summary(ledger).waiting == 1
    with ledger.write() as db:
        runs.cancel(db, "one", NOW)
    assert (summary(ledger).unknown, summary(ledger).cancelled) == (1, 0)


def test_decisions_on_unknown_rows_are_applied_and_recorded(ledger):
    add_run(ledger, sizes=(3, 1))
    for each in claim(ledger):
        send(ledger, each, UNKNOWN)
    claim(ledger)
    with ledger.write() as db:
        first, second, *_ = (each.id for each in unknown_batches(db, "one", 10, 0))
        later = NOW + timedelta(minutes=3)
        assert (
            resolve(db, "one", ResolutionChoice.SENT, batch_ids=[first], person="ana", now=later)
            == 1
        )
        assert (
            resolve(db, "one", ResolutionChoice.LEFT, batch_ids=[second], person="ben", now=later)
            == 1
        )
        assert (
            resolve(
                db, "one", ResolutionChoice.SENT, batch_ids=[first, 99], person="eve", now=later
            )
            == 0
        )
        assert [each.person for each in resolutions(db, [first])[first]] == ["ana"]
    found = summary(ledger)
    assert (found.accepted, found.unknown, found.state) == (1, 3, RunState.FINISHED)
    with ledger.read() as db:
        [line] = count_outcomes(
            db, ["one"], later.replace(second=0, microsecond=0), None, [*RunKind]
        )
    assert (line.outcome, line.count) == (Outcome.ACCEPTED, 1)


def test_repeated_rows_wait_again(ledger):
    add_run(ledger, sizes=(3,))
    for each, decision in zip(claim(ledger), [ACCEPTED, UNKNOWN, UNKNOWN], strict=True):
        send(ledger, each, decision)
    claim(ledger)
    assert summary(ledger).state is RunState.FINISHED
    with ledger.write() as db:
        assert repeat(db) == 2
    assert summary(ledger).state is RunState.RUNNING
    again = claim(ledger)
    assert [each.has_unknown_attempt for each in again] == [True, True]
    for each in again:
        send(ledger, each)
    claim(ledger)
    assert (summary(ledger).state, summary(ledger).accepted) == (RunState.FINISHED, 3)
    with ledger.read() as db:
        numbers = [each.number for each in outcomes.attempts_of(db, "one", 10)]
    assert numbers == [1, 1, 2, 1, 2]


def test_only_requests_in_flight_of_a_dead_worker_become_unknown(ledger):
    add_run(ledger, sizes=(3,))
    claimed, under_way = claim(ledger, 2, owner="dead")
    with ledger.write() as db:
        ledger_attempts.open_attempt(db, under_way, 0, NOW)
    with ledger.write() as db:
        left = workers.evict_stale_workers(db, worker_of("me"), alone=False, now=NOW)
    assert (left.claimed, left.under_way) == (1, 1)
    found = summary(ledger)
    assert (found.waiting, found.unknown) == (2, 1)
    [record] = attempts(ledger)
    assert (record.result, record.error_code) == (AttemptResult.UNKNOWN, INTERRUPTED)
    assert [each.start for each in claim(ledger)] == [0, 2]
    assert not send(ledger, claimed)


def test_eviction_spares_other_folders_and_releases_orphans(ledger):
    add_run(ledger, sizes=(3,))
    [alive] = claim(ledger, 1, owner="elsewhere")
    [orphan] = claim(ledger, 1, owner="forgotten")
    with ledger.write() as db:
        db.execute(
            worker.update().where(worker.c.id == "elsewhere").values(data_folder_id="another")
        )
        db.execute(worker.delete().where(worker.c.id == "forgotten"))
        left = workers.evict_stale_workers(db, worker_of("me"), alone=False, now=NOW)
    assert (left.claimed, left.under_way) == (1, 0)
    assert send(ledger, alive)
    assert not send(ledger, orphan)


def test_an_evicted_worker_can_neither_claim_nor_open_attempts(ledger):
    add_run(ledger, sizes=(3,))
    [mine] = claim(ledger, 1, owner="slow")
    with ledger.write() as db:
        workers.remove_worker(db, "slow", NOW)
        assert not workers.beat(db, "slow", NOW)
        assert ledger_claims.claim(db, "sandbox", "slow", 5, NOW, business=SANDBOX) == []
        assert ledger_attempts.open_attempt(db, mine, 0, NOW) is None


def test_a_commit_reported_as_failed_is_detected(ledger):
    add_run(ledger, sizes=(4,))
    known, forgotten = claim(ledger, 2)
    with ledger.write() as db:
        opened = ledger_attempts.open_attempt(db, known, 0, NOW)
    with ledger.write() as db:
        assert ledger_attempts.open_attempt(db, known, 0, NOW) == opened
        ledger_claims.release_all_but(db, "sandbox", "me", {known.batch_id})
    assert [each.start for each in claim(ledger)] == [1, 2, 3]
    assert not send(ledger, forgotten)


def attempts(ledger: Ledger) -> list[AttemptRecord]:
    with ledger.read() as db:
        return outcomes.attempts_of(db, "one", 100)


def test_a_new_version_is_requested_by_one_batch_alone(ledger):
    add_run(ledger, sizes=(3, 2), create_new=True)
    pilots = claim(ledger)
    assert [(each.start, each.pilot) for each in pilots] == [(0, True), (3, True)]
    assert claim(ledger) == []
    send(ledger, pilots[0], Decision(AttemptResult.REJECTED, BatchState.REJECTED))
    [next_pilot] = claim(ledger)
    assert (next_pilot.start, next_pilot.pilot) == (1, True)
    named = Decision(AttemptResult.ACCEPTED, BatchState.ACCEPTED, campaign_version="v9")
    send(ledger, next_pilot, named)
    [follower] = claim(ledger)
    assert (follower.start, follower.pilot, follower.pinned_version) == (2, False, "v9")
    assert [each.pinned_version for each in summary(ledger).sendouts] == ["v9", None]


def test_an_unknown_version_pauses_the_run(ledger):
    add_run(ledger, sizes=(3,), create_new=True)
    [pilot] = claim(ledger, owner="dead")
    with ledger.write() as db:
        ledger_attempts.open_attempt(db, pilot, 0, NOW)
        workers.evict_stale_workers(db, worker_of("me"), alone=False, now=NOW)
    found = summary(ledger)
    assert (found.state, found.reason) == (RunState.PAUSED, Reason.VERSION_IN_DOUBT)
    assert claim(ledger) == []
    with ledger.write() as db:
        runs.resume(db, "one")
    assert [(each.start, each.pilot) for each in claim(ledger)] == [(1, True)]


def test_an_unrequested_version_is_recorded_and_not_pinned(ledger):
    add_run(ledger, sizes=(2,))
    named = Decision(AttemptResult.ACCEPTED, BatchState.ACCEPTED, campaign_version="v9")
    send(ledger, claim(ledger, 1)[0], named)
    [sendout] = summary(ledger).sendouts
    assert (sendout.pinned_version, sendout.reported_version) == (None, "v9")
    assert claim(ledger)[0].pinned_version is None


def test_a_refused_key_pauses_every_run_of_its_connection(ledger):
    add_run(ledger, "one")
    add_run(ledger, "two")
    add_run(ledger, "elsewhere", connection="other")
    with ledger.write() as db:
        runs.pause_connection(db, "sandbox", Reason.KEY_REFUSED)
    states = {name: summary(ledger, name) for name in ("one", "two", "elsewhere")}
    assert states["one"].reason is states["two"].reason is Reason.KEY_REFUSED
    assert states["elsewhere"].state is RunState.RUNNING
    with ledger.write() as db:
        runs.resume(db, "one")
    assert (summary(ledger).state, summary(ledger).reason) == (RunState.RUNNING, None)


def test_speed_and_time_left_come_from_the_last_ten_seconds(ledger):
    add_run(ledger, sizes=(100,))
    for each in claim(ledger, 40):
        send(ledger, each)
    with ledger.read() as db:
        soon = run_summaries.run_by_id(db, "one", NOW + timedelta(seconds=8))
        late = run_summaries.run_by_id(db, "one", NOW + timedelta(seconds=60))
    assert soon is not None
    assert late is not None
    assert (soon.per_second, soon.seconds_left) == (5.0, 12.0)
    assert (late.per_second, late.seconds_left) == (0.0, None)


def test_a_failed_transaction_is_rolled_back(ledger):
    add_run(ledger)

    def fail(db: Connection) -> None:
        runs.pause(db, "one")
        db.exec_driver_sql("INSERT INTO batch (id) VALUES (1)")

    with pytest.raises(IntegrityError), ledger.write() as db:
        fail(db)
    assert summary(ledger).state is RunState.RUNNING


def test_an_attempt_is_stored_before_its_request(ledger):
    add_run(ledger, sizes=(1,))
    [only] = claim(ledger)
    with ledger.write() as db:
        ledger_attempts.open_attempt(db, only, 0, NOW)
    with ledger.read() as db:
        row = db.execute(select(attempt)).one()
    assert (row.started_at, row.ended_at, row.result) == (NOW, None, None)


@pytest.mark.parametrize(
    "address",
    ["nonsense", "mysql://u:s3cret@h/d", "postgresql://u:s3cret@part:TOPSECRET@host/db"],
)
def test_an_invalid_url_is_refused_without_being_quoted(address):
    with pytest.raises(LedgerAddressError) as caught:
        driver_url(address)
    told = "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in told
    assert "TOPSECRET" not in told


def test_a_batch_withheld_in_a_cancelled_run_is_settled(ledger):
    add_run(ledger, sizes=(4,))
    with ledger.write() as db:
        db.exec_driver_sql("UPDATE run SET batch_size = 4")
    [batch_of_four] = claim(ledger)
    assert batch_of_four.size == 4
    held = replace(UNKNOWN, state=BatchState.SENDING)
    assert send(ledger, batch_of_four, held)
    with ledger.write() as db:
        runs.cancel(db, "one", NOW)
        ledger_attempts.withhold(db, batch_of_four, has_unknown_attempt=True, now=NOW)
    with ledger.read() as db:
        run = run_summaries.run_by_id(db, "one", NOW)
    assert run is not None
    assert (run.waiting, run.unknown) == (0, 4)
