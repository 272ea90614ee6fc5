"""No number is valid by the vectorised rules that is not valid for libphonenumber."""

import functools
import random

import phonenumbers
import pyarrow as pa
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType, country_code_for_region

from lib.sheet.phones.codes import PhoneRepair
from lib.sheet.phones.parse import Phone, read_phone
from lib.sheet.phones.vectorised import are_valid, parse_valid

NUMBERS = 30_000


@functools.cache
def _numbers() -> list[str]:
    """Return numbers of every country and type, most with changed digits or length."""
    rng = random.Random(3)
    found: set[str] = set()
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in PhoneNumberType.values():
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            found.add(e164)
            start = len(str(number.country_code)) + 1
            for _ in range(12):
                digits = list(e164)
                for _ in range(rng.randint(1, 5)):
                    digits[rng.randrange(start, len(digits))] = rng.choice("0123456789")
                if rng.random() < 0.2:
                    digits = digits[:-1] if rng.random() < 0.5 else [*digits, "7"]
                found.add("".join(digits))
    while len(found) < NUMBERS:
        found.add(f"+{rng.randrange(10**7, 10**15)}")
    return sorted(found)


def test_the_vectorised_rules_agree_with_libphonenumber_on_30_000_numbers():
    numbers = _numbers()
    valid = are_valid(pa.array(numbers)).to_pylist()
    slow = [read_phone(number) for number in numbers]

    wrong = [
        number
        for number, is_valid, phone in zip(numbers, valid, slow, strict=True)
        if is_valid and (phone.e164 != number or phone.repairs)
    ]

    readable = sum(1 for number, phone in zip(numbers, slow, strict=True) if phone.e164 == number)
    assert len(numbers) >= NUMBERS
    assert wrong == []
    assert sum(valid) > 0.9 * readable


REGIONS = ["US", "BR", "MX", "AR", "ES", "DE", "GB", "IN", "ID", "RU", "HU", "IT", "CN", "FR", "CO",
           "AU", "CI", "JP", "TR", "SM"]  # fmt: skip


@pytest.mark.parametrize("region", [*REGIONS, None])
def test_digits_are_read_by_column_like_single_cells(region):
    """Numbers of every country, with one default country, are read alike or not at all."""
    found = _numbers()[::60]
    digits = [number[tail:] for number in found for tail in (1, 2, 3, 4)]
    digits += [f"0{number[tail:]}" for number in found[::3] for tail in (2, 3, 4)]
    digits += [f"{prefix}{number[1:]}" for number in found[::5] for prefix in ("00", "011")]
    digits += [f"{country_code_for_region(region or 'US')}{text}" for text in digits[::9]]
    digits = [text for text in digits if 7 <= len(text) <= 15]
    e164, repair = parse_valid(pa.array(digits), region)

    wrong = [
        (text, fast)
        for text, fast, how in zip(digits, e164.to_pylist(), repair.to_pylist(), strict=True)
        if fast is not None
        and read_phone(text, region) != Phone(fast, repairs=(PhoneRepair(how),) if how else ())
    ]

    assert wrong == []
    assert {"country_added", "plus_added", "international_prefix"} & set(repair.to_pylist())


def test_only_plus_and_digits_are_valid():
    texts = ["+1 650 555 0123", "16505550123", "", "+0", "+", "x", "+16505550123 ", None]

    assert are_valid(pa.array(texts, pa.string())).to_pylist() == [False] * len(texts)


def test_numbers_without_brazils_ninth_digit_are_not_accepted_by_column():
    texts = ["+551170040301", "+555578123456", "+5511970040301", "+551131234567"]

    assert are_valid(pa.array(texts)).to_pylist() == [False, False, True, True]
