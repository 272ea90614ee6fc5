"""Correcting rows in the table: checked at once, saved, and without losing input."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from lib.campaign import change_draft, load_draft
from lib.settings import Settings
from tests.support.journeys import LONG_MS, settle_columns, upload_sheet
from tests.support.pages import wait_until_idle
from tests.support.recipients import fictional_phone
from tests.support.studio import Studio

CELLS = 8
ANA, BEN = fictional_phone(0), fictional_phone(1)
SHEET = f"campaign,name,phone\ndemo_welcome,Ana,{ANA}\ndemo_welcome,,{BEN}\ndemo_welcome,Eva,x\n"


def _field(page: Page, row: int, column: str) -> Locator:
    return page.get_by_label(f"Row {row}, {column}", exact=True)


def _type(page: Page, row: int, column: str, text: str) -> None:
    _field(page, row, column).fill(text)
    _field(page, row, column).press("Enter")


def _open_fields(page: Page) -> None:
    page.get_by_text("Fix rows here").click()
    expect(page.get_by_text("Each cell is saved and checked")).to_be_visible(timeout=LONG_MS)
    wait_until_idle(page)


def test_typed_corrections_release_rows_and_survive_a_reload(
    page: Page, shared_studio: Studio
) -> None:
    check = page.get_by_test_id("stExpander").filter(has_text="3 · Check")
    upload_sheet(page, shared_studio.url, "list.csv", SHEET.encode())
    settle_columns(page)
    expect(check).to_contain_text("1 to send, 2 held back")
    _open_fields(page)

    _type(page, 4, "phone", fictional_phone(2))
    expect(check).to_contain_text("1 row fixed. Still held back: 3.")
    _type(page, 3, "name", "Bea")
    expect(check).to_contain_text("All 2 rows fixed")
    expect(check).to_contain_text("3 to send")
    page.reload()
    wait_until_idle(page)

    expect(check).to_contain_text("2 cells corrected here")
    expect(check).to_contain_text("3 to send")


def test_typing_keeps_corrections_from_another_tab(page: Page, shared_studio: Studio) -> None:
    check = page.get_by_test_id("stExpander").filter(has_text="3 · Check")
    upload_sheet(page, shared_studio.url, "list.csv", SHEET.encode())
    settle_columns(page)
    _open_fields(page)
    _type(page, 4, "phone", fictional_phone(2))
    expect(check).to_contain_text("1 row fixed. Still held back: 3.")
    settings = Settings(data_dir=shared_studio.data_dir)
    (draft_id,) = parse_qs(urlsplit(page.url).query)["draft"]
    drawn = load_draft(draft_id, settings)
    assert drawn is not None
    (row,) = drawn.answers.corrections
    (column,) = drawn.answers.corrections[row]
    other = {row: {column: fictional_phone(3)}}
    answers = drawn.answers.model_copy(update={"corrections": other})
    change_draft(drawn, {"answers": answers}, settings)

    _type(page, 3, "name", "Bea")

    expect(check).to_contain_text("All 2 rows fixed")
    now = load_draft(draft_id, settings)
    assert now is not None
    assert now.answers.corrections == {**other, 3: {"name": "Bea"}}


def test_fast_typing_loses_no_cell(page: Page, shared_studio: Studio) -> None:
    gaps = "".join(f"demo_welcome,,{fictional_phone(number)}\n" for number in range(CELLS))
    others = "".join(
        f"demo_welcome,Eva,{fictional_phone(100 + number)}\n" for number in range(CELLS)
    )
    check = page.get_by_test_id("stExpander").filter(has_text="3 · Check")
    upload_sheet(
        page, shared_studio.url, "gaps.csv", f"campaign,name,phone\n{gaps}{others}".encode()
    )
    settle_columns(page)
    _open_fields(page)

    slow = page.context.new_cdp_session(page)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    _field(page, 2, "name").focus()
    for number in range(CELLS):
        page.keyboard.type(f"Bea{number}", delay=50)
        page.keyboard.press("Tab", delay=50)
    slow.detach()

    expect(check).to_contain_text(f"{2 * CELLS} to send", timeout=LONG_MS)
    (draft_id,) = parse_qs(urlsplit(page.url).query)["draft"]
    draft = load_draft(draft_id, Settings(data_dir=shared_studio.data_dir))
    assert draft is not None
    typed = {number + 2: {"name": f"Bea{number}"} for number in range(CELLS)}
    assert draft.answers.corrections == typed
