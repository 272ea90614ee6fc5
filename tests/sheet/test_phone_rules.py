"""The quick rules call no number good that libphonenumber does not."""

import functools
import random

import phonenumbers
import pyarrow as pa
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from lib.sheet.phone_rules import certainly_good, certainly_national
from lib.sheet.phones import Phone, read_phone

NUMBERS = 200_000


@functools.cache
def _numbers() -> list[str]:
    """Numbers of every country and kind, most of them changed in a few digits or in length."""
    dice = random.Random(3)
    found: set[str] = set()
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in PhoneNumberType.values():
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            found.add(e164)
            start = len(str(number.country_code)) + 1
            for _ in range(110):
                digits = list(e164)
                for _ in range(dice.randint(1, 5)):
                    digits[dice.randrange(start, len(digits))] = dice.choice("0123456789")
                if dice.random() < 0.2:
                    digits = digits[:-1] if dice.random() < 0.5 else [*digits, "7"]
                found.add("".join(digits))
    while len(found) < NUMBERS:
        found.add(f"+{dice.randrange(10**7, 10**15)}")
    return sorted(found)


def test_the_quick_rules_agree_with_libphonenumber_on_200_000_numbers():
    numbers = _numbers()
    good = certainly_good(pa.array(numbers)).to_pylist()
    slow = [read_phone(number) for number in numbers]

    wrong = [
        number
        for number, is_good, phone in zip(numbers, good, slow, strict=True)
        if is_good and (phone.e164 != number or phone.repair is not None)
    ]

    readable = sum(1 for number, phone in zip(numbers, slow, strict=True) if phone.e164 == number)
    assert len(numbers) >= NUMBERS
    assert wrong == []
    assert sum(good) > 0.9 * readable


@pytest.mark.parametrize(
    "region",
    [
        "US",
        "BR",
        "MX",
        "AR",
        "ES",
        "DE",
        "GB",
        "IN",
        "ID",
        "RU",
        "HU",
        "IT",
        "CN",
        "FR",
        "CO",
        "PE",
        "AU",
        "KE",
        "NG",
        "CI",
    ],
)
def test_plain_national_numbers_are_read_as_one_by_one(region):  # fmt: skip
    """Every national number of every country, given to one default country: alike, or slow."""
    digits = [number[tail:] for number in _numbers()[::60] for tail in (2, 3, 4)]
    digits = [text for text in digits if len(text) >= 7]
    found = certainly_national(pa.array(digits), region).to_pylist()

    wrong = [
        (text, fast)
        for text, fast in zip(digits, found, strict=True)
        if fast is not None and read_phone(text, region) != Phone(e164=fast, repair="country_added")
    ]

    assert wrong == []
    # Argentina's prefix may be nothing at all, and Russia's numbers are rare among these.
    assert any(found) or region in {"AR", "RU"}


def test_nothing_but_plain_digits_is_certainly_good():
    texts = ["+1 650 555 0123", "16505550123", "", "+0", "+", "x", "+16505550123 ", None]

    assert certainly_good(pa.array(texts, pa.string())).to_pylist() == [False] * len(texts)
