"""Charts of outcomes, each with a title, an alternative text and a table of its numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final

import pandas as pd
import plotly.graph_objects as go
from babel.numbers import format_decimal

from lib.i18n import N_, _, current_locale, ngettext
from lib.outcomes.figures import (
    campaign_chart,
    class_chart,
    code_chart,
    sendout_chart,
    time_chart,
)
from lib.outcomes.palette import OUTCOME_STYLES
from lib.outcomes.summaries import Summary
from lib.outcomes.tables import bucket_of, with_titles

_NAME_COLUMNS: Final = ("Campaign", "Version", "Error", "Time", "Next step")
_COUNT_COLUMNS: Final = frozenset(style.label for style in OUTCOME_STYLES.values())
_TIME_TITLES: Final = {
    "1min": N_("Responses per minute"),
    "1h": N_("Responses per hour"),
    "1D": N_("Responses per day"),
}


@dataclass(frozen=True)
class Chart:
    """A chart and what is shown with it, in the reader's language.

    Without data, ``figure`` is None and ``empty`` says why. ``alt`` is the alternative text for
    people who cannot see the chart. ``table`` holds its numbers under English column names; see
    `titled_table`.
    """

    key: str
    title: str
    figure: go.Figure | None
    alt: str
    table: pd.DataFrame
    empty: str

    @property
    def titled_table(self) -> pd.DataFrame:
        """The numbers, with column titles in the reader's language."""
        return with_titles(self.table)


def charts_of(summary: Summary, *, zone: tzinfo = UTC) -> tuple[Chart, ...]:
    """Return the charts of a summary in the order of the page; times are local to ``zone``."""
    times = summary.over_time(zone)
    return (
        _chart(
            sendout_chart,
            summary.by_sendout,
            key="sendouts",
            title=_("Accepted and rejected by sendout"),
            empty=_("Nothing has been sent yet. Results appear here as soon as sending starts."),
        ),
        _chart(
            code_chart,
            summary.by_code,
            key="codes",
            title=_("Errors"),
            empty=_("No recipient was rejected or is unconfirmed. There is nothing to fix."),
        ),
        _chart(
            class_chart,
            summary.by_class,
            key="classes",
            title=_("Rejections by next step"),
            empty=_("No recipient was rejected."),
        ),
        _chart(
            time_chart,
            times,
            key="time",
            title=_(_TIME_TITLES[bucket_of(times["Time"])]),
            empty=_("There are no responses yet."),
        ),
        _chart(
            campaign_chart,
            summary.by_campaign,
            key="campaigns",
            title=_("Errors by campaign"),
            empty=_("No campaign has rejected or unconfirmed recipients."),
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
    alt = f"{title}. {_described(table) if len(table) else empty}"
    return Chart(key=key, title=title, figure=figure, alt=alt, table=table, empty=empty)


def _described(table: pd.DataFrame) -> str:
    """Describe the first lines of a table."""
    names = [name for name in table.columns if name in _NAME_COLUMNS]
    counts = [name for name in table.columns if name in _COUNT_COLUMNS] or ["Recipients"]
    lines = []
    for line in table.head(3).to_dict("records"):
        parts = ", ".join(
            f"{format_decimal(line[name], locale=current_locale())} {_(name).lower()}"
            for name in counts
            if line[name]
        )
        lines.append(f"{' · '.join(str(line[name]) for name in names)}: {parts}.")
    if more := len(table) - len(lines):
        lines.append(
            ngettext("{count} more row in the table.", "{count} more rows in the table.", more)
        )
    return " ".join(lines)
