"""The identity of a phone number: numbers that WhatsApp treats as one account share it.

In three countries a WhatsApp account has two spellings: Mexico's with or without a 1 after 52,
Argentina's with or without a 9 after 54, and Brazil's mobile numbers with or without their ninth
digit. Numbers of Benin are the same with and without the 01 of 2024. Identities are for comparing
numbers; numbers are sent as they were read.
"""

from typing import Final

import numpy as np

# Mexico: 52 1 and ten digits; without the 1, 52 and ten digits.
_MEXICO_FROM: Final = 5_210_000_000_000
_MEXICO_DROPPED: Final = 5_200_000_000_000 - 520_000_000_000 + 10_000_000_000
# Argentina: 54 9 and ten digits; without the 9, 54 and ten digits.
_ARGENTINA_FROM: Final = 5_490_000_000_000
_ARGENTINA_DROPPED: Final = 5_400_000_000_000 - 540_000_000_000 + 90_000_000_000
_TEN_DIGITS: Final = 10_000_000_000
# Brazil: 55, a two-digit area code, a 9, and eight digits that begin with 6 to 9. Eight digits that
# begin with 2 to 5 are a landline without the 9, which belongs to another person.
_BRAZIL_FROM: Final = 5_500_000_000_000
_BRAZIL_TO: Final = 5_600_000_000_000
_EIGHT_DIGITS: Final = 100_000_000
_FIRST_MOBILE: Final = 60_000_000
# Benin: 229, 01 and eight digits; until 2024, 229 and eight digits.
_BENIN_FROM: Final = 2_290_100_000_000
_BENIN_DROPPED: Final = 2_290_100_000_000 - 22_900_000_000


def identities(numbers: np.ndarray) -> np.ndarray:
    """Return the identity of each phone number as `int64`, in the same order.

    ``numbers`` are international numbers without the plus: 5215512345678 for ``+52 1 55 1234
    5678``. Two numbers have the same identity if and only if WhatsApp treats them as one account.
    """
    found = np.asarray(numbers, dtype="int64").copy()
    found[_within(found, _MEXICO_FROM, _TEN_DIGITS)] -= _MEXICO_DROPPED
    found[_within(found, _ARGENTINA_FROM, _TEN_DIGITS)] -= _ARGENTINA_DROPPED
    found[_within(found, _BENIN_FROM, _EIGHT_DIGITS)] -= _BENIN_DROPPED
    area, rest = np.divmod(found, 10 * _EIGHT_DIGITS)
    ninth, local = np.divmod(rest, _EIGHT_DIGITS)
    brazilian = (found >= _BRAZIL_FROM) & (found < _BRAZIL_TO)
    with_ninth = brazilian & (ninth == 9) & (local >= _FIRST_MOBILE)
    found[with_ninth] = (area * _EIGHT_DIGITS + local)[with_ninth]
    return found


def _within(numbers: np.ndarray, first: int, count: int) -> np.ndarray:
    within: np.ndarray = (numbers >= first) & (numbers < first + count)
    return within
