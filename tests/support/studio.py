"""The whole app in processes of its own, as a person starts it, to be stopped, killed, started."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
from filelock import FileLock, Timeout

from lib.settings import ROOT
from tests.support.fork_server import ForkedProcess
from tests.support.loopback import get_local

UP_SECONDS = 120.0  # until things must have come about; two cores may serve other tests too
DOWN_SECONDS = 45.0  # until everything must have ended; the worker finishes what is under way

Child = Literal["worker", "sandbox"]


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Studio:
    """App, worker and sandbox of one data folder, on one port of this machine."""

    data_dir: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    command: tuple[str, ...] = ("-m", "streamlit", "run", "app.py")
    is_forked: bool = False  # fork the app instead of starting the command
    process: subprocess.Popen[bytes] | ForkedProcess | None = None

    @property
    def url(self) -> str:
        """Where a browser finds the app."""
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> str:
        """All that the processes have written so far, through every restart."""
        return self._log_file.read_text(encoding="utf-8", errors="replace")

    @property
    def _log_file(self) -> Path:
        return self.data_dir.with_name(f"{self.data_dir.name}.log")

    def start(self) -> None:
        """Start the app and wait until it, the worker and the sandbox answer.

        Raises RuntimeError with the app's own words where that does not come about.
        """
        self.launch()
        self.wait_until_healthy()

    def launch(self) -> None:
        """Start the app and do not wait."""
        ours = ("SENDOUT_", "STREAMLIT_")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        environment = {
            **inherited,
            "SENDOUT_DATA_DIR": str(self.data_dir),
            "SENDOUT_SANDBOX_PORT": "0",
            "STREAMLIT_SERVER_PORT": str(self.port),
            **self.environment,
        }
        if self.is_forked:
            self.process = ForkedProcess(
                "streamlit", ["run", "app.py"], environment=environment, log_file=self._log_file
            )
            return
        with self._log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_until_healthy(self) -> None:
        """Wait until `/healthz` says that all is well; raises RuntimeError where it never does."""
        self.wait_until(lambda: self.health()[0] == 200)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something has come about while the app runs.

        Raises RuntimeError with the app's own words where it ends, or two minutes pass, before.
        """
        deadline = time.monotonic() + UP_SECONDS
        while not condition():
            if self.process is None or self.process.poll() is not None:
                raise RuntimeError(f"the app has ended by itself\n{self.log}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"it never came about: {self.health()}\n{self.log}")
            time.sleep(0.05)

    def health(self) -> tuple[int, dict[str, Any]]:
        """Return the status and the body of `/healthz`; 0 without an answer."""
        try:
            answer = get_local(f"{self.url}/healthz")
        except httpx.TransportError:
            return 0, {}
        return answer.status_code, answer.json()

    def stop(self) -> None:
        """End everything as Ctrl-C does, and wait until it has ended."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=DOWN_SECONDS)
            self.process = None

    def restart(self) -> None:
        """Stop, then start again on the same port and data."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End the app alone as `kill -9` does; the worker and the sandbox have to notice."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=DOWN_SECONDS)
        self.process = None

    def kill_child(self, child: Child) -> int:
        """End the worker or the sandbox as `kill -9` does and return the pid that it had."""
        pid = self.child_pid(child)
        assert pid is not None, f"the {child} does not run"
        os.kill(pid, signal.SIGKILL)
        return pid

    def child_pid(self, child: Child) -> int | None:
        """Return the pid of the worker or the sandbox, None where it does not run.

        The lock tells that it runs: without it the pid may be another program's by now.
        """
        with contextlib.suppress(Timeout), FileLock(self.data_dir / f"{child}.lock", timeout=0):
            return None
        try:
            announced = json.loads((self.data_dir / f"{child}.json").read_bytes())
        except FileNotFoundError:
            return None
        return int(announced["pid"])

    def sandbox_record(self) -> list[dict[str, Any]]:
        """Return every message that a phone would have received, in order."""
        sandbox = json.loads((self.data_dir / "sandbox.json").read_bytes())
        answer = get_local(f"{sandbox['url']}/sandbox/record", timeout=30)
        messages: list[dict[str, Any]] = answer.raise_for_status().json()
        return messages

    def end(self) -> None:
        """Leave nothing running, whatever the test has done: no mercy and no waiting."""
        if self.process is not None:
            self.kill()
        for child in ("worker", "sandbox"):
            while (pid := self.child_pid(child)) is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def running_studio(folder: Path, *, is_forked: bool = True, **environment: str) -> Iterator[Studio]:
    """Run the whole app on a new data folder in `folder`; leave nothing running afterwards."""
    data_dir = folder / "data"
    data_dir.mkdir()
    studio = Studio(data_dir, environment, is_forked=is_forked)
    try:
        studio.start()
        yield studio
    finally:
        studio.end()
