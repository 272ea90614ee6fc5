"""Charts of outcomes, each with what belongs beside it: a title, words for it, and its numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from lib.outcomes.figures import (
    campaign_chart,
    class_chart,
    code_chart,
    sendout_chart,
    time_chart,
)
from lib.outcomes.palette import OUTCOME_STYLES
from lib.outcomes.summaries import Summary
from lib.outcomes.tables import bucket_of

_NAMES: Final = ("Campaign", "Version", "Error", "Time", "Next step")
_COUNTS: Final = frozenset(look.label for look in OUTCOME_STYLES.values())
_BUCKET_WORDS: Final = {"1min": "minute", "1h": "hour", "1D": "day"}


@dataclass(frozen=True)
class Chart:
    """A chart with what belongs beside it.

    ``figure`` is None where there is nothing to draw: then ``empty`` says why. ``alt`` is for
    people who cannot see it, ``table`` has the numbers it draws.
    """

    key: str
    title: str
    figure: go.Figure | None
    alt: str
    table: pd.DataFrame
    empty: str


def charts_of(summary: Summary, *, zone: tzinfo = UTC) -> tuple[Chart, ...]:
    """Return the charts of a summary, in the order of a page; times are as in ``zone``."""
    times = summary.over_time(zone)
    return (
        _chart(
            sendout_chart,
            summary.by_sendout,
            key="sendouts",
            title="Accepted and rejected by sendout",
            empty="Nothing has been sent yet. As soon as rows are on their way, they show here.",
        ),
        _chart(
            code_chart,
            summary.by_code,
            key="codes",
            title="Errors",
            empty="Nobody was rejected and nobody is in doubt. There is nothing to mend.",
        ),
        _chart(
            class_chart,
            summary.by_class,
            key="classes",
            title="Rejections by what to do next",
            empty="Nobody was rejected.",
        ),
        _chart(
            time_chart,
            times,
            key="time",
            title=f"Answers by the {_BUCKET_WORDS[bucket_of(times['Time'])]}",
            empty="No answer has come back yet.",
        ),
        _chart(
            campaign_chart,
            summary.by_campaign,
            key="campaigns",
            title="Where the errors are",
            empty="No campaign has any rejected recipients, or any in doubt.",
        ),
    )


def _chart(
    draw: Callable[[pd.DataFrame], go.Figure],
    table: pd.DataFrame,
    *,
    key: str,
    title: str,
    empty: str,
) -> Chart:
    figure = draw(table) if len(table) else None
    alt = f"{title}. {_in_words(table) if len(table) else empty}"
    return Chart(key=key, title=title, figure=figure, alt=alt, table=table, empty=empty)


def _in_words(table: pd.DataFrame) -> str:
    """Say what the first lines of a table say."""
    names = [name for name in table.columns if name in _NAMES]
    counts = [name for name in table.columns if name in _COUNTS] or ["Recipients"]
    lines = []
    for line in table.head(3).to_dict("records"):
        said = ", ".join(f"{line[name]:,} {name.lower()}" for name in counts if line[name])
        lines.append(f"{' · '.join(str(line[name]) for name in names)}: {said}.")
    if len(table) > len(lines):
        lines.append(f"And {len(table) - len(lines):,} more, in the table.")
    return " ".join(lines)
