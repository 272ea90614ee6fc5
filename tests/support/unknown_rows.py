"""Runs with rows whose outcome is unknown, made without a worker."""

from datetime import UTC, datetime

from lib.campaign import Answers, FieldSource, Mapping, make_plan
from lib.connectly import DuplicateBehavior, VersionBehavior
from lib.delivery import start_run
from lib.delivery.answer_policy import Decision
from lib.delivery.ledger import attempts, claims, workers
from lib.delivery.ledger.database import open_ledger
from lib.delivery.ledger.workers import NewWorker
from lib.delivery.states import AttemptResult, BatchState
from lib.settings import Settings
from tests.support.businesses import SANDBOX
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet

NO_ANSWER = Decision(
    AttemptResult.UNKNOWN, BatchState.UNKNOWN, error_code="STUDIO_NO_ANSWER", http_status=None
)
ME = NewWorker(id="me", pid=1, host="here", data_folder_id="here", release="0")


def run_with_unknown_rows(
    settings: Settings,
    duplicates: DuplicateBehavior,
    versions: VersionBehavior = VersionBehavior.REUSE_LAST_ACTIVE,
) -> str:
    """Start a run of two rows without an answer; only the first is sent if it opens a version."""
    mapping = Mapping(client=FieldSource(column="phone"), campaign_name=FieldSource(value="spring"))
    sheet = make_sheet({"phone": [fictional_phone(0), fictional_phone(1)]})
    answers = Answers(if_duplicate_check_unspecified=duplicates, if_version_unspecified=versions)
    plan = make_plan(sheet, mapping, answers=answers)
    run_id = start_run(plan, connection="sandbox", settings=settings)
    now = datetime.now(UTC)
    with open_ledger(settings).write() as db:
        workers.register(db, ME, now)
        for claim in claims.claim(db, "sandbox", "me", 10, now, business=SANDBOX):
            opened = attempts.open_attempt(db, claim, 0, now)
            assert opened is not None
            attempts.close_attempt(db, claim, opened, NO_ANSWER, has_unknown_attempt=True, now=now)
        claims.claim(db, "sandbox", "me", 10, now, business=SANDBOX)
        workers.remove_worker(db, "me", now)
    return run_id
