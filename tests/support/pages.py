"""What a person does with a page, as verbs for the browser tests.

Each verb returns once the page has come to rest. A click's effect may still be on its way then
(the page learns that its script runs only from the server), so a test goes on with `expect` on
what it wants to see, never with a look at once.
"""

from typing import Any, TypedDict
from urllib.parse import urlencode

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

REST_MS = 30_000  # until a script must have finished; two cores may be shared with other tests
GRAVE = {"serious", "critical"}


class AxeFinding(TypedDict):
    """One rule of accessibility that a page breaks."""

    rule: str
    impact: str
    help: str
    where: list[str]


def wait_until_idle(page: Page) -> None:
    """Wait until the page is connected and its script has run to the end."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-connection-state", "CONNECTED", timeout=REST_MS)
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=REST_MS)


def open_page(page: Page, studio_url: str, name: str = "", **query: str) -> None:
    """Open a page by its address, as a bookmark does."""
    address = f"{studio_url}/{name}"
    page.goto(f"{address}?{urlencode(query)}" if query else address)
    wait_until_idle(page)
    expect_no_error(page)


def expect_no_error(page: Page) -> None:
    """Fail where the page shows an exception of Python or of the browser's side."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stCustomComponentError")).to_have_count(0)


def go_to(page: Page, title: str) -> None:
    """Follow the navigation to the page of this title."""
    link = page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True)
    address = link.get_attribute("href")
    assert address is not None
    link.click()
    page.wait_for_url(f"{address}**")
    wait_until_idle(page)


def upload_file(page: Page, label: str, name: str, data: bytes) -> None:
    """Give a file to the uploader of this label."""
    uploader = page.get_by_test_id("stFileUploader").filter(has_text=label)
    uploader.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    )
    wait_until_idle(page)


def click_button(page: Page, name: str) -> None:
    """Press the button whose name has these words in it."""
    button(page, name).click()
    wait_until_idle(page)


def click_in_a_hurry(target: Locator, times: int = 5, gap_ms: int = 150) -> None:
    """Press again and again without waiting for the page, as an impatient person does."""
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None, "it can't be seen"
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for _ in range(times):
        target.page.mouse.click(x, y)
        target.page.wait_for_timeout(gap_ms)


def choose(page: Page, label: str, option: str) -> None:
    """Choose from the list of this label."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
    wait_until_idle(page)


def button(page: Page, name: str) -> Locator:
    """Find the button whose name has these words in it."""
    return page.get_by_role("button", name=name)


def grave_findings(page: Page) -> list[AxeFinding]:
    """Return what would keep people with impairments from using the page as it now stands."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        AxeFinding(
            rule=each["id"],
            impact=each["impact"],
            help=each["help"],
            where=[" ".join(map(str, node["target"])) for node in each["nodes"]],
        )
        for each in violations
        if each["impact"] in GRAVE
    ]
