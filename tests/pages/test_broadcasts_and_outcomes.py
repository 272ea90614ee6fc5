"""Broadcasts and outcomes: counts, buttons, downloads and unknown ids."""

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
    retry_run,
    run_summary,
    start_run,
)
from lib.delivery.exports import ExportEndedError
from lib.outcomes import report_name
from lib.settings import Settings
from tests.support.app_test import Visit, press, texts
from tests.support.opt_outs import exclude_phone
from tests.support.recipients import fictional_phone
from tests.support.retries import rejected_run
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
    """A run of two recipients and one held row that no worker sends."""
    return start_run(_plan(), connection="sandbox", label="list.csv", settings=settings)


@pytest.mark.parametrize("name", ["broadcasts", "outcomes"])
def test_a_page_without_broadcasts_says_so(name: str, visit: Visit) -> None:
    shown = texts(visit(name))

    assert "yet" in shown
    assert not visit(name).exception


def test_the_list_shows_the_counts_as_a_sum(visit: Visit, run_id: str) -> None:
    assert "3 rows = 1 held back + 2 waiting" in texts(visit("broadcasts"))


def test_a_broadcast_shows_the_count_of_each_outcome(visit: Visit, run_id: str) -> None:
    app = visit("broadcasts", run=run_id)

    assert {each.label: each.value for each in app.metric} == {
        "Accepted": "0", "Rejected": "0", "Unconfirmed": "0", "Held back": "1", "Waiting": "2",
        "Cancelled": "0",
    }  # fmt: skip
    assert "3 rows = 1 held back + 2 waiting" in texts(app)


def test_a_broadcast_is_paused_and_resumed(visit: Visit, run_id: str, settings: Settings) -> None:
    app = press(visit("broadcasts", run=run_id), "Pause")
    assert run_summary(run_id, settings=settings).state is RunState.PAUSED

    press(app, "Resume")
    assert run_summary(run_id, settings=settings).state is RunState.RUNNING


def test_start_shows_a_paused_broadcast_as_paused_only(
    visit: Visit, run_id: str, settings: Settings
) -> None:
    assert "A broadcast is in progress" in texts(visit("start"))

    pause_run(run_id, settings=settings)

    shown = texts(visit("start"))
    assert "list.csv is paused" in shown
    assert "2 rows still to send" in shown
    assert "is in progress" not in shown


def test_a_button_of_an_outdated_page_does_not_resume_a_cancelled_broadcast(
    visit: Visit, run_id: str, settings: Settings
) -> None:
    pause_run(run_id, settings=settings)
    app = visit("broadcasts", run=run_id)
    cancel_run(run_id, settings=settings)

    press(app, "Resume")

    assert run_summary(run_id, settings=settings).state is RunState.CANCELLED
    assert "Cancelled" in texts(app)


def test_a_cancelled_broadcast_and_its_outcomes_account_for_every_row(
    visit: Visit, run_id: str, settings: Settings
) -> None:
    cancel_run(run_id, settings=settings)

    runs, outcomes = visit("broadcasts", run=run_id), visit("outcomes", run=run_id)

    assert "3 rows = 1 held back + 2 cancelled" in texts(runs)
    assert "3 rows in total" in texts(outcomes)
    assert {each.label: each.value for each in outcomes.metric}["Cancelled"] == "2"


@pytest.mark.parametrize("name", ["broadcasts", "outcomes"])
@pytest.mark.parametrize("wrong", ["no-such-run", "../../etc", "a" * 500, "' OR 1=1"])
def test_an_unknown_id_shows_a_warning(name: str, wrong: str, visit: Visit, run_id: str) -> None:
    assert "There is no broadcast at this address" in texts(visit(name, run=wrong))


def test_tests_are_only_listed_if_the_toggle_is_on(visit: Visit, settings: Settings) -> None:
    start_run(_plan(), connection="sandbox", kind="test", label="a test", settings=settings)

    app = visit("broadcasts")
    assert "a test" not in texts(app)

    app.toggle(key="tests").set_value(True).run()
    assert not app.exception
    assert "3 rows" in texts(app)


def test_outcomes_include_a_linked_test(visit: Visit, settings: Settings) -> None:
    run_id = start_run(_plan(), connection="sandbox", kind="test", settings=settings)
    cancel_run(run_id, settings=settings)

    assert "3 rows in total" in texts(visit("outcomes", run=run_id))


def test_a_long_report_is_requested_followed_and_downloaded(
    visit: Visit, settings: Settings
) -> None:
    plan = plan_of(5, unfit=50_000)
    run_id = start_run(plan, connection="sandbox", settings=settings)
    cancel_run(run_id, settings=settings)
    name = report_name(run_summary(run_id, settings=settings))
    app = visit("broadcasts", run=run_id)
    assert "Download report as XLSX" not in downloads(app)
    press(app, "Prepare report as XLSX")
    export = export_of(name, settings=settings)
    assert export is not None
    assert export.state is ExportState.WAITING
    assert "isn't running" in texts(app)

    end_export(name, ExportEndedError(), settings=settings)
    assert ExportEndedError.sentence in texts(visit("broadcasts", run=run_id))
    press(visit("broadcasts", run=run_id), "Try again")
    write_atomically(settings.reports_dir / name, b"a workbook")
    end_export(name, settings=settings)
    assert "Download report as XLSX" in downloads(visit("broadcasts", run=run_id))


def downloads(app: AppTest) -> list[str]:
    return [each.proto.label for each in app.get("download_button")]


@pytest.mark.parametrize("has_retry", [True, False])
def test_a_broadcast_whose_plan_is_lost_says_so_and_shows_its_outcomes(
    visit: Visit, settings: Settings, has_retry: bool
) -> None:
    code = "ERROR_CODE_THROTTLED"
    run_id = rejected_run(settings, 3, {0: code, 1: code})
    if has_retry:
        cancel_run(retry_run(run_id, [code], settings=settings), settings=settings)
    app = visit("broadcasts", run=run_id)
    for plan in settings.plans_dir.iterdir():
        plan.unlink()
    if has_retry:
        app = visit("broadcasts", run=run_id)
    else:
        press(app, "Resend 2 rows")
    shown = [each.value for each in [*app.error, *app.warning]]
    assert any("stored recipients of this broadcast are missing" in each for each in shown)
    assert "3 rows = 1 accepted + 2 rejected" in texts(app)


def test_a_retry_without_remaining_rows_says_why(visit: Visit, settings: Settings) -> None:
    code = "ERROR_CODE_THROTTLED"
    run_id = rejected_run(settings, 2, {0: code})
    app = visit("broadcasts", run=run_id)
    [phone, _] = plan_of(2).table["client"]
    exclude_phone(phone, settings)
    press(app, "Resend 1 row")
    assert "None of these rows can be resent" in app.warning[0].value
