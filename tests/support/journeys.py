"""The ways through the app that several browser tests take."""

import re

from playwright.sync_api import Page, expect

from tests.support.pages import button, click_button, open_page, upload_file, wait_until_idle

LONG_MS = 60_000


def upload_sheet(page: Page, studio_url: str, name: str, data: bytes) -> None:
    """Open the page for a new sendout and give it a file."""
    open_page(page, studio_url, "new_broadcast")
    upload_file(page, "Recipient sheet", name, data)


def settle_columns(page: Page) -> None:
    """Take the columns as they are suggested."""
    click_button(page, "These columns are right")
    expect(page.get_by_test_id("stExpander").filter(has_text="3 · Check")).to_be_visible(
        timeout=LONG_MS
    )
    wait_until_idle(page)


def prepare(page: Page, studio_url: str, name: str, data: bytes) -> None:
    """Go from a file to a sendout that waits for nothing but the word."""
    upload_sheet(page, studio_url, name, data)
    settle_columns(page)


def confirm(page: Page) -> None:
    """Let all go at once, whatever is suggested, and tick that the numbers have been checked."""
    page.get_by_text("How it goes out", exact=True).click()
    page.get_by_text("All at once", exact=True).click()
    wait_until_idle(page)
    page.get_by_text("I have checked the numbers above").click()
    wait_until_idle(page)
    expect(button(page, "Send to")).to_be_enabled()


def send(page: Page) -> str:
    """Send, go to the run, and return its id."""
    confirm(page)
    click_button(page, "Send to")
    page.get_by_role("link", name="Watch it being sent").click()
    expect(page.get_by_role("heading", name="Broadcasts", level=1)).to_be_visible()
    wait_until_idle(page)
    found = re.search(r"run=([\w-]+)", page.url)
    assert found is not None, page.url
    return found[1]
