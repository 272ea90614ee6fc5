"""Each file is read by a process of its own, which is forked quickly and kept apart."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from lib.settings import ROOT, Settings
from lib.sheet import SheetError, read_shared_sheet
from lib.sheet.process.handles import TemplateProcess
from lib.sheet.process.parent import Readers
from lib.sheet.process.turns import Turns
from tests.support.processes import children, environment, is_running, open_files
from tests.support.states import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

LIST = "phone,name\n+12025550101,Ana\n+12025550102,Luis\n"


class CancelledError(Exception):
    """A person cancels."""


class Reading:
    """Files to read, and the processes that `Readers` has started for them."""

    def __init__(self, folder: Path, max_forks: int = 100) -> None:
        self.folder = folder
        self.readers = Readers(limit=1, max_forks=max_forks)
        self._others = children(os.getpid())
        (folder / "list.csv").write_text(LIST)
        # To open a pipe waits for a writer, so the process that reads it never ends by itself.
        os.mkfifo(folder / "endless")

    def job(self, name: str, **changes: Any) -> dict[str, Any]:
        target = self.folder / f"{name}.arrow"
        target.unlink(missing_ok=True)
        return {
            "source": str(self.folder / name), "target": str(target),
            "scratch": f"{target}.raw", "filename": name, "worksheet": None, "reading": {},
            "max_bytes": 1 << 20, "max_memory": 1 << 30, "max_rows": 100_000, "max_columns": 10,
            "max_cells": 1_000_000,
        } | changes  # fmt: skip

    def read(self) -> bool:
        """Read a good file and return whether it was read."""
        answer = self.readers.run(self.job("list.csv"), 30, None)
        return answer == {} and (self.folder / "list.csv.arrow").exists()

    def read_endlessly(self, act: Callable[[int], None], seconds: float = 30) -> dict[str, Any]:
        """Read a file that has no end; call ``act`` once with the id of the process."""
        acted: list[int] = []

        def watch(_: float) -> None:
            if not acted and (reader := self.reader()):
                acted.append(reader)
                act(reader)

        return self.readers.run(self.job("endless"), seconds, watch)

    def templates(self) -> set[int]:
        return children(os.getpid()) - self._others

    def reader(self) -> int | None:
        """Return the process that reads a file now, if there is one."""
        found = {reader for template in self.templates() for reader in children(template)}
        assert len(found) <= 1
        return next(iter(found), None)

    def template(self) -> int:
        """Return the template process, once others have ended."""
        wait_for(lambda: len(self.templates()) == 1)
        return next(iter(self.templates()))


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    reading = Reading(tmp_path)
    yield reading
    reading.readers.close()
    assert reading.templates() == set()


def cancel(_: int) -> None:
    raise CancelledError


def test_the_second_file_starts_no_interpreter(reading: Reading) -> None:
    assert reading.read()
    template = reading.template()

    assert reading.read()

    assert reading.templates() == {template}
    assert children(template) == set()


def test_the_template_has_one_thread_so_that_a_fork_is_complete(reading: Reading) -> None:
    assert reading.read()

    assert len(list(Path(f"/proc/{reading.template()}/task").iterdir())) == 1


def test_the_template_is_replaced_after_a_number_of_files(tmp_path: Path) -> None:
    reading = Reading(tmp_path, max_forks=2)
    assert reading.read()
    template = reading.template()
    assert reading.read()

    assert reading.template() != template

    reading.readers.close()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGSEGV, "reader_crashed"), (signal.SIGKILL, "out_of_memory")]
)
def test_after_a_process_that_was_ended_the_next_file_is_read_with_another_template(
    number: int, code: str, reading: Reading
) -> None:
    assert reading.read()
    template = reading.template()

    with pytest.raises(SheetError) as caught:
        reading.read_endlessly(lambda reader: os.kill(reader, number))

    assert caught.value.code == code
    assert reading.read()
    assert reading.template() != template


def test_a_file_that_takes_too_long_ends_its_process(reading: Reading) -> None:
    with pytest.raises(SheetError) as caught:
        reading.read_endlessly(cancel, seconds=0)

    assert caught.value.code == "timeout"
    assert reading.reader() is None
    assert reading.read()


def test_memory_is_limited_for_each_file(reading: Reading) -> None:
    (reading.folder / "large.csv").write_text("a,b\n" + "x,y\n" * 1_000_000)
    limits = {"max_memory": 8 << 20, "max_bytes": 1 << 30, "max_rows": 10_000_000}

    try:
        answer = reading.readers.run(reading.job("large.csv", **limits), 30, None)
    except SheetError as error:
        answer = {"code": error.code}

    assert answer["code"] == "out_of_memory"
    assert reading.read()


def test_cancelling_leaves_no_process_and_no_file(reading: Reading) -> None:
    before = set(reading.folder.iterdir())

    with pytest.raises(CancelledError):
        reading.read_endlessly(cancel)

    assert reading.reader() is None
    assert set(reading.folder.iterdir()) == before
    assert reading.read()


def test_when_the_template_is_killed_no_process_remains_and_the_next_file_is_read(
    reading: Reading,
) -> None:
    seen: list[int] = []

    def kill_template(reader: int) -> None:
        seen.append(reader)
        os.kill(reading.template(), signal.SIGKILL)

    with pytest.raises(SheetError) as caught:
        reading.read_endlessly(kill_template)

    assert caught.value.code == "reader_crashed"
    wait_for(lambda: not any(map(is_running, seen)))
    os.kill(reading.template(), signal.SIGKILL)
    wait_for(lambda: reading.templates() == set())
    assert reading.read()


def test_a_reader_has_no_keys_and_no_files_of_the_app(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ("SENDOUT_DATABASE_URL", "STREAMLIT_AUTH", "AWS_SECRET_ACCESS_KEY", "PYTHON_KEY", "HOME")
    for name in keys:
        monkeypatch.setenv(name, "a secret")
    variables: dict[str, str] = {}
    files: list[str] = []

    def look(reader: int) -> None:
        variables.update(environment(reader))
        # The reader replaces its standard error as the first thing that it does.
        wait_for(lambda: len(open_files(reader)) == 4)
        files.extend(open_files(reader))
        raise CancelledError

    with sqlite3.connect(reading.folder / "ledger.sqlite3") as ledger, socket.socket() as stream:
        ledger.execute("create table run (id)")
        stream.set_inheritable(True)
        with pytest.raises(CancelledError):
            reading.read_endlessly(look)

    assert variables["MALLOC_ARENA_MAX"] == "1"
    assert "a secret" not in variables.values()
    # Input and output, standard error, and the conversation with the app.
    assert files[:2] == ["/dev/null", "/dev/null"]
    assert files[2].endswith(" (deleted)")
    assert [each.partition(":")[0] for each in files[3:]] == ["socket"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a server of files in `tmp_path`, and the requests that it has received."""
    requests: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the overridden name
            requests.append(format % args)

    with HTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()
        thread.join()


def test_a_reader_without_network_cannot_connect(
    reading: Reading, server: tuple[str, list[str]]
) -> None:
    address, requests = server
    job = reading.job("list.csv", source=f"{address}/list.csv")
    template = TemplateProcess()
    with tempfile.TemporaryFile() as errors:
        reader = template.fork(errors)
        reader.send(job)
        assert reader.receive(30) == b""
        assert reader.end(30) == 1
        errors.seek(0)
        assert b"has no network" in errors.read()
    template.close()

    assert requests == []


def test_a_file_at_an_address_is_read_with_the_network_and_credentials(
    reading: Reading, server: tuple[str, list[str]], settings: Settings
) -> None:
    address, requests = server
    allowed = settings.model_copy(update={"sheet_allowed_roots": (address,)})

    sheet = read_shared_sheet("list.csv", settings=allowed)

    assert sheet.frame["name"].tolist() == ["Ana", "Luis"]
    assert requests


def test_a_reader_is_in_a_network_of_its_own_where_the_system_permits_it(reading: Reading) -> None:
    flags = ["--net"] if os.geteuid() == 0 else ["--net", "--user"]
    if subprocess.run(
        ["unshare", *flags, "true"], check=False, stderr=subprocess.DEVNULL
    ).returncode:
        pytest.skip("the system does not permit it")
    networks: list[Path] = []

    def look(reader: int) -> None:
        networks.append(Path(f"/proc/{reader}/ns/net").readlink())
        raise CancelledError

    with pytest.raises(CancelledError):
        reading.read_endlessly(look)

    assert networks != [Path("/proc/self/ns/net").readlink()]


def test_no_more_files_are_read_at_a_time_than_the_limit(reading: Reading) -> None:
    is_waiting = threading.Event()
    read_another = partial(
        reading.readers.run, reading.job("list.csv"), 30, lambda _: is_waiting.set()
    )
    thread = threading.Thread(target=read_another)

    def start_another(reader: int) -> None:
        thread.start()
        assert is_waiting.wait(30)
        assert reading.reader() == reader
        raise CancelledError

    with pytest.raises(CancelledError):
        reading.read_endlessly(start_another)
    thread.join()

    assert (reading.folder / "list.csv.arrow").exists()


def test_turns_are_given_in_order_and_a_cancelled_wait_gives_its_turn_up() -> None:
    turns = Turns(1)
    order: list[str] = []
    polled = {name: threading.Event() for name in ("first", "cancelled", "second")}

    def wait(name: str) -> None:
        def poll() -> None:
            polled[name].set()
            if name == "cancelled":
                raise CancelledError

        try:
            with turns.turn(poll, 0.001):
                order.append(name)
        except CancelledError:
            order.append("gave up")

    threads = [threading.Thread(target=wait, args=(name,)) for name in polled]
    with turns.turn(lambda: None, 1):
        for thread, event in zip(threads, polled.values(), strict=True):
            thread.start()
            assert event.wait(30)
        threads[1].join()
    for thread in threads:
        thread.join()

    assert order == ["gave up", "first", "second"]


APP = """
import json, sys
from lib.sheet.process.parent import READERS
READERS.run(json.loads(sys.argv[1]), 600, None)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_end_of_the_app_leaves_no_process(number: signal.Signals, reading: Reading) -> None:
    app = subprocess.Popen(
        [sys.executable, "-c", APP, json.dumps(reading.job("endless"))],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )

    def started() -> set[int]:
        return {each for template in children(app.pid) for each in children(template)}

    wait_for(lambda: bool(started()))
    processes = children(app.pid) | started()
    app.send_signal(number)
    app.wait()

    wait_for(lambda: not any(map(is_running, processes)))
