"""The app, the worker and the sandbox as processes: started, watched, killed and ended together."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.studio import Child, Studio, running_studio


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """An app that is started by its command, for tests of its start and its end."""
    with running_studio(tmp_path, is_forked=False) as studio:
        yield studio


@pytest.fixture(scope="module")
def shared_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """An app for the tests that leave it running with both of its children."""
    with running_studio(tmp_path_factory.mktemp("studio")) as studio:
        yield studio


def test_starting_says_one_true_line_and_opens_nothing_to_others(studio: Studio) -> None:
    assert studio.health()[0] == 200
    studio.wait_until(lambda: bool(studio.log))
    assert studio.log == f"Sendout Studio is ready: {studio.url} (Ctrl-C ends it)\n"
    made = list(studio.data_dir.rglob("*"))
    assert [each.name for each in made if each.stat().st_mode & 0o077] == []


def test_ctrl_c_ends_everything_that_was_started(studio: Studio) -> None:
    studio.stop()
    assert studio.child_pid("worker") is None
    assert studio.child_pid("sandbox") is None
    assert studio.health() == (0, {})
    assert "Traceback" not in studio.log


def test_the_health_page_tells_what_waits_and_how_much_room_there_is(shared_studio: Studio) -> None:
    status, told = shared_studio.health()
    assert (status, told["status"]) == (200, "ok")
    assert {told[each] for each in ("app", "worker", "sandbox", "database", "disk")} == {"ok"}
    assert told["recipients_waiting"] == 0
    assert 0 <= told["heartbeat_age_seconds"] < 10
    assert told["disk_free_bytes"] > 0


def test_a_second_app_on_the_data_folder_uses_what_is_there_and_takes_nothing_with_it(
    shared_studio: Studio,
) -> None:
    before = shared_studio.child_pid("worker"), shared_studio.child_pid("sandbox")
    second = Studio(shared_studio.data_dir, is_forked=True)
    second.start()
    assert (shared_studio.child_pid("worker"), shared_studio.child_pid("sandbox")) == before
    assert "Another app owns the worker of this data folder" in second.log
    second.stop()
    assert (shared_studio.child_pid("worker"), shared_studio.child_pid("sandbox")) == before
    assert shared_studio.health()[0] == 200


@pytest.mark.parametrize("child", ["worker", "sandbox"])
def test_a_killed_child_comes_back(shared_studio: Studio, child: Child) -> None:
    before = shared_studio.kill_child(child)
    shared_studio.wait_until(lambda: shared_studio.child_pid(child) not in (None, before))
    shared_studio.wait_until_healthy()


def test_a_killed_app_leaves_one_worker_and_one_sandbox_to_the_next_start(studio: Studio) -> None:
    studio.kill()
    studio.start()
    studio.stop()
    assert studio.child_pid("worker") is None
    assert studio.child_pid("sandbox") is None


def test_the_sandbox_takes_another_port_where_its_own_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running_studio(tmp_path, SENDOUT_SANDBOX_PORT=str(port)) as studio:
            assert studio.health()[0] == 200
