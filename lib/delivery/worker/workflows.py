"""Durable workflows on DBOS. No other module imports DBOS.

Each scheduled run has one workflow, whose id is the run's id. It calls one function of the ledger,
which advances the run if it is due, and sleeps until the next check. Each long report has one
workflow, whose id is its file name; a child process writes the report.

The ledger is the only source of truth. If the engine's database is lost, workers start the
workflows of unfinished runs again. Pause and cancel are states in the ledger; DBOS's own cancel
would discard the result of a step and run it again. The ledger refuses older workers, so all
workers run the same release.
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

# Workflows are compatible across releases, so a newer release continues them.
_VERSION: Final = "1"
_NAME: Final = "sendout-studio"
_SCHEMA: Final = "sendout_engine"
_RUN: Final = "run"
_EXPORT: Final = "export"
_THREADS: Final = 8

# A suspended machine extends a sleep by the time of its suspension.
_MAX_SLEEP: Final = timedelta(minutes=5)
_LEDGER_BUSY: Final = timedelta(seconds=5)
# After this many checks a workflow ends and is started again, which limits its history.
_MAX_CHECKS: Final = 500
# Exit codes of a report process that has finished or was told to stop.
_EXPECTED_EXITS: Final = (0, -signal.SIGTERM, 128 + signal.SIGTERM)

_children: Final[set[subprocess.Popen[bytes]]] = set()

_ACTIVE: Final = ("PENDING", "ENQUEUED", "DELAYED")


class EngineError(Exception):
    """The database of the workflow engine cannot be used."""


class Engine:
    """The workflow engine of one worker. Creating it may raise EngineError.

    A process can have one engine at a time. Do not call its methods from an event loop.
    """

    def __init__(self, settings: Settings, worker_id: str) -> None:
        _silence_dbos_handler()
        self._worker_id = worker_id
        config: DBOSConfig = {
            "name": _NAME,
            "system_database_url": _database_url(settings),
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
        except (*_ENGINE_ERRORS, OSError) as error:
            DBOS.destroy()
            raise EngineError from error

    def close(self) -> None:
        """Stop; unfinished workflows continue in another worker or at the next start."""
        for child in tuple(_children):
            child.terminate()
        DBOS.destroy()

    def ensure_scheduled(self, run_ids: Sequence[str]) -> None:
        """Ensure that each of these unfinished runs has an active workflow. Raises EngineError."""
        _start_missing(_run_workflow, run_ids)

    def ensure_exports_queued(self, names: Sequence[str]) -> None:
        """Ensure that each of these queued reports has an active workflow. Raises EngineError."""
        _start_missing(_export_workflow, names)

    def take_over(self, living_workers: Collection[str]) -> list[str]:
        """Resume the workflows of workers that are not alive; return their ids.

        Raises EngineError.
        """
        try:
            orphans = [
                each.workflow_id
                for each in _list_workflows(status="PENDING")
                if each.executor_id not in living_workers
            ]
            if orphans:
                DBOS.resume_workflows(orphans)
        except _ENGINE_ERRORS as error:
            raise EngineError from error
        return orphans

    def delete_finished(self, before: str) -> int:
        """Delete workflows that ended before a time (ISO 8601); return how many.

        Raises EngineError.
        """
        try:
            old = [each.workflow_id for each in _list_workflows(completed_before=before)]
            if old:
                DBOS.delete_workflows(old)
        except _ENGINE_ERRORS as error:
            raise EngineError from error
        return len(old)


@DBOS.workflow(name=_RUN, max_recovery_attempts=None)
async def _run_workflow(run_id: str) -> None:
    for _ in range(_MAX_CHECKS):
        seconds = await DBOS.run_step_async({"name": "look"}, _advance_run, run_id)
        if seconds is None:
            return
        await DBOS.sleep_async(seconds)


def _advance_run(run_id: str) -> float | None:
    """Advance a run if it is due; return the seconds until the next check, None if it is over."""
    try:
        with open_ledger().write() as db:
            now = clock(db)
            state = schedule.advance(db, run_id, now)
            if state is None or state in OVER:
                return None
            change = schedule.next_change(db, run_id, now)
    except LedgerError:
        return _LEDGER_BUSY.total_seconds()
    sleep = _MAX_SLEEP if change is None else min(change - now, _MAX_SLEEP)
    return max(sleep.total_seconds(), 0.05)


@DBOS.workflow(name=_EXPORT, max_recovery_attempts=None)
async def _export_workflow(name: str) -> None:
    await DBOS.run_step_async({"name": "make"}, _write_report, name)


async def _write_report(name: str) -> None:
    await asyncio.to_thread(_run_report_process, name)


def _run_report_process(name: str) -> None:
    """Write a report in a child process, which records its result unless it is killed."""
    child = subprocess.Popen(
        [sys.executable, "-m", "lib.outcomes.report_process", name],
        cwd=ROOT,
    )
    _children.add(child)
    status = child.wait()
    _children.discard(child)
    # A process that was told to stop is started again by the next worker.
    if status not in _EXPECTED_EXITS:
        _LOGGER.error("report ended early", extra={"status": status})
        end_export(name, ExportEndedError())


def _start_missing(workflow: Any, ids: Sequence[str]) -> None:
    if not ids:
        return  # without ids, the engine would list all workflows
    try:
        found = {each.workflow_id: each.status for each in _list_workflows(workflow_ids=ids)}
        ended = [each for each, status in found.items() if status not in _ACTIVE]
        if ended:
            # It has made all its checks, or its report was requested again.
            DBOS.delete_workflows(ended)
        for each in ids:
            if found.get(each) not in _ACTIVE:
                with SetWorkflowID(each):
                    DBOS.start_workflow(workflow, each)
    except _ENGINE_ERRORS as error:
        raise EngineError from error


_ENGINE_ERRORS: Final = (dbos_error.DBOSException, SQLAlchemyError, PostgresError, sqlite3.Error)


def _list_workflows(**filters: Any) -> list[Any]:
    return DBOS.list_workflows(load_input=False, load_output=False, **filters)


def _database_url(settings: Settings) -> str:
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


def _silence_dbos_handler() -> None:
    """Keep DBOS from adding its own log handler."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
