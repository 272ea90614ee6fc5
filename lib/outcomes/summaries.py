"""Outcomes of one run or many: totals that add up, and the tables behind the charts."""

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
    run_summary,
)
from lib.delivery.snapshot import LedgerSnapshot, ledger_snapshot
from lib.outcomes import tables
from lib.outcomes.reconcile import Counts, agrees_with, ledger_counts
from lib.settings import Settings, get_settings


@dataclass(frozen=True)
class Filter:
    """Which outcomes to read; by default those of all runs of sheets.

    ``run_ids`` None stands for all runs. ``since`` (included) and ``until`` (excluded) are aware
    times at which an outcome was settled.
    """

    run_ids: tuple[str, ...] | None = None
    campaign: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    include_tests: bool = False

    @property
    def is_timed(self) -> bool:
        """Whether a period is chosen; waiting and held rows belong to no period."""
        return self.since is not None or self.until is not None


@dataclass(frozen=True)
class Summary:
    """The outcomes that match a filter, as of one moment.

    ``totals`` has every outcome. They add up to ``rows`` if ``reconciles`` is true. Held rows
    belong to no campaign, and neither held nor waiting rows to a period: a filter by campaign or
    period leaves them out of ``totals`` and ``rows``. ``tally`` is a frame as `tables.tally_of`
    returns it; ``entries`` are recipients by (campaign, version), None with a period.
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
        """Recipients by campaign and version, one column per outcome."""
        return tables.by_sendout(self.tally, self.entries)

    @cached_property
    def by_code(self) -> pd.DataFrame:
        """Rejected and unconfirmed recipients by error code."""
        return tables.by_code(self.tally)

    @cached_property
    def by_class(self) -> pd.DataFrame:
        """Rejected recipients by what to do next."""
        return tables.by_class(self.tally)

    @cached_property
    def by_campaign(self) -> pd.DataFrame:
        """Rejected and unconfirmed recipients by campaign, version and error code."""
        return tables.by_campaign(self.tally)

    def over_time(self, zone: tzinfo = UTC) -> pd.DataFrame:
        """Responses per minute, hour or day, in local time of ``zone``."""
        return tables.over_time(self.tally, zone)


def outcome_summary(wanted: Filter, *, settings: Settings | None = None) -> Summary:
    """Read the outcomes that match a filter from one snapshot of the ledger.

    Raises RunNotFoundError if the filter names a run that does not exist, LedgerError if the
    ledger cannot be read.
    """
    with ledger_snapshot(settings or get_settings()) as snapshot:
        runs = _runs(snapshot, wanted)
        tally = _tally(snapshot, wanted)
    return _timed_summary(wanted, tally) if wanted.is_timed else _summary(wanted, runs, tally)


def _runs(snapshot: LedgerSnapshot, wanted: Filter) -> list[RunSummary]:
    if wanted.run_ids is None:
        found = snapshot.runs()
    else:
        found = [snapshot.run(run_id) for run_id in dict.fromkeys(wanted.run_ids)]
    return [
        run
        for run in found
        if (wanted.include_tests or run.kind is RunKind.SHEET)
        and (
            wanted.campaign is None
            or any(each.campaign_name == wanted.campaign for each in run.sendouts)
        )
    ]


def _tally(snapshot: LedgerSnapshot, wanted: Filter) -> pd.DataFrame:
    """Return the tally by quarters of an hour where that is enough, else by minutes."""
    tally = _tally_by(tables.QUARTER, snapshot, wanted)
    if tables.suits_quarters(tally):
        return tally
    return _tally_by(tables.MINUTE, snapshot, wanted)


def _tally_by(step: timedelta, snapshot: LedgerSnapshot, wanted: Filter) -> pd.DataFrame:
    counts = snapshot.outcome_counts(
        wanted.run_ids,
        since=wanted.since,
        until=wanted.until,
        kinds=("sheet", "test") if wanted.include_tests else ("sheet",),
        step=step,
    )
    if wanted.campaign is not None:
        counts = [each for each in counts if each.campaign_name == wanted.campaign]
    return tables.tally_of(counts)


def _timed_summary(wanted: Filter, tally: pd.DataFrame) -> Summary:
    totals: Counter[Outcome] = Counter()
    for counts in _settled_by_run(tally).values():
        totals.update(counts)
    return Summary(
        filter=wanted,
        runs=tally["run_id"].nunique(),
        rows=totals.total(),
        totals={outcome: totals[outcome] for outcome in Outcome},
        reconciles=True,
        tally=tally,
        entries=None,
    )


def _summary(wanted: Filter, runs: list[RunSummary], tally: pd.DataFrame) -> Summary:
    """Count every row of the runs, and compare the tally with the runs' counters."""
    totals: Counter[Outcome] = Counter()
    settled = _settled_by_run(tally)
    reconciles = settled.keys() <= {run.id for run in runs}
    for run in runs:
        counters = ledger_counts(run, campaign=wanted.campaign)
        totals.update(counters)
        reconciles &= run.reconciles and agrees_with(settled.get(run.id, {}), counters)
    entries = _entries(wanted, runs)
    rows = sum(run.rows for run in runs) if wanted.campaign is None else sum(entries.values())
    return Summary(
        filter=wanted,
        runs=len(runs),
        rows=rows,
        totals={outcome: totals[outcome] for outcome in Outcome},
        reconciles=reconciles and totals.total() == rows,
        tally=tally,
        entries=entries,
    )


def _entries(wanted: Filter, runs: list[RunSummary]) -> dict[tuple[str, str], int]:
    """Return recipients by (campaign, version)."""
    entries: Counter[tuple[str, str]] = Counter()
    for each in (sendout for run in runs for sendout in run.sendouts):
        if wanted.campaign in (None, each.campaign_name):
            version = each.campaign_version or each.pinned_version or each.reported_version
            entries[each.campaign_name, version or tables.NO_VERSION] += each.entries
    return dict(entries)


def _settled_by_run(tally: pd.DataFrame) -> dict[str, Counts]:
    """Return the sums of a tally by run and outcome."""
    counts: dict[str, Counts] = defaultdict(dict)
    sums = tally.groupby(["run_id", "outcome"])["count"].sum().reset_index()
    for line in sums.to_dict("records"):
        counts[line["run_id"]][Outcome(line["outcome"])] = int(line["count"])
    return counts


def offered_runs(
    linked: Sequence[str], *, limit: int, settings: Settings | None = None
) -> dict[str, RunSummary]:
    """Return the runs to choose from, by id: the newest runs of sheets, and the ``linked`` ones.

    A linked run is offered whatever its age and kind; an unknown id is ignored.
    """
    runs = {run.id: run for run in list_runs(limit=limit, kind="sheet", settings=settings)}
    for run_id in linked:
        if run_id not in runs:
            with contextlib.suppress(RunNotFoundError):
                runs[run_id] = run_summary(run_id, settings=settings)
    return runs
