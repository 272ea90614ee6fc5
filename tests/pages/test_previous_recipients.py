"""People who already got a campaign: shown and decided in step 3, applied in step 6."""

import pytest
from streamlit.testing.v1 import AppTest

from lib.campaign import WORDS, load_draft
from lib.connectly import DuplicateBehavior
from lib.delivery import cancel_run, list_runs, start_run
from lib.outcomes import row_outcomes
from lib.settings import Settings
from tests.support.app_test import Visit, press, texts
from tests.support.recipients import fictional_phone
from tests.support.sandbox import SandboxHandle
from tests.support.worker import Worker, plan_of, wait_for_run

ASKED = "Who gets this broadcast?"


def sheet_of(count: int) -> bytes:
    rows = [f"{fictional_phone(number)},demo_welcome,Ana {number}\n" for number in range(count)]
    return ("phone,campaign,name\n" + "".join(rows)).encode()


def prepared(visit: Visit, count: int) -> AppTest:
    app = visit("new_broadcast")
    app.file_uploader[0].upload("second.csv", sheet_of(count)).run()
    return press(app, "Confirm columns")


def choose(app: AppTest, *, only_new: bool) -> AppTest:
    next(each for each in app.radio if each.label == ASKED).set_value(only_new).run()
    assert not app.exception
    return app


def confirmed(app: AppTest) -> AppTest:
    next(box for box in app.checkbox if "I have checked" in box.label).check().run()
    return app


@pytest.fixture
def worker(settings: Settings, sandbox: SandboxHandle):
    worker = Worker(settings.data_dir)
    worker.connect(sandbox)
    worker.start()
    yield worker
    worker.end()


def test_a_second_sheet_can_be_sent_to_new_people_only(
    worker: Worker, sandbox: SandboxHandle, visit: Visit, settings: Settings
) -> None:
    wait_for_run(start_run(plan_of(40), connection="sandbox"))

    app = prepared(visit, 45)

    assert "**40 of 45** have already received **demo_welcome**, last on " in texts(app)
    assert "Choose in step 3" in texts(app)
    assert app.button(key="send").disabled
    asked = next(each for each in app.radio if each.label == ASKED)
    assert asked.options == ["Only the 5 new people", "Everyone (45)"]
    assert "Connectly skips" in str(asked.proto.captions)

    choose(app, only_new=True)

    assert "5 to send, 40 held back" in texts(app)
    assert WORDS["reached_before"].title in texts(app)
    assert "40 of these are held back because people already got it" in texts(app)
    press(confirmed(app), "Send to 5 recipients")
    run = wait_for_run(list_runs(settings=settings)[0].id)
    assert (run.rows, run.held, run.accepted) == (45, 40, 5)
    assert row_outcomes(run.id)["error_code"].eq("reached_before").sum() == 40
    assert len(sandbox.record()) == len({each["client"] for each in sandbox.record()}) == 45


def test_a_second_sheet_can_be_sent_to_everyone_and_the_choice_is_saved(
    visit: Visit, settings: Settings
) -> None:
    start_run(plan_of(3), connection="sandbox")
    app = prepared(visit, 4)
    assert "**3 of 4** get **demo_welcome** from a broadcast that hasn't finished yet" in texts(app)
    duplicates = next(each for each in app.radio if each.label.startswith("If someone already"))
    duplicates.set_value(DuplicateBehavior.ALLOW_MULTIPLE).run()
    assert "They get it again" in str([each.proto.captions for each in app.radio])

    choose(app, only_new=False)

    assert "Send to 4 recipients" in texts(app)
    (draft_id,) = (path.stem for path in settings.drafts_dir.iterdir())
    draft = load_draft(draft_id, settings)
    assert draft is not None
    assert draft.answers.only_new is False
    assert "Send to 4 recipients" in texts(visit("new_broadcast", draft=draft_id))


def test_nothing_is_sent_if_another_run_reaches_a_recipient_before_the_click(
    visit: Visit, settings: Settings
) -> None:
    first = start_run(plan_of(1), connection="sandbox")
    app = confirmed(choose(prepared(visit, 4), only_new=True))
    second = start_run(plan_of(2, first=1), connection="sandbox")

    press(app, "Send to 3 recipients")

    assert {each.id for each in list_runs(settings=settings)} == {first, second}
    assert "because another broadcast has changed who already got this campaign" in texts(app)
    assert "1 to send, 3 held back" in texts(app)
    cancel_run(first)
    cancel_run(second)
    assert "4 to send" in texts(app.run())
    assert ASKED not in [each.label for each in app.radio]


def test_nothing_is_sent_if_the_first_recipient_is_reached_before_the_click(
    visit: Visit, settings: Settings
) -> None:
    app = confirmed(prepared(visit, 4))
    start_run(plan_of(1), connection="sandbox")

    press(app, "Send to 4 recipients")

    assert len(list_runs(settings=settings)) == 1
    assert ASKED in [each.label for each in app.radio]


def test_people_with_an_unknown_outcome_are_held_back_unless_included(
    visit: Visit, settings: Settings, sandbox_factory
) -> None:
    worker = Worker(settings.data_dir)
    worker.connect(sandbox_factory({"script": ["500_before", "500_before"]}))
    worker.start()
    try:
        plan = plan_of(6, duplicates=DuplicateBehavior.ALLOW_MULTIPLE)
        assert wait_for_run(start_run(plan, connection="sandbox")).unknown == 2
    finally:
        worker.end()
    app = choose(prepared(visit, 7), only_new=True)
    assert "**4 of 7** have already received" in texts(app)
    assert "**2 of 7** may have received **demo_welcome**" in texts(app)
    assert "Send to 1 recipient" in texts(app)

    next(box for box in app.checkbox if "Also send to the 2" in box.label).check().run()

    assert "Send to 3 recipients" in texts(app)
