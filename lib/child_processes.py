"""Start, supervise and stop the processes beside the app: the sandbox and the worker.

Each runs in a separate session, so that neither Ctrl-C nor a crash of the app ends it. A process
that is still running after a crash is found by its lock and reused; a process that has ended is
started again.
"""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from lib.atomic_files import make_private_dir
from lib.connections import SANDBOX, check_connection, get_connection
from lib.connectly import ConnectlyError
from lib.delivery import LedgerError, waiting_recipients, worker_state
from lib.settings import ROOT, Settings

_LOGGER: Final = logging.getLogger(__name__)

_WATCH_SECONDS: Final = 1.0
_FIRST_BACKOFF: Final = 1.0
_LONGEST_BACKOFF: Final = 30.0
# With less free space, writing to the ledger may soon fail.
_MIN_FREE_BYTES: Final = 64 * 1024 * 1024
# How long a process may take to end after SIGTERM; the worker also waits for open responses.
_GRACE_SECONDS: Final = 10.0


@dataclass
class ManagedProcess:
    """A process, identified by its announcement file (a pid) and the lock that it holds."""

    name: str
    arguments: list[str]
    announcement: Path
    lock: Path
    grace_seconds: float
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    not_before: float = 0.0

    def is_running(self) -> bool:
        """Return whether a process holds the lock, started by this app or an earlier one."""
        if self.process is not None and self.process.poll() is None:
            return True
        return _is_locked(self.lock)

    def ensure(self, settings: Settings) -> None:
        """Start the process unless it is running, with exponential back-off after failures."""
        if self.is_running():
            return
        if self.process is not None:
            self.process = None
            self.failures += 1
            wait = min(_FIRST_BACKOFF * 2 ** (self.failures - 1), _LONGEST_BACKOFF)
            self.not_before = time.monotonic() + wait
            _LOGGER.warning("The %s has ended; it starts again in %.0f s.", self.name, wait)
        if time.monotonic() < self.not_before:
            return
        self.process = subprocess.Popen(
            [sys.executable, "-m", *self.arguments],
            cwd=ROOT,
            env={**os.environ, "SENDOUT_DATA_DIR": str(settings.data_dir)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # only useful when started manually
            start_new_session=True,
        )

    def end(self) -> None:
        """Send SIGTERM, wait for the process to finish, then send SIGKILL."""
        pid = self._pid()
        if pid is None:
            return
        _signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + self.grace_seconds
        while self.is_running() and time.monotonic() < deadline:
            time.sleep(0.05)
        if self.is_running():
            _signal(pid, signal.SIGKILL)

    def _pid(self) -> int | None:
        if self.process is not None and self.process.poll() is None:
            return self.process.pid
        if not _is_locked(self.lock):
            return None
        try:
            return int(json.loads(self.announcement.read_bytes())["pid"])
        except (OSError, ValueError, KeyError):
            return None


@dataclass(frozen=True)
class Health:
    """The state of all parts: sentences about what is not working, and figures."""

    reasons: tuple[str, ...]
    parts: dict[str, bool]
    recipients_waiting: int | None
    heartbeat_age_seconds: float | None
    disk_free_bytes: int

    def as_json(self) -> dict[str, object]:
        """Return the body of `/healthz`."""
        body: dict[str, object] = {"status": "unavailable" if self.reasons else "ok", "app": "ok"}
        body |= {name: "ok" if is_well else "not ok" for name, is_well in self.parts.items()}
        if self.reasons:
            body["reasons"] = list(self.reasons)
        return body | {
            "recipients_waiting": self.recipients_waiting,
            "heartbeat_age_seconds": self.heartbeat_age_seconds,
            "disk_free_bytes": self.disk_free_bytes,
        }


@dataclass
class ChildProcesses:
    """The sandbox and the worker of one data folder."""

    settings: Settings
    children: list[ManagedProcess] = field(init=False)

    def __post_init__(self) -> None:
        data = self.settings.data_dir
        sandbox = [
            "lib.sandbox",
            *("--port", str(self.settings.sandbox_port), "--any-port"),
            *("--announce", str(data / "sandbox.json")),
            *("--record", str(data / "sandbox.sqlite3")),
            *("--lock", str(data / "sandbox.lock")),
            "--exit-when-orphaned",
        ]
        worker = ["lib.delivery.worker", "--exit-when-orphaned"]
        longest_response = self.settings.connect_timeout + self.settings.read_timeout
        self.children = [
            ManagedProcess(
                "sandbox",
                sandbox,
                data / "sandbox.json",
                data / "sandbox.lock",
                grace_seconds=_GRACE_SECONDS,
            ),
            ManagedProcess(
                "worker",
                worker,
                data / "worker.json",
                data / "worker.lock",
                grace_seconds=longest_response + _GRACE_SECONDS,
            ),
        ]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep all child processes running within the context, and end them on exit.

        If several apps use the same data folder, one of them owns the child processes. Another
        takes over when the owner exits.
        """
        make_private_dir(self.settings.data_dir)
        owner_lock = FileLock(self.settings.data_dir / "app.lock", timeout=0, mode=0o600)
        watch = asyncio.create_task(self._watch(owner_lock))
        try:
            yield
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
            if owner_lock.is_locked:
                # The worker ends first, because its open requests need the sandbox.
                for child in reversed(self.children):
                    await asyncio.to_thread(child.end)
                owner_lock.release()

    async def _watch(self, owner_lock: FileLock) -> None:
        is_announced = False
        while True:
            with contextlib.suppress(Timeout):
                if not owner_lock.is_locked:
                    owner_lock.acquire()
            if owner_lock.is_locked:
                for child in self.children:
                    await asyncio.to_thread(child.ensure, self.settings)
            elif not is_announced:
                is_announced = True
                _LOGGER.warning("Another app owns the worker of this data folder.")
            await asyncio.sleep(_WATCH_SECONDS)

    def health(self) -> Health:
        """Check each part."""
        reasons = []
        waiting = heartbeat_age = None
        try:
            worker = worker_state(self.settings)
            waiting = waiting_recipients(self.settings)
        except LedgerError as error:
            worker_answers, ledger_answers = False, False
            reasons.append(str(error))
        else:
            worker_answers, ledger_answers = worker.alive, True
            heartbeat_age = worker.heartbeat_age
            if not worker_answers:
                reasons.append("The worker, which sends messages, is not running.")
        sandbox_answers = _sandbox_answers(self.settings)
        if not sandbox_answers:
            reasons.append("The sandbox does not respond.")
        free = shutil.disk_usage(self.settings.data_dir).free
        if free < _MIN_FREE_BYTES:
            reasons.append("The disk of the data folder is nearly full.")
        return Health(
            reasons=tuple(reasons),
            parts={
                "worker": worker_answers,
                "sandbox": sandbox_answers,
                "database": ledger_answers,
                "disk": free >= _MIN_FREE_BYTES,
            },
            recipients_waiting=waiting,
            heartbeat_age_seconds=heartbeat_age,
            disk_free_bytes=free,
        )


def _sandbox_answers(settings: Settings) -> bool:
    impatient = settings.model_copy(update={"connect_timeout": 1.0, "read_timeout": 2.0})
    try:
        check_connection(get_connection(SANDBOX, settings), impatient)
    except ConnectlyError:
        return False
    return True


def _is_locked(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0, mode=0o600):
            return False
    except Timeout:
        return True


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
