"""Tell a whole column of plain numbers at once which of them are certainly good.

The rules are libphonenumber's own, taken out of `phonenumbers` country by country and put to Arrow
as patterns. What they do not call good is not bad: it is for `read_phone` to look at.
"""

import functools
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

_PLAIN: Final = r"^\+[1-9][0-9]{6,14}$"
# Kinds of number that people have, and kinds that no person reads messages on.
_PEOPLES: Final = ("fixed_line", "mobile", "voip", "personal_number")
_NOBODYS: Final = ("premium_rate", "toll_free", "shared_cost", "pager", "uan", "voicemail")
_TEXT: Final = pa.string()


class ValidNumbers(NamedTuple):
    """Numbers, ``+`` and digits, and what was added or read to get them; null where not certain."""

    e164: pa.Array
    repair: pa.Array


def parse_valid(digits: pa.Array, region: str | None) -> ValidNumbers:
    """Read texts of digits, some after a ``+``, as numbers of the world or of this country.

    Certain are people's numbers that have no other reading. Their repairs are ``plus_added``,
    ``country_added`` and ``international_prefix``.
    """
    e164, repair = _put_in(digits, are_valid(digits), digits), pa.nulls(len(digits), _TEXT)
    left = np.flatnonzero(pc.and_(pc.is_null(e164), pc.is_valid(digits)))
    for how, found, numbers in _readings(digits.take(left), region):
        places = left[found]
        mask = np.zeros(len(digits), dtype=bool)
        mask[places] = True
        e164 = pc.replace_with_mask(e164, mask, numbers)
        repair = pc.if_else(mask, how, repair)
    return ValidNumbers(e164, repair)


def _put_in(texts: pa.Array, mask: pa.Array, values: pa.Array) -> pa.Array:
    if len(texts) and pc.all(mask).as_py():
        return values
    return pc.if_else(mask, values, pa.scalar(None, _TEXT))


def _readings(digits: pa.Array, region: str | None) -> Iterator[tuple[str, np.ndarray, pa.Array]]:
    """Yield ways of reading digits: its repair, the places that are certainly so, their numbers."""
    rules = PhoneMetadata.metadata_for_region(region) if region else None
    code = country_code_for_region(region) if region else 0
    abroad = rules.international_prefix or "00" if rules else "00"
    if abroad == "00":
        # Without a country, 0011 may be Australia's prefix.
        usual = "^00[1-9]" if rules else "^00(?:1[02-9]|[2-9])"
        numbers = pc.binary_join_element_wise("+", pc.utf8_slice_codeunits(digits, 2), "")
        yield "international_prefix", *_good_ones(numbers, _begin(digits, usual))
    if rules is None:
        return
    trunk = rules.national_prefix_for_parsing
    at_home = pc.binary_join_element_wise(f"+{code}", digits, "")
    whole = pc.binary_join_element_wise("+", digits, "")
    prefixed = "|".join(f"(?:{each})" for each in (abroad, trunk, "0") if each)
    plain = pc.invert(_begin(digits, f"^(?:{prefixed})"))
    yield "country_added", *_good_ones(at_home, pc.and_not(plain, _maybe_good(whole)))
    if trunk == "0" and rules.national_prefix_transform_rule is None:
        # No country's code begins with a zero: there is no other reading.
        numbers = pc.binary_join_element_wise(f"+{code}", pc.utf8_slice_codeunits(digits, 1), "")
        begins = pc.and_not(_begin(digits, "^0[1-9]"), _begin(digits, f"^(?:{abroad})"))
        yield "country_added", *_good_ones(numbers, begins)
    national = _general(rules).national_number_pattern or ""
    other = _begin(digits, f"^(?:(?:{abroad})|(?:{national})$)")
    yield "plus_added", *_good_ones(whole, pc.and_not(_begin(digits, f"^{code}"), other))


def _begin(digits: pa.Array, pattern: str) -> pa.Array:
    return pc.match_substring_regex(digits, pattern)


def _good_ones(numbers: pa.Array, among: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Return the places of the good numbers among these, and those numbers."""
    places = np.flatnonzero(among)
    chosen = numbers.take(places)
    good = are_valid(chosen)
    return places[np.flatnonzero(good)], chosen.filter(good)


def are_valid(numbers: pa.Array) -> pa.Array:
    """Return a mask of the texts that are ``+`` and the digits of a valid number of a person."""
    plain = pc.match_substring_regex(numbers, _PLAIN)
    chosen = numbers.filter(plain)
    starts = pc.utf8_slice_codeunits(chosen, 1, 4)
    good = np.zeros(len(chosen), dtype=bool)
    by_code: dict[int, list[str]] = {}
    for start in pc.unique(starts).to_pylist():
        if (code := _country_code(start)) is not None:
            by_code.setdefault(code, []).append(start)
    for code, found in by_code.items():
        places = np.flatnonzero(pc.is_in(starts, pa.array(found)))
        good[places] = _fits(chosen.take(places), code)
    mask = np.zeros(len(numbers), dtype=bool)
    mask[np.flatnonzero(pc.fill_null(plain, False))] = good  # noqa: FBT003 - Arrow's own form
    return pa.array(mask)


def _maybe_good(numbers: pa.Array) -> pa.Array:
    """Return a mask of the plain numbers that look like those of some country."""
    starts = pc.utf8_slice_codeunits(numbers, 1, 4)
    maybe = np.zeros(len(numbers), dtype=bool)
    codes = {start: _country_code(start) for start in pc.unique(starts.drop_null()).to_pylist()}
    for code in {each for each in codes.values() if each is not None}:
        found = pa.array([start for start, each in codes.items() if each == code])
        places = np.flatnonzero(pc.is_in(starts, found))
        maybe[places] = pc.match_substring_regex(numbers.take(places), _loosely(code))
    return pa.array(maybe)


@functools.cache
def _loosely(code: int) -> str:
    """Return a pattern of all that may be read as a number of a code's countries.

    A national prefix behind the country code is taken off by libphonenumber: +49 (0) 30 …
    """
    countries = countries_of(code)
    generals = [_general(each).national_number_pattern for each in countries]
    prefixes = {each.national_prefix_for_parsing for each in countries} - {None}
    loose = [f"(?:{prefix})[0-9]*" for prefix in prefixes]
    return _whole(code, [*filter(None, generals), *loose])


def _fits(numbers: pa.Array, code: int) -> np.ndarray:
    """Return a mask of the good ones among plain numbers of one country code."""
    countries, others = _rules(code)
    good = np.zeros(len(numbers), dtype=bool)
    left = np.flatnonzero(pc.invert(pc.match_substring_regex(numbers, others)))
    for leading, general, kinds in countries:
        # Most are of the first country; only the rest is put to the next one.
        if not len(left):
            break
        rest, places = numbers.take(left), left
        if leading is not None:
            # All that begins so is this country's, good or not.
            begins = np.asarray(pc.match_substring_regex(rest, leading))
            left, places, rest = left[~begins], left[begins], rest.filter(pa.array(begins))
        lengths = np.asarray(pc.binary_length(rest)) - len(f"+{code}")
        fits = np.zeros(len(rest), dtype=bool)
        for possible, pattern in kinds.items():
            of_length = np.isin(lengths, possible)
            if of_length.any():
                fits |= of_length & np.asarray(pc.match_substring_regex(rest, pattern))
        fits &= np.asarray(pc.match_substring_regex(rest, general))
        good[places[fits]] = True
        if leading is None:
            left = left[~fits]
    return good


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
    for rules in countries_of(code):
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


def countries_of(code: int) -> list[PhoneMetadata]:
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
