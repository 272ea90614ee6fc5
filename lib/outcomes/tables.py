"""Tables of settled recipients: what a chart draws, shows beside it, and offers for download.

Each function takes a tally (see `tally_of`). Column names are English titles, marked for
translation; `with_titles` translates them.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta, tzinfo
from typing import Final

import pandas as pd

from lib.connectly import CLASS_LABELS
from lib.delivery import Outcome, OutcomeCount
from lib.error_catalogue import explain
from lib.i18n import N_, _
from lib.outcomes.palette import OUTCOME_STYLES

NO_VERSION: Final = N_("not known")
SETTLED: Final = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN, Outcome.CANCELLED)
_WAITING_COLUMN: Final = 3  # before cancelled recipients
_ANSWERED: Final = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN)
_FAILED: Final = (Outcome.REJECTED, Outcome.UNKNOWN)
_LINE: Final = ["run_id", "campaign", "version", "outcome", "code", "minute"]

# By the minute, the chart of a long period would have more bars than a screen has pixels.
_BY_MINUTE_BELOW: Final = pd.Timedelta(hours=2)
_BY_HOUR_BELOW: Final = pd.Timedelta(days=4)

TITLES: Final = (
    *(N_("Campaign"), N_("Version"), N_("Error"), N_("Recipients"), N_("Outcome"), N_("Code")),
    *(N_("Next step"), N_("Time"), N_("Total"), N_("Share (%)")),
)
"""All column titles besides the labels of outcomes."""

MINUTE: Final = timedelta(minutes=1)
QUARTER: Final = timedelta(minutes=15)
"""In every time zone, hours and days start at a quarter of an hour of UTC."""
# Drawn by hours or days, also across a change of daylight saving time.
_BY_QUARTERS_FROM: Final = pd.Timedelta(days=1)


def tally_of(lines: Sequence[OutcomeCount]) -> pd.DataFrame:
    """Return counts as a frame: run_id, campaign, version, outcome, code, minute, count.

    A missing version becomes `NO_VERSION`. A failure without a code gets the API's code for an
    unspecified error; other outcomes without a code get an empty one.
    """
    codes = {code: explain(code).code for code in {line.error_code for line in lines}}
    rows = [
        (
            line.run_id,
            line.campaign_name,
            line.campaign_version or NO_VERSION,
            line.outcome.value,
            codes[line.error_code] if line.outcome in _FAILED else line.error_code or "",
            line.minute,
            line.count,
        )
        for line in lines
    ]
    tally = pd.DataFrame(rows, columns=[*_LINE, "count"])
    return tally.astype({"minute": "datetime64[us, UTC]", "count": "int64"})


def with_titles(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with column titles and outcomes in the reader's language."""
    if "Outcome" in table:
        table = table.assign(Outcome=table["Outcome"].map(_))
    return table.rename(columns=_)


def suits_quarters(tally: pd.DataFrame) -> bool:
    """Return whether a tally by quarters of an hour gives the same chart as one by minutes.

    It does over a long period, with far fewer lines.
    """
    minutes = _answered(tally)["minute"]
    return len(minutes) > 0 and bool(minutes.max() - minutes.min() >= _BY_QUARTERS_FROM)


def by_sendout(
    tally: pd.DataFrame, entries: Mapping[tuple[str, str], int] | None = None
) -> pd.DataFrame:
    """Return recipients by campaign and version, one column per outcome, largest first.

    ``entries`` are recipients by (campaign, version); those without an outcome are waiting. Without
    ``entries``, only settled recipients are counted.
    """
    keys = ["campaign", "version"]
    counts = _by_outcome(tally, keys, SETTLED)
    planned = counts.sum(axis="columns")
    if entries is not None:
        index = pd.MultiIndex.from_tuples(list(entries), names=keys)
        planned = pd.Series(list(entries.values()), index=index, dtype="int64")
        counts = counts.reindex(counts.index.union(index), fill_value=0)
    settled = counts.sum(axis="columns")
    waiting = planned.reindex(counts.index, fill_value=0).sub(settled).clip(lower=0)
    counts.insert(_WAITING_COLUMN, OUTCOME_STYLES[Outcome.WAITING].label, waiting)
    counts["Total"] = counts.sum(axis="columns")
    table = counts.reset_index().rename(columns={"campaign": "Campaign", "version": "Version"})
    order = ["Total", "Campaign", "Version"]
    return table.sort_values(order, ascending=[False, True, True]).reset_index(drop=True)


def by_code(tally: pd.DataFrame) -> pd.DataFrame:
    """Return rejected and unconfirmed recipients by error code, most frequent first."""
    counts = _by_outcome(_failures(tally), "code", _FAILED)
    infos = [explain(str(code)) for code in counts.index]
    table = pd.DataFrame(
        {
            "Error": [_(info.title) for info in infos],
            "Recipients": counts.sum(axis="columns").to_numpy(),
            **{name: counts[name].to_numpy() for name in counts.columns},
            "Next step": [_(CLASS_LABELS[info.error_class]) for info in infos],
            "Code": list(counts.index),
        }
    )
    return _ranked(table, ["Code"])


def by_class(tally: pd.DataFrame) -> pd.DataFrame:
    """Return rejected recipients by the next step that the error calls for, most frequent first."""
    rejected = tally[tally["outcome"] == Outcome.REJECTED]
    steps = rejected["code"].map(lambda code: _(CLASS_LABELS[explain(code).error_class]))
    counts = rejected["count"].groupby(steps.rename("Next step")).sum()
    return _ranked(counts.rename("Recipients").reset_index(), ["Next step"])


def over_time(tally: pd.DataFrame, zone: tzinfo) -> pd.DataFrame:
    """Return responses by minute, hour or day, whichever suits the period; times are local."""
    answered = _answered(tally)
    minutes = answered["minute"].dt.tz_convert(zone).dt.tz_localize(None)
    times = minutes.dt.floor(bucket_of(minutes)).rename("Time")
    return _by_outcome(answered.assign(Time=times), "Time", _ANSWERED).reset_index()


def bucket_of(times: "pd.Series[pd.Timestamp]") -> str:
    """Return the interval that one bar covers: ``1min``, ``1h`` or ``1D``.

    The result is the same for times and for the starts of their intervals.
    """
    if times.empty or times.max() - times.min() < _BY_MINUTE_BELOW:
        return "1min"
    length = times.max().floor("h") - times.min().floor("h")
    return "1h" if length < _BY_HOUR_BELOW else "1D"


def by_campaign(tally: pd.DataFrame) -> pd.DataFrame:
    """Return rejected and unconfirmed recipients by campaign, version and error code."""
    keys = ["campaign", "version", "outcome", "code"]
    counts = _failures(tally).groupby(keys, sort=False)["count"].sum().reset_index()
    table = pd.DataFrame(
        {
            "Campaign": counts["campaign"],
            "Version": counts["version"],
            "Error": [_(explain(code).title) for code in counts["code"]],
            "Recipients": counts["count"],
            "Outcome": _labels(counts["outcome"]),
            "Code": counts["code"],
        }
    )
    return _ranked(table, ["Campaign", "Version", "Code", "Outcome"])


def _by_outcome(
    tally: pd.DataFrame, key: str | list[str], outcomes: Sequence[Outcome]
) -> pd.DataFrame:
    """Return recipients by ``key``, with one column per outcome, named by its label."""
    counts = tally.pivot_table(
        index=key, columns="outcome", values="count", aggfunc="sum", fill_value=0
    )
    counts = counts.reindex(columns=[each.value for each in outcomes], fill_value=0)
    return counts.astype("int64").set_axis(
        [OUTCOME_STYLES[each].label for each in outcomes], axis="columns"
    )


def _answered(tally: pd.DataFrame) -> pd.DataFrame:
    return tally[tally["outcome"].isin([each.value for each in _ANSWERED])]


def _failures(tally: pd.DataFrame) -> pd.DataFrame:
    return tally[tally["outcome"].isin([each.value for each in _FAILED])]


def _labels(outcomes: "pd.Series[str]") -> "pd.Series[str]":
    return outcomes.map(lambda outcome: OUTCOME_STYLES[Outcome(outcome)].label)


def _ranked(table: pd.DataFrame, ties: list[str]) -> pd.DataFrame:
    """Sort by recipients, largest first, and add the share of each line in percent."""
    order = [False, *(True for _ in ties)]
    table = table.sort_values(["Recipients", *ties], ascending=order).reset_index(drop=True)
    share = 100 * table["Recipients"] / max(int(table["Recipients"].sum()), 1)
    return table.assign(**{"Share (%)": share.round(1)})
