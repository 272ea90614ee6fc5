"""Tell a whole column of plain numbers at once which of them are certainly good.

The rules are libphonenumber's own, taken out of `phonenumbers` country by country and put to Arrow
as patterns. What they do not call good is not bad: it is for `read_phone` to look at.
"""

import functools
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    PhoneMetadata,
    PhoneNumberDesc,
    country_code_for_region,
)

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
        of_country = pc.and_(plain, pc.is_in(starts, pa.array(found)))
        good = pc.replace_with_mask(good, of_country, _fits(numbers.filter(of_country), code))
    return good


def certainly_national(digits: pa.Array, region: str) -> pa.Array:
    """Return texts of digits as ``+`` numbers of this country, null where that is not certain.

    Certain are people's numbers that begin with no prefix of their country, and that are no
    number at all if their first digits are taken for a country code.
    """
    rules = PhoneMetadata.metadata_for_region(region)
    nothing = pa.nulls(len(digits), pa.string())
    if rules is None:
        return nothing
    whole = pc.binary_join_element_wise("+", digits, "")
    numbers = pc.binary_join_element_wise(f"+{country_code_for_region(region)}", digits, "")
    prefixes = (rules.international_prefix, rules.national_prefix_for_parsing, "0")
    prefixed = "|".join(f"(?:{each})" for each in prefixes if each)
    certain = pc.and_not(
        certainly_good(numbers), pc.match_substring_regex(digits, f"^(?:{prefixed})")
    )
    certain = pc.and_not(certain, _maybe_good(whole))
    return pc.if_else(certain, numbers, nothing)


def _maybe_good(numbers: pa.Array) -> pa.Array:
    """Return a mask of the plain numbers that look like those of some country."""
    starts = pc.utf8_slice_codeunits(numbers, 1, 4)
    maybe = pc.is_null(numbers)
    codes = {start: _country_code(start) for start in pc.unique(starts.drop_null()).to_pylist()}
    for code in {each for each in codes.values() if each is not None}:
        found = pa.array([start for start, each in codes.items() if each == code])
        of_country = pc.is_in(starts, found)
        fits = pc.match_substring_regex(numbers.filter(of_country), _loosely(code))
        maybe = pc.replace_with_mask(maybe, of_country, fits)
    return maybe


@functools.cache
def _loosely(code: int) -> str:
    """Return a pattern of all that may be read as a number of a code's countries.

    A national prefix behind the country code is taken off by libphonenumber: +49 (0) 30 …
    """
    countries = _countries(code)
    generals = [_general(each).national_number_pattern for each in countries]
    prefixes = {each.national_prefix_for_parsing for each in countries} - {None}
    loose = [f"(?:{prefix})[0-9]*" for prefix in prefixes]
    return _whole(code, [*filter(None, generals), *loose])


def _fits(numbers: pa.Array, code: int) -> pa.Array:
    """Return a mask of the good ones among plain numbers of one country code."""
    countries, others = _rules(code)
    digits = pc.subtract(pc.binary_length(numbers), len(f"+{code}"))
    fits = pc.match_substring_regex(numbers, others)
    places = pa.array(range(len(numbers))).filter(pc.invert(fits))
    good: list[pa.Array] = []
    for leading, general, kinds in countries:
        # Most are of the first country; only the rest is put to the next one.
        rest = numbers.take(places)
        if leading is not None:
            # All that begins so is this country's, good or not.
            begins = pc.match_substring_regex(rest, leading)
            later, places = places.filter(pc.invert(begins)), places.filter(begins)
            rest = numbers.take(places)
        fits = pc.is_null(rest)
        for lengths, pattern in kinds.items():
            of_length = pc.is_in(digits.take(places), pa.array(lengths, digits.type))
            fits = pc.or_(fits, pc.and_(of_length, pc.match_substring_regex(rest, pattern)))
        fits = pc.and_(fits, pc.match_substring_regex(rest, general))
        good.append(places.filter(fits))
        places = places.filter(pc.invert(fits)) if leading is None else later
    return pc.is_in(pa.array(range(len(numbers))), pa.concat_arrays(good))


def _country_code(start: str) -> int | None:
    """Return the country code that digits begin with; no code is another one's beginning."""
    for length in range(1, min(len(start), 3) + 1):
        if start[:length].isdecimal() and int(start[:length]) in COUNTRY_CODE_TO_REGION_CODE:
            return int(start[:length])
    return None


_Country = tuple[str | None, str, dict[tuple[int, ...], str]]


@functools.cache
def _rules(code: int) -> tuple[list[_Country], str]:
    """Return the patterns of a code's countries, and the pattern of all that is not certain.

    Of a country: what its numbers begin with, where that tells it from others; what all its numbers
    look like; and people's numbers by their lengths.
    """
    countries: list[_Country] = []
    others: list[str] = []
    for rules in _countries(code):
        general = _general(rules)
        kinds: dict[tuple[int, ...], list[str]] = {}
        for kind in _kinds(rules, _PEOPLES):
            lengths = tuple(kind.possible_length or general.possible_length)
            kinds.setdefault(lengths, []).append(kind.national_number_pattern or "")
        countries.append(
            (
                f"^\\+{code}(?:{rules.leading_digits})" if rules.leading_digits else None,
                _whole(code, [general.national_number_pattern or ""]),
                {lengths: _whole(code, found) for lengths, found in kinds.items()},
            )
        )
        others += [kind.national_number_pattern or "" for kind in _kinds(rules, _NOBODYS)]
    return countries, _whole(code, others)


def _countries(code: int) -> list[PhoneMetadata]:
    """Return the rules of a code's countries, in the order in which libphonenumber asks them."""
    return [
        rules
        for region in COUNTRY_CODE_TO_REGION_CODE[code]
        if (
            rules := PhoneMetadata.metadata_for_nongeo_region(code)
            if region == "001"
            else PhoneMetadata.metadata_for_region(region)
        )
    ]


def _general(rules: PhoneMetadata) -> PhoneNumberDesc:
    assert rules.general_desc is not None
    return rules.general_desc


def _kinds(rules: PhoneMetadata, kinds: tuple[str, ...]) -> list[PhoneNumberDesc]:
    found = (getattr(rules, kind) for kind in kinds)
    return [each for each in found if each and each.national_number_pattern]


def _whole(code: int, patterns: list[str]) -> str:
    # Without a pattern there is nothing that fits: no text ends before it begins.
    return rf"^\+{code}(?:{'|'.join(patterns)})$" if patterns else "$."
