"""Every page has an address that works by itself, also in an app that has just started."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.pages import expect_no_error, go_to, open_page
from tests.support.studio import Studio

PAGES = {
    "": "Sendout Studio",
    "new_broadcast": "New broadcast",
    "quick_test": "Quick test",
    "broadcasts": "Broadcasts",
    "outcomes": "Outcomes",
    "exclude_lists": "Exclude lists",
    "error_guide": "Error guide",
    "settings": "Settings",
}


@pytest.fixture
def fresh_app(shared_studio: Studio) -> Iterator[Studio]:
    """An app that has shown no page yet. It shares the worker and the sandbox with another app."""
    app = Studio(shared_studio.data_dir, is_forked=True)
    try:
        app.start()
        yield app
    finally:
        app.kill()


@pytest.mark.parametrize("name", ["", "outcomes"])
def test_the_first_address_that_a_fresh_app_is_asked_for_works(
    name: str, page: Page, fresh_app: Studio
) -> None:
    """The very first request is a deep link: it must come through the router, banner and all."""
    open_page(page, fresh_app.url, name)

    _expect_whole_page(page, name)


def _expect_whole_page(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=PAGES[name], level=1)).to_be_visible()
    expect(page.get_by_text("You are in the sandbox.")).to_be_visible()
    expect(page).to_have_title(_title(name))


def test_every_page_has_an_address_and_asks_for_nothing_that_the_content_policy_forbids(
    page: Page, shared_studio: Studio
) -> None:
    """No icon, font or script from another host: the console would show what was blocked."""
    blocked: list[str] = []
    page.on(
        "console",
        lambda message: blocked.append(message.text) if "Security Policy" in message.text else None,
    )
    for name in PAGES:
        open_page(page, shared_studio.url, name)
        _expect_whole_page(page, name)
    for title in list(PAGES.values())[1:]:
        go_to(page, title)

    assert blocked == []


def _title(name: str) -> str:
    title = PAGES[name] if name else "Start"
    return f"{title} · Sendout Studio"


@pytest.mark.parametrize("name", ["broadcasts", "outcomes"])
def test_an_unknown_run_gets_a_helpful_page(name: str, page: Page, shared_studio: Studio) -> None:
    open_page(page, shared_studio.url, name, run="no-such-run")

    expect_no_error(page)
    expect(page.get_by_text("no broadcast at this address", exact=False).first).to_be_visible()


def test_an_unknown_draft_gets_a_helpful_page(page: Page, shared_studio: Studio) -> None:
    open_page(page, shared_studio.url, "new_broadcast", draft="no-such-draft")

    expect(page.get_by_text("This draft is no longer available.")).to_be_visible()
    expect(page.get_by_text("Upload a file")).to_be_visible()


def test_an_unknown_code_is_explained_all_the_same(page: Page, shared_studio: Studio) -> None:
    open_page(page, shared_studio.url, "error_guide", code="ERROR_CODE_FROM_NEXT_YEAR")

    expect(page.get_by_text("ERROR_CODE_FROM_NEXT_YEAR").first).to_be_visible()


@pytest.mark.parametrize(
    ("former", "title"),
    [("new_sendout", "New broadcast"), ("runs", "Broadcasts"), ("in_doubt", "Unconfirmed rows")],
)
def test_bookmarks_from_earlier_releases_lead_to_the_page_and_keep_their_query(
    former: str, title: str, page: Page, shared_studio: Studio
) -> None:
    page.goto(f"{shared_studio.url}/{former}?run=no-such-run")

    expect(page).to_have_title(f"{title} · Sendout Studio")
    assert page.url.endswith("?run=no-such-run")
