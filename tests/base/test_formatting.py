"""Numbers, dates and durations as text."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from lib import i18n
from lib.delivery import Outcome
from lib.i18n import set_language_source
from lib.ui import formatting
from tests.support.app_test import texts


@pytest.fixture
def indian_english() -> Iterator[None]:
    before = i18n._source.preferred
    set_language_source(lambda: "en-IN")
    yield
    set_language_source(before)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.2, "under a second"), (1, "1 s"), (59.6, "1 min"), (61, "1 min 1 s"), (600, "10 min"),
     (3600, "1 h"), (7500, "2 h 5 min"), (3_600_000, "1,000 h")],
)  # fmt: skip
def test_a_duration_has_at_most_two_units(seconds: float, expected: str) -> None:
    assert formatting.duration(seconds) == expected


def test_numbers_have_thousands_separators() -> None:
    assert formatting.count(1_234_567) == "1,234,567"
    assert formatting.outcome_count(Outcome.UNKNOWN, 12_345) == "12,345 unconfirmed"
    assert formatting.decimal(193.5) == "193.5"
    assert formatting.decimal(200.0) == "200"


def test_row_numbers_have_no_thousands_separators() -> None:
    assert formatting.row_list([993, 1066]) == "993, 1066"
    assert formatting.row_list([]) == ""


@pytest.mark.parametrize(
    ("share", "places", "expected"), [(0.126, 0, "13%"), (0.9, 1, "90.0%"), (1, 0, "100%")]
)
def test_a_share_is_a_percentage(share: float, places: int, expected: str) -> None:
    assert formatting.percent(share, places=places) == expected


def test_numbers_follow_the_locale(indian_english: None) -> None:
    assert formatting.count(1_234_567) == "12,34,567"


def test_the_language_of_the_browser_is_used() -> None:
    def draw_count() -> None:
        import streamlit as st

        from lib.ui import (
            formatting,
            language,  # noqa: F401 - sets the language
        )

        st.write(formatting.count(1_234_567))

    app = AppTest.from_function(draw_count)
    assert texts(app.run()) == "1,234,567"
    app.context["locale"] = "en-IN"
    assert texts(app.run()) == "12,34,567"


def test_a_moment_is_a_day_and_a_time() -> None:
    when = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)

    assert formatting.moment(when) == "24 Nov 2026, 09:05"
    assert formatting.day(when) == "24 Nov 2026"
    assert formatting.moment(None) == "not yet"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1536, "1.5 KB"),
        (5 * 1024**3, "5 GB"),
        (5 * 1024**4, "5,120 GB"),
    ],
)
def test_a_size_has_the_largest_fitting_unit(number: int, expected: str) -> None:
    assert formatting.size(number) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.4, "under a second"), (23, "about 23 s"), (600, "about 10 min")]
)
def test_an_estimate_says_about(seconds: float, expected: str) -> None:
    assert formatting.roughly(seconds) == expected


def test_a_long_name_loses_its_middle() -> None:
    shortened = formatting.shortened("November newsletter for everybody (final version 2).csv", 30)

    assert shortened == "November newsletter…ion 2).csv"
    assert formatting.shortened("list.csv", 30) == "list.csv"


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (5, "just now"),
        (60, "1 minute ago"),
        (300, "5 minutes ago"),
        (7200, "2 hours ago"),
        (86_400, "1 day ago"),
        (200_000, "2 days ago"),
    ],
)
def test_an_age_has_one_unit(age: int, expected: str) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)

    assert formatting.ago(now - timedelta(seconds=age), now=now) == expected


@pytest.mark.parametrize(
    "name",
    [
        "[click](https://x.example)",
        ":material/home:",
        "$a$",
        "**bold**",
        "<b>",
        "a\nb",
        "https://www.x.example/:streamlit:?to=a@x.example -- <-> >= x",
        "año ñ.xlsx",
    ],
)
def test_names_are_shown_without_markdown(name: str) -> None:
    """Everything that Markdown could interpret is escaped; letters of any language are not."""
    shown = formatting.literal(name).replace(":small[]", "")

    assert re.sub(r"\\(.)", r"\1", shown) == " ".join(name.split())
    assert not re.search(r"(?<!\\)[\[\]()*_$<>:`]", shown)
