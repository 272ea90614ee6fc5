"""Settled recipients as tidy tables: one line a bar, plain column titles, nothing left out.

Each takes a tally (see `tally_of`) and is what its chart draws, what stands beside it as numbers,
and what is downloaded.
"""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Final

import pandas as pd

from lib.connectly import explain
from lib.delivery import Outcome, TallyLine
from lib.outcomes.looks import LOOKS

NO_VERSION: Final = "not known"
SETTLED: Final = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN, Outcome.CANCELLED)
_OF_SENDOUTS: Final = (
    Outcome.ACCEPTED,
    Outcome.REJECTED,
    Outcome.UNKNOWN,
    Outcome.WAITING,
    Outcome.CANCELLED,
)
_ANSWERED: Final = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN)
_FAILED: Final = (Outcome.REJECTED, Outcome.UNKNOWN)
_LINE: Final = ["run_id", "campaign", "version", "outcome", "code", "minute"]

# A chart of a long time by the minute would have more bars than a screen has pixels.
_BY_MINUTE_UP_TO: Final = pd.Timedelta(hours=2)
_BY_HOUR_UP_TO: Final = pd.Timedelta(days=4)


def tally_of(lines: Sequence[TallyLine]) -> pd.DataFrame:
    """Return tally lines as a frame: run_id, campaign, version, outcome, code, minute, count.

    A version that nobody has named reads "not known"; a failure without a code has the API's code
    for no reason given, anything else without a code an empty one.
    """
    rows = [
        (
            line.run_id,
            line.campaign_name,
            line.campaign_version or NO_VERSION,
            line.outcome.value,
            explain(line.error_code).code if line.outcome in _FAILED else line.error_code or "",
            line.minute,
            line.count,
        )
        for line in lines
    ]
    tally = pd.DataFrame(rows, columns=[*_LINE, "count"])
    return tally.astype({"minute": "datetime64[us, UTC]", "count": "int64"})


def by_sendout(
    tally: pd.DataFrame, entries: Mapping[tuple[str, str], int] | None = None
) -> pd.DataFrame:
    """Return recipients by campaign and version, one column an outcome, largest first.

    ``entries`` says how many recipients each (campaign, version) has; what of them has no outcome
    yet is waiting. Without it only what is settled is counted.
    """
    keys = ["campaign", "version"]
    counts = tally.pivot_table(
        index=keys, columns="outcome", values="count", aggfunc="sum", fill_value=0
    )
    if entries is not None:
        index = pd.MultiIndex.from_tuples(list(entries), names=keys)
        counts = counts.reindex(counts.index.union(index), fill_value=0)
        planned = pd.Series(list(entries.values()), index=index, dtype="int64")
        settled = counts.sum(axis="columns")
        counts["waiting"] = (planned.reindex(counts.index, fill_value=0) - settled).clip(lower=0)
    counts = counts.reindex(columns=[each.value for each in _OF_SENDOUTS], fill_value=0)
    counts = counts.astype("int64").rename(
        columns={each.value: LOOKS[each].label for each in LOOKS}
    )
    counts["Total"] = counts.sum(axis="columns")
    counts = counts.reset_index().rename(columns={"campaign": "Campaign", "version": "Version"})
    counts = counts.sort_values(["Total", "Campaign", "Version"], ascending=[False, True, True])
    return counts.rename_axis(columns=None).reset_index(drop=True)


def by_code(tally: pd.DataFrame) -> pd.DataFrame:
    """Return rejected recipients and those in doubt by error code, most frequent first."""
    codes = _failures(tally).groupby(["code", "outcome"], sort=False)["count"].sum().reset_index()
    infos = [explain(code) for code in codes["code"]]
    table = pd.DataFrame(
        {
            "Error": [info.title for info in infos],
            "Code": codes["code"],
            "Outcome": _labels(codes["outcome"]),
            "Next step": [_sentence(info.error_class) for info in infos],
            "Recipients": codes["count"],
        }
    )
    return _ranked(table, ["Code", "Outcome"])


def by_class(tally: pd.DataFrame) -> pd.DataFrame:
    """Return rejected recipients by what is to be done about the error, most frequent first."""
    rejected = tally[tally["outcome"] == Outcome.REJECTED]
    steps = rejected["code"].map(lambda code: _sentence(explain(code).error_class))
    counts = rejected["count"].groupby(steps.rename("Next step")).sum()
    return _ranked(counts.rename("Recipients").reset_index(), ["Next step"])


def over_time(tally: pd.DataFrame, zone: tzinfo) -> pd.DataFrame:
    """Return answers by minute, hour or day, whichever suits the range; times as in ``zone``."""
    answered = tally[tally["outcome"].isin([each.value for each in _ANSWERED])]
    minutes = answered["minute"].dt.tz_convert(zone).dt.tz_localize(None)
    starts = minutes.dt.floor(bucket_of(minutes)).rename("Time")
    counts = answered.pivot_table(
        index=starts, columns="outcome", values="count", aggfunc="sum", fill_value=0
    )
    counts = counts.reindex(columns=[each.value for each in _ANSWERED], fill_value=0)
    counts = counts.astype("int64").rename(
        columns={each.value: LOOKS[each].label for each in LOOKS}
    )
    return counts.rename_axis(columns=None).reset_index()


def bucket_of(times: "pd.Series[pd.Timestamp]") -> str:
    """Return the length of time that one bar stands for: ``1min``, ``1h`` or ``1D``."""
    if times.empty or (length := times.max() - times.min()) <= _BY_MINUTE_UP_TO:
        return "1min"
    return "1h" if length <= _BY_HOUR_UP_TO else "1D"


def by_campaign(tally: pd.DataFrame) -> pd.DataFrame:
    """Return rejected recipients and those in doubt by campaign, version and error code."""
    keys = ["campaign", "version", "outcome", "code"]
    counts = _failures(tally).groupby(keys, sort=False)["count"].sum().reset_index()
    table = pd.DataFrame(
        {
            "Campaign": counts["campaign"],
            "Version": counts["version"],
            "Outcome": _labels(counts["outcome"]),
            "Error": [explain(code).title for code in counts["code"]],
            "Code": counts["code"],
            "Recipients": counts["count"],
        }
    )
    return _ranked(table, ["Campaign", "Version", "Code", "Outcome"])


def _failures(tally: pd.DataFrame) -> pd.DataFrame:
    return tally[tally["outcome"].isin([each.value for each in _FAILED])]


def _labels(outcomes: "pd.Series[str]") -> "pd.Series[str]":
    return outcomes.map(lambda outcome: LOOKS[Outcome(outcome)].label)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _ranked(table: pd.DataFrame, ties: list[str]) -> pd.DataFrame:
    """Sort by recipients, most first, and say which share of all each line has."""
    order = [False, *(True for _ in ties)]
    table = table.sort_values(["Recipients", *ties], ascending=order).reset_index(drop=True)
    share = 100 * table["Recipients"] / max(int(table["Recipients"].sum()), 1)
    return table.assign(**{"Share (%)": share.round(1)})
