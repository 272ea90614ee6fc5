"""A real run, sent by a real worker to a real sandbox, that the tests of outcomes read."""

from dataclasses import dataclass

import pytest

from lib.campaign import make_plan, suggest_mapping
from lib.delivery import RunSummary, start_run
from lib.settings import Settings, get_settings
from lib.sheet import Sheet, read_sheet
from tests.support.recipients import KnownSheet, known_sheet
from tests.support.sandbox import start_sandbox
from tests.support.worker import Worker, wait_for_run

ODD_TEXTS = ("=HYPERLINK(A1)", "-2+3", "@SUM(1)", "＝1+1", "  =1", 'José «ñ»; "x", y', "007")


@dataclass(frozen=True)
class SentRun:
    """A finished run and everything it came from."""

    summary: RunSummary
    known: KnownSheet
    sheet: Sheet
    settings: Settings


def odd_sheet(rows: int) -> KnownSheet:
    """A sheet whose names are texts that spreadsheets like to run or to change."""
    known = known_sheet(rows)
    for row, (phone, campaign, name, code) in known.rows.items():
        odd = ODD_TEXTS[row % len(ODD_TEXTS)] if name else name
        known.rows[row] = (phone, campaign, odd, code)
    return known


def started(known: KnownSheet, settings: Settings, *, repeat: int = 0) -> str:
    """Confirm the plan of a sheet; whether it is sent depends on a worker."""
    sheet = read_sheet(known.xlsx(), filename="clientes.xlsx", settings=settings)
    plan = make_plan(sheet, suggest_mapping(sheet))
    return start_run(plan, connection="sandbox", resend_number=repeat, settings=settings)


@pytest.fixture(scope="session")
def sent_run(tmp_path_factory: pytest.TempPathFactory) -> SentRun:
    """150 rows over three campaigns, some held back and some rejected."""
    data_dir = tmp_path_factory.mktemp("sent") / "data"
    data_dir.mkdir()
    sandbox = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    worker = Worker(data_dir)
    known = odd_sheet(150)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SENDOUT_DATA_DIR", str(data_dir))
        get_settings.cache_clear()
        settings = get_settings()
        try:
            worker.connect(sandbox)
            worker.start()
            run_id = started(known, settings)
            summary = wait_for_run(run_id)
        finally:
            worker.end()
            sandbox.stop()
    sheet = read_sheet(known.xlsx(), filename="clientes.xlsx", settings=settings)
    return SentRun(summary, known, sheet, settings)
