"""Unconfirmed rows: what is known, the risk of resending, and the decisions."""

from datetime import UTC, datetime

import pytest

from lib.campaign import FieldSource, Mapping, make_plan
from lib.connectly import DuplicateBehavior, VersionBehavior
from lib.delivery import (
    Outcome,
    RepeatNotConfirmedError,
    ResolutionChoice,
    RunState,
    cancel_run,
    resolve_unknown_rows,
    run_summary,
    start_run,
    unknown_rows,
)
from lib.delivery.ledger import attempts, claims, workers
from lib.delivery.ledger.database import open_ledger
from lib.outcomes import row_outcomes
from lib.settings import Settings
from tests.support.app_test import Visit, press, texts
from tests.support.businesses import SANDBOX
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet
from tests.support.unknown_rows import ME, run_with_unknown_rows


@pytest.fixture
def once(settings: Settings) -> str:
    return run_with_unknown_rows(settings, DuplicateBehavior.ALLOW_ONE)


@pytest.fixture
def repeatedly(settings: Settings) -> str:
    return run_with_unknown_rows(settings, DuplicateBehavior.ALLOW_MULTIPLE)


def test_a_broadcast_shows_its_unconfirmed_rows(visit: Visit, once: str) -> None:
    assert "2 rows unconfirmed" in texts(visit("broadcasts", run=once))


def test_rows_that_are_safe_to_resend_need_one_click(
    visit: Visit, once: str, settings: Settings
) -> None:
    app = press(visit("unconfirmed", run=once), "Resend all 2 rows")

    assert (run_summary(once).state, run_summary(once).waiting) == (RunState.RUNNING, 2)
    assert "No rows of this broadcast are unconfirmed" in texts(app)


def test_resending_that_may_message_twice_needs_confirmation(visit: Visit, repeatedly: str) -> None:
    app = visit("unconfirmed", run=repeatedly)
    [again] = [each for each in app.button if "Resend" in each.label]
    assert again.disabled

    app.checkbox(key="accept_twice").check().run()
    press(app, "Resend all 2 rows")
    assert run_summary(repeatedly).waiting == 2


def test_rows_marked_as_sent_count_as_accepted(visit: Visit, repeatedly: str) -> None:
    press(visit("unconfirmed", run=repeatedly), "Mark all 2 rows as sent")

    found = run_summary(repeatedly)
    assert (found.accepted, found.unknown, found.reconciles) == (2, 0, True)


def test_rows_left_unconfirmed_stay_with_the_decision(
    visit: Visit, once: str, settings: Settings
) -> None:
    [first, second] = unknown_rows(once)
    resolve_unknown_rows(
        once, ResolutionChoice.LEFT, batch_ids=[first.batch_id], person="ana@example.org"
    )

    table = visit("unconfirmed", run=once).dataframe[0].value
    assert list(table["Row"]) == ["2", "3"]
    assert "Left unconfirmed by ana@example.org" in table["Decision"].iloc[0]
    assert table["Decision"].iloc[1] == ""
    assert second.attempts[0].error_code == "STUDIO_NO_ANSWER"


def test_an_unknown_id_shows_a_warning(visit: Visit) -> None:
    assert "no broadcast at this address" in texts(visit("unconfirmed", run="nonsense"))
    assert "no broadcast at this address" in texts(visit("unconfirmed"))


def test_resending_a_new_version_needs_confirmation(visit: Visit, settings: Settings) -> None:
    run_id = run_with_unknown_rows(
        settings, DuplicateBehavior.ALLOW_ONE, VersionBehavior.CREATE_NEW
    )

    app = visit("unconfirmed", run=run_id)
    assert "creates another one" in texts(app)
    [again] = [each for each in app.button if "Resend" in each.label]
    assert again.disabled
    with pytest.raises(RepeatNotConfirmedError):
        resolve_unknown_rows(run_id, ResolutionChoice.REPEAT, person="me")


def test_a_row_being_sent_when_its_run_is_cancelled_stays_waiting_in_the_report(
    settings: Settings,
) -> None:
    mapping = Mapping(client=FieldSource(column="phone"), campaign_name=FieldSource(value="spring"))
    sheet = make_sheet({"phone": [fictional_phone(0), fictional_phone(1)]})
    run_id = start_run(make_plan(sheet, mapping), connection="sandbox")
    now = datetime.now(UTC)
    with open_ledger(settings).write() as db:
        workers.register(db, ME, now)
        [first, _] = claims.claim(db, "sandbox", "me", 10, now, business=SANDBOX)
        attempts.open_attempt(db, first, 0, now)
    cancel_run(run_id)

    run = run_summary(run_id)
    assert (run.waiting, run.cancelled) == (1, 1)
    assert list(row_outcomes(run_id)["outcome"]) == [Outcome.WAITING, Outcome.CANCELLED]


@pytest.mark.parametrize("damage", [b"", b"PAR1 and more", None])
def test_a_missing_or_damaged_plan_is_reported_with_what_to_do(
    visit: Visit, settings: Settings, damage: bytes | None
) -> None:
    run_id = run_with_unknown_rows(settings, DuplicateBehavior.ALLOW_ONE)
    for plan in settings.plans_dir.iterdir():
        plan.unlink()
        if damage is not None:
            plan.write_bytes(damage)
    app = visit("unconfirmed", run=run_id)
    assert "stored recipients of this broadcast are missing or damaged" in app.error[0].value
    assert "from a backup" in app.error[0].value
