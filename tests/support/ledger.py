"""Runs in a ledger: enter them, claim their batches and end attempts at a given time."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from alembic.config import Config
from sqlalchemy import Connection, select

from lib.connectly import DuplicateBehavior, VersionBehavior
from lib.delivery.answer_policy import Decision
from lib.delivery.ledger import attempts as ledger_attempts
from lib.delivery.ledger import claims as ledger_claims
from lib.delivery.ledger import run_summaries, runs, workers
from lib.delivery.ledger.claims import Claim
from lib.delivery.ledger.database import Ledger
from lib.delivery.ledger.runs import NewRun, NewSendout
from lib.delivery.ledger.schema import batch, worker
from lib.delivery.ledger.tally import count_outcomes
from lib.delivery.ledger.workers import NewWorker
from lib.delivery.states import AttemptResult, BatchState, Outcome, RunKind
from lib.delivery.summaries import RunSummary
from lib.settings import ROOT
from tests.support.businesses import SANDBOX

NOW = datetime(2026, 11, 24, 12, 30, 15, 123456, tzinfo=UTC)
ACCEPTED = Decision(AttemptResult.ACCEPTED, BatchState.ACCEPTED, http_status=200)
REJECTED = Decision(AttemptResult.REJECTED, BatchState.REJECTED, error_code="ERROR_CODE_X")
UNKNOWN = Decision(AttemptResult.UNKNOWN, BatchState.UNKNOWN)
PUT_BACK = Decision(AttemptResult.NOT_SENT, BatchState.WAITING)


def add_run(
    ledger: Ledger,
    name: str = "one",
    *,
    sizes: tuple[int, ...] = (5,),
    kind: RunKind = RunKind.SHEET,
    connection: str = "sandbox",
    create_new: bool = False,
    held: int = 0,
    after: timedelta = timedelta(),
) -> str:
    """Enter a run of sendouts of these sizes, without a version."""
    run = NewRun(
        id=name,
        token=f"token of {name}",
        label=name,
        kind=kind,
        connection=connection,
        fingerprint="f" * 64,
        plan_id="f" * 64,
        sheet_id=None,
        rows=sum(sizes) + held,
        held=held,
        if_version_unspecified=VersionBehavior.CREATE_NEW
        if create_new
        else VersionBehavior.REUSE_LAST_ACTIVE,
        if_duplicate_check_unspecified=DuplicateBehavior.ALLOW_ONE,
        created_at=NOW + after,
    )
    sendouts = [
        NewSendout(number, f"campaign {number}", None, create_new, sum(sizes[:number]), size)
        for number, size in enumerate(sizes)
    ]
    with ledger.write() as db:
        return runs.insert_run(db, run, sendouts)


def claim(ledger: Ledger, most: int = 100, *, owner: str = "me") -> list[Claim]:
    with ledger.write() as db:
        register(db, owner)
        return ledger_claims.claim(db, "sandbox", owner, most, NOW, business=SANDBOX)


def register(db: Connection, owner: str, data_folder_id: str = "a folder") -> None:
    if not db.execute(select(worker.c.id).where(worker.c.id == owner)).first():
        workers.register(db, worker_of(owner, data_folder_id), NOW)


def worker_of(name: str, data_folder_id: str = "a folder") -> NewWorker:
    return NewWorker(id=name, pid=1, host="here", data_folder_id=data_folder_id, release="0")


def send(ledger: Ledger, of: Claim, decision: Decision = ACCEPTED) -> bool:
    """Open an attempt and end it; tell whether it could be opened."""
    with ledger.write() as db:
        opened = ledger_attempts.open_attempt(db, of, of.attempts, NOW)
    if opened is None:
        return False
    has_unknown_attempt = of.has_unknown_attempt or decision.result is AttemptResult.UNKNOWN
    with ledger.write() as db:
        ledger_attempts.close_attempt(
            db, of, opened, decision, has_unknown_attempt=has_unknown_attempt, now=NOW
        )
    return True


def send_all(ledger: Ledger, *decisions: Decision, now: datetime = NOW) -> int:
    """Send every batch that may be sent at `now`, and return how many.

    The attempts end with the decisions in order; the last decision serves all further attempts.
    """
    sent = 0
    while True:
        with ledger.write() as db:
            register(db, "me")
            claims = ledger_claims.claim(db, "sandbox", "me", 3, now, business=SANDBOX)
        if not claims:
            return sent
        for each in claims:
            send(ledger, each, decisions[min(sent, len(decisions) - 1)])
            sent += 1


def summary(ledger: Ledger, run_id: str = "one") -> RunSummary:
    with ledger.read() as db:
        found = run_summaries.run_by_id(db, run_id, NOW)
    assert found is not None
    assert found.reconciles
    assert_counters_match_batches(ledger, found)
    return found


def assert_counters_match_batches(ledger: Ledger, run: RunSummary) -> None:
    """The counters, the tally and the batches themselves tell the same story."""
    with ledger.read() as db:
        states = Counter(
            db.execute(select(batch.c.state).where(batch.c.run_id == run.id)).scalars()
        )
        tallied: Counter[str] = Counter()
        for line in count_outcomes(db, [run.id], None, None, list(RunKind)):
            tallied[line.outcome] += line.count
    for outcome in (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN):
        assert getattr(run, outcome) == states[outcome] == tallied[outcome]
    assert run.cancelled == tallied[Outcome.CANCELLED] >= states[BatchState.CANCELLED]


def alembic_config() -> Config:
    config = Config()
    config.set_main_option(
        "script_location", str(ROOT / "lib" / "delivery" / "ledger" / "migrations")
    )
    config.set_main_option("path_separator", "os")
    return config
