"""Tell a whole column of plain international numbers at once which of them are certainly good.

The rules are libphonenumber's own, taken out of `phonenumbers` country by country and put to Arrow
as patterns. What they do not call good is not bad: it is for `read_phone` to look at.
"""

import functools
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

_PLAIN: Final = r"^\+[1-9][0-9]{6,14}$"
# Kinds of number that people have, and kinds that no person reads messages on.
_PEOPLES: Final = ("fixed_line", "mobile", "voip", "personal_number")
_NOBODYS: Final = ("premium_rate", "toll_free", "shared_cost", "pager", "uan", "voicemail")


def certainly_good(numbers: pa.Array) -> pa.Array:
    """Return a mask of the texts that are ``+`` and the digits of a valid number of a person."""
    plain = pc.match_substring_regex(numbers.fill_null(""), _PLAIN)
    good = pc.and_not(plain, plain)
    starts = pc.utf8_slice_codeunits(numbers, 1, 4)
    by_code: dict[int, list[str]] = {}
    for start in pc.unique(starts.filter(plain)).to_pylist():
        if (code := _country_code(start)) is not None:
            by_code.setdefault(code, []).append(start)
    for code, found in by_code.items():
        peoples, others = _rules(code)
        of_country = pc.and_(plain, pc.is_in(starts, pa.array(found)))
        candidates = numbers.filter(of_country)
        fits = pc.and_not(
            pc.match_substring_regex(candidates, peoples),
            pc.match_substring_regex(candidates, others),
        )
        good = pc.replace_with_mask(good, of_country, fits)
    return good


def _country_code(start: str) -> int | None:
    """Return the country code that digits begin with; no code is another one's beginning."""
    for length in (1, 2, 3):
        if int(start[:length]) in COUNTRY_CODE_TO_REGION_CODE:
            return int(start[:length])
    return None


@functools.cache
def _rules(code: int) -> tuple[str, str]:
    """Return the patterns of people's and of other numbers in all countries of a code.

    Where countries share a code by leading digits, numbers that begin with those are not certain.
    """
    peoples: list[str] = []
    others: list[str] = []
    for region in COUNTRY_CODE_TO_REGION_CODE[code]:
        rules = (
            PhoneMetadata.metadata_for_nongeo_region(code)
            if region == "001"
            else PhoneMetadata.metadata_for_region(region)
        )
        if rules is None:
            continue
        peoples += _patterns(rules, _PEOPLES)
        others += _patterns(rules, _NOBODYS)
        if rules.leading_digits is not None:
            others.append(f"(?:{rules.leading_digits})[0-9]*")
    return _whole(code, peoples), _whole(code, others)


def _patterns(rules: PhoneMetadata, kinds: tuple[str, ...]) -> list[str]:
    found = (getattr(rules, kind) for kind in kinds)
    return [each.national_number_pattern for each in found if each and each.national_number_pattern]


def _whole(code: int, patterns: list[str]) -> str:
    # Without a pattern there is nothing that fits: no text ends before it begins.
    return rf"^\+{code}(?:{'|'.join(patterns)})$" if patterns else "$."
