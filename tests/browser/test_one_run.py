"""However often a broadcast is confirmed, it becomes one run."""

import re

from playwright.sync_api import BrowserContext, Page, expect

from lib.delivery import RunState, list_runs
from lib.settings import Settings
from tests.support.journeys import confirm, prepare
from tests.support.pages import button, click_in_a_hurry, wait_until_idle
from tests.support.recipients import known_sheet
from tests.support.states import wait_for
from tests.support.studio import Studio


def runs_of(label: str, studio: Studio) -> list[RunState]:
    """Return the states of all runs of the sheet with this name."""
    settings = Settings(data_dir=studio.data_dir)
    return [each.state for each in list_runs(settings=settings) if label in each.label]


def test_repeated_clicks_and_a_closed_tab_start_one_run(page: Page, shared_studio: Studio) -> None:
    prepare(page, shared_studio.url, "clicks.csv", known_sheet(60).csv())
    confirm(page)

    click_in_a_hurry(button(page, "Send to"))
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Settings").click()
    page.close()

    wait_for(lambda: runs_of("clicks", shared_studio) == [RunState.FINISHED])
    received = [(each["client"], each["campaignName"]) for each in shared_studio.sandbox_record()]
    assert len(received) == len(set(received))


def test_a_second_tab_and_a_reload_show_the_existing_run(
    page: Page, context: BrowserContext, shared_studio: Studio
) -> None:
    prepare(page, shared_studio.url, "tabs.csv", known_sheet(30, first=100).csv())
    confirm(page)
    second = context.new_page()
    second.goto(page.url)
    wait_until_idle(second)
    confirm(second)

    button(page, "Send to").click()
    button(second, "Send to").click()
    for tab in (page, second):
        expect(tab.get_by_text("Your broadcast is on its way.")).to_be_visible()
    page.reload()
    wait_until_idle(page)

    expect(page.get_by_text("Your broadcast is on its way.")).to_be_visible()
    assert len(runs_of("tabs", shared_studio)) == 1


def test_a_reload_restores_the_current_step(page: Page, shared_studio: Studio) -> None:
    prepare(page, shared_studio.url, "reload.csv", known_sheet(30, first=200).csv())
    expect(page).to_have_url(re.compile("draft="))

    page.reload()
    wait_until_idle(page)

    expect(button(page, "Send to")).to_be_visible()
