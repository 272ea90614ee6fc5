"""Runs with rejected rows, to be retried."""

from datetime import UTC, datetime

from lib.connectly import DuplicateBehavior
from lib.delivery import (
    start_run,
)
from lib.delivery.answer_policy import Decision
from lib.delivery.ledger import attempts, claims, workers
from lib.delivery.ledger.database import open_ledger
from lib.delivery.states import AttemptResult, BatchState
from lib.settings import Settings
from tests.support.businesses import SANDBOX
from tests.support.ledger import register
from tests.support.worker import plan_of


def rejected_run(
    settings: Settings, rows: int, codes: dict[int, str], *, label: str = "first"
) -> str:
    """Make a finished run of these phones; the row at each place has been rejected with a code."""
    plan = plan_of(rows, duplicates=DuplicateBehavior.ALLOW_MULTIPLE)
    run_id = start_run(plan, connection="sandbox", token=label, settings=settings)
    settle(run_id, codes)
    return run_id


def settle(run_id: str, codes: dict[int, str]) -> None:
    """Let each row have been rejected with a code, or accepted where there is none."""
    with open_ledger().write() as db:
        register(db, "me")
        now = datetime.now(UTC)
        for each in claims.claim(db, "sandbox", "me", 99, now, business=SANDBOX):
            if each.run_id != run_id:
                claims.release(db, each)
                continue
            code = codes.get(each.start)
            state = BatchState.REJECTED if code else BatchState.ACCEPTED
            decision = Decision(AttemptResult(state), state, error_code=code)
            opened = attempts.open_attempt(db, each, each.attempts, now)
            assert opened is not None
            attempts.close_attempt(db, each, opened, decision, has_unknown_attempt=False, now=now)
        claims.claim(db, "sandbox", "me", 99, now, business=SANDBOX)
        workers.remove_worker(db, "me", now)
