"""A ledger from a backup, or of a copied folder, messages nobody again without being asked."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from lib.campaign import SendSchedule
from lib.connectly import DuplicateBehavior
from lib.delivery import Reason, RunState, resume_run, run_summary, start_run
from lib.delivery.ledger.database import open_ledger
from lib.settings import Settings, get_settings
from tests.support.sandbox import SandboxHandle, messages_by_phone
from tests.support.worker import Worker, plan_of, wait_for_run

MULTIPLE = DuplicateBehavior.ALLOW_MULTIPLE


def _back_up(settings: Settings, target: Path) -> None:
    """Copy the ledger while it is in use."""
    with (
        closing(sqlite3.connect(settings.ledger_path)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def _restore(backup: Path, settings: Settings) -> None:
    open_ledger(settings).close()
    for end in ("-wal", "-shm"):
        Path(f"{settings.ledger_path}{end}").unlink(missing_ok=True)
    shutil.copy(backup, settings.ledger_path)


@pytest.mark.parametrize("batch_size", [1, 7])
def test_a_backup_restored_after_the_run_went_on_repeats_nobody(
    batch_size: int,
    worker: Worker,
    sandbox: SandboxHandle,
    settings: Settings,
    tmp_path: Path,
) -> None:
    plan = plan_of(900, campaign=("demo_welcome", "demo_promo"), duplicates=MULTIPLE)
    schedule = SendSchedule(batch_size=batch_size)
    run_id = start_run(plan, connection="sandbox", schedule=schedule)
    wait_for_run(run_id, until=lambda run: run.accepted > 50)
    _back_up(settings, tmp_path / "backup")
    wait_for_run(run_id, until=lambda run: run.accepted > 400)
    worker.stop()
    sent = messages_by_phone(sandbox)
    _restore(tmp_path / "backup", settings)

    worker.start()
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert (run.reason, run.unknown > 300) == (Reason.RESTORED, True)
    assert messages_by_phone(sandbox) == sent
    assert resume_run(run_id)
    run = wait_for_run(run_id)

    assert set(messages_by_phone(sandbox).values()) == {1}
    assert run.accepted + run.unknown + run.rejected == 900
    worker.stop()
    worker.start()
    assert run_summary(run_id).state is RunState.FINISHED


def test_a_worker_that_is_restarted_goes_on_by_itself(
    worker: Worker, sandbox: SandboxHandle
) -> None:
    run_id = start_run(plan_of(400, duplicates=MULTIPLE), connection="sandbox")
    wait_for_run(run_id, until=lambda run: run.accepted > 50)
    worker.stop()
    worker.start()

    assert wait_for_run(run_id).accepted == 400
    assert set(messages_by_phone(sandbox).values()) == {1}


def test_a_copy_of_the_folder_taken_while_running_sends_nothing_by_itself(
    worker: Worker,
    sandbox: SandboxHandle,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id = start_run(plan_of(500, duplicates=MULTIPLE), connection="sandbox")
    wait_for_run(run_id, until=lambda run: run.accepted > 50)
    shutil.copytree(settings.plans_dir, tmp_path / "copy" / "plans")
    shutil.copy(settings.data_dir / "sandbox.json", tmp_path / "copy")
    _back_up(settings, tmp_path / "copy" / "ledger.sqlite3")
    assert wait_for_run(run_id).accepted == 500
    copy = Worker(tmp_path / "copy")
    monkeypatch.setenv("SENDOUT_DATA_DIR", str(tmp_path / "copy"))
    get_settings.cache_clear()
    try:
        copy.start()
        run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    finally:
        copy.end()

    assert run.reason is Reason.RESTORED
    assert set(messages_by_phone(sandbox).values()) == {1}


def test_a_folder_that_this_machine_does_not_know_waits_for_a_person(
    worker: Worker, sandbox: SandboxHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = start_run(plan_of(400, duplicates=MULTIPLE), connection="sandbox")
    wait_for_run(run_id, until=lambda run: run.accepted > 50)
    worker.stop()
    monkeypatch.setenv("SENDOUT_STATE_DIR", str(tmp_path / "another machine"))
    worker.start()
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)

    assert (run.reason, run.unknown) == (Reason.RESTORED, 0)
    assert resume_run(run_id)
    assert wait_for_run(run_id).accepted == 400
    assert set(messages_by_phone(sandbox).values()) == {1}
