"""Several workers on one PostgreSQL ledger: one rate, no duplicates, and takeover."""

import os
import shutil
import signal
from collections import Counter

import pytest
from sqlalchemy import func, select

from lib.delivery import run_attempts, start_run
from lib.delivery.ledger.database import open_ledger
from lib.delivery.ledger.schema import attempt
from lib.delivery.ledger.workers import DEAD_AFTER
from lib.delivery.states import INTERRUPTED
from tests.support.sandbox import messages_by_phone
from tests.support.states import wait_for
from tests.support.worker import Worker, plan_of, registered_workers, wait_for_run


def senders() -> Counter[str]:
    """How many attempts each worker has made."""
    counted = select(attempt.c.owner, func.count().label("number")).group_by(attempt.c.owner)
    with open_ledger().read() as db:
        return Counter({row.owner: row.number for row in db.execute(counted)})


def test_two_workers_share_a_run_and_its_pace(workers, sandbox):
    run_id = start_run(plan_of(300), connection="sandbox")
    run = wait_for_run(run_id)
    assert (run.accepted, run.unknown) == (300, 0)
    assert set(messages_by_phone(sandbox).values()) == {1}
    assert len(messages_by_phone(sandbox)) == 300
    assert len(senders()) == 2
    assert all(each.http_status == 200 for each in run_attempts(run_id))


def test_the_worker_of_a_copied_data_folder_evicts_nobody(
    shared_storage, data_dir, tmp_path, sandbox
):
    original = Worker(data_dir)
    original.connect(sandbox)
    original.start()
    shutil.copytree(data_dir, tmp_path / "copy", ignore=shutil.ignore_patterns("*.lock", ".*"))
    copy = Worker(tmp_path / "copy")
    try:
        copy.start()
        wait_for(lambda: len(registered_workers()) == 2)
        run = wait_for_run(start_run(plan_of(60), connection="sandbox"))
        assert (run.accepted, run.unknown) == (60, 0)
        assert len(registered_workers()) == 2
    finally:
        copy.end()
        original.end()


def test_workers_that_cannot_be_told_apart_evict_each_other_once_at_most(
    shared_storage, data_dir, tmp_path, sandbox
):
    """A cloned machine has the same inodes; here the copy is a hard link."""
    original = Worker(data_dir)
    original.connect(sandbox)
    original.start()
    shutil.copytree(
        data_dir, tmp_path / "clone", ignore=shutil.ignore_patterns("*.lock", "*.seat", ".*")
    )
    os.link(data_dir / "worker.seat", tmp_path / "clone" / "worker.seat")
    clone = Worker(tmp_path / "clone")
    try:
        clone.start()
        wait_for(lambda: "worker evicted, restarting" in original.log)
        wait_for(lambda: len(registered_workers()) == 2)
        run = wait_for_run(start_run(plan_of(60), connection="sandbox"))
        assert run.accepted == 60
        assert "worker evicted" not in clone.log
    finally:
        clone.end()
        original.end()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_the_runs_of_a_worker_that_dies_or_stands_still_are_taken_over(workers, sandbox, how):
    dying, _ = workers
    run_id = start_run(plan_of(600), connection="sandbox")
    wait_for(lambda: sum(senders().values()) > 100 and len(senders()) == 2)
    dying.signal(how)
    run = wait_for_run(run_id, seconds=DEAD_AFTER.total_seconds() + 30)
    assert run.accepted + run.unknown == 600
    open_attempts = [each for each in run_attempts(run_id) if each.error_code == INTERRUPTED]
    assert run.unknown == len(open_attempts) <= 40
    if how is signal.SIGSTOP:
        dying.signal(signal.SIGCONT)
        wait_for(
            lambda: "worker evicted, restarting" in dying.log and len(registered_workers()) == 2
        )
        again = wait_for_run(start_run(plan_of(50, first=5_000), connection="sandbox"))
        assert again.accepted == 50
    assert set(messages_by_phone(sandbox).values()) == {1}
    assert len(messages_by_phone(sandbox)) >= run.accepted
