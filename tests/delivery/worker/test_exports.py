"""Long reports: a worker makes each once, whatever dies meanwhile, and every machine has it."""

from pathlib import Path

import pytest

from lib.campaign import make_plan, suggest_mapping
from lib.delivery import (
    ExportState,
    ask_for_export,
    cancel_run,
    export_of,
    run_summary,
    start_run,
)
from lib.outcomes import report, report_name
from lib.settings import Settings, get_settings
from lib.sheet import read_sheet
from lib.storage import fetch
from tests.support.recipients import fictional_phone
from tests.support.states import wait_for
from tests.support.worker import Worker


def ended_run(settings: Settings, rows: int = 60) -> str:
    """Enter a run of a real sheet that is over; of one person, the other rows are held back."""
    line = f"{fictional_phone(1)},demo_welcome,Ana\n"
    sheet = read_sheet(f"phone,campaign,name\n{line * rows}".encode(), settings=settings)
    plan = make_plan(sheet, suggest_mapping(sheet))
    run_id = start_run(plan, connection="nowhere", settings=settings)
    assert cancel_run(run_id)
    return run_id


def has_ended(name: str) -> bool:
    export = export_of(name)
    return export is not None and export.state is not ExportState.WAITING


def test_a_worker_writes_the_very_report_that_a_page_would(idle_worker: Worker, data_dir: Path):
    settings = get_settings()
    run_id = ended_run(settings)
    name = report_name(run_summary(run_id))
    [sheet] = settings.sheets_dir.glob("*.arrow")
    away = sheet.rename(sheet.with_suffix(".away"))
    idle_worker.start()
    ask_for_export(run_id, name)
    wait_for(lambda: has_ended(name))
    failed = export_of(name)
    assert failed is not None
    assert failed.state is ExportState.FAILED
    assert failed.error is not None
    away.rename(sheet)
    ask_for_export(run_id, name)
    assert not has_ended(name)
    wait_for(lambda: has_ended(name))
    written = settings.reports_dir / name
    assert not [each for each in data_dir.rglob("*") if each.stat().st_mode & 0o077]
    before = written.stat().st_mtime_ns
    assert report(run_id) == written
    assert written.stat().st_mtime_ns == before
    assert {each.name for each in settings.reports_dir.iterdir()} == {name}


def test_a_report_is_made_though_its_worker_ends_in_the_middle(idle_worker: Worker, data_dir: Path):
    settings = get_settings()
    run_id = ended_run(settings, 6_000)
    name = report_name(run_summary(run_id))

    def is_being_written() -> bool:
        return any(settings.reports_dir.glob(f".{name}.*"))

    idle_worker.start()
    ask_for_export(run_id, name)
    wait_for(is_being_written)
    assert idle_worker.stop() == 0
    wait_for(lambda: not any(settings.reports_dir.glob(".*")))
    assert not has_ended(name)
    idle_worker.start()
    wait_for(is_being_written)
    idle_worker.kill()
    idle_worker.start()
    wait_for(lambda: has_ended(name))
    assert (settings.reports_dir / name).exists()


def test_a_report_reaches_machines_that_did_not_make_it(
    workers, shared_database, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run_id = ended_run(get_settings())
    name = report_name(run_summary(run_id))
    ask_for_export(run_id, name)
    wait_for(lambda: has_ended(name))
    monkeypatch.setenv("SENDOUT_DATA_DIR", str(tmp_path / "third"))
    get_settings.cache_clear()
    third = get_settings()
    assert fetch(third.reports_dir / name, third).read_bytes()[:2] == b"PK"
