"""A worker downloads a missing plan; if it cannot, no recipient is lost or skipped."""

import asyncio
import logging
from pathlib import Path

import pytest

from lib.campaign import freeze
from lib.connectly import DuplicateBehavior, VersionBehavior
from lib.delivery import Reason, RunState, list_runs, resume_run, start_run
from lib.delivery.ledger.claims import Claim
from lib.delivery.states import RunKind
from lib.delivery.worker.entry_reader import EntryReader
from lib.settings import get_settings
from lib.storage import StorageError
from tests.support.businesses import SANDBOX
from tests.support.storage import machine
from tests.support.worker import plan_of, wait_for_run


@pytest.fixture
def shared(tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shared folder of this test's machines."""
    folder = tmp_path / "shared"
    folder.mkdir()
    monkeypatch.setenv("SENDOUT_STORAGE_URL", folder.as_uri())
    get_settings.cache_clear()
    return folder


def test_a_run_pauses_while_its_plan_cannot_be_fetched_and_then_misses_nobody(
    shared, idle_worker, sandbox, data_dir
):
    run_id = start_run(plan_of(30), connection="sandbox")
    for path in (data_dir / "plans").iterdir():
        path.unlink()
    away = shared.rename(shared.with_name("away"))
    idle_worker.connect(sandbox)
    idle_worker.start()
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert (run.reason, run.waiting) == (Reason.PLAN_MISSING, 30)
    away.rename(shared)
    resume_run(run_id)
    assert wait_for_run(run_id).accepted == 30
    assert len({each["client"] for each in sandbox.record()}) == 30


def test_there_is_no_run_whose_plan_was_not_shared(shared):
    shared.rmdir()
    with pytest.raises(StorageError):
        start_run(plan_of(2), connection="sandbox")
    assert list_runs() == []
    shared.mkdir()
    start_run(plan_of(2), connection="sandbox")
    assert len(list((shared / "plans").iterdir())) == 1


class _BringBack(logging.Handler):
    """Mounts the shared folder again as soon as somebody has missed it."""

    def __init__(self, away: Path, shared: Path) -> None:
        super().__init__()
        self._away, self._shared = away, shared

    def emit(self, record: logging.LogRecord) -> None:
        if self._away.exists():
            self._away.rename(self._shared)


def test_a_storage_that_is_away_for_a_moment_is_asked_again(shared, settings, tmp_path):
    plan = plan_of(3)
    freeze(plan, settings)
    claim = Claim(
        owner="w", batch_id=1, number=0, run_id="r", kind=RunKind.SHEET, plan_id=plan.id,
        sendout=0, start=1, size=2, attempts=0, has_unknown_attempt=False,
        pilot=False, pinned_version=None, version_behavior=VersionBehavior.REUSE_LAST_ACTIVE,
        duplicates=DuplicateBehavior.ALLOW_ONE,
        business=SANDBOX,
    )  # fmt: skip
    elsewhere = machine(tmp_path / "elsewhere", shared.as_uri())
    handler = _BringBack(shared.rename(shared.with_name("away")), shared)
    logger = logging.getLogger("lib.delivery.worker.entry_reader")
    logger.addHandler(handler)
    try:
        entries = asyncio.run(EntryReader(elsewhere).read(claim))
    finally:
        logger.removeHandler(handler)
    assert entries == list(plan.entries())[1:3]
