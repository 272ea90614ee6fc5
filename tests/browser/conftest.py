"""A real browser and the whole app for the tests in this folder, all of them marked `browser`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.browser import find_browser
from tests.support.studio import Studio, running_studio

# Quiet and repeatable: no calls home, no first-run pages, no GPU that a container lacks.
ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_file() -> Path:
    """The browser's program. Where there is none the test fails: it never skips."""
    return find_browser()


@pytest.fixture(scope="module")
def browser(browser_file: Path) -> Iterator[Browser]:
    """A browser for the tests of one file.

    Not longer: while it lives its event loop occupies the thread, and tests elsewhere that run
    a loop of their own may follow in the same process.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_file, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A person's browser: British English, Madrid's clock, a laptop's size."""
    context = browser.new_context(
        locale="en-GB",
        timezone_id="Europe/Madrid",
        viewport={"width": 1280, "height": 900},
        color_scheme="light",
        reduced_motion="reduce",
        accept_downloads=True,
    )
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """An empty tab of a browser that remembers nothing of the tests before.

    The tab stays open between tests: a new one would compile the scripts of the pages again.
    """
    page = context.pages[0] if context.pages else context.new_page()
    yield page
    context.clear_cookies()
    for tab in context.pages:
        if tab.url.startswith("http"):
            tab.evaluate("localStorage.clear(); sessionStorage.clear()")
        if tab != page:
            tab.close()
    if not page.is_closed():
        page.goto("about:blank")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """The whole app on a data folder of this test's own: for tests that change something."""
    with running_studio(tmp_path) as studio:
        yield studio


@pytest.fixture(scope="module")
def shared_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """One app for the tests of one file: for tests that only look."""
    with running_studio(tmp_path_factory.mktemp("studio")) as studio:
        yield studio
