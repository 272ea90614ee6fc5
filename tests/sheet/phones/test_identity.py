"""Spellings of one WhatsApp account have one identity; two accounts never share one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.sheet.phones.identity import identities


def identity(phone: str) -> int:
    return int(identities(np.array([int(phone.lstrip("+"))]))[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5215512345678", "+525512345678"),
        ("+5219611234567", "+529611234567"),
        ("+5491123456789", "+541123456789"),
        ("+5493815123456", "+543815123456"),
        ("+5511987650001", "+551187650001"),
        ("+5531999990000", "+553199990000"),
        ("+5599960000000", "+559960000000"),
        ("+5511970040301", "+551170040301"),
    ],
)
def test_two_spellings_of_one_account_have_one_identity(one: str, other: str) -> None:
    assert identity(one) == identity(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # A landline, and the mobile number that it would be with a 9.
        ("+551130004000", "+5511930004000"),
        ("+525512345678", "+525512345679"),
        ("+5491123456789", "+5411123456789"),
        ("+15105550100", "+525105550100"),
    ],
)
def test_two_accounts_have_two_identities(one: str, other: str) -> None:
    assert identity(one) != identity(other)


@given(
    st.lists(
        st.integers(10**7, 10**15 - 1).filter(lambda each: not 52 * 10**10 <= each < 56 * 10**11),
        max_size=20,
    )
)
def test_numbers_of_other_countries_are_unchanged(numbers: list[int]) -> None:
    assert identities(np.array(numbers, dtype="int64")).tolist() == numbers


@given(st.integers(0, 10**10 - 1))
def test_an_identity_is_idempotent(digits: int) -> None:
    for country in ("521", "549", "559", "55", "52", "54"):
        once = identities(np.array([int(f"{country}{digits:010d}")]))
        assert identities(once).tolist() == once.tolist()
