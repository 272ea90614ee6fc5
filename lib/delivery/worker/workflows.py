"""The engine: carries what must outlive a process, on DBOS. Nobody else imports that.

One workflow a run, under the run's id, so that it is there once, whoever starts it. It does nothing
but call one function of the ledger, which moves the run on if its time has come, and sleep until
the next look. One workflow a long report, under the name of its file, which a child process makes.
All that is true stands in the ledger: a lost engine database costs nothing but the sleep, since
workers start the workflows of unfinished runs anew. Pause and cancel are words in the ledger too;
DBOS's own cancel would throw away the result of a step and run it again.

Older workers are refused by the ledger, so all that share it run the same release.
"""

import asyncio
import contextlib
import logging
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final

from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos import error as dbos_error
from psycopg import Error as PostgresError
from sqlalchemy.exc import SQLAlchemyError

from lib.delivery.exports import ExportEndedError, end_export
from lib.delivery.ledger import schedule
from lib.delivery.ledger.database import LedgerError, clock, driver_url, open_ledger
from lib.delivery.states import OVER
from lib.settings import ROOT, Settings

_LOGGER: Final = logging.getLogger(__name__)

# Workflows of all releases are alike: whoever comes after goes on with them.
_VERSION: Final = "1"
_NAME: Final = "sendout-studio"
_SCHEMA: Final = "sendout_engine"
_RUN: Final = "run"
_EXPORT: Final = "export"
_THREADS: Final = 8

# A machine that sleeps stretches a nap by as long as it slept.
_LONGEST_NAP: Final = timedelta(minutes=5)
_LEDGER_BUSY: Final = timedelta(seconds=5)
# Then the workflow ends and another is started, so that none grows for ever.
_MAX_LOOKS: Final = 500
# A child that is told to stop may have been told before it could listen.
_ENDED_WELL: Final = (0, -signal.SIGTERM, 128 + signal.SIGTERM)

_children: Final[set[subprocess.Popen[bytes]]] = set()

_ON_ITS_WAY: Final = ("PENDING", "ENQUEUED", "DELAYED")


class EngineError(Exception):
    """The engine's own database cannot be used."""


class Engine:
    """DBOS, under the name of one worker. Making one may raise EngineError.

    There is one at a time in a process. None of its functions may be called from an event loop.
    """

    def __init__(self, settings: Settings, worker_id: str) -> None:
        _keep_quiet()
        self._worker_id = worker_id
        config: DBOSConfig = {
            "name": _NAME,
            "system_database_url": _address(settings),
            "dbos_system_schema": _SCHEMA,
            "executor_id": worker_id,
            "application_version": _VERSION,
            "max_executor_threads": _THREADS,
            "sys_db_pool_size": _THREADS,
            "enable_otlp": False,
            "log_level": "WARNING",
        }
        try:
            DBOS(config=config)
            DBOS.launch()
        except (*_TROUBLES, OSError) as error:
            DBOS.destroy()
            raise EngineError from error

    def close(self) -> None:
        """Stop; whatever was under way goes on elsewhere, or at the next start."""
        for child in tuple(_children):
            child.terminate()
        DBOS.destroy()

    def ensure_scheduled(self, run_ids: Sequence[str]) -> None:
        """See to it that each of these unfinished runs has a workflow on its way.

        Raises EngineError.
        """
        _start_missing(_carry_run, run_ids)

    def ensure_exports_queued(self, names: Sequence[str]) -> None:
        """See to it that each of these wanted reports has a workflow on its way.

        Raises EngineError.
        """
        _start_missing(_make_export, names)

    def take_over(self, living: Collection[str]) -> list[str]:
        """Go on with the workflows of workers that are not among the living; return their ids.

        Raises EngineError.
        """
        try:
            orphans = [
                each.workflow_id
                for each in _workflows(status="PENDING")
                if each.executor_id not in living
            ]
            if orphans:
                DBOS.resume_workflows(orphans)
        except _TROUBLES as error:
            raise EngineError from error
        return orphans

    def forget(self, before: str) -> int:
        """Delete what ended before a moment (ISO 8601); return how many. Raises EngineError."""
        try:
            old = [each.workflow_id for each in _workflows(completed_before=before)]
            if old:
                DBOS.delete_workflows(old)
        except _TROUBLES as error:
            raise EngineError from error
        return len(old)


@DBOS.workflow(name=_RUN, max_recovery_attempts=None)
async def _carry_run(run_id: str) -> None:
    for _ in range(_MAX_LOOKS):
        seconds = await DBOS.run_step_async({"name": "look"}, _look, run_id)
        if seconds is None:
            return
        await DBOS.sleep_async(seconds)


def _look(run_id: str) -> float | None:
    """Move a run on if its time has come; return the seconds until the next look, if any."""
    try:
        with open_ledger().write() as db:
            now = clock(db)
            state = schedule.advance(db, run_id, now)
            if state is None or state in OVER:
                return None
            change = schedule.next_change(db, run_id, now)
    except LedgerError:
        return _LEDGER_BUSY.total_seconds()
    nap = _LONGEST_NAP if change is None else min(change - now, _LONGEST_NAP)
    return max(nap.total_seconds(), 0.05)


@DBOS.workflow(name=_EXPORT, max_recovery_attempts=None)
async def _make_export(name: str) -> None:
    await DBOS.run_step_async({"name": "make"}, _make, name)


async def _make(name: str) -> None:
    await asyncio.to_thread(_make_apart, name)


def _make_apart(name: str) -> None:
    """Let a child make a report; it tells the ledger itself how it goes, unless it is killed."""
    child = subprocess.Popen(
        [sys.executable, "-m", "lib.outcomes.report_process", name],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,  # what it says of an unforeseen end may quote cells
    )
    _children.add(child)
    status = child.wait()
    _children.discard(child)
    # Ended with this worker, it is begun anew by another, or by the next.
    if status not in _ENDED_WELL:
        _LOGGER.error("report ended early", extra={"status": status})
        end_export(name, ExportEndedError())


def _start_missing(workflow: Any, ids: Sequence[str]) -> None:
    if not ids:
        return  # asked about none, the engine would tell of all
    try:
        found = {each.workflow_id: each.status for each in _workflows(workflow_ids=ids)}
        ended = [each for each, status in found.items() if status not in _ON_ITS_WAY]
        if ended:
            # It has made all its looks, or what it was for is wanted again.
            DBOS.delete_workflows(ended)
        for each in ids:
            if found.get(each) not in _ON_ITS_WAY:
                with SetWorkflowID(each):
                    DBOS.start_workflow(workflow, each)
    except _TROUBLES as error:
        raise EngineError from error


_TROUBLES: Final = (dbos_error.DBOSException, SQLAlchemyError, PostgresError, sqlite3.Error)


def _workflows(**wanted: Any) -> list[Any]:
    return DBOS.list_workflows(load_input=False, load_output=False, **wanted)


def _address(settings: Settings) -> str:
    if settings.database_url is not None:
        url = driver_url(settings.database_url.get_secret_value())
        return url.set(drivername="postgresql").render_as_string(hide_password=False)
    path = settings.data_dir / "engine.sqlite3"
    path.touch(mode=0o600)
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise EngineError from error
    return f"sqlite:///{path}"


def _keep_quiet() -> None:
    """Let DBOS log through the worker's own handler; otherwise it brings one of its own."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
