"""Plotly figures of outcomes. They take summaries' frames and know nothing of pages.

Each outcome has one colour everywhere: see `looks`.
"""

from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from lib.outcomes.looks import LOOKS
from lib.outcomes.summaries import TITLES

COLOURS: Final = {TITLES[outcome]: LOOKS[outcome].colour for outcome in TITLES}
_NEUTRAL: Final = "#0e7490"
_LONGEST_LABEL: Final = 34
_MOST_BARS: Final = 25
_BAR_HEIGHT: Final = 34


def by_sendout(frame: pd.DataFrame) -> go.Figure:
    """Draw `Summary.by_sendout`: a bar for each sendout, its parts the outcomes."""
    shown = frame.head(_MOST_BARS)
    labels = [
        _label(f"{campaign} · {version}" if version != "not named" else campaign)
        for campaign, version in zip(shown["Campaign"], shown["Version"], strict=True)
    ]
    figure = go.Figure()
    for title in TITLES.values():
        if shown[title].any():
            figure.add_bar(
                x=shown[title],
                y=labels,
                name=title,
                orientation="h",
                marker_color=COLOURS[title],
                hovertemplate=f"%{{y}}<br>{title}: %{{x:,}}<extra></extra>",
            )
    return _bars(figure, len(shown), legend=True)


def by_code(frame: pd.DataFrame) -> go.Figure:
    """Draw `Summary.by_code`: a bar for each error code, by its title."""
    shown = frame.head(_MOST_BARS)
    figure = go.Figure()
    for title in ("Rejected", "In doubt"):
        part = shown[shown["Outcome"] == title]
        if not part.empty:
            figure.add_bar(
                x=part["Recipients"],
                y=[_label(text) for text in part["What happened"]],
                customdata=part["Code"],
                name=title,
                orientation="h",
                marker_color=COLOURS[title],
                hovertemplate="%{y}<br>%{x:,} recipients<br>%{customdata}<extra></extra>",
            )
    return _bars(figure, len(shown), legend=len(figure.data) > 1)


def by_class(frame: pd.DataFrame) -> go.Figure:
    """Draw `Summary.by_class`: a bar for each thing that there is to do."""
    figure = go.Figure(
        go.Bar(
            x=frame["Recipients"],
            y=frame["What to do"],
            orientation="h",
            marker_color=_NEUTRAL,
            hovertemplate="%{y}<br>%{x:,} recipients<extra></extra>",
        )
    )
    return _bars(figure, len(frame), legend=False)


def over_time(frame: pd.DataFrame) -> go.Figure:
    """Draw `Summary.over_time`: a column for each stretch of time, its parts the outcomes."""
    figure = go.Figure()
    for title in TITLES.values():
        if frame[title].any():
            figure.add_bar(
                x=frame["From"],
                y=frame[title],
                name=title,
                marker_color=COLOURS[title],
                hovertemplate=f"%{{x}}<br>{title}: %{{y:,}}<extra></extra>",
            )
    figure.update_layout(
        **_layout(legend=True), barmode="stack", height=320, yaxis={"tickformat": ",d"}
    )
    figure.update_yaxes(rangemode="tozero")
    return figure


def by_campaign_and_code(frame: pd.DataFrame) -> go.Figure:
    """Draw `Summary.by_campaign_and_code`: what happened within versions within campaigns."""
    labels: dict[str, str] = {}
    parents: dict[str, str] = {}
    values: dict[str, int] = {}
    colours: dict[str, str] = {}
    for line in frame.itertuples(index=False, name=None):
        *path, count = line
        for depth in range(1, 4):
            key = "/".join(path[:depth])
            labels[key] = path[depth - 1]
            parents[key] = "/".join(path[: depth - 1])
            values[key] = values.get(key, 0) + count
            colours[key] = _NEUTRAL
        colours[key] = COLOURS.get(path[2], COLOURS["Rejected"])
    keys = list(labels)
    figure = go.Figure(
        go.Icicle(
            ids=keys,
            labels=[_label(labels[key]) for key in keys],
            parents=[parents[key] for key in keys],
            values=[values[key] for key in keys],
            marker_colors=[colours[key] for key in keys],
            branchvalues="total",
            textfont_color="white",
            texttemplate="%{label}<br>%{value:,}",
            hovertemplate="%{label}<br>%{value:,} recipients<extra></extra>",
            tiling_orientation="v",
        )
    )
    figure.update_layout(**_layout(legend=False), height=380)
    return figure


def _bars(figure: go.Figure, bars: int, *, legend: bool) -> go.Figure:
    figure.update_layout(
        **_layout(legend=legend),
        barmode="stack",
        height=90 + _BAR_HEIGHT * max(bars, 2),
        bargap=0.35,
        xaxis={"tickformat": ",d", "rangemode": "tozero", "nticks": 5},
        yaxis={"autorange": "reversed", "automargin": True, "ticksuffix": "  "},
    )
    return figure


def _layout(*, legend: bool) -> dict[str, Any]:
    return {
        "margin": {"l": 8, "r": 16, "t": 40 if legend else 8, "b": 8},
        "showlegend": legend,
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "xanchor": "left", "x": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"align": "left"},
    }


def _label(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1] + "…"
