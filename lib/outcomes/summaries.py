"""What became of everyone, over one run or many: totals that add up, and the tables of charts."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property

import pandas as pd

from lib.delivery import (
    Outcome,
    RunKind,
    RunNotFoundError,
    RunSummary,
    list_runs,
    outcome_counts,
    run_summary,
)
from lib.outcomes import tables
from lib.outcomes.reconcile import Counts, ledger_counts, lie_between
from lib.settings import Settings, get_settings


@dataclass(frozen=True)
class Filter:
    """Which outcomes are looked at; by default those of all runs of sheets.

    ``run_ids`` None means all runs. ``since`` (included) and ``until`` (excluded) are aware times
    at which an outcome was settled.
    """

    run_ids: tuple[str, ...] | None = None
    campaign: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    include_tests: bool = False

    @property
    def is_timed(self) -> bool:
        """Tell whether only a part of the time counts: then nothing can wait or be held."""
        return self.since is not None or self.until is not None


@dataclass(frozen=True)
class Summary:
    """The outcomes that a filter lets through.

    ``totals`` has every outcome; they add up to ``rows`` where ``reconciles``. Held rows belong to
    no campaign, and neither they nor waiting ones to a time: a filter by these leaves them out of
    ``totals`` and ``rows`` alike. ``tally`` is a frame as `tables.tally_of` makes it.
    """

    filter: Filter
    runs: int
    rows: int
    totals: Mapping[Outcome, int]
    reconciles: bool
    tally: pd.DataFrame = field(repr=False)
    entries: Mapping[tuple[str, str], int] | None = field(repr=False)

    @cached_property
    def by_sendout(self) -> pd.DataFrame:
        """Recipients by campaign and version, one column an outcome."""
        return tables.by_sendout(self.tally, self.entries)

    @cached_property
    def by_code(self) -> pd.DataFrame:
        """Rejected recipients and those in doubt by error code."""
        return tables.by_code(self.tally)

    @cached_property
    def by_class(self) -> pd.DataFrame:
        """Rejected recipients by what is to be done next."""
        return tables.by_class(self.tally)

    @cached_property
    def by_campaign(self) -> pd.DataFrame:
        """Rejected recipients and those in doubt by campaign, version and error code."""
        return tables.by_campaign(self.tally)

    def over_time(self, zone: tzinfo = UTC) -> pd.DataFrame:
        """Answers by minute, hour or day, as clocks in ``zone`` show them."""
        return tables.over_time(self.tally, zone)


def outcome_summary(wanted: Filter, *, settings: Settings | None = None) -> Summary:
    """Read from the ledger what the filter lets through.

    Raises RunNotFoundError where the filter names a run that is not there, LedgerError where the
    ledger cannot be read.
    """
    settings = settings or get_settings()
    before = _runs(wanted, settings)
    tally = _tally(wanted, {run.id for run in before}, settings)
    if wanted.is_timed:
        counted: Counter[Outcome] = Counter()
        for settled in _settled(tally).values():
            counted.update(settled)
        return Summary(
            filter=wanted,
            runs=tally["run_id"].nunique(),
            rows=counted.total(),
            totals={outcome: counted[outcome] for outcome in Outcome},
            reconciles=True,
            tally=tally,
            entries=None,
        )
    after = [run if _is_still(run) else run_summary(run.id, settings=settings) for run in before]
    return _whole(wanted, before, after, tally)


def _runs(wanted: Filter, settings: Settings) -> list[RunSummary]:
    if wanted.run_ids is not None:
        runs = [run_summary(run_id, settings=settings) for run_id in dict.fromkeys(wanted.run_ids)]
    else:
        # All in one look: a run that begins between two would move another one into both.
        runs = list_runs(limit=None, settings=settings)
    kept = [run for run in runs if wanted.include_tests or run.kind is RunKind.SHEET]
    if wanted.campaign is None:
        return kept
    return [
        run for run in kept if any(each.campaign_name == wanted.campaign for each in run.sendouts)
    ]


def _tally(wanted: Filter, run_ids: set[str], settings: Settings) -> pd.DataFrame:
    tally = _tally_by(tables.QUARTER, wanted, run_ids, settings)
    if tables.is_told_by_quarters(tally):
        return tally
    return _tally_by(tables.MINUTE, wanted, run_ids, settings)


def _tally_by(
    step: timedelta, wanted: Filter, run_ids: set[str], settings: Settings
) -> pd.DataFrame:
    lines = outcome_counts(
        wanted.run_ids,
        since=wanted.since,
        until=wanted.until,
        kinds=("sheet", "test") if wanted.include_tests else ("sheet",),
        step=step,
        settings=settings,
    )
    # A run that began since the others were looked up is left to the next look.
    return tables.tally_of(
        [
            line
            for line in lines
            if line.run_id in run_ids and wanted.campaign in (None, line.campaign_name)
        ]
    )


def _is_still(run: RunSummary) -> bool:
    return run.is_over and run.waiting == 0


def _whole(
    wanted: Filter, before: list[RunSummary], after: list[RunSummary], tally: pd.DataFrame
) -> Summary:
    """Count every row of the runs, and hold the tally against the runs' own counters."""
    rows = 0
    totals: Counter[Outcome] = Counter()
    entries: Counter[tuple[str, str]] = Counter()
    reconciles = True
    settled = _settled(tally)
    for first, last in zip(before, after, strict=True):
        counts, agrees = _of_run(first, last, settled.get(first.id, {}), wanted.campaign)
        reconciles &= agrees
        totals.update(counts)
        for each in last.sendouts:
            if wanted.campaign in (None, each.campaign_name):
                version = each.campaign_version or each.pinned_version or each.reported_version
                entries[each.campaign_name, version or tables.NO_VERSION] += each.entries
        rows += last.rows if wanted.campaign is None else 0
    if wanted.campaign is not None:
        rows = sum(entries.values())
    return Summary(
        filter=wanted,
        runs=len(after),
        rows=rows,
        totals={outcome: totals[outcome] for outcome in Outcome},
        reconciles=reconciles and totals.total() == rows,
        tally=tally,
        entries=entries,
    )


def _of_run(
    first: RunSummary, last: RunSummary, settled: Counts, campaign: str | None
) -> tuple[Counts, bool]:
    """Return a run's counts by outcome, and whether they agree with two looks at the ledger."""
    before, after = (ledger_counts(run, campaign=campaign) for run in (first, last))
    still_there = sum(after.values()) - after[Outcome.HELD] - sum(settled.values())
    # Waits what has no outcome yet, but never more or less than the ledger itself has waiting.
    most, least = sorted((before[Outcome.WAITING], after[Outcome.WAITING]), reverse=True)
    counts = {
        **settled,
        Outcome.HELD: after[Outcome.HELD],
        Outcome.WAITING: min(max(still_there, least), most),
    }
    return counts, first.reconciles and last.reconciles and lie_between(counts, before, after)


def _settled(tally: pd.DataFrame) -> dict[str, Counts]:
    """Count the tally by run and outcome."""
    counts: dict[str, Counts] = defaultdict(dict)
    sums = tally.groupby(["run_id", "outcome"])["count"].sum().reset_index()
    for line in sums.to_dict("records"):
        counts[line["run_id"]][Outcome(line["outcome"])] = int(line["count"])
    return counts


def offered_runs(
    linked: Sequence[str], *, limit: int, settings: Settings | None = None
) -> dict[str, RunSummary]:
    """Return the runs to choose from, by id: the newest of sheets, and those that are linked to.

    A linked run is offered however old it is, also a test; an id that nobody has given out is not.
    """
    runs = {run.id: run for run in list_runs(limit=limit, kind="sheet", settings=settings)}
    for run_id in linked:
        if run_id not in runs:
            with contextlib.suppress(RunNotFoundError):
                runs[run_id] = run_summary(run_id, settings=settings)
    return runs
