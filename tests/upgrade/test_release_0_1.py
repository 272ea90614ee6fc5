"""A data folder and a PostgreSQL written by an earlier release open and finish."""

import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lib.campaign import exclude_lists, load_draft, load_exclusions, save_draft, saved_mappings
from lib.connections import get_connection
from lib.delivery import (
    RunState,
    approve_run,
    count_unknown_rows,
    resume_run,
    run_summary,
    start_now,
)
from lib.outcomes import report, row_outcomes
from lib.preferences import load_preferences
from lib.settings import get_settings
from tests.support.worker import Worker, wait_for_run

FIXTURES = Path(__file__).parents[1] / "fixtures" / "release_0_1"
COUNTS = ("rows", "held", "waiting", "accepted", "rejected", "unknown", "cancelled")

Runs = dict[str, dict[str, Any]]


@pytest.fixture(params=["sqlite", "postgres"])
def runs(request: pytest.FixtureRequest, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """The runs of a data folder that an earlier release has left, already in the settings."""
    folder = data_dir.parent
    with tarfile.open(FIXTURES / f"{request.param}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    if request.param == "postgres":
        restore(folder / "database.sql", request.getfixturevalue("empty_database"))
        monkeypatch.setenv("SENDOUT_STORAGE_URL", (folder / "shared").as_uri())
        get_settings.cache_clear()
    found: Runs = json.loads((folder / "runs.json").read_text())
    return found


def restore(dump: Path, database: str) -> None:
    """Execute a plain dump; psql's own commands in it are not SQL."""
    lines = dump.read_text(encoding="utf-8").splitlines()
    statements = "\n".join(line for line in lines if not line.startswith("\\"))
    with psycopg.connect(database) as connection:
        connection.execute(statements.encode())


def _contains(whole: object, part: object) -> bool:
    """Return whether a stored value has kept everything in another one; it may have more keys."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(key in whole and _contains(whole[key], part[key]) for key in part)
    return whole == part


def test_drafts_are_read_whole_and_written_back_with_every_key(runs: Runs, data_dir: Path):
    files = sorted((data_dir / "drafts").glob("*.json"))
    assert len(files) == 4
    for file in files:
        before = json.loads(file.read_bytes())
        draft = load_draft(file.stem, get_settings())
        assert draft is not None
        save_draft(draft, get_settings())
        after = json.loads(file.read_bytes())
        assert _contains(after, {**before, "updated_at": after["updated_at"]})


def test_mappings_lists_connections_and_preferences_are_found(runs: Runs, data_dir: Path):
    settings = get_settings()
    [mapping] = saved_mappings(settings)
    assert mapping.name == "Spring welcome"
    stored = json.loads((data_dir / "mappings" / f"{mapping.id}.json").read_bytes())
    assert _contains(mapping.model_dump(mode="json"), stored)
    [listed] = exclude_lists(settings)
    assert (listed.name, listed.numbers, listed.unread) == ("Asked to stop", 2, 1)
    assert len(load_exclusions([listed.id], settings).identities) == 2
    connection = get_connection("acme", settings)
    assert (connection.business_id, connection.rate) == ("acme-business", 50)
    assert connection.api_key.get_secret_value() == "an-example-key"
    preferences = load_preferences("local", settings)
    assert (preferences.own_phone, preferences.region) == ("+12025550100", "US")


def test_runs_have_the_outcomes_that_they_had(runs: Runs):
    for each in runs.values():
        run = run_summary(each["id"])
        assert run.reconciles
        assert {name: getattr(run, name) for name in COUNTS} == {
            name: each[name] for name in COUNTS
        }
        assert run.state == each["state"]
        assert len(row_outcomes(each["id"])) == each["rows"]
    assert count_unknown_rows(runs["unknown"]["id"]) == runs["unknown"]["unknown"]
    assert report(runs["finished"]["id"]).stat().st_size > 0


def test_runs_go_on_and_finish_and_nobody_is_messaged_twice(runs: Runs, sandbox, idle_worker):
    approved, scheduled, paused = runs["waves"], runs["scheduled"], runs["paused"]
    assert approve_run(approved["id"], wave=1)
    assert start_now(scheduled["id"])
    assert resume_run(paused["id"])
    idle_worker.connect(sandbox)
    idle_worker.start()
    second_wave = wait_for_run(
        approved["id"], until=lambda run: run.state is RunState.WAITING_FOR_APPROVAL
    )
    assert second_wave.accepted == 30
    assert approve_run(approved["id"], wave=2)
    for each in (approved, scheduled, paused):
        assert wait_for_run(each["id"]).accepted == each["accepted"] + each["waiting"]

    # What the killed worker had under way is unknown and not repeated.
    interrupted = runs["interrupted"]
    run = wait_for_run(interrupted["id"])
    assert run.accepted + run.unknown == interrupted["rows"]
    assert run.unknown <= 40
    messaged = Counter(each["client"] for each in sandbox.record())
    assert set(messaged.values()) == {1}
    waited = sum(each["waiting"] for each in (approved, scheduled, paused, interrupted))
    assert len(messaged) == waited - run.unknown


@pytest.fixture
def idle_worker(data_dir: Path) -> Iterator[Worker]:
    worker = Worker(data_dir)
    yield worker
    worker.end()
