"""Read unambiguous numbers and write them with other separators."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lib.campaign.mapping.value_format import NUMBER_FORMS, DecimalMark, Style
from lib.campaign.values.dates import Rewritten

_MONEY: Final = r"(?:[A-Z]{0,3}\p{Sc}|[A-Z]{3}|S/\.?|Bs\.?|Rs\.?)"
_GAP: Final = r"[ \x{a0}\x{202f}'\x{2019}]"
_MINUS: Final = r"[-\x{2212}]"
_DIGITS_ONLY: Final = r"^-?\d[\d.,]*$"
_WITH_UNITS: Final = (
    rf"^\s*(?P<before>{_MINUS}?(?:{_MONEY}\s*)?|{_MONEY}\s*{_MINUS})"
    r"(?P<body>\d[\d.,'\x{2019}\x{a0}\x{202f} ]*)"
    rf"(?P<after>(?:%|{_MONEY})?\s*)$"
)
# Longer texts of digits are not numbers.
_MAX_CHARACTERS: Final = 40


def _number_pattern(group: str, mark: str) -> str:
    """Return a pattern for numbers with these separators of thousands and of decimals."""
    grouped = rf"[1-9]\d{{0,2}}(?:(?:{group}\d{{3}})+|(?:{_GAP}\d{{3}})+)"
    return rf"^(?:0|[1-9]\d*|{grouped})(?:{mark}\d+)?$"


_WITH_POINT: Final = _number_pattern(",", r"\.")
_WITH_COMMA: Final = _number_pattern(r"\.", ",")


def write_numbers(texts: pa.Array, style: Style) -> Rewritten:
    """Return numbers with the style's separators and decimals; a currency or % sign is kept.

    "1.234" is ambiguous unless the style has the sheet's decimal separator. "007" is a code, not a
    number. Halves are rounded away from zero.
    """
    before, body, after = _split_units(texts)
    point, comma = _matches(body, _WITH_POINT), _matches(body, _WITH_COMMA)
    has_mark = _matches(body, r"[.,]")
    both = point & comma & has_mark
    unsure = both & (style.decimal_mark is None)
    as_comma = comma & (~point | (both & (style.decimal_mark is DecimalMark.COMMA)))
    good = (point | comma) & ~unsure
    bare = pc.replace_substring_regex(body, _GAP, "")
    digits = pc.if_else(
        pa.array(as_comma),
        pc.replace_substring(pc.replace_substring(bare, ".", ""), ",", "."),
        pc.replace_substring(bare, ",", ""),
    )
    kept = pa.array(good)
    pieces = (before.filter(kept), _format_digits(digits.filter(kept), style), after.filter(kept))
    new = pc.binary_join_element_wise(*pieces, pa.scalar("", pa.large_string()))
    filled = _matches(texts, r"\S")
    return Rewritten(pc.replace_with_mask(texts, kept, new), unsure, filled & ~good & ~unsure)


def _split_units(texts: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Return the text before each number, its digits and separators, and the text after it.

    All three are empty where there is no number.
    """
    bare = _matches(texts, _DIGITS_ONLY)
    minus = pa.array(bare & _matches(texts, "^-"))
    empty, sign = (pa.scalar(each, pa.large_string()) for each in ("", "-"))
    before = pc.if_else(minus, sign, empty)
    body = pc.if_else(pa.array(bare), pc.utf8_ltrim(texts, "-"), empty)
    after = pa.array([""], pa.large_string()).take(pa.array(np.zeros(len(texts), dtype="int8")))
    others = pa.array(~bare)
    with_units = pc.extract_regex(texts.filter(others), _WITH_UNITS)
    filled = [
        pc.fill_null(pc.struct_field(with_units, name), "") for name in ("before", "body", "after")
    ]
    gap = pc.replace_substring_regex(filled[1], r"^.*\S", "")
    filled[1] = pc.utf8_rtrim_whitespace(filled[1])
    filled[2] = pc.binary_join_element_wise(gap, filled[2], empty)
    before, body, after = (
        pc.replace_with_mask(each, others, new)
        for each, new in zip((before, body, after), filled, strict=True)
    )
    return before, pc.if_else(pc.greater(pc.utf8_length(body), _MAX_CHARACTERS), empty, body), after


def _matches(texts: pa.Array, pattern: str) -> np.ndarray:
    """Return which texts contain a match of the pattern (RE2 syntax)."""
    return np.asarray(pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False))


def _format_digits(digits: pa.Array, style: Style) -> pa.Array:
    """Return numbers such as "1234.5" with the style's separators and number of decimals."""
    group, mark = NUMBER_FORMS[style.number_form]
    whole, rest = _split_decimals(digits)
    if style.decimals is not None:
        long = pc.greater(pc.utf8_length(rest), style.decimals)
        unit = Decimal(1).scaleb(-style.decimals)
        rounded = [
            f"{Decimal(each).quantize(unit, ROUND_HALF_UP):f}"
            for each in digits.filter(long).to_pylist()
        ]
        digits = pc.replace_with_mask(digits, long, pa.array(rounded, digits.type))
        whole, rest = _split_decimals(digits)
        rest = pc.utf8_rpad(rest, style.decimals, "0")
    wholes = whole.dictionary_encode()
    grouped = [f"{int(each):,}".replace(",", group) for each in wholes.dictionary.to_pylist()]
    whole = pa.array(grouped, pa.large_string()).take(wholes.indices)
    marks = pc.if_else(pc.equal(rest, ""), *(pa.scalar(each, rest.type) for each in ("", mark)))
    return pc.binary_join_element_wise(whole, marks, rest, pa.scalar("", pa.large_string()))


def _split_decimals(digits: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the digits before the decimal point, and those after it."""
    point = pa.scalar(".", pa.large_string())
    pointed = pc.binary_join_element_wise(digits, point, pa.scalar("", pa.large_string()))
    split = pc.split_pattern(pointed, ".", max_splits=1)
    return pc.list_element(split, 0), pc.utf8_rtrim(pc.list_element(split, 1), ".")
