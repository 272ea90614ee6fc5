"""Server time of the pages of outcomes with ten million recipients in a thousand runs.

The ledger has a batch per recipient, and the counters and the tally that a worker would have
written. There are no attempts, which none of these pages reads, and no batches in PostgreSQL.
The plain script counts one row per recipient in the database and adds up with pandas.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st
from sqlalchemy import insert, select, text
from streamlit.testing.v1 import AppTest

from benchmarks.harness import Line
from benchmarks.reached import PEOPLE_A_RUN, RUNS, new_run
from lib.delivery.ledger.database import Ledger, open_ledger
from lib.delivery.ledger.runs import NewSendout, insert_run
from lib.delivery.ledger.schema import run, sendout, tally
from lib.settings import ROOT, get_settings
from tests.support.postgres import Postgres

_A_MINUTE, _AN_HOUR = 53, 3_600  # seconds of a run: at full speed, and at three a second
_FIRST: Final = datetime(2026, 1, 1, 8, 0, 17, tzinfo=UTC)
_BETWEEN: Final = timedelta(hours=8, minutes=45, seconds=31)
_CAMPAIGNS: Final = 40
_SENDOUTS: Final = (6_000, 3_000, 1_000)
_LOOKS: Final = 5


_FINISH: Final = text("""
    UPDATE run SET state = 'finished', started_at = created_at,
                   finished_at = created_at + :seconds * 1000000
""")
# One row in forty is rejected, and one in five thousand is unknown.
_BATCHES: Final = text("""
    INSERT INTO batch (run_id, sendout, start, size, state, claims, attempts, doubtful, error_code,
                       settled_at, retries)
    WITH RECURSIVE place(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM place WHERE n + 1 < :rows)
    SELECT run.id, sendout.number, n, 1,
           CASE WHEN n % 5000 = 7 THEN 'unknown' WHEN n % 40 = 0 THEN 'rejected'
                ELSE 'accepted' END,
           1, 1, n % 5000 = 7,
           CASE WHEN n % 5000 = 7 THEN 'STUDIO_NO_ANSWER'
                WHEN n % 200 = 0 THEN 'ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT'
                WHEN n % 200 = 40 THEN 'ERROR_CODE_MESSAGE_TEMPLATE_INPUT_INVALID'
                WHEN n % 40 = 0 THEN 'ERROR_CODE_MESSAGE_PHONE_NUMBER_INVALID' END,
           run.started_at + n * :seconds * 1000000 / :rows, 0
    FROM run CROSS JOIN sendout CROSS JOIN place
    WHERE sendout.run_id = run.id AND n BETWEEN start AND start + entries - 1
""")
_COUNT: Final = text("""
    INSERT INTO tally (run_id, sendout, outcome, error_code, minute, count)
    SELECT run_id, sendout, batch.state, coalesce(error_code, ''),
           (started_at + start * :seconds * 1000000 / :rows) / 60000000 * 60000000 AS minute,
           sum(size)
    FROM batch JOIN run ON run.id = run_id GROUP BY 1, 2, 3, 4, 5
""")
_MOVE: Final = text("""
    UPDATE sendout SET waiting = 0, batched = entries, pinned_version = '1',
        accepted = (SELECT sum(count) FROM tally AS t WHERE t.run_id = sendout.run_id
                    AND t.sendout = number AND outcome = 'accepted'),
        rejected = (SELECT sum(count) FROM tally AS t WHERE t.run_id = sendout.run_id
                    AND t.sendout = number AND outcome = 'rejected'),
        unknown = (SELECT coalesce(sum(count), 0) FROM tally AS t WHERE t.run_id = sendout.run_id
                   AND t.sendout = number AND outcome = 'unknown')
""")
_PLAIN: Final = text("""
    SELECT campaign_name, batch.state, error_code, settled_at / 3600000000 AS hour, count(*) AS n
    FROM batch JOIN sendout ON sendout.run_id = batch.run_id AND number = batch.sendout
    GROUP BY 1, 2, 3, 4
""")


def main() -> Iterator[Line]:
    """Yield a line for each page, on SQLite and PostgreSQL, and with slower runs."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ledger = _use(folder / "sqlite")
        _seed(ledger)
        plain = _plain(ledger)
        yield from _lines("SQLite", plain)
        server = stack.enter_context(Postgres())
        shared = _use(folder / "postgres", server.new_database())
        _copy(ledger, shared)
        yield from _lines("PostgreSQL")
        shared.close()
        _use(folder / "sqlite")
        with ledger.write() as db:
            db.execute(tally.delete())
            db.execute(_COUNT, {"seconds": _AN_HOUR, "rows": PEOPLE_A_RUN})
        yield from _lines("SQLite, runs of an hour each", plain)
        ledger.close()


def _use(folder: Path, database: str = "") -> Ledger:
    os.environ["SENDOUT_DATA_DIR"] = str(folder)
    os.environ.pop("SENDOUT_DATABASE_URL", None)
    if database:
        os.environ["SENDOUT_DATABASE_URL"] = database
    get_settings.cache_clear()
    st.cache_resource.clear()
    return open_ledger()


def _seed(ledger: Ledger) -> None:
    with ledger.write() as db:
        for number in range(RUNS):
            made = replace(new_run(number), created_at=_FIRST + number * _BETWEEN)
            insert_run(db, made, list(_sendouts(number)))
        pace = {"seconds": _A_MINUTE, "rows": PEOPLE_A_RUN}
        db.execute(_FINISH, {"seconds": _A_MINUTE})
        db.execute(_BATCHES, pace)
        db.execute(_COUNT, pace)
        db.execute(_MOVE)


def _sendouts(of_run: int) -> Iterator[NewSendout]:
    start = 0
    for number, entries in enumerate(_SENDOUTS):
        yield NewSendout(
            number=number,
            campaign_name=f"promo_{of_run % _CAMPAIGNS}_{number}",
            campaign_version=None,
            needs_version=False,
            start=start,
            entries=entries,
        )
        start += entries


def _copy(ledger: Ledger, shared: Ledger) -> None:
    with ledger.read() as source, shared.write() as target:
        for table in (run, sendout, tally):
            rows = [dict(row) for row in source.execute(select(table)).mappings()]
            target.execute(insert(table), rows)


def _lines(where: str, plain: float | None = None) -> Iterator[Line]:
    """Run each page: for the first time in a session, and the median of further runs."""
    app = AppTest.from_file(str(ROOT / "lib" / "router.py"), default_timeout=300)
    app.run()
    whole = f"{RUNS * PEOPLE_A_RUN:,} recipients in {RUNS:,} runs"
    for page, address, what in (
        ("outcomes", {}, f"Outcomes over {whole}"),
        ("runs", {}, f"Runs over {whole}"),
        ("runs", {"run": new_run(RUNS // 2).id}, f"one run of {RUNS:,}"),
    ):
        app.switch_page(f"../pages/{page}.py")
        for name, value in address.items():
            app.query_params[name] = value
        first, _ = _seconds(app)
        looks = [_seconds(app) for _ in range(_LOOKS)]
        clock, processor = (statistics.median(each) for each in zip(*looks, strict=True))
        yield Line(
            f"{what}, {where}",
            f"{clock:.2f} s, {processor:.2f} of the processor, first look {first:.2f} s",
            "" if plain is None else f"{plain:.1f} s",
            "" if plain is None else f"{plain / clock:.0f} x",
        )
        plain = None  # of all recipients, as only the first page counts them


def _seconds(app: AppTest) -> tuple[float, float]:
    """Run the page; return elapsed and CPU seconds."""
    started, spent = time.perf_counter(), time.process_time()
    app.run()
    if app.exception:
        raise AssertionError(app.exception)
    return time.perf_counter() - started, time.process_time() - spent


def _plain(ledger: Ledger) -> float:
    """Count recipients by campaign, error and time from their rows; return the seconds."""
    started = time.perf_counter()
    with ledger.read() as db:
        counts = pd.read_sql(_PLAIN, db)
    for keys in (["campaign_name", "state"], ["error_code"], ["hour", "state"]):
        counts.groupby(keys)["n"].sum()
    assert counts["n"].sum() == RUNS * PEOPLE_A_RUN
    return time.perf_counter() - started
