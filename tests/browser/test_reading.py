"""Reading a large sheet shows its progress and can be stopped."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.studio import running_studio

pytestmark = pytest.mark.browser


def test_stopping_a_reading_leaves_no_files(page: Page, tmp_path: Path) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    row = '+16505550123,"Ana, the 2nd",Lima\n'
    # A row with a different number of cells makes it slow.
    (lists / "long.csv").write_text(f"phone,name,city\n{row * 900_000}+16505550124\n{row}")
    # Without escaping, this name would show a link, an icon and a dash.
    odd_name = "www.example.org :streamlit: -- ana@example.org.csv"
    (lists / odd_name).write_text(f"phone,name,city\n{row * 2}")
    with running_studio(tmp_path, SENDOUT_SHEET_ROOTS=str(lists)) as studio:
        page.goto(f"{studio.url}/new_broadcast")
        page.get_by_role("tab", name="From a shared location").click()
        page.get_by_label("File", exact=True).fill("long.csv")
        page.get_by_role("button", name="Read this file").click()
        page.get_by_role("button", name="Stop reading").click()

        expect(page.get_by_text("Reading was stopped.")).to_be_visible()
        sheets = studio.data_dir / "sheets"
        studio.wait_until(lambda: not list(sheets.iterdir()))

        page.get_by_role("tab", name="From a shared location").click()
        page.get_by_label("File", exact=True).fill(odd_name)
        page.get_by_role("button", name="Read this file").click()
        title = page.locator("summary", has_text="2 rows")
        expect(title).to_contain_text(f"{odd_name} · 2 rows")
        expect(title.get_by_role("link")).to_have_count(0)
