"""Runs and outcomes: numbers that add up, buttons that write one word, ids that lead nowhere."""

import pytest
from streamlit.testing.v1 import AppTest

from lib.atomic_files import write_atomically
from lib.campaign import FieldSource, Mapping, Plan, make_plan
from lib.delivery import (
    ExportState,
    RunState,
    cancel_run,
    end_export,
    export_of,
    pause_run,
    run_summary,
    start_run,
)
from lib.delivery.exports import ExportEndedError
from lib.outcomes import report_name
from lib.settings import Settings
from tests.support.app_test import Visit, press, texts
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet
from tests.support.worker import plan_of


def _plan() -> Plan:
    columns = {"phone": [fictional_phone(0), fictional_phone(1), "x"], "name": ["Ana", "Ben", "C"]}
    mapping = Mapping(
        client=FieldSource(column="phone"),
        campaign_name=FieldSource(value="spring"),
        variables={"name": FieldSource(column="name")},
    )
    return make_plan(make_sheet(columns), mapping)


@pytest.fixture
def run_id(settings: Settings) -> str:
    """A run of two recipients and one row held back, which no worker sends."""
    return start_run(_plan(), connection="sandbox", label="list.csv", settings=settings)


@pytest.mark.parametrize("name", ["broadcasts", "outcomes"])
def test_where_nothing_was_sent_yet_the_next_step_is_said(name: str, visit: Visit) -> None:
    shown = texts(visit(name))

    assert "yet" in shown
    assert not visit(name).exception


def test_a_run_in_the_list_adds_up(visit: Visit, run_id: str) -> None:
    assert "3 rows = 1 held back + 2 waiting" in texts(visit("broadcasts"))


def test_one_run_shows_what_became_of_how_many(visit: Visit, run_id: str) -> None:
    app = visit("broadcasts", run=run_id)

    assert {each.label: each.value for each in app.metric} == {
        "Accepted": "0", "Rejected": "0", "In doubt": "0", "Held back": "1", "Waiting": "2",
        "Cancelled": "0",
    }  # fmt: skip
    assert "3 rows = 1 held back + 2 waiting" in texts(app)


def test_a_run_is_paused_and_resumed(visit: Visit, run_id: str, settings: Settings) -> None:
    app = press(visit("broadcasts", run=run_id), "Pause")
    assert run_summary(run_id, settings=settings).state is RunState.PAUSED

    press(app, "Resume")
    assert run_summary(run_id, settings=settings).state is RunState.RUNNING


def test_the_start_page_tells_of_a_paused_run_and_calls_it_nothing_else(
    visit: Visit, run_id: str, settings: Settings
) -> None:
    assert "A sendout is on its way" in texts(visit("start"))

    pause_run(run_id, settings=settings)

    shown = texts(visit("start"))
    assert "list.csv is paused" in shown
    assert "2 rows still to be sent" in shown
    assert "is on its way" not in shown


def test_a_button_of_an_old_page_changes_nothing_that_is_over(
    visit: Visit, run_id: str, settings: Settings
) -> None:
    pause_run(run_id, settings=settings)
    app = visit("broadcasts", run=run_id)
    cancel_run(run_id, settings=settings)

    press(app, "Resume")

    assert run_summary(run_id, settings=settings).state is RunState.CANCELLED
    assert "Cancelled" in texts(app)


def test_a_cancelled_run_offers_its_report_and_says_where_everybody_is(
    visit: Visit, run_id: str, settings: Settings
) -> None:
    cancel_run(run_id, settings=settings)

    runs, outcomes = visit("broadcasts", run=run_id), visit("outcomes", run=run_id)

    assert "3 rows = 1 held back + 2 cancelled" in texts(runs)
    assert "Together 3 rows in 1 run" in texts(outcomes)
    assert {each.label: each.value for each in outcomes.metric}["Cancelled"] == "2"


@pytest.mark.parametrize("name", ["broadcasts", "outcomes"])
@pytest.mark.parametrize("wrong", ["no-such-run", "../../etc", "a" * 500, "' OR 1=1"])
def test_a_wrong_id_gets_a_helpful_page(name: str, wrong: str, visit: Visit, run_id: str) -> None:
    assert "There is no run with this address" in texts(visit(name, run=wrong))


def test_a_test_on_ones_own_phone_stays_out_of_lists_until_asked_for(
    visit: Visit, settings: Settings
) -> None:
    start_run(_plan(), connection="sandbox", kind="test", label="a test", settings=settings)

    app = visit("broadcasts")
    assert "a test" not in texts(app)

    app.toggle(key="tests").set_value(True).run()
    assert not app.exception
    assert "3 rows" in texts(app)


def test_a_linked_test_is_shown_with_its_outcomes(visit: Visit, settings: Settings) -> None:
    run_id = start_run(_plan(), connection="sandbox", kind="test", settings=settings)
    cancel_run(run_id, settings=settings)

    assert "Together 3 rows in 1 run" in texts(visit("outcomes", run=run_id))


def test_a_long_report_is_asked_for_followed_and_then_downloaded(
    visit: Visit, settings: Settings
) -> None:
    plan = plan_of(5, unfit=50_000)
    run_id = start_run(plan, connection="sandbox", settings=settings)
    cancel_run(run_id, settings=settings)
    name = report_name(run_summary(run_id, settings=settings))
    app = visit("broadcasts", run=run_id)
    assert "Report as XLSX" not in downloads(app)
    press(app, "Prepare the report as XLSX")
    export = export_of(name, settings=settings)
    assert export is not None
    assert export.state is ExportState.WAITING
    assert "is not running" in texts(app)

    end_export(name, ExportEndedError(), settings=settings)
    assert ExportEndedError.sentence in texts(visit("broadcasts", run=run_id))
    press(visit("broadcasts", run=run_id), "Try again")
    write_atomically(settings.reports_dir / name, b"a workbook")
    end_export(name, settings=settings)
    assert "Report as XLSX" in downloads(visit("broadcasts", run=run_id))


def downloads(app: AppTest) -> list[str]:
    return [each.proto.label for each in app.get("download_button")]
