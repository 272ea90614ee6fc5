"""The report is the uploaded sheet with the outcome of each row, and agrees with the ledger."""

import re
import sqlite3
from collections import Counter
from io import BytesIO
from typing import Literal

import openpyxl
import pandas as pd
import pytest

from lib.campaign import single_entry_plan
from lib.connectly import CampaignEntry, SendCampaignsOptions
from lib.delivery import (
    Outcome,
    ResolutionChoice,
    RunNotFoundError,
    resolve_unknown_rows,
    start_run,
)
from lib.error_catalogue import explain
from lib.outcomes import ReportError, report, row_outcomes
from lib.settings import Settings
from lib.sheet import read_sheet
from tests.support.recipients import fictional_phone
from tests.support.sent_run import SentRun, odd_sheet, start_known

ADDED = [
    "Row",
    "Outcome",
    "Error code",
    "What it means",
    "What to do",
    "Phone as sent",
    "Answered at (UTC)",
    "Trace id",
]


def written(run: SentRun, kind: Literal["xlsx", "csv"] = "xlsx") -> pd.DataFrame:
    """Read a report as a marketer's next upload would."""
    path = report(run.summary.id, format=kind, settings=run.settings)
    frame = read_sheet(path.read_bytes(), filename=path.name, settings=run.settings).frame
    return frame.set_index(pd.Index(frame["Row"].astype(int), name="row"))


def change(settings: Settings, statement: str) -> None:
    """Change the ledger behind its back."""
    with sqlite3.connect(settings.ledger_path) as db:
        db.execute(statement)
    db.close()


def settle_all(settings: Settings, state: str) -> None:
    """Enter one settled batch for each sendout."""
    change(
        settings,
        "INSERT INTO batch (run_id, sendout, start, size, state, claims, attempts, doubtful,"
        " error_code, settled_at) SELECT run_id, number, start, entries,"
        f" '{state}', 1, 1, 0, 'STUDIO_NO_ANSWER', 1790000000000000 FROM sendout",
    )


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_all_rows_come_back_in_their_order(sent_run: SentRun, kind: Literal["xlsx", "csv"]) -> None:
    frame = written(sent_run, kind)
    assert list(frame.columns) == [*sent_run.known.header, *ADDED]
    assert list(frame.index) == list(sent_run.known.rows)


def test_xlsx_has_every_cell_as_it_was(sent_run: SentRun) -> None:
    frame = written(sent_run)
    cells = [tuple(line) for line in frame[list(sent_run.known.header)].itertuples(index=False)]
    assert cells == list(sent_run.known.rows.values())


def test_csv_has_every_phone_as_it_was_and_no_formula(sent_run: SentRun) -> None:
    frame = written(sent_run, "csv")
    lines = frame.to_dict("index")
    for row, (phone, campaign, name, code) in sent_run.known.rows.items():
        line = lines[row]
        assert (line["Campaign"], line["code"]) == (campaign, code)
        assert line["name"].removeprefix("'") == name
        assert not re.match(r"\s*[=+\-@＝]", line["name"])
        if row in sent_run.known.sent:
            assert line["Phone"] == phone
        else:  # The sheet's own nonsense, such as +1650555XXXX, is no phone.
            assert line["Phone"].removeprefix("'") == phone


def test_each_row_says_what_the_ledger_says(sent_run: SentRun) -> None:
    frame = written(sent_run)
    outcomes = row_outcomes(sent_run.summary.id, settings=sent_run.settings)
    assert list(frame["Outcome"]) == list(outcomes["outcome"])
    assert list(frame["Error code"]) == list(outcomes["error_code"].fillna(""))
    assert list(frame["Trace id"]) == list(outcomes["trace_id"].fillna(""))


def test_its_counts_are_those_of_the_run(sent_run: SentRun) -> None:
    run = sent_run.summary
    counts = Counter(written(sent_run)["Outcome"])
    assert counts == {"accepted": run.accepted, "rejected": run.rejected, "held": run.held}
    assert counts.total() == run.rows


def test_rejected_rows_say_why_and_what_to_do(sent_run: SentRun) -> None:
    frame = written(sent_run)
    rejected = frame[frame["Outcome"] == "rejected"]
    assert len(rejected)
    for line in rejected.to_dict("records"):
        info = explain(line["Error code"])
        assert info.title in line["What it means"]
        assert line["What to do"] == info.action
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["Answered at (UTC)"])


def test_held_rows_say_why_and_no_phone_was_sent(sent_run: SentRun) -> None:
    held = written(sent_run).loc[sorted(sent_run.known.held)]
    assert set(held["Outcome"]) == {"held"}
    assert set(held["Phone as sent"]) == set(held["Answered at (UTC)"]) == {""}
    assert held["What it means"].str.len().min() > 10
    is_duplicate = held["What it means"].str.startswith("Duplicate recipient")
    assert is_duplicate.any()
    is_to_be_corrected = held["What to do"].str.contains("Correct the row")
    assert (is_to_be_corrected != is_duplicate).all()


def test_sent_rows_show_the_phone_as_it_was_sent(sent_run: SentRun) -> None:
    frame = written(sent_run)
    for row, cells in sent_run.known.sent.items():
        assert frame.loc[row, "Phone as sent"] == cells[0]


def test_xlsx_holds_no_formula(sent_run: SentRun) -> None:
    path = report(sent_run.summary.id, settings=sent_run.settings)
    worksheet = openpyxl.load_workbook(BytesIO(path.read_bytes())).active
    assert worksheet is not None
    kinds = {cell.data_type for line in worksheet.iter_rows() for cell in line}
    assert kinds <= {"s", "n"}  # text and numbers, no formula


def test_a_finished_report_is_written_once(sent_run: SentRun) -> None:
    first = report(sent_run.summary.id, settings=sent_run.settings)
    written_as = first.stat().st_ino
    again = report(sent_run.summary.id, settings=sent_run.settings)
    assert (again, again.stat().st_ino) == (first, written_as)
    assert again.stat().st_mode & 0o777 == 0o600


def test_an_unfinished_report_is_written_anew_and_rows_wait(settings: Settings) -> None:
    known = odd_sheet(20)
    run_id = start_known(known, settings)
    first = report(run_id, format="csv", settings=settings)
    written_as = first.stat().st_ino, first.stat().st_mtime_ns
    frame = read_sheet(first.read_bytes(), filename="report.csv", settings=settings).frame
    again = report(run_id, format="csv", settings=settings)
    assert (again.stat().st_ino, again.stat().st_mtime_ns) != written_as
    assert Counter(frame["Outcome"]) == {"waiting": len(known.sent), "held": len(known.held)}
    assert list(settings.reports_dir.iterdir()) == [again]


def ended_in_doubt(settings: Settings) -> str:
    """Enter a finished run whose rows all have unknown outcomes."""
    run_id = start_known(odd_sheet(4), settings)
    change(settings, "UPDATE sendout SET waiting = 0, unknown = entries")
    change(settings, "UPDATE run SET state = 'finished', finished_at = 1790000000000000")
    settle_all(settings, "unknown")
    return run_id


def test_a_run_that_has_ended_anew_gets_a_new_report(settings: Settings) -> None:
    """Unknown rows that were resent have other outcomes than in the first report."""
    run_id = ended_in_doubt(settings)
    first = report(run_id, format="csv", settings=settings)
    change(settings, "UPDATE sendout SET unknown = 0, accepted = entries")
    change(settings, "UPDATE run SET finished_at = 1790000000000001")
    change(settings, "UPDATE batch SET state = 'accepted', error_code = NULL")
    second = report(run_id, format="csv", settings=settings)
    frame = read_sheet(second.read_bytes(), filename="report.csv", settings=settings).frame
    assert set(frame["Outcome"]) == {"accepted"}
    assert not first.exists()


def test_rows_marked_as_sent_after_the_end_get_a_new_report(settings: Settings) -> None:
    run_id = ended_in_doubt(settings)
    first = report(run_id, format="csv", settings=settings)
    resolve_unknown_rows(run_id, ResolutionChoice.SENT, person="me", settings=settings)
    second = report(run_id, format="csv", settings=settings)
    frame = read_sheet(second.read_bytes(), filename="report.csv", settings=settings).frame
    assert set(frame["Outcome"]) == {"accepted"}
    assert not first.exists()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE sendout SET accepted = accepted + 1, waiting = waiting - 1 WHERE number = 0",
        "UPDATE run SET held = held + 1",
        "UPDATE run SET rows = rows + 1",
    ],
)
def test_rows_that_do_not_add_up_make_no_report(settings: Settings, tampering: str) -> None:
    run_id = start_known(odd_sheet(20), settings)
    change(settings, tampering)
    with pytest.raises(ReportError):
        report(run_id, settings=settings)
    assert not settings.reports_dir.exists()


def test_a_test_reports_its_single_entry(settings: Settings) -> None:
    entry = CampaignEntry(
        client=fictional_phone(0), campaign_name="demo_welcome", variables={"name": "Ana"}
    )
    plan = single_entry_plan(entry, SendCampaignsOptions(), label="my phone")
    run_id = start_run(plan, connection="sandbox", kind="test", settings=settings)
    path = report(run_id, format="csv", settings=settings)
    frame = read_sheet(path.read_bytes(), filename="report.csv", settings=settings).frame
    assert list(frame.columns) == ["Campaign", "Version", "Variables", *ADDED]
    assert frame["Outcome"].tolist() == ["waiting"]
    assert frame["Variables"].tolist() == ['{"name":"Ana"}']


def test_a_report_of_a_report_hides_no_column_of_its_owner(settings: Settings) -> None:
    known = odd_sheet(5)
    known.header = ("Phone", "Campaign", "Outcome", "Row")
    path = report(start_known(known, settings), format="csv", settings=settings)
    frame = read_sheet(path.read_bytes(), filename="report.csv", settings=settings).frame
    assert list(frame.columns)[:4] == ["Phone", "Campaign", "Outcome", "Row"]
    assert {"Outcome (2)", "Row (2)"} <= set(frame.columns)
    assert frame["Row"].tolist() == [cells[3] for cells in known.rows.values()]


def test_an_id_that_nobody_gave_out_writes_nothing(settings: Settings) -> None:
    with pytest.raises(RunNotFoundError):
        report("../../etc/passwd", settings=settings)
    assert not settings.reports_dir.exists()


def test_outcomes_are_the_words_of_the_ledger(sent_run: SentRun) -> None:
    assert set(written(sent_run)["Outcome"]) <= set(Outcome)


def test_nothing_half_written_stays_behind(sent_run: SentRun) -> None:
    path = report(sent_run.summary.id, settings=sent_run.settings)
    assert not [each for each in path.parent.iterdir() if each.name.startswith(".")]
