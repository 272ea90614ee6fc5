"""Previous recipients by person and campaign, over all earlier runs of a connection."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import numpy as np
import pytest
from pydantic import SecretStr
from sqlalchemy import insert, update

from lib.campaign import Plan, make_plan
from lib.connections import delete_connection, save_connection
from lib.connectly import DuplicateBehavior
from lib.delivery import (
    ConcurrentSendoutError,
    PreviousRecipients,
    PreviousSendout,
    ResolutionChoice,
    cancel_run,
    count_runs,
    previous_recipients,
    previous_sendouts,
    resolve_unknown_rows,
    start_run,
)
from lib.delivery.ledger.database import open_ledger
from lib.delivery.ledger.schema import batch, run, sendout
from lib.delivery.states import BatchState
from lib.outcomes import row_outcomes
from lib.settings import ConnectionSettings, Settings, get_settings
from tests.support.sheets import make_sheet
from tests.support.worker import plan_of, wait_for_run

pytestmark = pytest.mark.usefixtures("data_dir")

SOME_TIME = datetime(2026, 5, 3, 9, 30, 12, tzinfo=UTC)


def find(plan: Plan, connection: str = "sandbox") -> PreviousRecipients:
    return previous_recipients(plan, previous_sendouts(plan, connection))


def counts(plan: Plan, connection: str = "sandbox") -> dict[str, tuple[int, int, int, int]]:
    """Return entries, reached, coming and unknown, by campaign."""
    return {
        each.campaign_name: (each.entries, each.reached, each.coming, each.unknown)
        for each in find(plan, connection).campaigns
    }


def settle(run_id: str, *batches: tuple[int, int, BatchState]) -> None:
    """Settle batches (start, size, state) of the first sendout."""
    with open_ledger().write() as db:
        for start, size, state in batches:
            row = {"run_id": run_id, "sendout": 0, "start": start, "size": size, "state": state}
            made = {
                "claims": 1,
                "attempts": 1,
                "retries": 0,
                "has_unknown_attempt": state is BatchState.UNKNOWN,
            }
            db.execute(insert(batch), {**row, **made, "settled_at": SOME_TIME})
            counter = sendout.c[state.value]
            db.execute(
                update(sendout)
                .where(sendout.c.run_id == run_id)
                .values(
                    {
                        sendout.c.batched: sendout.c.batched + size,
                        sendout.c.waiting: sendout.c.waiting - size,
                        counter: counter + size,
                    }
                )
            )


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_the_second_of_two_concurrent_confirmations_is_refused(database, request):
    if database == "postgres":
        request.getfixturevalue("shared_database")
    plans = [plan_of(20), plan_of(30, campaign=("demo_welcome", "demo_other"))]
    known = [previous_sendouts(plan, "sandbox") for plan in plans]
    both_are_here = Barrier(2)

    def confirm(number: int) -> str | None:
        both_are_here.wait()
        try:
            return start_run(plans[number], connection="sandbox", seen_sendouts=known[number])
        except ConcurrentSendoutError:
            return None

    with ThreadPoolExecutor() as people:
        run_ids = list(people.map(confirm, range(2)))
    assert run_ids.count(None) == 1
    late = run_ids.index(None)
    # A second click of the first person returns the run; the other person has to see it first.
    assert confirm_again(plans[1 - late], known[1 - late]) == run_ids[1 - late]
    assert confirm_again(plans[late], previous_sendouts(plans[late], "sandbox")) is not None
    assert count_runs() == 2


def confirm_again(plan: Plan, known: tuple[PreviousSendout, ...]) -> str:
    return start_run(plan, connection="sandbox", seen_sendouts=known)


def test_people_of_an_earlier_sheet_are_found_in_a_second_sheet(worker):
    began = datetime.now(UTC).replace(second=0, microsecond=0)
    first = start_run(
        plan_of(40, campaign=("demo_welcome", "demo_invalid_phones")), connection="sandbox"
    )
    test = start_run(plan_of(1, first=44), connection="sandbox", kind="test")
    wait_for_run(first)
    wait_for_run(test)
    accepted = row_outcomes(first)["outcome"].eq("accepted").to_numpy()
    assert 0 < accepted[1::2].sum() < 20

    second = plan_of(45)
    found = find(second)

    (campaign,) = found.campaigns
    assert (campaign.entries, campaign.reached, campaign.unknown) == (45, 20, 0)
    assert campaign.last is not None
    assert began <= campaign.last <= datetime.now(UTC)
    assert found.rows.tolist() == list(range(2, 42, 2))
    assert counts(plan_of(20, campaign="demo_invalid_phones")) == {
        "demo_invalid_phones": (20, int(accepted[1:20:2].sum()), 0, 0)
    }
    assert counts(plan_of(45, campaign="demo_promo")) == counts(second, "another") == {}


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_only_sent_rows_count_for_any_batch_size(database: str, request: pytest.FixtureRequest):
    if database == "PostgreSQL":
        request.getfixturevalue("shared_database")
    settings = get_settings()
    run_id = start_run(plan_of(10), connection="sandbox")
    assert counts(plan_of(12)) == {"demo_welcome": (12, 0, 10, 0)}
    settle(
        run_id,
        (0, 3, BatchState.ACCEPTED),
        (3, 2, BatchState.UNKNOWN),
        (5, 1, BatchState.REJECTED),
        (6, 2, BatchState.CANCELLED),
    )
    assert counts(plan_of(12)) == {"demo_welcome": (12, 3, 2, 2)}

    cancel_run(run_id)

    found = find(plan_of(12))
    assert counts(plan_of(12)) == {"demo_welcome": (12, 3, 0, 2)}
    assert found.rows.tolist() == [2, 3, 4]
    assert found.unknown_rows.tolist() == [5, 6]
    assert found.left_out(include_unknown=False).tolist() == [2, 3, 4, 5, 6]
    assert found.left_out(include_unknown=True).tolist() == [2, 3, 4]
    assert found.campaigns[0].last == SOME_TIME.replace(second=0)
    (index,) = settings.reached_dir.iterdir()
    assert index.stat().st_mode & 0o077 == 0
    assert find(plan_of(12)).campaigns == found.campaigns


def test_unknown_rows_that_are_resent_are_read_again():
    run_id = start_run(plan_of(3), connection="sandbox")
    settle(run_id, (0, 2, BatchState.ACCEPTED), (2, 1, BatchState.UNKNOWN))
    with open_ledger().write() as db:
        db.execute(update(run).values(state="finished"))
    assert counts(plan_of(3)) == {"demo_welcome": (3, 2, 0, 1)}

    assert resolve_unknown_rows(run_id, ResolutionChoice.REPEAT, person="Kim") == 1
    assert counts(plan_of(3)) == {"demo_welcome": (3, 2, 1, 0)}
    with open_ledger().write() as db:
        db.execute(update(batch).values(state="accepted", settled_at=SOME_TIME + timedelta(days=1)))
        db.execute(update(sendout).values(waiting=0, accepted=3))

    assert counts(plan_of(3)) == {"demo_welcome": (3, 3, 0, 0)}
    assert find(plan_of(3)).campaigns[0].last == (SOME_TIME + timedelta(days=1)).replace(second=0)


def test_a_person_in_several_runs_counts_once():
    for first, count in ((0, 4), (2, 4)):
        run_id = start_run(plan_of(count, first=first), connection="sandbox")
        settle(run_id, (0, 2, BatchState.ACCEPTED), (2, 2, BatchState.UNKNOWN))

    # The first run reaches 0 and 1, the second 2 and 3; 4 and 5 are unknown.
    assert counts(plan_of(8)) == {"demo_welcome": (8, 4, 0, 2)}


def test_a_missing_or_damaged_index_is_built_again(settings: Settings):
    start_run(plan_of(5), connection="sandbox")
    (run_id,) = {each.run_id for each in previous_sendouts(plan_of(5), "sandbox")}
    settle(run_id, (0, 5, BatchState.ACCEPTED))
    before = find(plan_of(9))
    (index,) = settings.reached_dir.iterdir()
    whole = index.read_bytes()

    index.write_bytes(whole[:100])
    damaged = find(plan_of(9))
    assert index.read_bytes() == whole
    index.unlink()
    removed = find(plan_of(9))

    assert before.campaigns == damaged.campaigns == removed.campaigns
    assert index.read_bytes() == whole


def test_a_missing_plan_without_an_index_is_counted_as_unreadable(settings: Settings):
    run_id = start_run(plan_of(5), connection="sandbox")
    settle(run_id, (0, 5, BatchState.ACCEPTED))
    assert find(plan_of(9)).campaigns[0].reached == 5
    for plan in settings.plans_dir.iterdir():
        plan.unlink()

    kept = find(plan_of(9))
    for index in settings.reached_dir.iterdir():
        index.unlink()
    lost = find(plan_of(9))

    assert (kept.campaigns[0].reached, kept.unreadable) == (5, 0)
    assert (lost.campaigns, lost.unreadable) == ((), 1)


@pytest.mark.parametrize("duplicates", list(DuplicateBehavior))
def test_excluded_people_are_held_in_every_row_and_the_plan_reconciles(
    duplicates: DuplicateBehavior,
):
    run_id = start_run(plan_of(2), connection="sandbox")
    settle(run_id, (0, 2, BatchState.ACCEPTED))
    sample = plan_of(3, duplicates=duplicates)
    assert sample.mapping is not None
    phones = sample.table["client"].tolist()
    columns = {"phone": [*phones, phones[0]], "campaign": ["demo_welcome"] * 4, "name": ["Ana"] * 4}
    sheet = make_sheet(columns)
    everybody = make_plan(sheet, sample.mapping, answers=sample.answers)

    left_out = find(everybody).left_out(include_unknown=False)
    plan = make_plan(sheet, sample.mapping, answers=sample.answers, reached=left_out)

    again = "duplicate" if duplicates is DuplicateBehavior.ALLOW_ONE else "reached_before"
    assert plan.held["reasons"].tolist() == ["reached_before", "reached_before", again]
    assert (plan.rows, plan.entry_count, plan.held_count) == (4, 1, 3)
    assert plan.fingerprint != everybody.fingerprint
    assert np.array_equal(find(plan).rows, [])


@pytest.mark.parametrize(
    ("sent", "listed"),
    [("+525512345678", "+5215512345678"), ("+551187650001", "+5511987650001"),
     ("+542214567890", "+5492214567890")],
)  # fmt: skip
def test_a_person_is_found_under_another_spelling_of_the_phone(sent: str, listed: str) -> None:
    run_id = start_run(plan_of(1, phone=lambda _: sent), connection="sandbox")
    settle(run_id, (0, 1, BatchState.ACCEPTED))

    assert find(plan_of(1, phone=lambda _: listed)).rows.tolist() == [2]
    assert find(plan_of(1)).rows.tolist() == []


def _connect(name: str, business_id: str) -> None:
    given = ConnectionSettings(
        business_id=business_id, api_key=SecretStr("key"), base_url="https://api.example"
    )
    save_connection(name, given, get_settings())


def test_people_are_those_of_a_business_whatever_its_connection_is_called() -> None:
    for name, business_id in (("first", "biz-1"), ("renamed", "biz-1"), ("other", "biz-2")):
        _connect(name, business_id)
    settle(start_run(plan_of(3), connection="first"), (0, 3, BatchState.ACCEPTED))

    assert find(plan_of(3), "renamed").rows.tolist() == [2, 3, 4]
    assert find(plan_of(3), "other").rows.tolist() == []


def test_another_business_under_a_former_name_has_reached_nobody() -> None:
    _connect("shop", "biz-1")
    settle(start_run(plan_of(3), connection="shop"), (0, 3, BatchState.ACCEPTED))
    delete_connection("shop", get_settings())

    assert find(plan_of(3), "shop").rows.tolist() == [2, 3, 4]
    _connect("shop", "biz-3")
    assert find(plan_of(3), "shop").rows.tolist() == []
