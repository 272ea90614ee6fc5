"""A worker in a process of its own, to be stopped, killed and started again; and plans for it."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import select

from lib.campaign import Answers, FieldSource, Mapping, Plan, make_plan
from lib.connectly import DuplicateBehavior, VersionBehavior
from lib.delivery import RunState, RunSummary, run_summary
from lib.delivery.ledger.database import open_ledger
from lib.delivery.ledger.schema import worker as worker_table
from lib.sheet import Sheet
from tests.support.fork_server import ForkedProcess
from tests.support.recipients import fictional_phone
from tests.support.sandbox import SandboxHandle
from tests.support.states import wait_for


class Worker:
    """The worker of one data folder, which the sandbox connection leads out of."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._process: ForkedProcess | None = None

    @property
    def log(self) -> str:
        """All that the workers have written so far."""
        return self._log_file.read_text(encoding="utf-8")

    @property
    def log_lines(self) -> list[dict[str, Any]]:
        """The structured lines of the log."""
        return [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None
        return self._process.pid

    @property
    def _log_file(self) -> Path:
        return self._data_dir.with_name(f"{self._data_dir.name}.worker.log")

    def connect(self, sandbox: SandboxHandle) -> None:
        """Let the connection named sandbox lead to this one."""
        announcement = json.dumps({"pid": sandbox.process.pid, "port": 0, "url": sandbox.url})
        temporary = self._data_dir / "sandbox.json.new"
        temporary.write_text(announcement)
        temporary.replace(self._data_dir / "sandbox.json")

    def launch(self, *arguments: str, **environment: str) -> ForkedProcess:
        """Start a worker and do not wait."""
        return ForkedProcess(
            "lib.delivery.worker",
            arguments,
            environment={**os.environ, "SENDOUT_DATA_DIR": str(self._data_dir), **environment},
            log_file=self._log_file,
        )

    def start(self, **environment: str) -> None:
        """Start the worker and wait until the ledger knows it."""
        self._process = self.launch(**environment)
        wait_for(lambda: self.pid in registered_pids())

    def kill(self) -> None:
        """End it as a power cut would."""
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """End it gently and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self, seconds: float = 30.0) -> int:
        """Wait for it to end by itself and return its exit code."""
        assert self._process is not None
        code = self._process.wait(timeout=seconds)
        self._process = None
        return code

    def end(self) -> None:
        """Leave nothing running, whatever the test has done."""
        if self._process is not None:
            self._process.end()
            self._process = None


def registered_pids() -> set[int]:
    """Return the processes of all workers that the ledger knows."""
    with open_ledger().read() as db:
        return {*db.execute(select(worker_table.c.pid)).scalars()}


def registered_workers() -> set[str]:
    """Return the ids of all workers that the ledger knows."""
    with open_ledger().read() as db:
        return {*db.execute(select(worker_table.c.id)).scalars()}


def plan_of(
    count: int,
    *,
    campaign: str | tuple[str, ...] = "demo_welcome",
    version: str | None = None,
    first: int = 0,
    unfit: int = 0,
    versions: VersionBehavior = VersionBehavior.REUSE_LAST_ACTIVE,
    duplicates: DuplicateBehavior = DuplicateBehavior.ALLOW_ONE,
    phone: Callable[[int], str] = fictional_phone,
) -> Plan:
    """Return a plan for fictional phones, with alternating campaigns and ``unfit`` held rows."""
    campaigns = (campaign,) if isinstance(campaign, str) else campaign
    phones = [phone(first + number) for number in range(count)] + ["12"] * unfit
    rows = range(len(phones))
    frame = pd.DataFrame(
        {
            "phone": phones,
            "campaign": [campaigns[row % len(campaigns)] for row in rows],
            "name": [f"Ana {row}" for row in rows],
        },
        index=pd.RangeIndex(2, 2 + len(phones), name="row"),
        dtype=pd.StringDtype("pyarrow"),
    )
    sheet = Sheet(
        id="0" * 64,
        filename="recipients.csv",
        frame=frame,
        first_row=2,
        worksheet=None,
        worksheets=(),
        notes=(),
        flags=pd.DataFrame(columns=["row", "column", "code"]),
    )
    mapping = Mapping(
        client=FieldSource(column="phone"),
        campaign_name=FieldSource(column="campaign"),
        campaign_version=FieldSource(value=version),
        variables={"name": FieldSource(column="name")},
    )
    answers = Answers(if_version_unspecified=versions, if_duplicate_check_unspecified=duplicates)
    return make_plan(sheet, mapping, answers=answers)


def wait_for_run(
    run_id: str,
    *,
    until: Callable[[RunSummary], bool] = lambda run: run.state is RunState.FINISHED,
    seconds: float = 60.0,
) -> RunSummary:
    """Return the run once it has come so far; at every look its rows must add up."""

    def has_come_so_far() -> bool:
        run = run_summary(run_id)
        assert run.reconciles
        assert run.rows == run.held + run.waiting + run.accepted + run.rejected + (
            run.unknown + run.cancelled
        )
        return until(run)

    wait_for(has_come_so_far, seconds=seconds)
    return run_summary(run_id)
