import re
from datetime import UTC, datetime, timedelta

import pytest

from lib.ui import formatting


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.2, "under a second"), (1, "1 s"), (59.6, "1 min"), (61, "1 min 1 s"), (600, "10 min"),
     (3600, "1 h"), (7500, "2 h 5 min"), (3_600_000, "1,000 h")],
)  # fmt: skip
def test_a_duration_reads_as_people_say_it(seconds: float, expected: str) -> None:
    assert formatting.duration(seconds) == expected


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 rows"), (1, "1 row"), (12345, "12,345 rows")]
)
def test_a_number_agrees_with_its_noun(number: int, expected: str) -> None:
    assert formatting.several(number, "row") == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0 bytes"),
        (1023, "1,023 bytes"),
        (1536, "1.5 KB"),
        (5 * 1024**3, "5 GB"),
        (5 * 1024**4, "5,120 GB"),
    ],
)
def test_a_size_reads_as_people_say_it(number: int, expected: str) -> None:
    assert formatting.size(number) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.4, "under a second"), (23, "about 23 s"), (600, "about 10 min")]
)
def test_an_estimate_reads_as_people_say_it(seconds: float, expected: str) -> None:
    assert formatting.roughly(seconds) == expected


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    shortened = formatting.shortened("November newsletter for everybody (final version 2).csv", 30)

    assert shortened == "November newsletter…ion 2).csv"
    assert formatting.shortened("list.csv", 30) == "list.csv"


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (5, "just now"),
        (300, "5 min ago"),
        (7200, "2 h ago"),
        (86_400, "1 day ago"),
        (200_000, "2 days ago"),
    ],
)
def test_an_age_reads_as_people_say_it(age: int, expected: str) -> None:
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
def test_a_name_from_outside_is_shown_as_it_is(name: str) -> None:
    """Every sign that Markdown could act on is escaped; letters of any language are not touched."""
    shown = formatting.literal(name).replace(":small[]", "")

    assert re.sub(r"\\(.)", r"\1", shown) == " ".join(name.split())
    assert not re.search(r"(?<!\\)[\[\]()*_$<>:`]", shown)
