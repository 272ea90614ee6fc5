"""Validate a column of plain numbers at once, with libphonenumber's rules as Arrow patterns.

Numbers that match are certainly valid. Others are not necessarily invalid: `read_phone` decides.
"""

import functools
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    PhoneMetadata,
    PhoneNumberDesc,
    country_code_for_region,
)

from lib.sheet.phones.codes import PhoneRepair

_PLAIN: Final = r"^\+[1-9][0-9]{6,14}$"
# Number types that belong to people, and those that don't.
_PERSONAL_TYPES: Final = ("fixed_line", "mobile", "voip", "personal_number")
_SERVICE_TYPES: Final = ("premium_rate", "toll_free", "shared_cost", "pager", "uan", "voicemail")
# National numbers that libphonenumber accepts although their countries have replaced them. In
# Brazil, eight digits that begin with 7 were kept for the trunking network, which closed in 2018.
_REPLACED: Final = {55: r"[1-9][1-9]7\d{7}"}
_TEXT: Final = pa.string()


class ValidNumbers(NamedTuple):
    """Numbers as ``+`` and digits, and the repair made to each; null if not certain."""

    e164: pa.Array
    repair: pa.Array


def parse_valid(digits: pa.Array, region: str | None) -> ValidNumbers:
    """Read texts of digits, some after a ``+``, as international numbers or those of a country.

    Only numbers of people that can't be read in another way are returned. Their repairs are
    plus_added, country_added and international_prefix.
    """
    e164, repair = _keep_where(are_valid(digits), digits), pa.nulls(len(digits), _TEXT)
    remaining = np.flatnonzero(pc.and_(pc.is_null(e164), pc.is_valid(digits)))
    for how, found, numbers in _candidate_readings(digits.take(remaining), region):
        positions = remaining[found]
        mask = np.zeros(len(digits), dtype=bool)
        mask[positions] = True
        e164 = pc.replace_with_mask(e164, mask, numbers)
        repair = pc.if_else(mask, how, repair)
    return ValidNumbers(e164, repair)


def _keep_where(mask: pa.Array, values: pa.Array) -> pa.Array:
    """Return the values, null where the mask is false."""
    if len(values) and pc.all(mask).as_py():
        return values
    return pc.if_else(mask, values, pa.scalar(None, _TEXT))


def _candidate_readings(
    digits: pa.Array, region: str | None
) -> Iterator[tuple[PhoneRepair, np.ndarray, pa.Array]]:
    """Yield readings of the digits: the repair, the positions that are certain, their numbers."""
    rules = PhoneMetadata.metadata_for_region(region) if region else None
    code = country_code_for_region(region) if region else 0
    international = rules.international_prefix or "00" if rules else "00"
    if international == "00":
        # Without a country, 0011 may be Australia's prefix.
        usual = "^00[1-9]" if rules else "^00(?:1[02-9]|[2-9])"
        numbers = pc.binary_join_element_wise("+", pc.utf8_slice_codeunits(digits, 2), "")
        yield PhoneRepair.INTERNATIONAL_PREFIX, *_take_valid(numbers, _matches(digits, usual))
    if rules is None:
        return
    trunk = rules.national_prefix_for_parsing
    with_code = pc.binary_join_element_wise(f"+{code}", digits, "")
    with_plus = pc.binary_join_element_wise("+", digits, "")
    prefixes = "|".join(f"(?:{each})" for each in (international, trunk, "0") if each)
    unprefixed = pc.invert(_matches(digits, f"^(?:{prefixes})"))
    yield (
        PhoneRepair.COUNTRY_ADDED,
        *_take_valid(with_code, pc.and_not(unprefixed, _may_be_valid(with_plus))),
    )
    if trunk == "0" and rules.national_prefix_transform_rule is None:
        # No country code begins with a zero, so there is no other reading.
        numbers = pc.binary_join_element_wise(f"+{code}", pc.utf8_slice_codeunits(digits, 1), "")
        begins = pc.and_not(_matches(digits, "^0[1-9]"), _matches(digits, f"^(?:{international})"))
        yield PhoneRepair.COUNTRY_ADDED, *_take_valid(numbers, begins)
    national = _general_desc(rules).national_number_pattern or ""
    other = _matches(digits, f"^(?:(?:{international})|(?:{national})$)")
    yield (
        PhoneRepair.PLUS_ADDED,
        *_take_valid(with_plus, pc.and_not(_matches(digits, f"^{code}"), other)),
    )


def _matches(digits: pa.Array, pattern: str) -> pa.Array:
    return pc.match_substring_regex(digits, pattern)


def _take_valid(numbers: pa.Array, among: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Return the positions of valid numbers where ``among`` is true, and those numbers."""
    positions = np.flatnonzero(among)
    chosen = numbers.take(positions)
    is_valid = are_valid(chosen)
    return positions[np.flatnonzero(is_valid)], chosen.filter(is_valid)


def are_valid(numbers: pa.Array) -> pa.Array:
    """Return a mask of the texts that are valid numbers of people: ``+`` and digits."""
    plain = pc.match_substring_regex(numbers, _PLAIN)
    chosen = numbers.filter(plain)
    starts = pc.utf8_slice_codeunits(chosen, 1, 4)
    valid = np.zeros(len(chosen), dtype=bool)
    by_code: dict[int, list[str]] = {}
    for start in pc.unique(starts).to_pylist():
        if (code := country_code(start)) is not None:
            by_code.setdefault(code, []).append(start)
    for code, found in by_code.items():
        positions = np.flatnonzero(pc.is_in(starts, pa.array(found)))
        valid[positions] = _valid_mask(chosen.take(positions), code)
    mask = np.zeros(len(numbers), dtype=bool)
    mask[np.flatnonzero(pc.fill_null(plain, False))] = valid  # noqa: FBT003 - Arrow's own form
    return pa.array(mask)


def _may_be_valid(numbers: pa.Array) -> pa.Array:
    """Return a mask of the plain numbers that may be numbers of some country."""
    starts = pc.utf8_slice_codeunits(numbers, 1, 4)
    may_be_valid = np.zeros(len(numbers), dtype=bool)
    codes = {start: country_code(start) for start in pc.unique(starts.drop_null()).to_pylist()}
    for code in {each for each in codes.values() if each is not None}:
        found = pa.array([start for start, each in codes.items() if each == code])
        positions = np.flatnonzero(pc.is_in(starts, found))
        may_be_valid[positions] = pc.match_substring_regex(
            numbers.take(positions), _loose_pattern(code)
        )
    return pa.array(may_be_valid)


@functools.cache
def _loose_pattern(code: int) -> str:
    """Return a pattern of everything that may be read as a number of a code's countries.

    libphonenumber removes a national prefix after the country code: +49 (0) 30 …
    """
    countries = countries_of(code)
    generals = [_general_desc(each).national_number_pattern for each in countries]
    prefixes = {each.national_prefix_for_parsing for each in countries} - {None}
    loose = [f"(?:{prefix})[0-9]*" for prefix in prefixes]
    return _full_pattern(code, [*filter(None, generals), *loose])


def _valid_mask(numbers: pa.Array, code: int) -> np.ndarray:
    """Return a mask of the valid ones among plain numbers of one country code."""
    countries, others = _rules(code)
    valid = np.zeros(len(numbers), dtype=bool)
    remaining = np.flatnonzero(pc.invert(pc.match_substring_regex(numbers, others)))
    for leading, general, kinds in countries:
        # Most numbers are the first country's; only the rest is matched with the next one.
        if not len(remaining):
            break
        rest, positions = numbers.take(remaining), remaining
        if leading is not None:
            # All numbers with these leading digits are this country's, valid or not.
            begins = np.asarray(pc.match_substring_regex(rest, leading))
            remaining, positions, rest = (
                remaining[~begins],
                remaining[begins],
                rest.filter(pa.array(begins)),
            )
        lengths = np.asarray(pc.binary_length(rest)) - len(f"+{code}")
        fits = np.zeros(len(rest), dtype=bool)
        for possible, pattern in kinds.items():
            of_length = np.isin(lengths, possible)
            if of_length.any():
                fits |= of_length & np.asarray(pc.match_substring_regex(rest, pattern))
        fits &= np.asarray(pc.match_substring_regex(rest, general))
        valid[positions[fits]] = True
        if leading is None:
            remaining = remaining[~fits]
    return valid


def is_replaced(code: int, national: str) -> bool:
    """Return whether a national number is in a form that its country has replaced."""
    return code in _REPLACED and re.fullmatch(_REPLACED[code], national) is not None


def country_code(start: str) -> int | None:
    """Return the country code that digits begin with, or None. No code is a prefix of another."""
    for length in range(1, min(len(start), 3) + 1):
        if start[:length].isdecimal() and int(start[:length]) in COUNTRY_CODE_TO_REGION_CODE:
            return int(start[:length])
    return None


def local_mobiles(digits: pa.Array) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the country codes in which some digits are mobile numbers, and which of them are.

    The digits are tried as they are, as numbers without their country code, in every country.
    """
    lengths = pc.utf8_length(digits).to_numpy(zero_copy_only=False)
    for code, possible, pattern in _mobile_patterns():
        fits = np.flatnonzero(np.isin(lengths, possible))
        if len(fits):
            found = pc.match_substring_regex(digits.take(pa.array(fits)), pattern)
            mask = np.zeros(len(digits), dtype=bool)
            mask[fits] = found.to_numpy(zero_copy_only=False)
            if mask.any():
                yield code, mask


@functools.cache
def _mobile_patterns() -> list[tuple[int, tuple[int, ...], str]]:
    """Return the country code, the lengths, and the pattern of each country's mobile numbers."""
    found = []
    for code in COUNTRY_CODE_TO_REGION_CODE:
        for rules in countries_of(code):
            for kind in _number_descs(rules, ("mobile",)):
                lengths = tuple(kind.possible_length or _general_desc(rules).possible_length)
                found.append((code, lengths, f"^(?:{kind.national_number_pattern})$"))
    return found


_Country = tuple[str | None, str, dict[tuple[int, ...], str]]


@functools.cache
def _rules(code: int) -> tuple[list[_Country], str]:
    """Return the patterns of a code's countries, and the pattern of numbers that nobody has.

    For each country: the leading digits of its numbers, if they distinguish it from the others; the
    pattern of all its numbers; and the patterns of people's numbers by possible lengths.
    """
    countries: list[_Country] = []
    others = [_REPLACED[code]] if code in _REPLACED else []
    for rules in countries_of(code):
        general = _general_desc(rules)
        kinds: dict[tuple[int, ...], list[str]] = {}
        for kind in _number_descs(rules, _PERSONAL_TYPES):
            lengths = tuple(kind.possible_length or general.possible_length)
            kinds.setdefault(lengths, []).append(kind.national_number_pattern or "")
        countries.append(
            (
                f"^\\+{code}(?:{rules.leading_digits})" if rules.leading_digits else None,
                _full_pattern(code, [general.national_number_pattern or ""]),
                {lengths: _full_pattern(code, found) for lengths, found in kinds.items()},
            )
        )
        others += [
            kind.national_number_pattern or "" for kind in _number_descs(rules, _SERVICE_TYPES)
        ]
    return countries, _full_pattern(code, others)


def countries_of(code: int) -> list[PhoneMetadata]:
    """Return the rules of a code's countries in the order in which libphonenumber tries them."""
    return [
        rules
        for region in COUNTRY_CODE_TO_REGION_CODE[code]
        if (
            rules := PhoneMetadata.metadata_for_nongeo_region(code)
            if region == "001"
            else PhoneMetadata.metadata_for_region(region)
        )
    ]


def _general_desc(rules: PhoneMetadata) -> PhoneNumberDesc:
    assert rules.general_desc is not None
    return rules.general_desc


def _number_descs(rules: PhoneMetadata, kinds: tuple[str, ...]) -> list[PhoneNumberDesc]:
    found = (getattr(rules, kind) for kind in kinds)
    return [each for each in found if each and each.national_number_pattern]


def _full_pattern(code: int, patterns: list[str]) -> str:
    # Without patterns, return one that never matches: there is no character after the end.
    return rf"^\+{code}(?:{'|'.join(patterns)})$" if patterns else "$."
