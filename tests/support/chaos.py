"""Disturb a run at random moments in every way there is, then hold the ledger to the record.

``python -m tests.support.chaos [KILLS] [sqlite|postgres]``. What the sandbox has recorded
is what people got; the ledger must agree with it entry by entry.
"""

import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pandas as pd
from pydantic import SecretStr

from lib.connectly import DuplicateBehavior
from lib.delivery import Outcome, RunState, resume_run, run_attempts, run_summary, start_run
from lib.delivery.ledger.database import open_ledger
from lib.delivery.states import AttemptResult
from lib.delivery.summaries import AttemptRecord
from lib.outcomes import row_outcomes
from lib.settings import ConnectionSettings, Settings, get_settings
from tests.support.businesses import replace_connection
from tests.support.postgres import Postgres
from tests.support.proxy import Proxy
from tests.support.sandbox import start_sandbox
from tests.support.states import wait_for
from tests.support.worker import Worker, plan_of

ONE, MULTIPLE = DuplicateBehavior.ALLOW_ONE, DuplicateBehavior.ALLOW_MULTIPLE
_WORKERS: Final = 2
_PEOPLE: Final = 6_000
# The rest is chosen among all that may happen.
_KILLS: Final = 0.4


class Chaos:
    """One ledger, its workers, a line to the sandbox, and what may happen to them."""

    def __init__(
        self, folder: Path, *, shared: bool, dice: random.Random, stack: ExitStack
    ) -> None:
        folder.mkdir(exist_ok=True)
        self._dice = dice
        self._server = stack.enter_context(Postgres()) if shared else None
        self._sandbox = start_sandbox(
            folder, {"latency_ms": [5, 50]}, record=folder / "record.sqlite3"
        )
        stack.callback(self._sandbox.stop)
        # Another business: whatever it records was sent in the wrong name.
        (folder / "other").mkdir()
        self._other = start_sandbox(folder / "other")
        stack.callback(self._other.stop)
        port = urlsplit(self._sandbox.url).port
        assert port is not None
        self._line = stack.enter_context(Proxy(port))
        (folder / "data").mkdir()
        environment = {"SENDOUT_DATA_DIR": str(folder / "data")}
        if self._server is not None:
            environment["SENDOUT_DATABASE_URL"] = self._server.new_database()
            environment["SENDOUT_STORAGE_URL"] = f"file://{folder / 'shared'}"
            (folder / "shared").mkdir()
        self._set(environment, stack)
        stack.callback(lambda: open_ledger().close())
        seats = _WORKERS if shared else 1
        self._folders = [folder / f"data{number or ''}" for number in range(seats)]
        for each in self._folders:
            each.mkdir(exist_ok=True)
        self._connect(f"http://127.0.0.1:{self._line.port}", "b1")
        self._workers = [Worker(each) for each in self._folders]
        for worker in self._workers:
            stack.callback(worker.end)
            worker.start()
        self.done: Counter[str] = Counter()

    @staticmethod
    def _set(environment: dict[str, str], stack: ExitStack) -> None:
        before = {name: os.environ.get(name) for name in environment}
        os.environ.update(environment)
        get_settings.cache_clear()

        def put_back() -> None:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
            get_settings.cache_clear()

        stack.callback(put_back)

    def _connect(self, url: str, business_id: str) -> None:
        """Let the connection of every machine lead there."""
        given = ConnectionSettings(
            business_id=business_id, api_key=SecretStr("sandbox"), base_url=url
        )
        for each in self._folders:
            replace_connection("acme", given, Settings(data_dir=each))

    def ways(self) -> list[Callable[[], None]]:
        """Return all that may happen."""
        ways = [self.kill, self.stand_still, self.cut_the_line, self.fill_the_disk]
        ways += [self.set_the_clock_back, self.change_the_connection]
        return ways if self._server is None else [*ways, self.restart_the_database]

    def some(self, number: int) -> list[Callable[[], None]]:
        """Return random disturbances; about half of them are kills."""
        return [
            self.kill if self._dice.random() < _KILLS else self._dice.choice(self.ways())
            for _ in range(number)
        ]

    def kill(self) -> None:
        """Kill a worker and start another one in its place."""
        worker = self._dice.choice(self._workers)
        worker.kill()
        worker.start()

    def stand_still(self) -> None:
        """Stop a worker in its tracks; let it go on, sometimes after it was taken for dead."""
        worker = self._dice.choice(self._workers)
        worker.signal(signal.SIGSTOP)
        time.sleep(self._dice.choice([0.5, 6.0, 14.0]))
        worker.signal(signal.SIGCONT)

    def cut_the_line(self) -> None:
        """Break all connections to the sandbox for a while."""
        self._line.cut()
        time.sleep(self._dice.uniform(0.05, 0.8))
        self._line.mend()

    def fill_the_disk(self) -> None:
        """Let a worker's files grow no more for a while: what it writes fails as on a full disk."""
        worker = self._dice.choice(self._workers)
        _, hard = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (4096, hard))
        time.sleep(self._dice.uniform(0.2, 1.0))
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (hard, hard))

    def set_the_clock_back(self) -> None:
        """Let the ledger's own times lie ahead, as they do when the clock has been set back."""
        ahead = timedelta(hours=1) // timedelta(microseconds=1)
        with open_ledger().write() as db:
            db.exec_driver_sql(f"UPDATE line SET next_slot = next_slot + {ahead}")
            db.exec_driver_sql(f"UPDATE worker SET beat_at = beat_at + {ahead}")

    def change_the_connection(self) -> None:
        """Let the connection lead to another business for a while: the run must pause."""
        self._connect(self._other.url, self._dice.choice(["b1", "b2"]))
        time.sleep(self._dice.uniform(0.1, 1.0))
        self._connect(f"http://127.0.0.1:{self._line.port}", "b1")

    def restart_the_database(self) -> None:
        """End the database at once, as a crash does, and start it again."""
        assert self._server is not None
        self._server.stop(self._dice.choice([signal.SIGQUIT, signal.SIGINT]))
        time.sleep(self._dice.uniform(0.0, 1.0))
        self._server.start()

    def run(
        self,
        duplicates: DuplicateBehavior,
        ways: list[Callable[[], None]],
        *,
        people: int,
        first: int,
    ) -> str:
        """Send to recipients during disturbances; return violated rules, if any."""
        plan = plan_of(people, duplicates=duplicates, first=first)
        run_id = start_run(plan, connection="acme", token=f"{duplicates} {first}")
        for way in ways:
            if run_summary(run_id).is_over:
                break
            time.sleep(self._dice.uniform(0.1, 1.0))
            self.done[way.__name__] += 1
            way()
            _resume_if_paused(run_id)
        wait_for(lambda: _resume_if_paused(run_id) or run_summary(run_id).is_over, seconds=120)
        wrong = complaints(run_id, plan.table["client"], self._sandbox.record())
        elsewhere = len(self._other.record())
        return ", ".join(
            filter(None, [wrong, f"{elsewhere} sent for another business" if elsewhere else ""])
        )


def _resume_if_paused(run_id: str) -> bool:
    """Do what a person would where too many answers got lost; never tell that anything is done."""
    if run_summary(run_id).state is RunState.PAUSED:
        resume_run(run_id)
    return False


def complaints(run_id: str, clients: pd.Series, record: list[dict[str, Any]]) -> str:
    """Compare the ledger with what people got; return in words what does not fit."""
    wanted = set(clients)
    got = Counter(each["client"] for each in record if each["client"] in wanted)
    run = run_summary(run_id)
    outcomes = row_outcomes(run_id)["outcome"]
    accepted = set(clients[outcomes == Outcome.ACCEPTED])
    attempts = run_attempts(run_id, limit=10 * len(clients))
    found = {
        "got it twice": sum(count - 1 for count in got.values()),
        "called accepted and got nothing": len(accepted - set(got)),
        "lost": len(clients) - run.accepted - run.unknown - run.rejected,
        "got it and are called rejected": run.rejected,
        "do not add up": int(not run.reconciles),
        "unknown without an open attempt": _unexplained(run.unknown, attempts),
    }
    return ", ".join(f"{count} {what}" for what, count in found.items() if count)


def _unexplained(unknown: int, attempts: list[AttemptRecord]) -> int:
    """Return the difference between unknown rows and rows with attempts of unknown outcome.

    An acceptance ends a doubt; an attempt that was not made after it does not.
    """
    results: dict[int, set[AttemptResult | None]] = {}
    for each in attempts:
        results.setdefault(each.position, set()).add(each.result)
    unknown_attempts = sum(
        AttemptResult.UNKNOWN in found and AttemptResult.ACCEPTED not in found
        for found in results.values()
    )
    return abs(unknown - unknown_attempts)


def main(kills: int, database: str) -> int:
    """Disturb runs until a number of kills is reached; print them, and return the failures."""
    seed = time.time_ns() % 1_000_000
    failures = 0
    done: Counter[str] = Counter()
    first = 0
    while done["kill"] < kills:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            dice = random.Random(seed + done.total())
            chaos = Chaos(folder, shared=database == "postgres", dice=dice, stack=stack)
            for duplicates in (ONE, MULTIPLE):
                half = _PEOPLE // 2
                wrong = chaos.run(duplicates, chaos.some(20), people=half, first=first % 2 * half)
                first += 1
                failures += bool(wrong)
                sys.stdout.write(f"{duplicates}, {dict(chaos.done)}: {wrong or 'all fits'}\n")
                sys.stdout.flush()
            done += chaos.done
    sys.stdout.write(
        f"seed {seed}, {dict(done)}: {done.total()} disturbances, {failures} runs wrong\n"
    )
    return failures


if __name__ == "__main__":
    how_often, where = (*sys.argv[1:], *("200", "postgres")[len(sys.argv) - 1 :])
    sys.exit(min(main(int(how_often), where), 1))
