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


def test_repeated_clicks_and_a_closed_tab_start_one_run(page: Page, studio: Studio) -> None:
    settings = Settings(data_dir=studio.data_dir)
    sheet = known_sheet(60)
    prepare(page, studio.url, "recipients.csv", sheet.csv())
    confirm(page)

    click_in_a_hurry(button(page, "Send to"))
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Settings").click()
    page.close()

    wait_for(lambda: [each.state for each in list_runs(settings=settings)] == [RunState.FINISHED])
    received = [(each["client"], each["campaignName"]) for each in studio.sandbox_record()]
    assert len(received) == len(set(received))


def test_a_second_tab_and_a_reload_show_the_existing_run(
    page: Page, context: BrowserContext, studio: Studio
) -> None:
    settings = Settings(data_dir=studio.data_dir)
    prepare(page, studio.url, "recipients.csv", known_sheet(30).csv())
    second = context.new_page()
    second.goto(page.url)
    wait_until_idle(second)
    confirm(page)
    confirm(second)

    button(page, "Send to").click()
    button(second, "Send to").click()
    for tab in (page, second):
        expect(tab.get_by_text("Your broadcast is on its way.")).to_be_visible()
    page.reload()
    wait_until_idle(page)

    expect(page.get_by_text("Your broadcast is on its way.")).to_be_visible()
    assert len(list_runs(settings=settings)) == 1


def test_a_reload_restores_the_current_step(page: Page, studio: Studio) -> None:
    prepare(page, studio.url, "recipients.csv", known_sheet(30).csv())
    expect(page).to_have_url(re.compile("draft="))

    page.reload()
    wait_until_idle(page)

    expect(button(page, "Send to")).to_be_visible()
