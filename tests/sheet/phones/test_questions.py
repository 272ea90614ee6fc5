"""Questions about phones: unanswered they reach no stranger, answered they reach everybody."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.sheet.phones.codes import Reading
from lib.sheet.phones.country_cells import country_of, read_countries
from lib.sheet.phones.parse import normalise
from lib.sheet.phones.questions import (
    UNREADABLE_COUNTRY,
    Decisions,
    both_readings,
    read_phones,
)
from tests.support.phone_lists import Recipient, recipient_lists


def _read(
    rows: list[Recipient], region: str | None, decisions: Decisions | None = None
) -> pd.DataFrame:
    cells = pd.Series([row.cell for row in rows], dtype="str")
    countries = read_countries(pd.Series([row.country for row in rows], dtype="str"))
    return read_phones(cells, region, countries=countries, decisions=decisions or Decisions())


def _right_answers(rows: list[Recipient], read: pd.DataFrame, region: str | None) -> Decisions:
    """Answer each row's question with the reading that gives the number that is meant."""
    answers = {}
    for place, row in enumerate(rows):
        if pd.isna(read["question"][place]):
            continue
        readings = both_readings(row.cell, region, country_of(row.country) or "")
        answers[place] = list(Reading)[readings.index(row.e164)]
    return Decisions(rows=answers)


@given(recipient_lists())
@settings(deadline=None, max_examples=30)
def test_with_every_question_open_nobody_is_sent_to_a_stranger(
    case: tuple[str, list[Recipient]],
) -> None:
    home, rows = case

    for region in (None, home):
        read = _read(rows, region)
        wrong = [
            (row, e164)
            for row, e164 in zip(rows, read["e164"], strict=True)
            if not pd.isna(e164) and e164 != row.e164
        ]
        assert wrong == []


@given(recipient_lists())
@settings(deadline=None, max_examples=30)
def test_with_every_question_answered_right_everybody_is_sent(
    case: tuple[str, list[Recipient]],
) -> None:
    home, rows = case
    read = _read(rows, home)

    answered = _read(rows, home, _right_answers(rows, read, home))

    assert list(answered["e164"]) == [row.e164 for row in rows]
    assert answered["problem"].isna().all()


@given(recipient_lists(), st.data())
@settings(deadline=None, max_examples=15)
def test_any_answer_can_be_undone(case: tuple[str, list[Recipient]], data: st.DataObject) -> None:
    home, rows = case
    before = _read(rows, home)
    keys = sorted(before["question"].dropna().unique())
    readings = {key: data.draw(st.sampled_from(list(Reading))) for key in keys}

    decided = _read(rows, home, Decisions(readings))

    assert list(decided["question"].fillna("")) == list(before["question"].fillna(""))
    pd.testing.assert_frame_equal(_read(rows, home), before)


def test_one_answer_decides_for_the_whole_group_and_rows_can_differ() -> None:
    cells = pd.Series([f"4915112345{number:03}" for number in range(300)], dtype="str")

    asked = read_phones(cells, "DE")
    coded = read_phones(cells, "DE", decisions=Decisions({"two_readings:49@DE": Reading.CODE}))
    local = read_phones(cells, "DE", decisions=Decisions({"two_readings:49@DE": Reading.LOCAL}))
    mixed = read_phones(
        cells, "DE", decisions=Decisions({"two_readings:49@DE": Reading.CODE}, {7: Reading.LOCAL})
    )

    assert set(asked["problem"]) == {"two_readings"}
    assert set(asked["question"]) == {"two_readings:49@DE"}
    assert coded["e164"][0] == "+4915112345000"
    assert local["e164"][0] == "+494915112345000"
    assert coded["e164"].notna().all()
    assert (mixed["e164"] != coded["e164"]).to_numpy().nonzero()[0].tolist() == [7]


@pytest.mark.parametrize("digits", [6, 7, 8])
def test_indonesian_numbers_with_their_code_but_no_plus_are_one_question_at_most(
    digits: int,
) -> None:
    cells = pd.Series([f"62812{10**digits // 9 + number}" for number in range(50)], dtype="str")

    answered = read_phones(cells, "ID", decisions=Decisions({"two_readings:62@ID": Reading.CODE}))

    assert list(answered["e164"]) == [f"+{cell}" for cell in cells]


def test_an_area_code_that_is_a_country_code_names_both_countries() -> None:
    """961 is in Chiapas, and the country code of Lebanon."""
    cells = pd.Series(["525512345678", "9611234567", "9611234568"], dtype="str")

    read = read_phones(cells, "MX")

    assert list(read["question"].fillna("")) == ["", "two_readings:961@MX", "two_readings:961@MX"]
    assert both_readings("9611234567", "MX") == ("+9611234567", "+529611234567")


def test_complete_numbers_of_many_countries_are_read_without_a_question() -> None:
    cells = ["5511987650001", "525512345679", "573012345678", "593991234567", "51912345678"]

    read = read_phones(pd.Series(cells, dtype="str"))
    answered = read_phones(
        pd.Series(cells, dtype="str"), decisions=Decisions({"no_country": Reading.CODE})
    )

    assert list(read["e164"][:4]) == [f"+{cell}" for cell in cells[:4]]
    assert set(read["repair"][:4]) == {"plus_added"}
    # The last one is mobile in Porto Alegre without its code.
    assert list(read["question"].fillna("")) == ["", "", "", "", "no_country"]
    assert list(answered["e164"]) == [f"+{cell}" for cell in cells]


@pytest.mark.parametrize(
    "cells",
    [
        ["15012345678", "15022345678"],  # mobile in China, or with the code of the United States
        ["51912345678", "51912345679"],  # mobile in Porto Alegre, or in Peru with its code
        ["5511987650001", "11987650001"],  # with and without the code
    ],
)
def test_numbers_that_may_be_local_are_a_question_without_a_country(cells: list[str]) -> None:
    read = read_phones(pd.Series(cells, dtype="str"))

    assert read["e164"].isna().all()
    assert "no_country" in set(read["question"])


def test_a_country_that_is_not_recognized_does_not_mean_the_default_one() -> None:
    cells = pd.Series(["5512345678", "+16505550123"], dtype="str")
    countries = pd.Series([UNREADABLE_COUNTRY, UNREADABLE_COUNTRY], dtype="str")

    read = read_phones(cells, "MX", countries=countries)
    answered = read_phones(
        cells,
        "MX",
        countries=countries,
        decisions=Decisions({"country_unreadable": Reading.LOCAL}),
    )

    assert list(read["problem"].fillna("")) == ["country_unreadable", ""]
    assert list(answered["e164"]) == ["+525512345678", "+16505550123"]


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("Mexico", "MX"), ("México", "MX"), ("Estados Unidos", "US"), ("Alemanha", "DE"),
        ("Alemania", "DE"), ("mx", "MX"), ("MEX", "MX"), ("+52", "MX"), ("0052", "MX"),
        ("U.S.A.", "US"), ("UK", "GB"), ("EE. UU.", "US"),
        ("Mexico (+52)", "MX"), ("Brasil (BR)", "BR"), ("Côte d’Ivoire", "CI"),
        ("", None), ("Atlantis", None), ("999", None), ("LATAM", None), ("Mexico (+55)", None),
    ],
)  # fmt: skip
def test_a_country_is_recognized_by_name_iso_code_or_dial_code(
    text: str, country: str | None
) -> None:
    assert country_of(text) == country


def test_a_number_is_a_dial_code_only_where_codes_are_expected() -> None:
    assert [country_of("52"), country_of("52.0")] == [None, None]
    assert [country_of(each, has_codes=True) for each in ("52", "52.0", "999")] == [
        "MX",
        "MX",
        None,
    ]


def test_a_column_without_countries_is_read_as_before() -> None:
    cells = pd.Series(["+16505550123", "650 555 0124", "", "x"], index=[2, 3, 5, 9], dtype="str")

    read = read_phones(cells, "US")

    pd.testing.assert_frame_equal(read, normalise(cells, "US")[list(read.columns)])
