"""No page keeps people with impairments out, in light or dark, empty or full."""

import pytest
from playwright.sync_api import Browser, Page, expect

from lib.delivery import RunState, run_summary
from lib.settings import Settings
from tests.support.journeys import prepare, send
from tests.support.pages import grave_findings, open_page
from tests.support.recipients import known_sheet
from tests.support.states import wait_for
from tests.support.studio import Studio

PAGES = [
    "", "new_broadcast", "quick_test", "broadcasts", "outcomes", "exclude_lists", "error_guide",
    "settings",
]  # fmt: skip

# Some colours change gradually. A transition of an element that is not drawn never ends.
END_TRANSITIONS = """() => {
    const running = document.getAnimations().filter(each => each instanceof CSSTransition);
    running.forEach(each => each.finish());
}"""


@pytest.fixture(scope="module")
def full_studio(browser: Browser, shared_studio: Studio) -> tuple[Studio, str, str]:
    """An app with one finished run and one draft; returns it with their ids."""
    settings = Settings(data_dir=shared_studio.data_dir)
    page = browser.new_page()
    prepare(page, shared_studio.url, "recipients.csv", known_sheet(90).csv())
    run_id = send(page)
    wait_for(lambda: run_summary(run_id, settings=settings).state is RunState.FINISHED)
    prepare(page, shared_studio.url, "recipients.csv", known_sheet(60).csv())
    draft_id = page.url.partition("draft=")[2].partition("&")[0]
    page.close()
    return shared_studio, run_id, draft_id


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_serious_finding_when_it_is_full(
    name: str, page: Page, full_studio: tuple[Studio, str, str]
) -> None:
    studio, run_id, draft_id = full_studio
    query = {"broadcasts": {"run": run_id}, "new_broadcast": {"draft": draft_id}}.get(name, {})
    page.emulate_media(color_scheme="light")
    open_page(page, studio.url, name, **query)

    light = grave_findings(page)
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    page.evaluate(END_TRANSITIONS)
    dark = grave_findings(page)

    assert (light, dark) == ([], [])
