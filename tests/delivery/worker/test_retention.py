"""What is removed at night, and what stays for good."""

import os
import time
from datetime import datetime
from pathlib import Path

import pytest

from lib.campaign import Draft, load_draft, save_draft
from lib.delivery import start_run
from lib.delivery.worker.retention import delete_old_files, delete_old_files_nightly
from lib.settings import Settings
from tests.support.worker import plan_of

LONG_AGO = 91 * 86_400


def put(path: Path, *, age: float = LONG_AGO) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_old_reports_drafts_and_unused_uploads_go_and_all_that_proves_stays(settings: Settings):
    start_run(plan_of(2), connection="sandbox", settings=settings)
    save_draft(Draft(upload_id="in-use"), settings)
    data = settings.data_dir
    old = [put(data / "reports" / "r.xlsx"), put(data / "drafts" / "d.json")]
    old.append(put(data / "uploads" / "unused"))
    kept = [put(data / "uploads" / "in-use"), put(data / "reports" / "new.csv", age=60)]
    kept += [put(each) for each in (data / "plans").iterdir()]
    kept += [put(data / "sheets" / "s.arrow"), data / "ledger.sqlite3"]
    assert delete_old_files(settings) == len(old)
    assert not any(each.exists() for each in old)
    assert all(each.exists() for each in kept)


def test_it_happens_once_a_night_and_a_night_ends_at_three(settings: Settings):
    report = settings.data_dir / "reports" / "r.xlsx"
    for now, removed in (
        (datetime(2026, 11, 24, 22), 1),  # noqa: DTZ001 - the machine's own clock
        (datetime(2026, 11, 25, 2, 59), 0),  # noqa: DTZ001
        (datetime(2026, 11, 25, 3), 1),  # noqa: DTZ001
        (datetime(2026, 11, 25, 4), 0),  # noqa: DTZ001
    ):
        put(report)
        assert delete_old_files_nightly(settings, now) == removed


def test_a_damaged_draft_does_not_stop_it_and_what_it_names_stays(settings: Settings):
    draft = save_draft(Draft(upload_id="named"), settings)
    path = settings.drafts_dir / f"{draft.id}.json"
    path.write_bytes(path.read_bytes()[:-20])
    uploads = settings.data_dir / "uploads"
    named, unused = put(uploads / "named"), put(uploads / "unused")
    assert delete_old_files(settings) == 1
    assert named.exists()
    assert not unused.exists()


@pytest.mark.parametrize("text", [b"", b"{", b"\0" * 300, b'{"id":"x","upload_id":"nam', b"\xff{}"])
def test_uploads_stay_while_a_damaged_draft_may_need_one(text: bytes, settings: Settings):
    draft = save_draft(Draft(upload_id="named"), settings)
    path = settings.drafts_dir / f"{draft.id}.json"
    path.write_bytes(text)
    named, other = put(settings.uploads_dir / "named"), put(settings.uploads_dir / "other")

    assert delete_old_files(settings) == 0
    assert load_draft(draft.id, settings) is None
    assert delete_old_files(settings) == 0
    assert named.exists()
    assert other.exists()

    (aside,) = settings.drafts_dir.iterdir()
    put(aside)
    assert delete_old_files(settings) == 3
    assert not list(settings.drafts_dir.iterdir())
    assert not list(settings.uploads_dir.iterdir())
