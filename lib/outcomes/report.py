"""The owner's sheet with what became of each row, as a file to download."""

from pathlib import Path
from typing import Final, Literal

import pandas as pd

from lib.campaign import FrozenPlan, reasons_in_words
from lib.connectly import explain
from lib.delivery import Outcome, RunSummary, row_outcomes, run_summary
from lib.outcomes.exports import write_csv, write_xlsx
from lib.outcomes.looks import LOOKS
from lib.settings import Settings, get_settings
from lib.sheet import SheetError, load_sheet

_WRITERS: Final = {"csv": write_csv, "xlsx": write_xlsx}


class ReportMismatchError(Exception):
    """The rows of a report do not add up to the counts of its run; no report is made of them."""

    def __init__(self) -> None:
        super().__init__("The report's rows do not add up to the run's counts.")


def report(
    run_id: str,
    *,
    format: Literal["xlsx", "csv"] = "xlsx",  # noqa: A002 - the word that people use
    settings: Settings | None = None,
) -> Path:
    """Write the report of a run and return its path in the reports folder.

    It has every row of the owner's sheet, in the sheet's order, with all its columns, followed by
    what became of the row. A finished run's report is written once. Raises RunNotFoundError,
    ReportMismatchError, and OSError (see `is_disk_full`).
    """
    settings = settings or get_settings()
    before = run_summary(run_id, settings=settings)
    path = settings.reports_dir / f"{run_id}.{format}"
    if before.is_over and not before.waiting and path.exists() and _is_newer(path, before):
        return path
    _WRITERS[format](report_frame(run_id, settings=settings), path)
    return path


def _is_newer(path: Path, summary: RunSummary) -> bool:
    finished = summary.finished_at
    return finished is not None and path.stat().st_mtime > finished.timestamp() + 1


def report_frame(run_id: str, *, settings: Settings) -> pd.DataFrame:
    """Return the report as a frame: the owner's columns, then ours."""
    summary = run_summary(run_id, settings=settings)
    outcomes = row_outcomes(run_id, settings=settings)
    _require_sum(summary, outcomes)
    plan = FrozenPlan.open(summary.plan_id, settings).frame("client", "held_codes")
    codes = outcomes["error_code"].mask(outcomes["outcome"] == Outcome.HELD.value)
    infos = {code: explain(code) for code in codes.dropna().unique()}
    held = plan["held_codes"].map(reasons_in_words)
    meaning = codes.map(lambda code: infos[code].meaning if code in infos else "")
    ours = pd.DataFrame(
        {
            "Row": [str(row) for row in outcomes.index],
            "Outcome": outcomes["outcome"].map(lambda each: LOOKS[Outcome(each)].label),
            "Error code": codes.fillna(""),
            "What it means": meaning.where(held == "", held),
            "What to do": codes.map(lambda code: infos[code].action if code in infos else ""),
            "Phone as sent": plan["client"],
            "Answered at": outcomes["at"].map(_moment),
            "Trace id": outcomes["trace_id"].fillna(""),
        },
        index=outcomes.index,
    )
    return pd.concat([_owners_columns(summary, ours.index, settings), ours], axis=1)


def _require_sum(summary: RunSummary, outcomes: pd.DataFrame) -> None:
    """Refuse a report that loses or invents a row."""
    if summary.is_over:
        counted = outcomes["outcome"].value_counts()
        promised = {each: getattr(summary, each.value) for each in Outcome}
        if any(counted.get(each.value, 0) != count for each, count in promised.items()):
            raise ReportMismatchError
    if len(outcomes) != summary.rows:
        raise ReportMismatchError


def _owners_columns(summary: RunSummary, rows: pd.Index, settings: Settings) -> pd.DataFrame:
    """Return the owner's own cells; none for a test, and none where the sheet has been deleted."""
    if summary.sheet_id is None:
        return pd.DataFrame(index=rows)
    try:
        return load_sheet(summary.sheet_id, settings=settings).frame
    except SheetError:
        return pd.DataFrame(index=rows)


def _moment(value: object) -> str:
    return value.isoformat(timespec="seconds") if isinstance(value, pd.Timestamp) else ""
