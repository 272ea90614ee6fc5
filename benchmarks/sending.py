"""Sending over HTTP to a sandbox that enforces a strict sliding window, beside a plain script.

``SECONDS`` of sending at the full rate, on SQLite and on PostgreSQL, with one worker and with two;
then a million recipients in batches.
"""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.harness import Line
from lib.campaign import Plan, SendSchedule
from lib.connectly import CampaignEntry, SendCampaignsRequest
from lib.delivery import RunSummary, run_summary, start_run
from lib.delivery.ledger.database import open_ledger
from lib.settings import ROOT, get_settings
from tests.support.postgres import Postgres
from tests.support.sandbox import SandboxHandle, start_sandbox
from tests.support.states import wait_for
from tests.support.worker import plan_of

SECONDS = int(os.environ.get("SECONDS", "60"))
RATE = 193.5
MILLION = int(os.environ.get("RECIPIENTS", "1000000"))
BATCH = 500
LATENCY_MS = [5, 50]


@dataclass(frozen=True)
class Sent:
    """How a sending went: requests a second, refusals, the fullest second, and what it cost."""

    recipients: int
    seconds: float
    throttled: int
    fullest: int
    cpu_seconds: float
    megabytes: float = 0.0

    def __str__(self) -> str:
        memory = f", {self.megabytes:,.0f} MB" if self.megabytes else ""
        return (
            f"{self.recipients / self.seconds:,.1f}/s, {self.throttled} answers 429, "
            f"fullest second {self.fullest}, CPU {self.cpu_seconds / self.seconds:.2f} of a core"
            f"{memory}"
        )


def main() -> Iterator[Line]:
    """Measure and yield a line for each way of sending."""
    plan = plan_of(round(RATE * SECONDS), phone=new_phone)
    plain = _plain(plan)
    for database, workers in (("sqlite", 1), ("postgres", 1), ("postgres", 2)):
        ours = _ours(plan, database, workers)
        yield Line(
            f"{SECONDS} s of sending, {database}, {workers} worker{'s' * (workers > 1)}",
            str(ours),
            str(plain),
            f"{ours.recipients / ours.seconds / (plain.recipients / plain.seconds):.2f} x",
        )
    small, large = (
        _ours(plan_of(count, phone=new_phone), "sqlite", 1, BATCH)
        for count in (MILLION // 10, MILLION)
    )
    yield Line(
        f"{MILLION:,} recipients, {BATCH} a request",
        f"{large.seconds:.1f} s, {large.megabytes:,.0f} MB",
        f"{MILLION // 10:,}: {small.seconds:.1f} s, {small.megabytes:,.0f} MB",
        f"{large.megabytes - small.megabytes:+,.0f} MB",
    )


def new_phone(number: int) -> str:
    """Return one of more numbers than those that are kept for fiction; they go nowhere here."""
    return f"+1650{2_000_000 + number}"


def _ours(plan: Plan, database: str, workers: int, batch_size: int = 1) -> Sent:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox, record = stack.enter_context(_sandbox(folder))
        environment = {"SENDOUT_DATA_DIR": str(folder / "data"), "SENDOUT_STORAGE_URL": ""}
        if database == "postgres":
            server = stack.enter_context(Postgres(durable=True))
            environment["SENDOUT_DATABASE_URL"] = server.new_database()
        else:
            environment["SENDOUT_DATABASE_URL"] = ""
        (folder / "data").mkdir()
        _set(environment)
        started = [_start_worker(folder, number, sandbox) for number in range(workers)]
        run_id = start_run(plan, connection="sandbox", schedule=SendSchedule(batch_size=batch_size))
        wait_for(lambda: run_summary(run_id).is_over, seconds=SECONDS * 5)
        run = run_summary(run_id)
        costs = [_end(process) for process in started]
        open_ledger().close()
        return Sent(
            recipients=run.accepted,
            seconds=_duration(run),
            throttled=_throttled(sandbox),
            fullest=_fullest_second(record),
            cpu_seconds=sum(cpu for cpu, _ in costs),
            megabytes=max(memory for _, memory in costs),
        )


def _set(environment: dict[str, str]) -> None:
    for name, value in environment.items():
        os.environ.pop(name, None)
        if value:
            os.environ[name] = value
    get_settings.cache_clear()


def _start_worker(folder: Path, number: int, sandbox: SandboxHandle) -> "subprocess.Popen[bytes]":
    """Start a worker in a folder of its own; all have the first one's plans."""
    data = folder / "data" if number == 0 else folder / f"data{number}"
    data.mkdir(exist_ok=True)
    if number:
        (folder / "data" / "plans").mkdir(exist_ok=True)
        (data / "plans").symlink_to(folder / "data" / "plans")
    announcement = {"pid": sandbox.process.pid, "port": 0, "url": sandbox.url}
    (data / "sandbox.json").write_text(json.dumps(announcement))
    return subprocess.Popen(
        [sys.executable, "-m", "lib.delivery.worker"],
        cwd=ROOT,
        env={**os.environ, "SENDOUT_DATA_DIR": str(data)},
        stderr=subprocess.DEVNULL,
    )


def _end(process: "subprocess.Popen[bytes]") -> tuple[float, float]:
    """End a worker; return its seconds of CPU and its megabytes at the highest.

    What the system tells of an ended child counts what its parent held when it was started.
    """
    status = Path(f"/proc/{process.pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    process.send_signal(signal.SIGTERM)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime, int(kilobytes) / 1024


@contextmanager
def _sandbox(folder: Path) -> Iterator[tuple[SandboxHandle, Path]]:
    record = folder / "record.sqlite3"
    handle = start_sandbox(folder, {"latency_ms": LATENCY_MS}, record=record)
    try:
        yield handle, record
    finally:
        handle.stop()


def _duration(run: RunSummary) -> float:
    assert run.started_at is not None
    assert run.finished_at is not None
    return (run.finished_at - run.started_at).total_seconds()


def _throttled(sandbox: SandboxHandle) -> int:
    return int(sandbox.http.get("/sandbox/health").json()["throttled"])


def _fullest_second(record: Path) -> int:
    """Return how many requests the sandbox took in its fullest second."""
    with sqlite3.connect(record) as database:
        times = [at for (at,) in database.execute("SELECT DISTINCT at FROM message ORDER BY at")]
    return _most_within(times, 1.0)


def _most_within(times: Sequence[float], seconds: float) -> int:
    most = first = 0
    for last, moment in enumerate(times):
        while times[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def _plain(plan: Plan) -> Sent:
    """Send as a script of an afternoon does: one client, a pause between requests, no memory."""
    entries = list(plan.entries())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _sandbox(folder) as (sandbox, record):
            before = os.times()
            started = time.perf_counter()
            accepted = asyncio.run(_post_all(sandbox, entries))
            seconds = time.perf_counter() - started
            after = os.times()
            cpu = after.user + after.system - before.user - before.system
            return Sent(accepted, seconds, _throttled(sandbox), _fullest_second(record), cpu)


async def _post_all(sandbox: SandboxHandle, entries: list[CampaignEntry]) -> int:
    headers = {"X-API-Key": sandbox.api_key, "Content-Type": "application/json"}
    async with httpx.AsyncClient(headers=headers, timeout=30) as client:

        async def post(entry: CampaignEntry) -> int:
            body = SendCampaignsRequest(entries=(entry,)).to_json()
            answer = await client.post(sandbox.endpoint, content=body)
            return answer.json()["data"][0]["acceptedCount"] if answer.status_code == 200 else 0

        tasks = []
        for entry in entries:
            tasks.append(asyncio.create_task(post(entry)))
            await asyncio.sleep(1 / RATE)
        return sum(await asyncio.gather(*tasks))
