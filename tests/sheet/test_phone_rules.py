"""The quick rules call no number good that libphonenumber does not."""

import random

import phonenumbers
import pyarrow as pa
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from lib.sheet.phone_rules import certainly_good
from lib.sheet.phones import read_phone

NUMBERS = 200_000


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


def test_nothing_but_plain_digits_is_certainly_good():
    texts = ["+1 650 555 0123", "16505550123", "", "+0", "+", "x", "+16505550123 ", None]

    assert certainly_good(pa.array(texts, pa.string())).to_pylist() == [False] * len(texts)
