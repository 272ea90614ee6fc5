"""Signing in with a real provider: who gets in, what the others see, and that nothing reopens."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.identity import running_provider
from tests.support.pages import (
    button,
    expect_no_error,
    grave_findings,
    open_page,
    upload_file,
    wait_until_idle,
)
from tests.support.recipients import known_sheet
from tests.support.sign_in import COOKIE, auth_table, toml
from tests.support.studio import Studio

PAGES = {
    "": "Sendout Studio",
    "new_broadcast": "New broadcast",
    "quick_test": "Quick test",
    "broadcasts": "Broadcasts",
    "unconfirmed": "Unconfirmed rows",
    "outcomes": "Outcomes",
    "exclude_lists": "Exclude lists",
    "error_guide": "Error guide",
    "settings": "Settings",
}
INVITATION = "Please sign in to continue."


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """An app where people of corp.example may sign in."""
    folder = tmp_path_factory.mktemp("sign_in")
    (data_dir := folder / "data").mkdir()
    secrets_file = folder / "secrets.toml"
    studio = Studio(
        data_dir,
        {
            "SENDOUT_SIGN_IN_DOMAINS": "corp.example",
            "STREAMLIT_SECRETS_FILES": str(secrets_file),
        },
        is_forked=True,
    )
    with running_provider() as issuer:
        secrets_file.write_text(toml("auth", auth_table(studio.port, issuer)), encoding="utf-8")
        try:
            studio.start()
            yield studio
        finally:
            studio.end()


def sign_in(page: Page, studio: Studio, subject: str, name: str = "") -> None:
    """Sign in through the provider's own page."""
    open_page(page, studio.url, name)
    button(page, "Sign in").click()
    page.get_by_role("button", name=subject, exact=True).click()
    page.wait_for_url(f"{studio.url}/**")
    wait_until_idle(page)


def expect_only(page: Page, text: str, button_name: str) -> None:
    """Expect nothing on the page but a text and one button."""
    expect(page.get_by_text(text)).to_be_visible()
    expect(page.get_by_test_id("stMain").get_by_role("button")).to_have_count(1)
    expect(button(page, button_name)).to_be_visible()
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
    expect_no_error(page)


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_sees_only_the_invitation(name: str, page: Page, studio: Studio) -> None:
    open_page(page, studio.url, name)

    expect_only(page, INVITATION, "Sign in")


def test_somebody_on_the_list_uses_every_page_and_uploads(page: Page, studio: Studio) -> None:
    sign_in(page, studio, "ana")

    for name, title in PAGES.items():
        open_page(page, studio.url, name)
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        expect(page.get_by_text("Signed in as Ana@Corp.example")).to_be_visible()
    open_page(page, studio.url, "new_broadcast")
    upload_file(page, "Recipient sheet", "recipients.csv", known_sheet(9).csv())
    expect(button(page, "Confirm columns")).to_be_visible()
    assert grave_findings(page) == []


@pytest.mark.parametrize("subject", ["eve", "unverified"])
def test_somebody_who_is_not_on_the_list_is_told_so_and_can_sign_out(
    subject: str, page: Page, context: BrowserContext, studio: Studio
) -> None:
    sign_in(page, studio, subject)

    for name in PAGES:
        open_page(page, studio.url, name)
        expect_only(page, "you don't have access to this app", "Sign out")
    assert grave_findings(page) == []
    assert context.request.get(f"{studio.url}/_stcore/metrics").status == 401
    button(page, "Sign out").click()
    page.get_by_role("button", name="End session").click()
    page.wait_for_url(f"{studio.url}/**")
    expect_only(page, INVITATION, "Sign in")


def test_a_tampered_cookie_is_as_good_as_none(
    page: Page, context: BrowserContext, studio: Studio
) -> None:
    sign_in(page, studio, "ana")
    (cookie,) = [each for each in context.cookies() if each["name"] == COOKIE]
    head, _, tail = cookie["value"].partition(".")
    context.add_cookies(
        [{"name": COOKIE, "value": f"{head[:-2]}AA.{tail}", "url": studio.url, "httpOnly": True}]
    )

    open_page(page, studio.url, "broadcasts")

    expect_only(page, INVITATION, "Sign in")


@pytest.mark.parametrize("change", ["[auth", None])
def test_a_secrets_file_that_breaks_while_the_app_runs_opens_nothing(
    change: str | None, page: Page, studio: Studio
) -> None:
    secrets_file = Path(studio.environment["STREAMLIT_SECRETS_FILES"])
    before = secrets_file.read_text(encoding="utf-8")
    open_page(page, studio.url)
    try:
        if change is None:
            secrets_file.unlink()
        else:
            secrets_file.write_text(change, encoding="utf-8")
        open_page(page, studio.url, "settings")
        expect_only(page, INVITATION, "Sign in")
        sign_in(page, studio, "ana", "settings")
        expect(page.get_by_text("Signed in as Ana@Corp.example")).to_be_visible()
    finally:
        secrets_file.write_text(before, encoding="utf-8")


def test_a_page_of_another_port_cannot_reach_the_app(page: Page, studio: Studio) -> None:
    with running_provider() as elsewhere:
        page.goto(elsewhere)
        opened = page.evaluate(
            """address => new Promise(done => {
                const socket = new WebSocket(address, ["streamlit"]);
                socket.onopen = () => done(true);
                socket.onerror = () => done(false);
            })""",
            f"ws://localhost:{studio.port}/_stcore/stream",
        )
    assert opened is False
