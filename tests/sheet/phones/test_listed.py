"""Exclude lists: every number that a cell may mean is found."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lib.sheet.phones.listed import numbers_in, read_listed
from lib.sheet.phones.national import country_codes, is_number_anywhere, read_as_national


def cells(*texts: str) -> pd.Series:
    return pd.Series(list(texts), dtype="string[pyarrow]")


@pytest.mark.parametrize(
    "cell",
    [
        "+525512345678 / +525587654321",
        "+52 55 1234 5678 ::: +52 55 8765 4321",
        "+525512345678;+525587654321",
        "+525512345678\n+525587654321",
        "Cel: +52 55 1234 5678, Casa: +52 55 8765 4321",
        "+52 55 1234 5678 o +52 55 8765 4321",
        "+525512345678 +525587654321",
        "\u202a+52 55 1234 5678\u202c y \u202a+52 55 8765 4321\u202c",
        "+525512345678 (mamá) +525587654321 (papá)",
        "https://wa.me/525512345678, https://wa.me/525587654321",
    ],
)
def test_every_number_of_a_cell_is_read(cell: str) -> None:
    read = read_listed(cells(cell))

    assert {525512345678, 525587654321} <= set(read.numbers)
    assert read.unread.empty


@pytest.mark.parametrize(
    "cell",
    [
        "5512345678 / 5587654321",
        "5512345678 5587654321",
        "55 1234 5678 55 8765 4321",
        "55-1234-5678 - 55-8765-4321",
        "5512345678 ou 5587654321",
        "Ana 5512345678, Eva 5587654321",
        "5512345678|5587654321",
    ],
)
def test_numbers_without_a_country_code_may_be_from_any_country(cell: str) -> None:
    assert {"5512345678", "5587654321"} <= set(read_listed(cells(cell)).national.to_pylist())
    assert {525512345678, 525587654321} <= set(read_listed(cells(cell), "MX").numbers)


@pytest.mark.parametrize(
    ("cell", "digits"),
    [
        ("5512345678/79", "5512345679"),
        ("5512345678 (2)", "5512345678"),
        ("5512345678 ext. 12", "5512345678"),
        ("0xx11 98765-0001", "11987650001"),
        ("0171/1234567", "01711234567"),
        ("5,512,345,678", "5512345678"),
        ("5512345678.0", "5512345678"),
        ("5215512345678@s.whatsapp.net", "+5215512345678"),
    ],
)
def test_a_number_is_found_among_other_text(cell: str, digits: str) -> None:
    assert digits in numbers_in(cell)


@pytest.mark.parametrize(
    "cell", ["Ana", "12", "2025-01-31", "1.65E+10", "ana12345678@example.com", "#N/A"]
)
def test_a_cell_without_a_number_is_reported(cell: str) -> None:
    read = read_listed(cells("+525512345678", cell, ""))

    assert read.people == 1
    assert read.unread.to_dict() == {1: cell}


def test_a_person_counts_once_in_all_spellings() -> None:
    assert read_listed(cells("+5215512345678", "+525512345678", "0052 5512345678")).people == 1


@pytest.mark.parametrize(
    ("digits", "code", "number"),
    [
        ("5512345678", 52, 525512345678),
        ("0445512345678", 52, 525512345678),
        ("1187650001", 55, 551187650001),
        ("015 11 98765 0001".replace(" ", ""), 55, 5511987650001),
        ("01123456789", 54, 541123456789),
        ("011152345 6789".replace(" ", ""), 54, 5491123456789),
        ("89161234567", 7, 79161234567),
        ("01711234567", 49, 491711234567),
        ("0612345678", 39, 390612345678),
    ],
)
def test_digits_are_read_with_domestic_prefixes(digits: str, code: int, number: int) -> None:
    assert number in read_as_national(pa.array([digits]), code)
    assert is_number_anywhere(pa.array([digits])).all()


def test_country_codes_are_read_from_numbers() -> None:
    numbers = np.array([525512345678, 16505550101, 390612345678, 35412345678, 0])

    assert country_codes(numbers).tolist() == [52, 1, 39, 354, 0]
