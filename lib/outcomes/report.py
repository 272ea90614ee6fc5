"""The full report of a run: the uploaded sheet, row by row, with the outcome of each row."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd

from lib.campaign import FrozenPlan, Reasons, explain_reasons
from lib.delivery import Outcome, RunSummary
from lib.delivery.snapshot import ledger_snapshot
from lib.error_catalogue import explain
from lib.errors import StudioError
from lib.i18n import N_, SOURCE_LANGUAGE, _, current_locale
from lib.outcomes.exports import write_csv, write_xlsx
from lib.outcomes.reconcile import agrees_with, ledger_counts
from lib.outcomes.rows import read_row_outcomes
from lib.settings import Settings, get_settings
from lib.sheet import load_sheet

Format = Literal["xlsx", "csv"]

# Writing this many rows takes about four seconds, during which no page is served.
_LONG_ROWS: Final = 50_000

_SENT: Final = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN)
_MEANINGS: Final[dict[Outcome, tuple[str, str]]] = {
    Outcome.ACCEPTED: (N_("Accepted by Connectly."), ""),
    Outcome.WAITING: (
        N_("Not sent yet."),
        N_("Download the report again when the broadcast has finished."),
    ),
    Outcome.CANCELLED: (
        N_("Not sent, because the broadcast was cancelled."),
        N_("Send it in a new broadcast."),
    ),
}
_LANGUAGE_IN_NAME: Final = re.compile(r"\.([A-Za-z_]+)\.(?:xlsx|csv)")


class ReportError(StudioError):
    """The rows do not add up to the run's counters, so no report is written."""

    code = "STUDIO_REPORT_DOES_NOT_ADD_UP"
    sentence = N_("The rows of this report don't add up to the numbers of the broadcast.")
    action = N_(
        "Try again. If the problem persists, the sheet or the plan in the data folder has been "
        "changed or lost: restore it from a backup."
    )


def report(
    run_id: str,
    *,
    format: Format = "xlsx",  # noqa: A002 - the usual word for it
    watch: Callable[[float], None] | None = None,
    settings: Settings | None = None,
) -> Path:
    """Write the uploaded sheet with outcome columns into the reports folder; return its path.

    The report has all columns and rows of the sheet in their order, followed by Row (the number
    that a spreadsheet shows), Outcome (a value of `Outcome`), Error code, What it means, What to
    do, Phone as sent, Answered at (UTC) and Trace id. The report of a test has one row, its entry.

    The report of a run that is over is written once, any other is written again at each call.
    ``watch`` is called repeatedly with the written share of a workbook, from 0 to 1.

    Raises RunNotFoundError, SheetError if the sheet is no longer stored, ReportError if rows and
    counters disagree, TooWideError, and OSError (see `is_disk_full`).
    """
    settings = settings or get_settings()
    with ledger_snapshot(settings) as snapshot:
        run = snapshot.run(run_id)
        path = settings.reports_dir / report_name(run, format)
        if run.is_final and path.exists():
            return path
        outcomes = read_row_outcomes(snapshot, run, settings)
    frame = _frame(run, outcomes, settings)
    if format == "csv":
        write_csv(frame, path)
    else:
        write_xlsx(frame, path, watch=watch)
    for other in settings.reports_dir.glob(f"{run.id}-*.{format}"):
        if other != path and language_of(other.name) == language_of(path.name):
            other.unlink(missing_ok=True)
    return path


def report_name(run: RunSummary, format: Format = "xlsx") -> str:  # noqa: A002 - as above
    """Return the file name of a run's report, which changes with its content and language."""
    language = str(current_locale())
    suffix = format if language == SOURCE_LANGUAGE else f"{language}.{format}"
    return f"{run.id}-{_edition(run)}.{suffix}"


def language_of(name: str) -> str:
    """Return the language of the report with this file name."""
    found = _LANGUAGE_IN_NAME.search(name)
    return found[1] if found else SOURCE_LANGUAGE


def is_long(run: RunSummary) -> bool:
    """Return whether a run's workbook takes so long that the worker should write it."""
    return run.rows > _LONG_ROWS


def _edition(run: RunSummary) -> str:
    """Return what a final report depends on: the end of its run, and its unconfirmed rows.

    The latter may still be resolved by a person.
    """
    if not run.is_final or run.finished_at is None:
        return "unfinished"
    return f"{run.finished_at:%Y%m%d-%H%M%S-%f}-{run.unknown}"


def _frame(run: RunSummary, outcomes: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Join the sheet with the outcomes of its rows. Raises ReportError if they do not match."""
    _ensure_conserved(run, outcomes)
    plan = FrozenPlan.open(run.plan_id, settings)
    if run.sheet_id is None:
        names = {
            "campaign_name": _("Campaign"),
            "campaign_version": _("Version"),
            "variables": _("Variables"),
        }
        sheet = plan.frame(*names).rename(columns=names)
    else:
        sheet = load_sheet(run.sheet_id, settings=settings).frame
    phones = plan.frame("client")["client"]
    if not (sheet.index.equals(outcomes.index) and sheet.index.equals(phones.index)):
        raise ReportError
    added = _added(outcomes, phones)
    names_of_added = _free_names(added, sheet)
    return pd.concat([sheet, added.set_axis(names_of_added, axis="columns")], axis="columns")


def _ensure_conserved(run: RunSummary, outcomes: pd.DataFrame) -> None:
    counted = {each: int((outcomes["outcome"] == each.value).sum()) for each in Outcome}
    counters = ledger_counts(run)
    agrees = agrees_with(counted, counters) and all(
        counted[each] == counters[each] for each in (Outcome.WAITING, Outcome.HELD)
    )
    if not agrees or len(outcomes) != run.rows:
        raise ReportError


def _added(outcomes: pd.DataFrame, phones: "pd.Series[Any]") -> pd.DataFrame:
    """Return the columns that the report adds to the sheet, by row."""
    outcome, code = outcomes["outcome"], outcomes["error_code"].fillna("")
    was_sent = outcome.isin([each.value for each in _SENT])
    # There are many rows and few different outcomes, so each outcome is explained once.
    pairs = pd.DataFrame({"outcome": outcome, "code": code})
    numbers = pairs.groupby(["outcome", "code"], sort=False).ngroup()
    explained = [
        _explained(Outcome(pair["outcome"]), pair["code"])
        for pair in pairs.drop_duplicates().to_dict("records")
    ]
    meanings = dict(enumerate(meaning for meaning, _action in explained))
    actions = dict(enumerate(action for _meaning, action in explained))
    return pd.DataFrame(
        {
            _("Row"): outcomes.index,
            _("Outcome"): outcome,
            _("Error code"): code,
            _("What it means"): numbers.map(meanings),
            _("What to do"): numbers.map(actions),
            _("Phone as sent"): phones.where(was_sent, ""),
            _("Answered at (UTC)"): _iso(outcomes["at"].where(was_sent)),
            _("Trace id"): outcomes["trace_id"].fillna(""),
        },
        index=outcomes.index,
    )


def _explained(outcome: Outcome, code: str) -> tuple[str, str]:
    """Return what an outcome means and what to do about it, in the reader's language."""
    if outcome is Outcome.HELD:
        reasons = explain_reasons(code)
        return reasons.meaning or _("Not sent."), _action_for_held(reasons)
    if outcome in _MEANINGS and not (outcome is Outcome.CANCELLED and code):
        meaning, action = _MEANINGS[outcome]
        return _(meaning), _(action) if action else ""
    info = explain(code or None)
    return f"{_(info.title)}. {_(info.meaning)}", _(info.action)


def _action_for_held(reasons: Reasons) -> str:
    if not reasons.is_correctable:
        return reasons.action
    correct = _("Correct the row, then upload the corrected rows as a new sheet.")
    return f"{reasons.action} {correct}".strip()


def _iso(times: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return times as ``2026-11-24T04:25:08Z``; missing times as empty texts."""
    texts: pd.Series[Any] = times.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return texts.fillna("")


def _free_names(added: pd.DataFrame, sheet: pd.DataFrame) -> list[str]:
    """Name the added columns so that none has the name of a column of the sheet."""
    taken = {str(name) for name in sheet.columns}
    names = []
    for name in added.columns:
        free, number = name, 2
        while free in taken:
            free, number = f"{name} ({number})", number + 1
        names.append(free)
    return names
