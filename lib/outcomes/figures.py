"""Plotly figures of outcomes that adapt to the width, theme and text colour of the page.

Names are above their bars rather than beside them, so that long campaign names fit on a phone.
Backgrounds are transparent, and only text on bars has a fixed colour.
"""

import textwrap
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pandas as pd
import plotly.graph_objects as go
from babel.numbers import format_decimal

from lib.delivery import Outcome
from lib.i18n import _, current_locale, ngettext
from lib.outcomes.palette import OUTCOME_STYLES, OutcomeStyle
from lib.outcomes.tables import bucket_of

_MAX_BARS: Final = 30  # all others are added up in one more bar
_LINE_HEIGHT: Final = 46
_MARGIN: Final = {"l": 2, "r": 2, "t": 8, "b": 8}
_LEGEND_HEIGHT: Final = 34
_BAR_LABEL: Final = 42  # characters that fit into 350 pixels beside a number
_AREA_HEADER: Final = 26
_AREA_LINE: Final = 14
_CAMPAIGN_AREAS: Final = 5
_ERROR_AREAS: Final = 5
_GRID: Final = "rgba(128, 128, 128, 0.25)"
_STYLE_BY_LABEL: Final[dict[str, OutcomeStyle]] = {
    style.label: style for outcome, style in OUTCOME_STYLES.items() if outcome is not Outcome.HELD
}
_REJECTED: Final = OUTCOME_STYLES[Outcome.REJECTED]
# Dark enough for white text on either background.
_CAMPAIGN_COLOUR: Final = "#475569"
_VERSION_COLOUR: Final = "#64707d"
_WHITE: Final = "#ffffff"


class _Area(NamedTuple):
    """An area of the treemap; the parent's path is ``path`` without its last element."""

    path: tuple[str, ...]
    label: str
    hint: str
    recipients: int
    colour: str
    ink: str


def sendout_chart(table: pd.DataFrame) -> go.Figure:
    """Draw `tables.by_sendout`: a stacked bar per sendout, a colour per outcome, largest first."""
    labels = table["Campaign"] + " · " + table["Version"]
    counts = table[list(_STYLE_BY_LABEL)]
    labels, counts = _with_rest(labels, counts, _other_sendouts)
    bars = [
        _bar(counts[name], labels, style, name, inside=True)
        for name, style in _STYLE_BY_LABEL.items()
        if counts[name].any()
    ]
    return _labelled(bars, labels, counts.sum(axis="columns"))


def code_chart(table: pd.DataFrame) -> go.Figure:
    """Draw `tables.by_code`: a bar per error code, named by its title, with the code on hover."""
    names = [name for name in _STYLE_BY_LABEL if name in table]
    hints = table["Error"] + "\n" + table["Code"]
    labels, counts = _with_rest(table["Error"], table[names], _other_errors)
    hints = _with_rest(hints, table[names], _other_errors)[0]
    bars = [
        _bar(counts[name], hints, _STYLE_BY_LABEL[name], name)
        for name in names
        if counts[name].any()
    ]
    return _labelled(bars, labels, counts.sum(axis="columns"))


def class_chart(table: pd.DataFrame) -> go.Figure:
    """Draw `tables.by_class`: one bar per next step."""
    bar = _bar(table["Recipients"], table["Next step"], _REJECTED, _REJECTED.label)
    return _labelled([bar], table["Next step"], table["Recipients"])


def time_chart(table: pd.DataFrame) -> go.Figure:
    """Draw `tables.over_time`: one stacked bar per minute, hour or day."""
    bucket = bucket_of(table["Time"])
    length = pd.Timedelta(bucket)
    shown = "%-d %b %Y" if bucket == "1D" else "%-d %b %Y, %H:%M"
    figure = go.Figure(
        [
            go.Bar(
                # Bars start at the start of their interval.
                x=table["Time"],
                y=table[name],
                name=_(name),
                offset=0,
                width=0.9 * length / pd.Timedelta(milliseconds=1),
                marker={"color": style.colour, "line": {"width": 0}},
                hovertemplate=f"%{{x|{shown}}}<br>%{{y:,}} {_(name).lower()}<extra></extra>",
            )
            for name, style in _STYLE_BY_LABEL.items()
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
    """Return the first and the last day of a period."""
    # A period that ends at midnight ends on the previous day.
    days = [f"{day:%-d %b %Y}" for day in (first, last - pd.Timedelta(minutes=1))]
    return " – ".join(dict.fromkeys(days))  # noqa: RUF001 - the dash between two dates


def campaign_chart(table: pd.DataFrame) -> go.Figure:
    """Draw `tables.by_campaign` as a treemap of campaigns, versions and error codes.

    All but the largest campaigns and errors share one area, because small areas have no room for
    a name.
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
        name = _("Other campaigns: {count}", count=_number(others["Campaign"].nunique()))
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
            hovertemplate=f"%{{customdata}}<br>%{{value:,}} {_('recipients')}<extra></extra>",
            tiling={"pad": 2},
            pathbar={"visible": False},
        )
    )
    _lay_out(figure, height=min(180 + 24 * len(areas), 440))
    figure.update_layout(uniformtext={"mode": "hide", "minsize": 10})
    return figure


def _error_areas(path: tuple[str, str], table: pd.DataFrame) -> list[_Area]:
    """Return the errors of one version as areas, the largest ones by name."""
    areas = []
    for line in table.head(_ERROR_AREAS).to_dict("records"):
        style = _STYLE_BY_LABEL[line["Outcome"]]
        areas.append(
            _Area(
                # Rejected and unconfirmed rows may have the same code.
                path=(*path, f"{line['Code']} {line['Outcome']}"),
                label="<br>".join(map(_escaped, textwrap.wrap(line["Error"], _AREA_LINE))),
                hint=_escaped(f"{line['Error']}\n{line['Code']}\n{_(line['Outcome'])}"),
                recipients=line["Recipients"],
                colour=style.colour,
                ink=style.ink,
            )
        )
    others = table.iloc[_ERROR_AREAS:]
    if len(others):
        areas.append(
            _area(
                (*path, _("Other errors: {count}", count=_number(len(others)))),
                others,
                _VERSION_COLOUR,
            )
        )
    return areas


def _area(path: tuple[str, ...], table: pd.DataFrame, colour: str) -> _Area:
    """Return one area for all lines of a table."""
    return _Area(
        path=path,
        label=_escaped(_shortened(path[-1], _AREA_HEADER)),
        hint=_escaped(" · ".join(path)),
        recipients=int(table["Recipients"].sum()),
        colour=colour,
        ink=_WHITE,
    )


def _with_rest(
    labels: "pd.Series[str]", counts: pd.DataFrame, name_others: Callable[[int], str]
) -> tuple["pd.Series[str]", pd.DataFrame]:
    """Keep the first bars and add up all others in one more, so that totals stay complete."""
    if len(labels) <= _MAX_BARS + 1:
        return labels, counts
    rest = counts.iloc[_MAX_BARS:].sum().to_frame().T
    label = name_others(len(labels) - _MAX_BARS)
    return (
        pd.concat([labels.head(_MAX_BARS), pd.Series([label])], ignore_index=True),
        pd.concat([counts.head(_MAX_BARS), rest], ignore_index=True),
    )


def _bar(
    counts: "pd.Series[int]",
    hints: "pd.Series[str]",
    style: OutcomeStyle,
    name: str,
    *,
    inside: bool = False,
) -> go.Bar:
    """Return the segments of one outcome in all bars; ``hints`` show on hover."""
    return go.Bar(
        x=counts,
        y=[line + 0.15 for line in range(len(counts))],
        name=_(name),
        orientation="h",
        width=0.42,
        marker={"color": style.colour, "line": {"width": 0}},
        text=[_number(count) if inside and count else "" for count in counts],
        textposition="inside",
        insidetextanchor="middle",
        insidetextfont={"color": style.ink},
        textangle=0,
        customdata=[_escaped(hint) for hint in hints],
        hovertemplate=f"%{{customdata}}<br>%{{x:,}} {_(name).lower()}<extra></extra>",
    )


def _labelled(bars: list[go.Bar], labels: "pd.Series[str]", totals: "pd.Series[int]") -> go.Figure:
    """Draw bars with a name above each on the left and the total on the right."""
    figure = go.Figure(bars)
    _lay_out(figure, height=_LINE_HEIGHT * len(labels) + _LEGEND_HEIGHT)
    figure.update_layout(
        barmode="stack",
        uniformtext={"mode": "hide", "minsize": 10},
        annotations=[
            note
            for line, (label, total) in enumerate(zip(labels, totals, strict=True))
            for note in (
                _note(line, 0, "left", _escaped(_shortened(label, _BAR_LABEL))),
                _note(line, 1, "right", f"<b>{_number(total)}</b>"),
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


def _shortened(label: str, length: int) -> str:
    """Shorten a long name in the middle: names often differ at their start or their end."""
    if len(label) <= length:
        return label
    half = length // 2
    return f"{label[:half]}…{label[-half:]}"


def _escaped(text: str) -> str:
    """Escape a name, since Plotly interprets tags and entities."""
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")
    )


def _number(number: int) -> str:
    return str(format_decimal(int(number), locale=current_locale()))


def _other_sendouts(number: int) -> str:
    return ngettext("{count} other sendout", "{count} other sendouts", number)


def _other_errors(number: int) -> str:
    return ngettext("{count} other error", "{count} other errors", number)
