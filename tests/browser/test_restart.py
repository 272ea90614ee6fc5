"""After a kill of the app or the worker, each recipient gets exactly one message."""

from collections import Counter

import pytest
from playwright.sync_api import Page, expect

from lib.delivery import RunState, run_summary
from lib.settings import Settings
from tests.support.journeys import prepare, send
from tests.support.pages import expect_no_error, open_page, wait_until_idle
from tests.support.recipients import known_sheet
from tests.support.states import wait_for
from tests.support.studio import Studio

ROWS = 400
SENDING_SECONDS = 90.0


@pytest.fixture(scope="module")
def studio(shared_studio: Studio) -> Studio:
    """One app for all tests: each leaves everything running again."""
    return shared_studio


@pytest.mark.parametrize(("victim", "first"), [("app", 0), ("worker", ROWS)], ids=["app", "worker"])
def test_a_run_goes_on_by_itself_after_a_kill(
    victim: str, first: int, page: Page, studio: Studio
) -> None:
    settings = Settings(data_dir=studio.data_dir)
    sheet = known_sheet(ROWS, first=first)
    prepare(page, studio.url, f"{victim}.xlsx", sheet.xlsx())
    before = len(studio.sandbox_record())
    run_id = send(page)
    wait_for(lambda: run_summary(run_id, settings=settings).accepted > 50)

    if victim == "app":
        studio.kill()
        studio.start()
    else:
        studio.kill_child("worker")
        studio.wait_until_healthy()
    wait_for(
        lambda: run_summary(run_id, settings=settings).state is RunState.FINISHED,
        seconds=SENDING_SECONDS,
    )

    summary = run_summary(run_id, settings=settings)
    received = Counter(
        (message["client"], message["campaignName"]) for message in studio.sandbox_record()[before:]
    )
    assert summary.reconciles
    assert max(received.values()) == 1
    assert summary.accepted <= len(received) <= summary.accepted + summary.unknown
    assert summary.accepted + summary.rejected + summary.unknown == len(sheet.sent)
    open_page(page, studio.url, "broadcasts", run=run_id)
    expect_no_error(page)
    expect(page.get_by_text("Finished").first).to_be_visible()


def test_an_open_tab_finds_its_draft_again_after_a_restart(page: Page, studio: Studio) -> None:
    prepare(page, studio.url, "recipients.csv", known_sheet(30, first=2 * ROWS).csv())

    studio.restart()
    page.reload()
    wait_until_idle(page)

    expect(page.get_by_test_id("stExpander").filter(has_text="3 · Check")).to_be_visible()
