"""The worker process: ``python -m lib.delivery.worker``. It sends the runs of a data folder.

There is one worker per data folder, which holds the lock ``worker.lock``; the system releases the
lock when the process ends. After SIGTERM or SIGINT, open requests are finished first.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import math
import os
import secrets
import signal
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from lib.atomic_files import atomic_file, make_private_dir, write_atomically
from lib.delivery.ledger import claims, exports, schedule
from lib.delivery.ledger.database import Ledger, LedgerError, LedgerTooNewError, open_ledger
from lib.delivery.ledger.workers import NewWorker
from lib.delivery.opt_outs import note_opt_outs_of_earlier_releases
from lib.delivery.worker import metrics
from lib.delivery.worker.client_pool import PacedClientPool
from lib.delivery.worker.current_exclusions import CurrentExclusions
from lib.delivery.worker.entry_reader import EntryReader
from lib.delivery.worker.group_commit import GroupWriter
from lib.delivery.worker.heartbeat import Heartbeat, WorkerEvictedError
from lib.delivery.worker.restore_check import RestoreCheck
from lib.delivery.worker.retention import delete_old_files_nightly
from lib.delivery.worker.sender import ConnectionSender
from lib.delivery.worker.workflow_supervisor import Supervisor
from lib.log_redaction import install_redaction
from lib.settings import RELEASE, Settings, get_settings

_LOGGER: Final = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.25
_TICK_SECONDS: Final = 1.0
# Time to record the last outcomes after the last response.
_RECORD_SECONDS: Final = 5.0
_ORPHAN_SECONDS: Final = 60.0
# Processes that only check the lock hold it for a moment.
_LOCK_SECONDS: Final = 1.0


class Worker:
    """Runs one sender for each connection that has something to send."""

    def __init__(self, settings: Settings, ledger: Ledger, *, orphan_seconds: float | None) -> None:
        self._new = NewWorker(
            id=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
            pid=os.getpid(),
            host=socket.gethostname(),
            data_folder_id=_data_folder_id(settings),
            release=RELEASE,
        )
        self._settings = settings
        self._ledger = ledger
        self._parent = os.getppid()
        self._patience = math.inf if orphan_seconds is None else orphan_seconds
        self._idle_since = time.monotonic()
        self._stopping = asyncio.Event()
        self._reader = EntryReader(settings)
        self._exclusions = CurrentExclusions(settings)
        self._senders: dict[str, tuple[ConnectionSender, asyncio.Task[None]]] = {}
        self._supervisor = Supervisor(settings, ledger, self._new.id)
        self._restore_check = RestoreCheck(settings, ledger)
        self._forgets_attempts = False

    async def run(self) -> None:
        """Send until told to stop.

        Raises LedgerError if the ledger cannot be written, WorkerEvictedError if another worker has
        evicted this one.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        with GroupWriter(self._ledger) as writer:
            heartbeat = Heartbeat(self._new, writer)
            taken = await heartbeat.enter(
                alone=not self._ledger.is_shared,
                and_then=self._restore_check.hold_restored_runs,
            )
            await self._remember_attempts(writer)
            await asyncio.to_thread(note_opt_outs_of_earlier_releases, self._settings)
            self._announce()
            metrics.serve(
                self._settings,
                self._ledger,
                writes_waiting=lambda: writer.depth,
                commits_failed=lambda: writer.failures,
                heartbeat_age=lambda: heartbeat.age,
            )
            _LOGGER.info(
                "worker started", extra={"released": taken.claimed, "unknown": taken.under_way}
            )
            # Imported modules stay in memory; scanning them in each collection would take 60 ms.
            gc.collect()
            gc.freeze()
            try:
                async with asyncio.TaskGroup() as tasks:
                    beat = tasks.create_task(heartbeat.beat())
                    tasks.create_task(self._tick(heartbeat))
                    while not self._stopping.is_set():
                        await self._remember_attempts(writer)
                        await self._wake_senders(heartbeat, writer, tasks)
                        await self._rest(_POLL_SECONDS)
                    await self._drain()
                    beat.cancel()
            finally:
                await asyncio.to_thread(self._supervisor.close)
            taken = await heartbeat.leave()
            await self._remember_attempts(writer)
        _LOGGER.info("worker ended", extra={"unknown": taken.under_way})

    async def _remember_attempts(self, writer: GroupWriter) -> None:
        """Note how far this worker has come; hold all runs if a copy has come further."""
        try:
            is_ahead = await asyncio.to_thread(self._restore_check.remember)
        except OSError:
            if not self._forgets_attempts:
                _LOGGER.warning("state folder unusable, a restored folder will not be recognised")
            self._forgets_attempts = True
        except LedgerTooNewError:
            raise
        except LedgerError:
            return  # the writer waits for a restarting database, and raises an error in time
        else:
            if not is_ahead:
                await writer.write(self._restore_check.hold_restored_runs)

    def _announce(self) -> None:
        announcement = json.dumps({"pid": os.getpid(), "id": self._new.id}).encode()
        write_atomically(self._settings.data_dir / "worker.json", announcement)

    async def _wake_senders(
        self, heartbeat: Heartbeat, writer: GroupWriter, tasks: asyncio.TaskGroup
    ) -> None:
        """Wake the senders that have work; stop an idle worker whose parent has ended."""
        try:
            names = await asyncio.to_thread(self._busy_connections)
        except LedgerTooNewError:
            raise
        except LedgerError:
            # The writer waits for a restarting database, and raises an error in time.
            return
        for name in names:
            if name not in self._senders:
                sender = self._new_sender(name, heartbeat, writer)
                self._senders[name] = (sender, tasks.create_task(sender.run()))
            self._senders[name][0].wake()
        if names:
            self._idle_since = time.monotonic()
        elif (
            time.monotonic() - self._idle_since > self._patience
            and os.getppid() != self._parent
            and not await asyncio.to_thread(self._has_scheduled_work)
        ):
            self._stopping.set()

    async def _tick(self, heartbeat: Heartbeat) -> None:
        """Run scheduled work: workflows and retention."""
        while not self._stopping.is_set():
            with contextlib.suppress(LedgerError):
                await asyncio.to_thread(self._supervisor.tick, heartbeat.evictions)
            with contextlib.suppress(OSError, ValueError):
                await asyncio.to_thread(
                    delete_old_files_nightly, self._settings, datetime.now().astimezone()
                )
            await self._rest(_TICK_SECONDS)

    def _busy_connections(self) -> list[str]:
        with self._ledger.read() as db:
            self._ledger.require_own_tables(db)
            return claims.busy_connections(db)

    def _has_scheduled_work(self) -> bool:
        """Return whether there are scheduled runs or queued reports."""
        with self._ledger.read() as db:
            return schedule.any_scheduled(db) or bool(exports.waiting(db))

    def _new_sender(self, name: str, heartbeat: Heartbeat, writer: GroupWriter) -> ConnectionSender:
        return ConnectionSender(
            name,
            heartbeat=heartbeat,
            clients=PacedClientPool(name, self._settings, writer),
            writer=writer,
            reader=self._reader,
            exclusions=self._exclusions,
            stopping=self._stopping,
        )

    async def _drain(self) -> None:
        """Wait as long as the response to an open request may take, and record it."""
        longest = self._settings.connect_timeout + self._settings.read_timeout
        running = [task for _, task in self._senders.values()]
        for sender, _ in self._senders.values():
            sender.wake()
        if running:
            _, late = await asyncio.wait(running, timeout=longest + _RECORD_SECONDS)
            for task in late:
                task.cancel()

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


class _JsonLines(logging.Formatter):
    """Format records as one JSON object per line, with ids and codes only."""

    _FIELDS: Final = (
        "run", "batch", "attempt", "result", "status", "code", "released", "unknown", "evicted",
        "workflows", "files",
    )  # fmt: skip

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in self._FIELDS if hasattr(record, name)}
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line)


def main() -> int:
    """Run the worker until told to stop; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lib.delivery.worker", description=__doc__)
    parser.add_argument(
        "--exit-when-orphaned",
        type=float,
        nargs="?",
        const=_ORPHAN_SECONDS,
        metavar="SECONDS",
        help="exit when the parent process has ended and nothing was sent for this long",
    )
    arguments = parser.parse_args()
    install_redaction()
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("lib").setLevel(logging.INFO)
    settings = get_settings()
    make_private_dir(settings.data_dir)
    try:
        with FileLock(settings.data_dir / "worker.lock", timeout=_LOCK_SECONDS, mode=0o600):
            return _work(settings, orphan_seconds=arguments.exit_when_orphaned)
    except Timeout:
        sys.stderr.write("Another worker already uses this data folder.\n")
        return 0


def _work(settings: Settings, *, orphan_seconds: float | None) -> int:
    while True:
        failure: BaseException | None = None
        try:
            worker = Worker(settings, open_ledger(settings), orphan_seconds=orphan_seconds)
            asyncio.run(worker.run())
        except* (LedgerError, WorkerEvictedError) as group:
            failure = group
        while isinstance(failure, BaseExceptionGroup):
            failure = failure.exceptions[0]
        if isinstance(failure, LedgerError):
            _LOGGER.critical("ledger unusable", extra={"code": failure.code})
            sys.stderr.write(f"{failure}\n")
            return 1
        if failure is None:
            return 0
        # Other workers own its batches now, so it restarts under another id. If they use a copy of
        # this data folder that cannot be told from it, the two would evict each other for ever.
        _data_folder_id_file(settings).unlink(missing_ok=True)
        _LOGGER.warning("worker evicted, restarting")


def _data_folder_id(settings: Settings) -> str:
    """Return the permanent id of this data folder. A copy of the folder gets an id of its own.

    The file names its own inode, which a copy does not have.
    """
    path = _data_folder_id_file(settings)
    try:
        found, inode = path.read_text(encoding="ascii").split()
        if int(inode) == path.stat().st_ino:
            return found
    except (FileNotFoundError, ValueError):
        pass
    new = secrets.token_hex(8)
    with atomic_file(path) as file:
        file.write_text(f"{new} {file.stat().st_ino}", encoding="ascii")
    return new


def _data_folder_id_file(settings: Settings) -> Path:
    return settings.data_dir / "worker.seat"


if __name__ == "__main__":
    sys.exit(main())
