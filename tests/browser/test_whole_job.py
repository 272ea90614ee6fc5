"""The whole job: a workbook of 2,000 rows is uploaded, and every row is accounted for."""

from collections import Counter

import pytest
from playwright.sync_api import Page, expect

from lib.delivery import RunState, run_summary
from lib.outcomes import row_outcomes
from lib.settings import Settings
from tests.support.journeys import LONG_MS, prepare, send
from tests.support.pages import expect_no_error, go_to, open_page
from tests.support.recipients import KnownSheet, known_sheet
from tests.support.states import wait_for
from tests.support.studio import Studio

ROWS = 2_000
SENDING_SECONDS = 120.0


@pytest.fixture
def sheet() -> KnownSheet:
    return known_sheet(ROWS)


def test_every_row_of_a_sheet_is_accounted_for(
    page: Page, studio: Studio, sheet: KnownSheet
) -> None:
    """Findings, run, outcomes and the sandbox's own record agree, row by row."""
    settings = Settings(data_dir=studio.data_dir)
    prepare(page, studio.url, "recipients.xlsx", sheet.xlsx())
    check = page.locator(".st-key-check_sum")
    expect(check.get_by_text(f"{ROWS:,}", exact=True)).to_be_visible()
    expect(check.get_by_text(f"{len(sheet.sent):,}", exact=True)).to_be_visible()
    expect(check.get_by_text(f"{len(sheet.held):,}", exact=True)).to_be_visible()

    run_id = send(page)
    wait_for(
        lambda: run_summary(run_id, settings=settings).state is RunState.FINISHED,
        seconds=SENDING_SECONDS,
    )

    summary = run_summary(run_id, settings=settings)
    assert summary.reconciles
    assert (summary.rows, summary.held) == (ROWS, len(sheet.held))
    assert (summary.waiting, summary.unknown, summary.cancelled) == (0, 0, 0)
    outcomes = row_outcomes(run_id, settings=settings)
    assert set(outcomes.index[outcomes["outcome"] == "held"]) == sheet.held
    accepted = outcomes.index[outcomes["outcome"] == "accepted"]
    promised = Counter(sheet.rows[row][:3] for row in accepted)
    received = Counter(
        (message["client"], message["campaignName"], message["variables"]["name"])
        for message in studio.sandbox_record()
    )
    assert received == promised
    assert max(received.values()) == 1

    go_to(page, "Outcomes")
    expect_no_error(page)
    expect(page.get_by_text(f"{summary.accepted:,}").first).to_be_visible(timeout=LONG_MS)
    open_page(page, studio.url, "broadcasts", run=run_id)
    expect(page.get_by_text(f"{summary.rejected:,}").first).to_be_visible(timeout=LONG_MS)
