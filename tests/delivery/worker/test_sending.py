"""The worker sends whole runs to the sandbox, whatever the other side answers."""

import os
import signal
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from lib.campaign import SendSchedule
from lib.connections import delete_connection, save_connection
from lib.connectly import DuplicateBehavior, VersionBehavior
from lib.delivery import (
    AttemptResult,
    Reason,
    RepeatNotConfirmedError,
    ResolutionChoice,
    RunState,
    cancel_run,
    list_runs,
    pause_run,
    resolve_unknown_rows,
    resume_run,
    run_attempts,
    run_summary,
    start_now,
    start_run,
    worker_state,
)
from lib.outcomes import row_outcomes
from lib.settings import ConnectionSettings, Settings
from tests.support.businesses import replace_connection
from tests.support.sandbox import SandboxHandle, messages_by_phone
from tests.support.worker import plan_of, wait_for_run

ONE, MULTIPLE = DuplicateBehavior.ALLOW_ONE, DuplicateBehavior.ALLOW_MULTIPLE


def results(run_id: str) -> list[AttemptResult | None]:
    return [each.result for each in run_attempts(run_id)]


def test_a_whole_run_reaches_everybody_once_and_the_numbers_add_up(worker, sandbox):
    plan = plan_of(300, campaign=("demo_welcome", "demo_invalid_phones"), unfit=3)
    run_id = start_run(plan, connection="sandbox")
    run = wait_for_run(run_id)
    assert (run.rows, run.held, run.waiting, run.unknown) == (303, 3, 0, 0)
    assert run.accepted == len(messages_by_phone(sandbox)) == messages_by_phone(sandbox).total()
    assert run.rejected == 300 - run.accepted > 0
    assert (run.state, run.seconds_left) == (RunState.FINISHED, None)
    assert run.started_at is not None
    assert run.finished_at is not None
    assert run.created_at <= run.started_at <= run.finished_at


def test_many_clicks_from_many_threads_make_one_run(idle_worker, sandbox):
    plan = plan_of(20)
    ids: list[str] = []
    clicks = [
        threading.Thread(target=lambda: ids.append(start_run(plan, connection="sandbox")))
        for _ in range(8)
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert len(set(ids)) == len(list_runs()) == 1
    idle_worker.connect(sandbox)
    idle_worker.start()
    wait_for_run(ids[0])
    assert start_run(plan, connection="sandbox") == ids[0]
    assert messages_by_phone(sandbox).total() == 20


def test_pausing_stops_and_resuming_goes_on_where_it_was(worker, sandbox):
    run_id = start_run(plan_of(400), connection="sandbox")
    wait_for_run(run_id, until=lambda run: run.accepted > 20)
    assert pause_run(run_id)
    assert not pause_run(run_id)
    paused = wait_for_run(run_id, until=lambda run: None not in results(run.id))
    assert paused.state is RunState.PAUSED
    assert 0 < paused.waiting < 400
    assert messages_by_phone(sandbox).total() == paused.accepted
    assert resume_run(run_id)
    assert wait_for_run(run_id).accepted == 400
    assert set(messages_by_phone(sandbox).values()) == {1}


def test_cancelling_sends_nothing_more_and_counts_the_rest(worker, sandbox):
    run_id = start_run(plan_of(400), connection="sandbox")
    wait_for_run(run_id, until=lambda run: run.accepted > 20)
    assert cancel_run(run_id)
    run = wait_for_run(run_id, until=lambda run: run.waiting == 0)
    assert (run.state, run.accepted + run.cancelled) == (RunState.CANCELLED, 400)
    assert messages_by_phone(sandbox).total() == run.accepted
    assert not resume_run(run_id)


def test_pause_resume_and_cancel_may_race_with_the_worker(worker, sandbox):
    run_id = start_run(plan_of(300), connection="sandbox")
    wait_for_run(run_id, until=lambda run: run.accepted > 0)
    for _ in range(40):
        pause_run(run_id)
        resume_run(run_id)
    run = wait_for_run(run_id)
    assert (run.accepted, run.unknown) == (300, 0)
    assert set(messages_by_phone(sandbox).values()) == {1}


def test_two_runs_share_the_line_and_a_test_overtakes_them(worker, sandbox):
    first = start_run(plan_of(200), connection="sandbox")
    second = start_run(plan_of(200, first=200), connection="sandbox")
    wait_for_run(second, until=lambda run: run.accepted > 10)
    test = start_run(plan_of(1, first=500), connection="sandbox", kind="test")
    done = wait_for_run(test)
    runs = [wait_for_run(run_id) for run_id in (first, second)]
    assert done.finished_at is not None
    assert all(run.finished_at and run.finished_at > done.finished_at for run in runs)
    assert messages_by_phone(sandbox).total() == 401
    [attempt] = run_attempts(test)
    assert attempt.answer is not None
    assert '"acceptedCount":1' in attempt.answer.replace(" ", "")


def test_a_refused_key_pauses_the_run_and_loses_nothing(idle_worker, sandbox_factory):
    idle_worker.connect(sandbox_factory({"api_key": "another"}))
    idle_worker.start()
    run_id = start_run(plan_of(5), connection="sandbox")
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert (run.reason, run.waiting) == (Reason.KEY_REFUSED, 5)
    good = sandbox_factory(None)
    idle_worker.connect(good)
    resume_run(run_id)
    assert wait_for_run(run_id).accepted == messages_by_phone(good).total() == 5


def test_a_run_waits_for_an_api_that_is_down_and_says_so(idle_worker, sandbox_factory):
    sandbox = sandbox_factory(None)
    idle_worker.connect(sandbox)
    sandbox.kill()
    idle_worker.start()
    run_id = start_run(plan_of(30), connection="sandbox")
    down = wait_for_run(run_id, until=lambda run: run.reason is not None)
    assert (down.state, down.reason) == (RunState.RUNNING, Reason.UNREACHABLE)
    sandbox = sandbox_factory(None)
    idle_worker.connect(sandbox)
    run = wait_for_run(run_id)
    assert (run.accepted, run.reason) == (30, None)
    assert set(messages_by_phone(sandbox).values()) == {1}


@pytest.mark.parametrize(("fault", "duplicates"), [("429", ONE), ("429_retry_after", MULTIPLE)])
def test_being_asked_to_slow_down_loses_nobody(idle_worker, sandbox_factory, fault, duplicates):
    sandbox = sandbox_factory({"script": ["none", "none", fault], "retry_after": "1"})
    idle_worker.connect(sandbox)
    idle_worker.start()
    run_id = start_run(plan_of(40, duplicates=duplicates), connection="sandbox")
    run = wait_for_run(run_id)
    assert (run.accepted, run.unknown) == (40, 0)
    assert set(messages_by_phone(sandbox).values()) == {1}
    [refused_at] = [each.ended_at for each in run_attempts(run_id) if each.http_status == 429]
    assert refused_at is not None
    starts = [each.started_at for each in run_attempts(run_id)]
    pause = min(start for start in starts if start > refused_at) - refused_at
    # It began when the answer came, which was before that stood in the ledger.
    assert pause > timedelta(seconds=0.4)


UNCONFIRMED = [
    "500_before",
    "500_after",
    "reset_before",
    "reset_after",
    "hang_after",
    "cut_body",
    "empty_body",
    "html_body",
    "html_502",
]


def test_an_unclear_answer_is_repeated_where_nobody_can_get_it_twice(idle_worker, sandbox_factory):
    sandbox = sandbox_factory({"script": UNCONFIRMED})
    idle_worker.connect(sandbox)
    idle_worker.start(SENDOUT_READ_TIMEOUT="1")
    run_id = start_run(plan_of(30), connection="sandbox")
    run = wait_for_run(run_id)
    assert (run.accepted, run.unknown) == (30, 0)
    assert set(messages_by_phone(sandbox).values()) == {1}
    seen = Counter(results(run_id))
    assert seen == {AttemptResult.UNKNOWN: len(UNCONFIRMED), AttemptResult.ACCEPTED: 30}


def test_an_unclear_answer_is_never_repeated_unasked_where_somebody_could_get_it_twice(
    idle_worker, sandbox_factory
):
    sandbox = sandbox_factory({"script": UNCONFIRMED})
    idle_worker.connect(sandbox)
    idle_worker.start(SENDOUT_READ_TIMEOUT="1")
    run_id = start_run(plan_of(30, duplicates=MULTIPLE), connection="sandbox")
    run = wait_for_run(run_id)
    assert (run.accepted, run.unknown) == (30 - len(UNCONFIRMED), len(UNCONFIRMED))
    assert len(results(run_id)) == 30
    assert set(messages_by_phone(sandbox).values()) == {1}
    with pytest.raises(RepeatNotConfirmedError, match="twice"):
        resolve_unknown_rows(run_id, ResolutionChoice.REPEAT, person="me")
    assert resolve_unknown_rows(
        run_id, ResolutionChoice.REPEAT, person="me", confirmed=True
    ) == len(UNCONFIRMED)
    assert wait_for_run(run_id).accepted == 30


def test_what_stays_unclear_after_three_attempts_is_in_doubt(idle_worker, sandbox_factory):
    sandbox = sandbox_factory({"script": ["500_after"] * 3})
    idle_worker.connect(sandbox)
    idle_worker.start()
    run_id = start_run(plan_of(1), connection="sandbox")
    assert wait_for_run(run_id).unknown == 1
    assert results(run_id) == [AttemptResult.UNKNOWN] * 3
    assert resolve_unknown_rows(run_id, ResolutionChoice.REPEAT, person="me") == 1
    assert wait_for_run(run_id).accepted == 1
    assert messages_by_phone(sandbox).total() == 1


def test_an_api_that_gives_no_clear_answers_stops_the_run(idle_worker, sandbox_factory):
    idle_worker.connect(sandbox_factory({"faults": {"500_before": 1}}))
    idle_worker.start()
    run_id = start_run(plan_of(200, duplicates=MULTIPLE), connection="sandbox")
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert run.reason is Reason.NO_CLEAR_ANSWER
    assert run.waiting > 100


def test_a_redirect_is_not_followed_and_pauses_the_run(idle_worker, sandbox_factory):
    idle_worker.connect(sandbox_factory({"faults": {"redirect_307": 1}}))
    idle_worker.start()
    run_id = start_run(plan_of(2), connection="sandbox")
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert (run.reason, run.waiting) == (Reason.REDIRECTED, 2)


def test_every_row_of_the_sheet_has_its_outcome(worker):
    campaigns = ("demo_welcome", "demo_unpublished", "demo_invalid_phones")
    run_id = start_run(plan_of(30, campaign=campaigns, unfit=2), connection="sandbox")
    run = wait_for_run(run_id)
    outcomes = row_outcomes(run_id)
    assert list(outcomes.index) == list(range(2, 34))
    assert outcomes.index.name == "row"
    counted = Counter(outcomes["outcome"])
    assert counted == {"accepted": run.accepted, "rejected": run.rejected, "held": 2}
    unpublished = outcomes.iloc[1:30:3]
    assert set(unpublished["outcome"]) == {"rejected"}
    assert set(unpublished["http_status"]) == {409}
    assert unpublished["error_code"].notna().all()
    assert outcomes["at"].notna().sum() == 30
    assert set(outcomes.loc[[32, 33], "outcome"]) == {"held"}
    assert outcomes.loc[[32, 33], "error_code"].notna().all()


def test_rows_that_were_never_sent_have_their_outcome_too(idle_worker):
    run_id = start_run(plan_of(5), connection="sandbox")
    assert set(row_outcomes(run_id)["outcome"]) == {"waiting"}
    cancel_run(run_id)
    assert set(row_outcomes(run_id)["outcome"]) == {"cancelled"}
    assert run_summary(run_id).cancelled == 5


def test_a_new_version_is_opened_once_and_everybody_gets_it(worker, sandbox):
    plan = plan_of(
        30, campaign=("demo_welcome", "demo_promo_like"), versions=VersionBehavior.CREATE_NEW
    )
    run_id = start_run(plan, connection="sandbox")
    run = wait_for_run(run_id)
    first = run.sendouts[0]
    versions = {each["campaignVersion"] for each in sandbox.record()}
    assert versions == {first.pinned_version}
    assert first.accepted == 15


def test_a_new_version_in_doubt_is_not_asked_for_again_unasked(idle_worker, sandbox_factory):
    sandbox = sandbox_factory({"script": ["500_after"]})
    idle_worker.connect(sandbox)
    idle_worker.start()
    plan = plan_of(5, versions=VersionBehavior.CREATE_NEW)
    run_id = start_run(plan, connection="sandbox")
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert (run.reason, run.unknown, run.waiting) == (Reason.VERSION_IN_DOUBT, 1, 4)
    assert len(results(run_id)) == 1
    resume_run(run_id)
    assert wait_for_run(run_id).accepted == 4
    assert len({each["campaignVersion"] for each in sandbox.record()}) == 2


def test_a_connection_that_is_gone_pauses_its_runs(worker, settings, sandbox):
    other = ConnectionSettings(business_id="b", api_key=SecretStr("sandbox"), base_url=sandbox.url)
    save_connection("acme", other, settings)
    done = wait_for_run(start_run(plan_of(2), connection="acme"))
    assert done.accepted == 2
    delete_connection("acme", settings)
    run_id = start_run(plan_of(2, first=10), connection="acme")
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert run.reason is Reason.CONNECTION_MISSING
    save_connection("acme", other, settings)
    resume_run(run_id)
    assert wait_for_run(run_id).accepted == 2


@pytest.mark.parametrize("url", ["http://example.com", "https://example.com:x"])
def test_a_connection_that_cannot_be_used_safely_pauses_its_runs(idle_worker, url):
    prefix = "SENDOUT_CONNECTIONS__ACME__"
    acme = {"BUSINESS_ID": "b", "API_KEY": "k", "BASE_URL": url}
    idle_worker.start(**{f"{prefix}{name}": value for name, value in acme.items()})
    run_id = start_run(plan_of(2), connection="acme")
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert (run.reason, run.waiting) == (Reason.CONNECTION_UNFIT, 2)
    resume_run(run_id)
    wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert worker_state().pid == idle_worker.pid


def test_a_plan_that_cannot_be_read_pauses_its_run(worker, settings):
    healthy = start_run(plan_of(2), connection="sandbox")
    wait_for_run(healthy)
    os.kill(worker.pid, signal.SIGSTOP)
    run_id = start_run(plan_of(2, first=10), connection="sandbox")
    for path in settings.plans_dir.iterdir():
        path.unlink()
    os.kill(worker.pid, signal.SIGCONT)
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert (run.reason, run.waiting) == (Reason.PLAN_MISSING, 2)


def acme(settings: Settings, sandbox: SandboxHandle, business_id: str) -> None:
    """Let the connection "acme" lead to this business of a sandbox."""
    given = ConnectionSettings(
        business_id=business_id, api_key=SecretStr("sandbox"), base_url=sandbox.url
    )
    replace_connection("acme", given, settings)


def test_a_run_goes_to_the_business_it_was_confirmed_for_or_pauses(
    worker, settings, sandbox_factory
):
    first, second = sandbox_factory(None), sandbox_factory(None)
    acme(settings, first, "b1")
    run_id = start_run(plan_of(300), connection="acme")
    wait_for_run(run_id, until=lambda run: run.accepted >= 20)
    acme(settings, second, "b1")
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert run.reason is Reason.CONNECTION_CHANGED
    resume_run(run_id)
    wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    acme(settings, first, "b1")
    resume_run(run_id)
    done = wait_for_run(run_id)
    assert (done.accepted, done.unknown) == (300, 0)
    assert (len(messages_by_phone(first)), len(messages_by_phone(second))) == (300, 0)


def test_another_business_at_the_same_address_pauses_a_scheduled_run(worker, settings, sandbox):
    acme(settings, sandbox, "b1")
    later = SendSchedule(starts_at=datetime.now(UTC) + timedelta(hours=1))
    run_id = start_run(plan_of(2), connection="acme", schedule=later)
    acme(settings, sandbox, "b2")
    start_now(run_id)
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert (run.reason, run.accepted) == (Reason.CONNECTION_CHANGED, 0)
    cancel_run(run_id)
    # A run that is confirmed for the new business goes out.
    assert wait_for_run(start_run(plan_of(2), connection="acme", token="new")).accepted == 2


def test_a_new_key_is_no_other_business(worker, settings, sandbox):
    acme(settings, sandbox, "b1")
    os.kill(worker.pid, signal.SIGSTOP)
    # One request: a second one under way would pause the run again after it was resumed.
    run_id = start_run(plan_of(1), connection="acme")
    given = ConnectionSettings(
        business_id="b1", api_key=SecretStr("wrong-key"), base_url=sandbox.url, rate=50
    )
    replace_connection("acme", given, settings)
    os.kill(worker.pid, signal.SIGCONT)
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert run.reason is Reason.KEY_REFUSED
    acme(settings, sandbox, "b1")
    resume_run(run_id)
    assert wait_for_run(run_id).accepted == 1


def test_a_campaign_that_cannot_be_sent_stops_without_the_others(worker, sandbox):
    campaigns = ("demo_welcome", "demo_unpublished", "demo_promo")
    run_id = start_run(plan_of(900, campaign=campaigns), connection="sandbox")
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    good, bad, other = run.sendouts
    assert run.reason is Reason.CAMPAIGN_STOPPED
    assert (good.accepted, good.stopped_code) == (300, None)
    assert (other.waiting, other.stopped_code) == (0, None)
    assert bad.stopped_code == "STUDIO_CAMPAIGN_STATE"
    assert (bad.rejected >= 20, bad.waiting > 100) == (True, True)
    rejected = bad.rejected

    assert resume_run(run_id)
    run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
    assert run.sendouts[1].rejected > rejected
    assert cancel_run(run_id)
    assert run_summary(run_id).reconciles


def test_a_short_sendout_of_such_a_campaign_is_rejected_to_its_end(worker):
    run_id = start_run(plan_of(15, campaign="demo_unpublished"), connection="sandbox")
    run = wait_for_run(run_id)
    assert (run.rejected, run.reason) == (15, None)
