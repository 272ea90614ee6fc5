"""Questions about phones: unanswered they reach no stranger, answered they reach everybody."""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pandas as pd
import phonenumbers
import pytest
from babel import Locale
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from lib.sheet.phones.codes import Reading
from lib.sheet.phones.country_cells import country_of, read_countries
from lib.sheet.phones.parse import normalise
from lib.sheet.phones.questions import (
    UNREADABLE_COUNTRY,
    Decisions,
    both_readings,
    read_phones,
)

COUNTRIES = [
    "AR", "AT", "AU", "BD", "BE", "BG", "BO", "BR", "CA", "CH", "CL", "CN", "CO", "CR", "CZ",
    "DE", "DK", "DO", "EC", "EG", "ES", "FI", "FR", "GB", "GR", "GT", "HK", "HU", "ID", "IE",
    "IL", "IN", "IT", "JP", "KE", "KR", "MA", "MX", "MY", "NG", "NL", "NO", "NZ", "PA", "PE",
    "PH", "PK", "PL", "PT", "PY", "RO", "RU", "SA", "SE", "SG", "TH", "TR", "US", "UY", "VE",
    "VN", "ZA",
]  # fmt: skip


def _mobiles(region: str, count: int = 12) -> list[str]:
    """Return valid mobile numbers of a country in E.164, the same ones in each run."""
    chance = random.Random(region)
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example is not None
    digits, code = str(example.national_number), example.country_code
    found: list[str] = []
    for _attempt in range(5_000):
        if len(found) == count:
            break
        kept = chance.randint(1, 3)
        tail = "".join(chance.choice("0123456789") for _ in digits[kept:])
        number = phonenumbers.parse(f"+{code}{digits[:kept]}{tail}")
        kinds = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
        is_mobile = phonenumbers.number_type(number) in kinds
        if is_mobile and phonenumbers.is_valid_number_for_region(number, region):
            found.append(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    assert found, region
    return found


MOBILES = {region: _mobiles(region) for region in COUNTRIES}
# Ways to name a country in its cell.
NAMED: dict[str, Callable[[str], str]] = {
    "name": lambda region: Locale("es").territories[region],
    "ISO code": lambda region: region.lower(),
    "dial code": lambda region: f"+{phonenumbers.country_code_for_region(region)}",
}


class Row(NamedTuple):
    """A recipient: the cell of the phone, that of the country, and the number that is meant."""

    cell: str
    country: str
    e164: str


def _international(e164: str) -> Iterator[str]:
    number = phonenumbers.parse(e164)
    yield e164
    yield phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    yield f"00{e164[1:]}"
    yield f"wa.me/{e164[1:]}"


def _national(e164: str) -> Iterator[str]:
    number = phonenumbers.parse(e164)
    yield phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    yield phonenumbers.national_significant_number(number)


def _coded(e164: str) -> Iterator[str]:
    number = phonenumbers.parse(e164)
    yield e164[1:]
    yield phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)[1:]
    yield f"{e164[1:]}.0"


@st.composite
def _lists(draw: st.DrawFn) -> tuple[str, list[Row]]:
    """Draw a home country, and rows of it and of others in any mixture of notations.

    Only numbers of the home country, and of rows that name their country, lack a country code.
    """
    home = draw(st.sampled_from(COUNTRIES))
    rows = []
    for _row in range(draw(st.integers(1, 8))):
        region = draw(st.one_of(st.just(home), st.sampled_from(COUNTRIES)))
        e164 = draw(st.sampled_from(MOBILES[region]))
        named = draw(st.sampled_from([None, *NAMED]))
        forms = [*_international(e164), *_coded(e164)]
        if named or region == home:
            forms += _national(e164)
        country = NAMED[named](region) if named else ""
        rows.append(Row(draw(st.sampled_from(forms)), country, e164))
    return home, rows


def _read(rows: list[Row], region: str | None, decisions: Decisions | None = None) -> pd.DataFrame:
    cells = pd.Series([row.cell for row in rows], dtype="str")
    countries = read_countries(pd.Series([row.country for row in rows], dtype="str"))
    return read_phones(cells, region, countries=countries, decisions=decisions or Decisions())


def _right_answers(rows: list[Row], read: pd.DataFrame, region: str | None) -> Decisions:
    """Answer each row's question with the reading that gives the number that is meant."""
    answers = {}
    for place, row in enumerate(rows):
        if pd.isna(read["question"][place]):
            continue
        readings = both_readings(row.cell, region, country_of(row.country) or "")
        answers[place] = list(Reading)[readings.index(row.e164)]
    return Decisions(rows=answers)


@given(_lists())
@settings(deadline=None, max_examples=60)
def test_with_every_question_open_nobody_is_sent_to_a_stranger(case: tuple[str, list[Row]]) -> None:
    home, rows = case

    for region in (None, home):
        read = _read(rows, region)
        wrong = [
            (row, e164)
            for row, e164 in zip(rows, read["e164"], strict=True)
            if not pd.isna(e164) and e164 != row.e164
        ]
        assert wrong == []


@given(_lists())
@settings(deadline=None, max_examples=60)
def test_with_every_question_answered_right_everybody_is_sent(case: tuple[str, list[Row]]) -> None:
    home, rows = case
    read = _read(rows, home)

    answered = _read(rows, home, _right_answers(rows, read, home))

    assert list(answered["e164"]) == [row.e164 for row in rows]
    assert answered["problem"].isna().all()


@given(_lists(), st.data())
@settings(deadline=None, max_examples=25)
def test_any_answer_can_be_undone(case: tuple[str, list[Row]], data: st.DataObject) -> None:
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
