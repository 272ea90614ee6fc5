"""Steps through the app that several browser tests share."""

import re

from playwright.sync_api import Page, expect

from tests.support.pages import button, click_button, open_page, upload_file, wait_until_idle

LONG_MS = 60_000


def upload_sheet(page: Page, studio_url: str, name: str, data: bytes) -> None:
    """Open the New broadcast page and upload a file."""
    open_page(page, studio_url, "new_broadcast")
    upload_file(page, "Recipient sheet", name, data)


def settle_columns(page: Page) -> None:
    """Confirm the suggested columns."""
    click_button(page, "Confirm columns")
    expect(page.get_by_test_id("stExpander").filter(has_text="3 · Check")).to_be_visible(
        timeout=LONG_MS
    )
    wait_until_idle(page)


def prepare(page: Page, studio_url: str, name: str, data: bytes) -> None:
    """Prepare a broadcast up to its confirmation."""
    upload_sheet(page, studio_url, name, data)
    settle_columns(page)


def confirm(page: Page) -> None:
    """Choose to send all at once, and tick that the numbers have been checked."""
    page.get_by_text("Schedule and pace", exact=True).click()
    page.get_by_text("All at once", exact=True).click()
    wait_until_idle(page)
    page.get_by_text("I have checked the numbers above").click()
    tick = page.get_by_role("checkbox", name="I have checked the numbers above")
    expect(tick).to_be_checked(timeout=LONG_MS)
    wait_until_idle(page)
    expect(button(page, "Send to")).to_be_enabled(timeout=LONG_MS)


def send(page: Page) -> str:
    """Send, open the broadcast, and return its run id."""
    confirm(page)
    click_button(page, "Send to")
    page.get_by_role("link", name="View progress").click()
    expect(page.get_by_role("heading", name="Broadcasts", level=1)).to_be_visible()
    wait_until_idle(page)
    found = re.search(r"run=([\w-]+)", page.url)
    assert found is not None, page.url
    return found[1]
