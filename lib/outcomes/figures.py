"""Plotly figures of outcomes: they adapt to the page's width, theme and text colour.

Names stand above their bars, not beside them, so that a long campaign name leaves the bar its room
on a phone. Backgrounds are transparent and no text has a colour of its own, except upon a bar.
"""

import textwrap
from typing import Any, Final, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib.delivery import Outcome
from lib.outcomes.palette import OUTCOME_STYLES, OutcomeStyle
from lib.outcomes.tables import bucket_of

_BARS: Final = 30  # what is beyond is drawn as one bar
_LINE_HEIGHT: Final = 46
_MARGIN: Final = {"l": 2, "r": 2, "t": 8, "b": 8}
_LEGEND_HEIGHT: Final = 34
_BAR_LABEL: Final = 42  # characters that 350 pixels hold, with a number beside them
_AREA_HEADER: Final = 26
_AREA_LINE: Final = 14
_CAMPAIGN_AREAS: Final = 5
_ERROR_AREAS: Final = 5
_GRID: Final = "rgba(128, 128, 128, 0.25)"
_LOOK_BY_LABEL: Final[dict[str, OutcomeStyle]] = {
    look.label: look for outcome, look in OUTCOME_STYLES.items() if outcome is not Outcome.HELD
}
_REJECTED: Final = OUTCOME_STYLES[Outcome.REJECTED]
# Around the coloured leaves of the map: dark enough for white text, on either background.
_CAMPAIGN_COLOUR: Final = "#475569"
_VERSION_COLOUR: Final = "#64707d"
_WHITE: Final = "#ffffff"


class _Area(NamedTuple):
    """A part of the map, inside the one that its path names without its last step."""

    path: tuple[str, ...]
    label: str
    hint: str
    recipients: int
    colour: str
    ink: str


def sendout_chart(table: pd.DataFrame) -> go.Figure:
    """Draw `tables.by_sendout`: a stacked bar a sendout, a colour an outcome, largest on top."""
    labels = table["Campaign"] + " · " + table["Version"]
    counts = table[list(_LOOK_BY_LABEL)]
    labels, counts = _with_rest(labels, counts, "other sendouts")
    bars = [
        _bar(counts[name], labels, look, name, inside=True)
        for name, look in _LOOK_BY_LABEL.items()
        if counts[name].any()
    ]
    return _labelled(bars, labels, counts.sum(axis="columns"))


def code_chart(table: pd.DataFrame) -> go.Figure:
    """Draw `tables.by_code`: a bar an error code, named by its title, the code on hover."""
    names = [name for name in _LOOK_BY_LABEL if name in table]
    hints = table["Error"] + "\n" + table["Code"]
    labels, counts = _with_rest(table["Error"], table[names], "other errors")
    hints, _ = _with_rest(hints, table[names], "other errors")
    bars = [
        _bar(counts[name], hints, _LOOK_BY_LABEL[name], name)
        for name in names
        if counts[name].any()
    ]
    return _labelled(bars, labels, counts.sum(axis="columns"))


def class_chart(table: pd.DataFrame) -> go.Figure:
    """Draw `tables.by_class`: a bar for each kind of thing to do next."""
    bar = _bar(table["Recipients"], table["Next step"], _REJECTED, "Rejected")
    return _labelled([bar], table["Next step"], table["Recipients"])


def time_chart(table: pd.DataFrame) -> go.Figure:
    """Draw `tables.over_time`: a stacked bar for each minute, hour or day."""
    bucket = bucket_of(table["Time"])
    length = pd.Timedelta(bucket)
    shown = "%-d %b %Y" if bucket == "1D" else "%-d %b %Y, %H:%M"
    figure = go.Figure(
        [
            go.Bar(
                # A bar begins where its time begins.
                x=table["Time"],
                y=table[name],
                name=name,
                offset=0,
                width=0.9 * length / pd.Timedelta(milliseconds=1),
                marker={"color": look.colour, "line": {"width": 0}},
                hovertemplate=f"%{{x|{shown}}}<br>%{{y:,}} {name.lower()}<extra></extra>",
            )
            for name, look in _LOOK_BY_LABEL.items()
            if name in table and table[name].any()
        ]
    )
    first, last = table["Time"].min(), table["Time"].max() + length
    room = max(length, 12 * length - (last - first)) / 2
    highest = int(table.drop(columns="Time").sum(axis="columns").max())
    _lay_out(figure, height=300)
    figure.update_layout(barmode="stack")
    figure.update_xaxes(
        type="date",
        range=[first - room, last + room],
        tickformat="%-d %b" if bucket == "1D" else "%H:%M",
        title={"text": _days(first, last), "standoff": 4, "font": {"size": 13}},
        tickangle=0,
        nticks=6,
        showgrid=False,
        automargin=True,
    )
    figure.update_yaxes(
        rangemode="tozero",
        tickformat=",d",
        nticks=5,
        dtick=1 if highest <= 4 else None,
        gridcolor=_GRID,
        zeroline=False,
        automargin=True,
    )
    return figure


def _days(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Say over which days the times lie."""
    # What ends at midnight ends on the day before.
    days = [f"{day:%-d %b %Y}" for day in (first, last - pd.Timedelta(minutes=1))]
    return " – ".join(dict.fromkeys(days))  # noqa: RUF001 - the dash between two dates


def campaign_chart(table: pd.DataFrame) -> go.Figure:
    """Draw `tables.by_campaign`: areas of campaigns, in them versions, in them error codes.

    Beyond the largest, campaigns and errors share one area: many small ones could not be named.
    """
    largest = table.groupby("Campaign")["Recipients"].sum().nlargest(_CAMPAIGN_AREAS).index
    shown = table[table["Campaign"].isin(largest)]
    areas = []
    for campaign, of_campaign in shown.groupby("Campaign", sort=False):
        areas.append(_area((str(campaign),), of_campaign, _CAMPAIGN_COLOUR))
        for version, of_version in of_campaign.groupby("Version", sort=False):
            areas.append(_area((str(campaign), str(version)), of_version, _VERSION_COLOUR))
            areas += _error_areas((str(campaign), str(version)), of_version)
    others = table.drop(shown.index)
    if len(others):
        name = f"Other campaigns: {others['Campaign'].nunique():,}"
        areas.append(_area((name,), others, _CAMPAIGN_COLOUR))
    figure = go.Figure(
        go.Treemap(
            ids=["\n".join(area.path) for area in areas],
            parents=["\n".join(area.path[:-1]) for area in areas],
            labels=[area.label for area in areas],
            values=[area.recipients for area in areas],
            customdata=[area.hint for area in areas],
            branchvalues="total",
            marker={
                "colors": [area.colour for area in areas],
                "line": {"width": 0},
                "pad": {"t": 22, "l": 3, "r": 3, "b": 3},
            },
            textfont={"color": [area.ink for area in areas], "size": 13},
            texttemplate="%{label}<br>%{value:,}",
            hovertemplate="%{customdata}<br>%{value:,} recipients<extra></extra>",
            tiling={"pad": 2},
            pathbar={"visible": False},
        )
    )
    _lay_out(figure, height=min(180 + 24 * len(areas), 440))
    figure.update_layout(uniformtext={"mode": "hide", "minsize": 10})
    return figure


def _error_areas(path: tuple[str, str], table: pd.DataFrame) -> list[_Area]:
    """Return one version's errors as areas, the largest by name."""
    areas = []
    for line in table.head(_ERROR_AREAS).to_dict("records"):
        look = _LOOK_BY_LABEL[line["Outcome"]]
        areas.append(
            _Area(
                # The same code may stand for rejected rows and for rows in doubt.
                path=(*path, f"{line['Code']} {line['Outcome']}"),
                label="<br>".join(map(_plain, textwrap.wrap(line["Error"], _AREA_LINE))),
                hint=_plain(f"{line['Error']}\n{line['Code']}\n{line['Outcome']}"),
                recipients=line["Recipients"],
                colour=look.colour,
                ink=look.ink,
            )
        )
    others = table.iloc[_ERROR_AREAS:]
    if len(others):
        areas.append(_area((*path, f"Other errors: {len(others):,}"), others, _VERSION_COLOUR))
    return areas


def _area(path: tuple[str, ...], table: pd.DataFrame, colour: str) -> _Area:
    """Return the area of all lines of a table."""
    return _Area(
        path=path,
        label=_plain(_shortened(path[-1], _AREA_HEADER)),
        hint=_plain(" · ".join(path)),
        recipients=int(table["Recipients"].sum()),
        colour=colour,
        ink=_WHITE,
    )


def _with_rest(
    labels: "pd.Series[str]", counts: pd.DataFrame, others: str
) -> tuple["pd.Series[str]", pd.DataFrame]:
    """Keep the first bars and gather all others in one more, so that nobody is left out."""
    if len(labels) <= _BARS + 1:
        return labels, counts
    rest = counts.iloc[_BARS:].sum().to_frame().T
    label = f"{len(labels) - _BARS:,} {others}"
    return (
        pd.concat([labels.head(_BARS), pd.Series([label])], ignore_index=True),
        pd.concat([counts.head(_BARS), rest], ignore_index=True),
    )


def _bar(
    counts: "pd.Series[int]",
    hints: "pd.Series[str]",
    look: OutcomeStyle,
    name: str,
    *,
    inside: bool = False,
) -> go.Bar:
    """Return one outcome's part of all bars; ``hints`` show on hover."""
    return go.Bar(
        x=counts,
        y=[line + 0.15 for line in range(len(counts))],
        name=name,
        orientation="h",
        width=0.42,
        marker={"color": look.colour, "line": {"width": 0}},
        text=[f"{count:,}" if inside and count else "" for count in counts],
        textposition="inside",
        insidetextanchor="middle",
        insidetextfont={"color": look.ink},
        textangle=0,
        customdata=[_plain(hint) for hint in hints],
        hovertemplate=f"%{{customdata}}<br>%{{x:,}} {name.lower()}<extra></extra>",
    )


def _labelled(bars: list[go.Bar], labels: "pd.Series[str]", totals: "pd.Series[int]") -> go.Figure:
    """Draw bars with a name above each, on the left, and its total on the right."""
    figure = go.Figure(bars)
    _lay_out(figure, height=_LINE_HEIGHT * len(labels) + _LEGEND_HEIGHT)
    figure.update_layout(
        barmode="stack",
        uniformtext={"mode": "hide", "minsize": 10},
        annotations=[
            note
            for line, (label, total) in enumerate(zip(labels, totals, strict=True))
            for note in (
                _note(line, 0, "left", _plain(_shortened(label, _BAR_LABEL))),
                _note(line, 1, "right", f"<b>{total:,}</b>"),
            )
        ],
    )
    figure.update_xaxes(visible=False, range=[0, max(int(totals.max()), 1)])
    figure.update_yaxes(visible=False, range=[len(labels) - 0.5, -0.5])
    return figure


def _note(line: int, x: float, side: str, text: str) -> dict[str, Any]:
    return {
        "text": text,
        "x": x,
        "xref": "paper",
        "xanchor": side,
        "y": line - 0.28,
        "yanchor": "middle",
        "align": side,
        "showarrow": False,
        "borderpad": 0,
    }


def _lay_out(figure: go.Figure, *, height: int) -> None:
    figure.update_layout(
        height=height + _MARGIN["t"] + _MARGIN["b"],
        margin=_MARGIN,
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font={"size": 13},
        separators=".,",
        dragmode=False,
        hovermode="closest",
        showlegend=True,
        legend={
            "orientation": "h",
            "traceorder": "normal",
            "x": 0,
            "y": 1,
            "yanchor": "bottom",
            "title": {"text": ""},
        },
    )
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True)


def _shortened(label: str, most: int) -> str:
    """Take the middle out of a long name: its beginning and its end tell it from others."""
    if len(label) <= most:
        return label
    half = most // 2
    return f"{label[:half]}…{label[-half:]}"


def _plain(text: str) -> str:
    """Keep a name from being read as Plotly's markup, which knows tags and entities."""
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")
    )
