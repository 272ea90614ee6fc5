"""A run's report: the owner's own sheet, row by row as it was, with what became of each row."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd

from lib.campaign import FrozenPlan, reasons_in_words
from lib.connectly import explain
from lib.delivery import Outcome, RunSummary, run_summary
from lib.outcomes.exports import write_csv, write_xlsx
from lib.outcomes.reconcile import ledger_counts, lie_between
from lib.outcomes.rows import row_outcomes
from lib.settings import Settings, get_settings
from lib.sheet import load_sheet

Format = Literal["xlsx", "csv"]

# So many rows take some four seconds, during which nobody else gets a page.
_LONG: Final = 50_000

_SENT: Final = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN)
_WORDS: Final[dict[Outcome, tuple[str, str]]] = {
    Outcome.ACCEPTED: ("Taken by Connectly.", ""),
    Outcome.WAITING: ("Not sent yet.", "Download the report again once the run has finished."),
    Outcome.CANCELLED: ("Not sent, because the run was cancelled.", "Send it in a new run."),
}
_MEND: Final = "Correct the row, then upload the corrected rows as a new sheet."
_NO_REASON: Final = ("Not sent.", _MEND)


class ReportError(Exception):
    """The rows do not add up to what the run's counters say, so no report is made of them."""

    code = "STUDIO_REPORT_DOES_NOT_ADD_UP"
    sentence = "The rows of this report would not add up to the run's numbers, so it was not made."
    action = (
        "Try again. If it stays like this, the sheet or the plan in the data folder has been "
        "changed or lost: put it back from a backup."
    )

    def __init__(self) -> None:
        super().__init__(self.sentence)


def report(
    run_id: str,
    *,
    format: Format = "xlsx",  # noqa: A002 - the word people use for it
    watch: Callable[[float], None] | None = None,
    settings: Settings | None = None,
) -> Path:
    """Write the owner's sheet with outcome columns into the reports folder; return its path.

    All columns and rows of the sheet, in their order; then Row (as its owner sees it), Outcome (one
    of `Outcome`), Error code, What it means, What to do, Phone as sent, Answered at (UTC) and Trace
    id. The rows of a test are its one entry, since it has no sheet. The report of a run that is
    over is written once; any other is written anew each time. ``watch`` is called now and then with
    the share of a workbook that is written.

    Raises RunNotFoundError, SheetError where the sheet is no longer kept, ReportError where rows
    and counters disagree, TooWideError, and OSError (see `is_disk_full`).
    """
    settings = settings or get_settings()
    run = run_summary(run_id, settings=settings)
    path = settings.reports_dir / report_name(run, format)
    if _is_final(run) and path.exists():
        return path
    frame = _frame(run, settings)
    if format == "csv":
        write_csv(frame, path)
    else:
        write_xlsx(frame, path, watch=watch)
    for other in settings.reports_dir.glob(f"{run.id}-*.{format}"):
        if other != path:
            other.unlink(missing_ok=True)
    return path


def report_name(run: RunSummary, format: Format = "xlsx") -> str:  # noqa: A002 - as above
    """Return the name of the file that tells of a run as it stands."""
    return f"{run.id}-{_edition(run)}.{format}"


def is_long(run: RunSummary) -> bool:
    """Tell whether a run's workbook takes so long that a worker is to make it."""
    return run.rows > _LONG


def _is_final(run: RunSummary) -> bool:
    """Tell whether no row's outcome can change any more, unless a person repeats some of them."""
    return run.is_over and run.waiting == 0


def _edition(run: RunSummary) -> str:
    """Name a final report by its run's end and its doubt, since a person may settle that later."""
    if not _is_final(run) or run.finished_at is None:
        return "unfinished"
    return f"{run.finished_at:%Y%m%d-%H%M%S-%f}-{run.unknown}"


def _frame(run: RunSummary, settings: Settings) -> pd.DataFrame:
    outcomes = row_outcomes(run.id, settings=settings)
    _ensure_conserved(outcomes, run, run_summary(run.id, settings=settings))
    plan = FrozenPlan.open(run.plan_id, settings)
    if run.sheet_id is None:
        names = {
            "campaign_name": "Campaign",
            "campaign_version": "Version",
            "variables": "Variables",
        }
        sheet = plan.frame(*names).rename(columns=names)
    else:
        sheet = load_sheet(run.sheet_id, settings=settings).frame
    phones = plan.frame("client")["client"]
    if not (sheet.index.equals(outcomes.index) and sheet.index.equals(phones.index)):
        raise ReportError
    added = _added(outcomes, phones)
    return pd.concat([sheet, added.set_axis(_free(added, sheet), axis="columns")], axis="columns")


def _ensure_conserved(outcomes: pd.DataFrame, before: RunSummary, after: RunSummary) -> None:
    counts = {each: int((outcomes["outcome"] == each.value).sum()) for each in Outcome}
    agrees = lie_between(counts, ledger_counts(before), ledger_counts(after))
    if not agrees or len(outcomes) != before.rows:
        raise ReportError


def _added(outcomes: pd.DataFrame, phones: "pd.Series[Any]") -> pd.DataFrame:
    """Return the columns that the report adds, by row."""
    outcome, code = outcomes["outcome"], outcomes["error_code"].fillna("")
    was_sent = outcome.isin([each.value for each in _SENT])
    # Rows are many, the ways they can end are few: put each way into words once.
    ways = pd.DataFrame({"outcome": outcome, "code": code})
    numbers = ways.groupby(["outcome", "code"], sort=False).ngroup()
    told = [
        _words(Outcome(way["outcome"]), way["code"])
        for way in ways.drop_duplicates().to_dict("records")
    ]
    return pd.DataFrame(
        {
            "Row": outcomes.index,
            "Outcome": outcome,
            "Error code": code,
            "What it means": numbers.map(dict(enumerate(means for means, _ in told))),
            "What to do": numbers.map(dict(enumerate(action for _, action in told))),
            "Phone as sent": phones.where(was_sent, ""),
            "Answered at (UTC)": _iso(outcomes["at"].where(was_sent)),
            "Trace id": outcomes["trace_id"].fillna(""),
        },
        index=outcomes.index,
    )


def _words(outcome: Outcome, code: str) -> tuple[str, str]:
    """Return what an outcome means, and what to do about it."""
    if outcome in _WORDS and not (outcome is Outcome.CANCELLED and code):
        return _WORDS[outcome]
    if outcome is Outcome.HELD:
        return reasons_in_words(code) or _NO_REASON[0], _MEND
    info = explain(code or None)
    return f"{info.title}. {info.meaning}", info.action


def _iso(times: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return times as ``2026-11-24T04:25:08Z``, with nothing where there is none."""
    texts: pd.Series[Any] = times.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return texts.fillna("")


def _free(added: pd.DataFrame, sheet: pd.DataFrame) -> list[str]:
    """Name the added columns so that none hides one of the owner's, as in a report of a report."""
    taken = {str(name) for name in sheet.columns}
    names = []
    for name in added.columns:
        free, number = name, 2
        while free in taken:
            free, number = f"{name} ({number})", number + 1
        names.append(free)
    return names
