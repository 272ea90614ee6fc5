"""A backup is complete also while the app sends, and a restore messages nobody twice."""

import tarfile
from pathlib import Path

import pytest

from lib.backup import DataFolderInUseError, NotABackupError, back_up, restore
from lib.connectly import DuplicateBehavior
from lib.delivery import Reason, RunState, resume_run, start_run
from lib.delivery.ledger.database import open_ledger
from lib.settings import Settings
from tests.support.sandbox import SandboxHandle, messages_by_phone
from tests.support.worker import Worker, plan_of, wait_for_run

MULTIPLE = DuplicateBehavior.ALLOW_MULTIPLE


def test_a_backup_made_while_sending_is_restored_without_messaging_anybody_twice(
    worker: Worker, sandbox: SandboxHandle, settings: Settings, tmp_path: Path
) -> None:
    run_id = start_run(plan_of(500, duplicates=MULTIPLE), connection="sandbox")
    wait_for_run(run_id, until=lambda run: run.accepted > 50)
    back_up(settings, tmp_path / "backup.tar.gz")
    assert wait_for_run(run_id).accepted == 500
    with pytest.raises(DataFolderInUseError):
        restore(settings, tmp_path / "backup.tar.gz")
    worker.stop()
    open_ledger(settings).close()

    former = restore(settings, tmp_path / "backup.tar.gz")
    assert former is not None
    assert (former / "ledger.sqlite3").exists()
    worker.connect(sandbox)
    worker.start()
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)

    assert run.reason is Reason.RESTORED
    assert resume_run(run_id)
    assert wait_for_run(run_id).is_final
    assert set(messages_by_phone(sandbox).values()) == {1}


def test_a_backup_has_the_files_and_only_its_owner_may_read_it(
    settings: Settings, tmp_path: Path
) -> None:
    (settings.data_dir / "drafts").mkdir()
    (settings.data_dir / "drafts" / "one.json").write_text("{}")
    (settings.data_dir / "drafts" / ".two.json.tmp").write_text("{")
    (settings.data_dir / "worker.lock").touch()

    back_up(settings, tmp_path / "backup.tar.gz")

    assert (tmp_path / "backup.tar.gz").stat().st_mode & 0o777 == 0o600
    with tarfile.open(tmp_path / "backup.tar.gz") as archive:
        assert archive.getnames() == ["ledger.sqlite3", "drafts/one.json"]


@pytest.mark.parametrize("content", [b"", b"no archive", b"half"])
def test_a_damaged_backup_changes_nothing(
    content: bytes, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar.gz"
    back_up(settings, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if content == b"half" else content)
    before = sorted(path.name for path in settings.data_dir.iterdir())

    with pytest.raises(NotABackupError):
        restore(settings, file)

    after = sorted(path.name for path in settings.data_dir.iterdir() if path.suffix != ".lock")
    assert after == [name for name in before if not name.endswith(".lock")]
