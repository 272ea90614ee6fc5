"""The processes beside the app: the sandbox and the worker, started, watched and ended together.

Each is a child in a session of its own, so that neither Ctrl-C in the terminal nor the death of
the app reaches it. A child that outlived its app is found by its lock and taken over, never
doubled; a child that died is started again.
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
from datetime import UTC, datetime
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
# Below this, a ledger may soon fail to grow.
_LEAST_FREE_BYTES: Final = 64 * 1024 * 1024
# The worker may need its read timeout to hear the answers that are under way.
_GRACE_SECONDS: Final = 35.0


@dataclass
class ManagedProcess:
    """One process of ours: known by its announcement (a pid) and by the lock that it holds."""

    name: str
    arguments: list[str]
    announcement: Path
    lock: Path
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    not_before: float = 0.0

    def is_running(self) -> bool:
        """Tell whether some process, ours or one left from before, holds the lock."""
        if self.process is not None and self.process.poll() is None:
            return True
        return _is_locked(self.lock)

    def ensure(self, settings: Settings) -> None:
        """Start the process unless it runs; wait longer after each start that came to nothing."""
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
            stdout=subprocess.DEVNULL,  # greetings are for those who start it by hand
            start_new_session=True,
        )

    def end(self) -> None:
        """Ask the process to end, wait while it finishes what is under way, then insist."""
        pid = self._pid()
        if pid is None:
            return
        _signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
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
    """How all parts are: reasons why something is not well, in sentences, and figures."""

    reasons: tuple[str, ...]
    parts: dict[str, bool]
    recipients_waiting: int | None
    heartbeat_age_seconds: float | None
    disk_free_bytes: int

    def as_json(self) -> dict[str, object]:
        """Return it as `/healthz` tells it."""
        told: dict[str, object] = {"status": "unavailable" if self.reasons else "ok", "app": "ok"}
        told |= {name: "ok" if is_well else "not ok" for name, is_well in self.parts.items()}
        if self.reasons:
            told["reasons"] = list(self.reasons)
        return told | {
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
        self.children = [
            ManagedProcess("sandbox", sandbox, data / "sandbox.json", data / "sandbox.lock"),
            ManagedProcess("worker", worker, data / "worker.json", data / "worker.lock"),
        ]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep all children alive for as long as the context lasts; end them with it.

        Of several apps on one data folder, one keeps the children; the others only use them, and
        one of those takes over when the keeper is gone.
        """
        make_private_dir(self.settings.data_dir)
        keeper = FileLock(self.settings.data_dir / "app.lock", timeout=0, mode=0o600)
        watch = asyncio.create_task(self._watch(keeper))
        try:
            yield
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
            if keeper.is_locked:
                # The worker first: it still needs the sandbox for what is under way.
                for child in reversed(self.children):
                    await asyncio.to_thread(child.end)
                keeper.release()

    async def _watch(self, keeper: FileLock) -> None:
        is_guest = False
        while True:
            with contextlib.suppress(Timeout):
                if not keeper.is_locked:
                    keeper.acquire()
            if keeper.is_locked:
                for child in self.children:
                    await asyncio.to_thread(child.ensure, self.settings)
            elif not is_guest:
                is_guest = True
                _LOGGER.warning("Another app keeps this data folder's worker; this one uses it.")
            await asyncio.sleep(_WATCH_SECONDS)

    def health(self) -> Health:
        """Ask each part how it is."""
        reasons = []
        waiting = silence = None
        try:
            worker = worker_state(self.settings)
            waiting = waiting_recipients(self.settings)
        except LedgerError as error:
            worker_answers, ledger_answers = False, False
            reasons.append(error.sentence)
        else:
            worker_answers, ledger_answers = worker.alive, True
            if worker.beat_at is not None:
                silence = (datetime.now(UTC) - worker.beat_at).total_seconds()
            if not worker_answers:
                reasons.append("The worker, which sends, is not running yet.")
        sandbox_answers = _sandbox_answers(self.settings)
        if not sandbox_answers:
            reasons.append("The sandbox does not answer yet.")
        free = shutil.disk_usage(self.settings.data_dir).free
        if free < _LEAST_FREE_BYTES:
            reasons.append("The disk of the data folder is nearly full.")
        return Health(
            reasons=tuple(reasons),
            parts={
                "worker": worker_answers,
                "sandbox": sandbox_answers,
                "database": ledger_answers,
                "disk": free >= _LEAST_FREE_BYTES,
            },
            recipients_waiting=waiting,
            heartbeat_age_seconds=silence,
            disk_free_bytes=free,
        )


def _sandbox_answers(settings: Settings) -> bool:
    hurried = settings.model_copy(update={"connect_timeout": 1.0, "read_timeout": 2.0})
    try:
        check_connection(get_connection(SANDBOX, settings), hurried)
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
