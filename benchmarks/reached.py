"""Who of a plan has had its campaign before, among ten million people of a thousand earlier runs.

The plain script keeps the phone numbers of all previous sheets as Parquet, in one Python set.
Both are told in seconds of the processor: a busy machine only makes both of them wait.
"""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import insert, update

from benchmarks.harness import Line
from lib.campaign import FieldSource, Mapping, Plan, make_plan
from lib.delivery import previous_recipients, previous_sendouts, start_run
from lib.delivery.history.index import RecipientIndex, store_recipient_index
from lib.delivery.ledger.database import open_ledger
from lib.delivery.ledger.history import sendouts_of_campaigns
from lib.delivery.ledger.runs import NewRun, NewSendout, insert_run
from lib.delivery.ledger.schema import batch, sendout
from lib.delivery.states import BatchState, RunKind
from lib.settings import Settings
from lib.sheet import Sheet

RUNS = 1_000
PEOPLE_A_RUN = 10_000
PLANS = (100_000, 1_000_000)
FRESH = 100_000
_EVERYBODY = np.concatenate(
    [10**7 * (1_000 + area) + np.arange(2_000_000, 8_000_000) for area in (415, 650)]
)
_CAMPAIGN, _CONNECTION = "promo_a", "acme"

_SENDOUT = NewSendout(
    number=0,
    campaign_name=_CAMPAIGN,
    campaign_version=None,
    needs_version=False,
    start=0,
    entries=PEOPLE_A_RUN,
)


def main() -> Iterator[Line]:
    """Measure and yield a line for each size of plan, and one for a run that was never read."""
    dice = np.random.default_rng(3)
    plans = [_plan(dice.choice(_EVERYBODY, rows, replace=False)) for rows in PLANS]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        sheets = settings.data_dir / "earlier"
        sheets.mkdir()
        _write_earlier(settings, sheets, dice)
        for plan in plans:
            start = time.process_time()
            earlier = previous_sendouts(plan, _CONNECTION, settings=settings)
            (found,) = previous_recipients(plan, earlier, settings=settings).campaigns
            ours = time.process_time() - start
            start = time.process_time()
            assert _plain(plan, sheets) == found.reached
            theirs = time.process_time() - start
            yield Line(
                f"{plan.rows:,} people looked up among {RUNS * PEOPLE_A_RUN:,} of {RUNS:,} runs",
                f"{ours:.2f} s of the processor",
                f"{theirs:.1f} s",
                f"{theirs / ours:.1f} x",
            )
        _send(plans[0], settings)
        start = time.process_time()
        earlier = previous_sendouts(plans[0], "another", settings=settings)
        previous_recipients(plans[0], earlier, settings=settings)
        seconds = time.process_time() - start
        yield Line(
            f"a finished run of {FRESH:,} looked at first",
            f"{seconds:.2f} s of the processor",
            "",
            "",
        )


def _plain(plan: Plan, sheets: Path) -> int:
    earlier: set[str] = set()
    for path in sheets.iterdir():
        earlier.update(pd.read_parquet(path)["phone"])
    return sum(phone in earlier for phone in plan.table["client"])


def _plan(numbers: np.ndarray) -> Plan:
    frame = pd.DataFrame({"phone": _phones(numbers)}, dtype="string[pyarrow]")
    frame.index = pd.RangeIndex(2, 2 + len(frame), name="row")
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
        client=FieldSource(column="phone"), campaign_name=FieldSource(value=_CAMPAIGN)
    )
    return make_plan(sheet, mapping)


def _phones(numbers: np.ndarray) -> pa.Array:
    return pa.array([f"+{number}" for number in numbers.tolist()], pa.large_string())


def _write_earlier(settings: Settings, sheets: Path, dice: np.random.Generator) -> None:
    """Write the ledger's rows and the index of previous runs, and their sheets."""
    with open_ledger(settings).write() as db:
        for number in range(RUNS):
            insert_run(db, new_run(number), [_SENDOUT])
        db.execute(update(sendout).values(waiting=0, accepted=PEOPLE_A_RUN, batched=PEOPLE_A_RUN))
        earlier = sendouts_of_campaigns(db, _CONNECTION, {_SENDOUT.campaign_name}, business_id=None)
    nobody = np.zeros(PEOPLE_A_RUN, dtype=bool)
    for number, each in enumerate(earlier):
        numbers = np.sort(dice.choice(_EVERYBODY, PEOPLE_A_RUN))
        minutes = np.full(PEOPLE_A_RUN, 29_000_000 + number, dtype="int32")
        store_recipient_index(
            each, RecipientIndex(numbers, ~nobody, nobody, nobody, minutes), settings
        )
        pq.write_table(pa.table({"phone": _phones(numbers)}), sheets / f"{number}.parquet")


def new_run(number: int) -> NewRun:
    """Return one of many runs of a campaign, as it is confirmed."""
    return NewRun(
        id=f"{number:016x}",
        token=str(number),
        label="recipients.csv",
        kind=RunKind.SHEET,
        connection=_CONNECTION,
        fingerprint="0" * 64,
        plan_id="0" * 64,
        sheet_id=None,
        rows=PEOPLE_A_RUN,
        held=0,
        if_version_unspecified="reuse_last_active",
        if_duplicate_check_unspecified="allow_one",
        created_at=datetime.now(UTC),
    )


def _send(plan: Plan, settings: Settings) -> None:
    """Enter a run, and an answer for each of its rows, as a worker would."""
    run_id = start_run(plan, connection="another", settings=settings)
    row = {
        "run_id": run_id,
        "sendout": 0,
        "size": 1,
        "state": BatchState.ACCEPTED,
        "claims": 1,
        "attempts": 1,
        "retries": 0,
        "has_unknown_attempt": False,
        "settled_at": datetime.now(UTC),
    }
    with open_ledger(settings).write() as db:
        db.execute(insert(batch), [{**row, "start": start} for start in range(plan.entry_count)])
        counters = {"waiting": 0, "accepted": plan.entry_count, "batched": plan.entry_count}
        db.execute(update(sendout).where(sendout.c.run_id == run_id).values(counters))
