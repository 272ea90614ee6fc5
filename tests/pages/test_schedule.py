"""Schedules: chosen in step 6, kept by the run, approved on the broadcast's page."""

from datetime import UTC, datetime, timedelta

from lib.campaign import SendSchedule, load_draft, save_draft
from lib.delivery import RunState, list_runs, run_summary, start_run
from lib.delivery.ledger.database import open_ledger
from lib.settings import Settings
from tests.support.app_test import Visit, press, texts
from tests.support.drafts import GOOD, current_draft_id, prepared
from tests.support.ledger import ACCEPTED, REJECTED, send_all
from tests.support.recipients import fictional_phone
from tests.support.worker import plan_of


def test_a_first_wave_is_suggested_only_for_many_recipients(visit: Visit) -> None:
    rows = [f"{fictional_phone(number)},demo_welcome,Ana" for number in range(1_001)]
    many = "\n".join(["phone,campaign,name", *rows])
    assert "First **50 recipients**" in texts(prepared(visit, many))
    assert "First **" not in texts(prepared(visit))


def test_the_chosen_schedule_is_saved_and_used_by_the_run(visit: Visit, settings: Settings) -> None:
    app = prepared(visit, GOOD)
    how = next(each for each in app.radio if each.label == "How many at a time?")
    how.set_value("ramp").run()
    next(each for each in app.number_input if "first wave" in each.label).set_value(1).run()
    draft = load_draft(current_draft_id(app), settings)
    assert draft is not None
    assert draft.schedule is not None
    again = visit("new_broadcast", draft=draft.id)
    assert "First **1 recipient**" in texts(again)
    next(each for each in again.checkbox if "checked" in each.label).check()
    press(again.run(), "Send first 1 of 2")
    [run] = list_runs(settings=settings)
    assert run.schedule == draft.schedule
    assert (run.schedule.first_wave, run.schedule.wave_growth, run.released) == (1, 3, 1)


def test_a_start_is_shown_in_its_time_zone_and_in_those_of_the_recipients(
    visit: Visit, settings: Settings
) -> None:
    app = prepared(visit, GOOD)
    draft = load_draft(current_draft_id(app), settings)
    assert draft is not None
    schedule = SendSchedule(starts_at=datetime(2199, 7, 1, 7, tzinfo=UTC), zone="Europe/Berlin")
    save_draft(draft.model_copy(update={"schedule": schedule}), settings)
    shown = texts(visit("new_broadcast", draft=draft.id))
    assert "Starts **Mon 1 Jul 2199, 09:00 (Europe/Berlin)**" in shown
    assert "Local time of your recipients" in shown
    assert "in United States (100%)" in shown
    assert "Schedule for 2 recipients" in shown


def test_a_finished_wave_shows_its_results_and_continues_after_approval(
    visit: Visit, settings: Settings
) -> None:
    schedule = SendSchedule(first_wave=10, wave_growth=2)
    run_id = start_run(plan_of(100), connection="sandbox", schedule=schedule, settings=settings)
    send_all(open_ledger(settings), REJECTED, ACCEPTED)
    assert "needs your approval" in texts(visit("start"))
    app = visit("broadcasts", run=run_id)
    shown = texts(app)
    assert "9 accepted (90.0%), 1 rejected (10.0%)" in shown
    assert "Send the rest: 90 recipients" in shown
    press(app, "Send the next wave: 20 recipients")
    run = run_summary(run_id, settings=settings)
    assert (run.state, run.wave, run.released) == (RunState.RUNNING, 2, 30)


def test_a_scheduled_broadcast_shows_its_start_and_can_be_started_now(
    visit: Visit, settings: Settings
) -> None:
    schedule = SendSchedule(starts_at=datetime.now(UTC) + timedelta(hours=5, seconds=30))
    run_id = start_run(plan_of(3), connection="sandbox", schedule=schedule, settings=settings)
    app = visit("broadcasts", run=run_id)
    assert "in 5 h" in texts(app)
    press(app, "Start now")
    assert run_summary(run_id, settings=settings).state is RunState.RUNNING


def test_larger_requests_show_their_cost_and_are_saved_with_the_run(
    visit: Visit, settings: Settings
) -> None:
    app = prepared(visit, GOOD)
    size = next(each for each in app.selectbox if each.label == "Recipients per request")
    app = size.set_value(100).run()
    assert "resend it in smaller parts" in texts(app)
    assert "Up to **100 recipients per request**" in texts(app)
    later = next(each for each in app.checkbox if "try later" in each.label)
    app = later.check().run()
    next(each for each in app.checkbox if "checked" in each.label).check()
    press(app.run(), "Send to 2 recipients")
    [run] = list_runs(settings=settings)
    assert (run.schedule.batch_size, run.schedule.retries) == (100, 3)
