"""Charts draw what their tables say, legibly, for everybody."""

import itertools
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lib.connectly import ALL_CODES
from lib.delivery import Outcome, OutcomeCount
from lib.outcomes import OUTCOME_STYLES, Chart, Filter, Summary, charts_of, tables

START = datetime(2026, 11, 24, 10, 5, tzinfo=UTC)
LONG = "promo_navidad_clientes_frecuentes_ciudad_de_méxico_y_área_metropolitana"
LIGHT, DARK = "#ffffff", "#101514"
DRAWN = [outcome for outcome in OUTCOME_STYLES if outcome is not Outcome.HELD]


def summary_of(lines: list[OutcomeCount]) -> Summary:
    tally = tables.tally_of(lines)
    totals = {
        each: int(tally.loc[tally["outcome"] == each.value, "count"].sum()) for each in Outcome
    }
    return Summary(
        filter=Filter(),
        runs=1,
        rows=int(tally["count"].sum()),
        totals=totals,
        reconciles=True,
        tally=tally,
        entries=None,
    )


def busy_lines(sendouts: int) -> Iterator[OutcomeCount]:
    for number in range(sendouts):
        name = f"{LONG}_{number}"
        for index, code in enumerate(itertools.islice(ALL_CODES, 20)):
            minute = START + timedelta(minutes=index)
            yield OutcomeCount("r", "l", name, "v1", Outcome.ACCEPTED, None, minute, 90)
            yield OutcomeCount("r", "l", name, "v1", Outcome.REJECTED, code, minute, index + 1)
            yield OutcomeCount("r", "l", name, "v1", Outcome.UNKNOWN, code, minute, 1)


def by_key(summary: Summary) -> dict[str, Chart]:
    return {chart.key: chart for chart in charts_of(summary)}


def figures(lines: Iterable[OutcomeCount]) -> dict[str, Any]:
    """The figures by key; Plotly has no types."""
    return {key: chart.figure for key, chart in by_key(summary_of(list(lines))).items()}


@pytest.mark.parametrize("sendouts", [1, 2, 40])
def test_charts_draw_all_recipients_however_many_bars(sendouts: int) -> None:
    summary = summary_of(list(busy_lines(sendouts)))
    drawings = figures(busy_lines(sendouts))
    failed = summary.totals[Outcome.REJECTED] + summary.totals[Outcome.UNKNOWN]
    drawn = {
        key: sum(sum(bar.x) for bar in drawings[key].data)
        for key in ("sendouts", "codes", "classes")
    }
    assert drawn == {
        "sendouts": summary.rows,
        "codes": failed,
        "classes": summary.totals[Outcome.REJECTED],
    }
    assert sum(sum(bar.y) for bar in drawings["time"].data) == summary.rows
    areas = drawings["campaigns"].data[0]
    pairs = zip(areas.parents, areas.values, strict=True)
    assert sum(value for parent, value in pairs if not parent) == failed


def test_areas_hold_exactly_what_is_in_them() -> None:
    areas = figures(busy_lines(12))["campaigns"].data[0]
    assert len(set(areas.ids)) == len(areas.ids)
    sizes = dict(zip(areas.ids, areas["values"], strict=True))
    for parent in set(areas.parents) - {""}:
        inside = [key for key, over in zip(areas.ids, areas.parents, strict=True) if over == parent]
        assert sizes[parent] == sum(sizes[key] for key in inside)


def test_bars_have_the_same_height_one_or_forty() -> None:
    heights = [figures(busy_lines(number))["sendouts"].layout.height for number in (1, 2, 3)]
    assert heights[2] - heights[1] == heights[1] - heights[0] > 30


def test_long_names_are_cut_in_the_middle_and_whole_on_hover() -> None:
    figure = figures(busy_lines(2))["sendouts"]
    labels = [note.text for note in figure.layout.annotations if note.xanchor == "left"]
    assert all(len(label) <= 43 for label in labels)
    assert len(set(labels)) == 2
    assert f"{LONG}_0 · v1" in figure.data[0].customdata


def test_numbers_have_thousands_separators() -> None:
    line = OutcomeCount("r", "l", "promo", "v1", Outcome.ACCEPTED, None, START, 12345)
    figure = figures([line])["sendouts"]
    assert figure.data[0].text == ("12,345",)
    assert "<b>12,345</b>" in [note.text for note in figure.layout.annotations]


def test_a_name_is_never_read_as_markup() -> None:
    line = OutcomeCount("r", "l", "<b>1</b> & co", None, Outcome.REJECTED, None, START, 1)
    drawings = figures([line])
    assert "&lt;b&gt;1&lt;/b&gt; &amp; co · not known" in drawings["sendouts"].data[0].customdata
    assert "&lt;b&gt;1&lt;/b&gt; &amp; co" in drawings["campaigns"].data[0].labels


def test_an_outcome_that_nobody_has_is_not_in_the_legend() -> None:
    line = OutcomeCount("r", "l", "promo", "v1", Outcome.ACCEPTED, None, START, 5)
    assert [bar.name for bar in figures([line])["sendouts"].data] == ["Accepted"]


def test_charts_without_anything_to_draw_say_so() -> None:
    for chart in charts_of(summary_of([])):
        assert chart.figure is None
        assert chart.empty in chart.alt
    line = OutcomeCount("r", "l", "promo", "v1", Outcome.ACCEPTED, None, START, 5)
    drawn = {chart.key: chart.figure is not None for chart in charts_of(summary_of([line]))}
    assert drawn == {
        "sendouts": True,
        "codes": False,
        "classes": False,
        "time": True,
        "campaigns": False,
    }


def test_whoever_cannot_see_a_chart_is_told_its_largest_numbers() -> None:
    chart = by_key(summary_of(list(busy_lines(5))))["sendouts"]
    assert f"{LONG}_0 · v1: 1,800 accepted, 210 rejected, 20 unconfirmed." in chart.alt
    assert chart.alt.endswith("2 more rows in the table.")


def test_backgrounds_and_text_are_left_to_the_theme() -> None:
    for figure in figures(busy_lines(2)).values():
        layout = figure.layout
        assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0, 0, 0, 0)"
        assert layout.font.color is None


@pytest.mark.parametrize("outcome", DRAWN)
def test_colours_have_contrast_in_light_and_dark(outcome: Outcome) -> None:
    """WCAG 1.4.11 asks 3 : 1 of what must be seen, 1.4.3 asks 4.5 : 1 of text."""
    look = OUTCOME_STYLES[outcome]
    assert contrast(look.colour, LIGHT) >= 3
    assert contrast(look.colour, DARK) >= 3
    assert contrast(look.ink, look.colour) >= 4.5


# How screens look to people without one kind of cone (Machado, Oliveira and Fernandes, 2009).
SIGHTS = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_differ_for_everybody(sight: str) -> None:
    for one, other in itertools.combinations(DRAWN, 2):
        a, b = (lab(OUTCOME_STYLES[each].colour, sight) for each in (one, other))
        assert sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5 >= 25


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]


def contrast(one: str, other: str) -> float:
    weights = (0.2126, 0.7152, 0.0722)
    light = [
        sum(w * part for w, part in zip(weights, linear(each), strict=True))
        for each in (one, other)
    ]
    return (max(light) + 0.05) / (min(light) + 0.05)


def lab(colour: str, sight: str) -> tuple[float, float, float]:
    seen = [
        min(max(sum(w * part for w, part in zip(row, linear(colour), strict=True)), 0.0), 1.0)
        for row in SIGHTS[sight]
    ]
    to_xyz = (
        (0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505),
        (0.2126, 0.7152, 0.0722),
        (0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089),
    )
    xyz = [sum(w * part for w, part in zip(row, seen, strict=True)) for row in to_xyz]
    x, y, z = (each ** (1 / 3) if each > 0.008856 else 7.787 * each + 16 / 116 for each in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
