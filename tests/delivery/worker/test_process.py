"""The worker as a process: killed, stopped, orphaned, doubled, out of disk."""

import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from lib.connectly import DuplicateBehavior
from lib.delivery import (
    INTERRUPTED,
    AttemptResult,
    RunState,
    RunSummary,
    run_attempts,
    run_summary,
    start_run,
    worker_state,
)
from lib.delivery.ledger.database import open_ledger
from lib.settings import ROOT
from tests.support.states import wait_for
from tests.support.worker import plan_of, wait_for_run

LATENCY = {"latency_ms": [5, 50]}


def waits_for_fewer(than: int, run: RunSummary) -> bool:
    return run.waiting < than


@pytest.mark.parametrize("duplicates", list(DuplicateBehavior))
def test_kills_at_any_moment_leave_nobody_out_and_nobody_with_two(
    idle_worker, sandbox_factory, duplicates
):
    chance = random.Random(7)
    sandbox = sandbox_factory(LATENCY)
    plan = plan_of(400, duplicates=duplicates)
    idle_worker.connect(sandbox)
    run_id = start_run(plan, connection="sandbox")
    for _ in range(4):
        few = run_summary(run_id).waiting - chance.randrange(5, 60)
        idle_worker.start()
        wait_for_run(run_id, until=partial(waits_for_fewer, few))
        idle_worker.kill()
        assert run_summary(run_id).reconciles
    idle_worker.start()
    run = wait_for_run(run_id)
    assert run.accepted + run.unknown == 400

    received = Counter(each["client"] for each in sandbox.record())
    attempts = run_attempts(run_id)
    phones = [each.client for each in plan.entries()]
    ended = {
        result: {phones[each.position] for each in attempts if each.result is result}
        for result in AttemptResult
    }
    assert set(received.values()) == {1}, "a recipient was messaged twice"
    assert len(ended[AttemptResult.ACCEPTED]) == run.accepted
    assert ended[AttemptResult.ACCEPTED] <= received.keys(), "nothing accepted that was not"
    assert received.keys() - ended[AttemptResult.ACCEPTED] <= ended[AttemptResult.UNKNOWN]
    open_ones = [each for each in attempts if each.error_code == INTERRUPTED]
    assert len(open_ones) == run.unknown, "only open attempts are unknown"
    assert len(attempts) == 400 + sum(each.result is AttemptResult.NOT_SENT for each in attempts)


def test_the_end_of_the_worker_waits_for_what_is_under_way(idle_worker, sandbox_factory):
    sandbox = sandbox_factory({"latency_ms": [700, 700]})
    idle_worker.connect(sandbox)
    idle_worker.start()
    run_id = start_run(plan_of(300), connection="sandbox")
    wait_for_run(run_id, until=lambda run: run.accepted > 0)
    assert idle_worker.stop() == 0
    run = run_summary(run_id)
    assert (run.state, run.unknown) == (RunState.RUNNING, 0)
    assert run.accepted == len(sandbox.record())
    assert not worker_state().alive


def test_a_second_worker_on_the_same_data_ends_with_a_sentence(idle_worker):
    idle_worker.start()
    second = idle_worker.launch()
    assert second.wait(timeout=30) == 0
    assert "Another worker already uses this data folder" in idle_worker.log
    assert worker_state().pid == idle_worker.pid


def test_a_worker_beats_until_it_dies(idle_worker, data_dir):
    assert not worker_state().alive
    idle_worker.start()
    first = worker_state()
    assert first.alive
    announcement = data_dir / "worker.json"
    wait_for(announcement.exists)
    assert f'"pid": {idle_worker.pid}' in announcement.read_text()
    wait_for(lambda: worker_state().beat_at != first.beat_at)
    idle_worker.kill()
    idle_worker.start()
    assert worker_state().id != first.id


def test_an_orphan_ends_once_nothing_runs(idle_worker, data_dir):
    command = [sys.executable, "-m", "lib.delivery.worker", "--exit-when-orphaned", "0.5"]
    parent = f"import subprocess, time; subprocess.Popen({command!r}); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT) as process:
        wait_for(lambda: worker_state().alive)
        process.kill()
    wait_for(lambda: worker_state().pid is None)


def test_a_full_disk_stops_sending_and_room_lets_it_go_on(idle_worker, sandbox):
    idle_worker.connect(sandbox)
    idle_worker.start()
    run_id = start_run(plan_of(300), connection="sandbox")
    wait_for_run(run_id, until=lambda run: run.accepted > 50)
    no_limit = resource.prlimit(idle_worker.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(idle_worker.pid, resource.RLIMIT_FSIZE, (1, no_limit[1]))
    assert when_it_stands_still(lambda: len(sandbox.record())) < 300
    resource.prlimit(idle_worker.pid, resource.RLIMIT_FSIZE, no_limit)
    run = wait_for_run(run_id)
    assert (run.accepted, run.unknown) == (300, 0)
    assert len(sandbox.record()) == 300


def when_it_stands_still(count: Callable[[], int]) -> int:
    """Return a count once it has not changed for a second."""
    last, since = count(), time.monotonic()

    def stands_still() -> bool:
        nonlocal last, since
        now = count()
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > 1.0

    wait_for(stands_still)
    return last


def test_an_api_that_hangs_gets_only_so_many_requests(idle_worker, sandbox_factory):
    idle_worker.connect(sandbox_factory({"faults": {"hang_before": 1}}))
    idle_worker.start(SENDOUT_READ_TIMEOUT="60")
    run_id = start_run(plan_of(600), connection="sandbox")
    wait_for_run(run_id, until=lambda run: len(run_attempts(run.id)) > 100)
    assert when_it_stands_still(lambda: len(run_attempts(run_id))) < 200


def test_the_log_tells_of_trouble_and_names_nobody(idle_worker, sandbox_factory):
    idle_worker.connect(sandbox_factory({"script": ["500_before", "reset_after", "429"]}))
    idle_worker.start()
    run_id = start_run(plan_of(20, campaign="demo_invalid_phones"), connection="sandbox")
    wait_for_run(run_id)
    idle_worker.stop()
    told = [line for line in idle_worker.log_lines if line["event"] == "attempt ended"]
    assert {line["run"] for line in told} == {run_id}
    assert {"STUDIO_SERVER_ERROR", "STUDIO_CONNECTION_LOST", "STUDIO_TOO_FAST"} <= {
        line["code"] for line in told
    }
    assert not re.search(r"\+1\d{6}|Ana|X-API-Key", idle_worker.log)


def test_an_interrupt_at_the_terminal_ends_it_gently(idle_worker):
    idle_worker.start()
    idle_worker.signal(signal.SIGINT)
    assert idle_worker.wait() == 0


def test_a_worker_of_an_older_release_ends_with_a_sentence_beside_a_newer_one(worker):
    with open_ledger().write() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert worker.wait() == 1
    assert "was last used by a newer release" in worker.log
    assert "Start that release" in worker.log
