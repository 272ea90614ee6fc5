"""Sheets with texts that spreadsheets run or change, and runs of them."""

from dataclasses import dataclass

from lib.campaign import make_plan, suggest_mapping
from lib.delivery import RunSummary, start_run
from lib.settings import Settings
from lib.sheet import Sheet, read_sheet
from tests.support.recipients import KnownSheet, known_sheet

ODD_TEXTS = ("=HYPERLINK(A1)", "-2+3", "@SUM(1)", "＝1+1", "  =1", 'José «ñ»; "x", y', "007")


@dataclass(frozen=True)
class SentRun:
    """A finished run, with the sheet and the settings it came from."""

    summary: RunSummary
    known: KnownSheet
    sheet: Sheet
    settings: Settings


def odd_sheet(rows: int) -> KnownSheet:
    """Return a sheet whose names are texts that spreadsheets run or change."""
    known = known_sheet(rows)
    for row, (phone, campaign, name, code) in known.rows.items():
        odd = ODD_TEXTS[row % len(ODD_TEXTS)] if name else name
        known.rows[row] = (phone, campaign, odd, code)
    return known


def start_known(known: KnownSheet, settings: Settings, *, repeat: int = 0) -> str:
    """Start a run of the plan of a sheet and return its id; a worker sends it."""
    sheet = read_sheet(known.xlsx(), filename="clientes.xlsx", settings=settings)
    plan = make_plan(sheet, suggest_mapping(sheet))
    return start_run(plan, connection="sandbox", resend_number=repeat, settings=settings)
