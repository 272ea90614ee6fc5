"""Read numbers without a country code as numbers of given countries."""

import functools
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from lib.sheet.phones.vectorised import are_valid, countries_of, country_code

_MAX_DIGITS: Final = 15
_MEXICO, _ARGENTINA, _BRAZIL = 52, 54, 55
# Mexico's domestic prefixes until 2019, which libphonenumber no longer has.
_FORMER_PREFIXES: Final = {_MEXICO: (("01|044|045", ""),)}
# Spellings that are not valid numbers, and the valid ones with the same identity.
_VALID_SPELLINGS: Final = {
    _MEXICO: (("^521([0-9]{10})$", r"52\1"),),
    _ARGENTINA: (("^54([1-8][0-9]{9})$", r"549\1"), ("^549([0-9]{10})$", r"54\1")),
    _BRAZIL: (("^55([0-9]{2})([6-9][0-9]{7})$", r"55\19\2"),),
}
# The countries of most lists. Trying them first leaves few numbers for all others.
_FREQUENT_CODES: Final = (52, 55, 54, 1, 57, 56, 51, 34, 49, 44, 91)


def country_codes(numbers: np.ndarray) -> np.ndarray:
    """Return the country code of each number; 0 if it begins with none."""
    texts = pa.array(np.asarray(numbers, dtype="int64")).cast(pa.string())
    starts = pc.utf8_slice_codeunits(texts, 0, 3).dictionary_encode()
    codes = [country_code(start) or 0 for start in starts.dictionary.to_pylist()]
    found: np.ndarray = np.array(codes, dtype="int64")[starts.indices.to_numpy()]
    return found


def read_as_national(digits: pa.Array, code: int) -> np.ndarray:
    """Return all numbers of a country code that these digits may mean, as `int64`.

    The digits are tried as they are, without leading zeros, and without the country's domestic
    prefix.
    """
    texts = pa.chunked_array(_spellings(digits, code)).combine_chunks()
    fits = pc.match_substring_regex(texts, f"^[0-9]{{7,{_MAX_DIGITS}}}$")
    found: np.ndarray = pc.unique(texts.filter(fits)).cast(pa.int64()).to_numpy()
    return found


def is_number_anywhere(digits: pa.Array) -> np.ndarray:
    """Return a mask of the digits that are a person's number in at least one country."""
    found = np.zeros(len(digits), dtype=bool)
    others = [code for code in COUNTRY_CODE_TO_REGION_CODE if code not in _FREQUENT_CODES]
    for code in (*_FREQUENT_CODES, *others):
        left = np.flatnonzero(~found)
        if not len(left):
            break
        for texts in _spellings(digits.take(left), code):
            for spelled in (texts, *_other_spellings(texts, code)):
                plus = pc.binary_join_element_wise("+", spelled, "")
                found[left] |= are_valid(plus).to_numpy(zero_copy_only=False)
    return found


def _spellings(digits: pa.Array, code: int) -> list[pa.Array]:
    """Return the digits with the country code, in each possible reading."""
    digits = digits.cast(pa.string())
    variants = [digits, pc.utf8_ltrim(digits, "0")]
    variants += [
        pc.replace_substring_regex(digits, f"^(?:{prefix})", instead)
        for prefix, instead in _prefixes(code)
    ]
    return [pc.binary_join_element_wise(str(code), each, "") for each in variants]


def _other_spellings(texts: pa.Array, code: int) -> list[pa.Array]:
    rules = _VALID_SPELLINGS.get(code, ())
    return [pc.replace_substring_regex(texts, *rule) for rule in rules]


@functools.cache
def _prefixes(code: int) -> tuple[tuple[str, str], ...]:
    """Return patterns of domestic prefixes of a country code, and their replacements."""
    rules = countries_of(code)
    known = {
        (each.national_prefix_for_parsing, each.national_prefix_transform_rule or "")
        for each in rules
        if each.national_prefix_for_parsing
    }
    return (*sorted(known), *_FORMER_PREFIXES.get(code, ()))
