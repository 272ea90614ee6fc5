"""Read phone cells as E.164 numbers, or return why they can't be read.

A message to a wrong person is worse than one that waits for a correction, so nothing is guessed:
numbers without a country code are read only for the country that a person chose, and every change
of digits is reported as a repair, which can be refused.
"""

import dataclasses
import functools
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import PhoneNumber, PhoneNumberType, ValidationResult

from lib.sheet.phones.cleaning import PhoneText, clean_phone_text, extract_plain, has_plus
from lib.sheet.phones.codes import PhoneProblem, PhoneRepair
from lib.sheet.phones.vectorised import parse_valid


@dataclass(frozen=True)
class Phone:
    """The result of reading a cell: ``e164`` or a ``problem``, and the ``repair`` made, if any.

    Two facts about a number without a plus affect its whole column: ``carries_code``, its first
    digits are certainly a country code; ``also_foreign``, it was read as a national number, but its
    digits are also a number of another country.
    """

    e164: str | None = None
    problem: PhoneProblem | None = None
    repair: PhoneRepair | None = None
    carries_code: bool = False
    also_foreign: bool = False


_TEXT: Final = "string[pyarrow]"

# Numbers that don't belong to a person.
_SERVICE_TYPES: Final = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.PAGER,
        PhoneNumberType.UAN,
    }
)
_ARGENTINA: Final = 54
_MOBILE_TYPES: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def normalise(series: pd.Series, region: str | None = None) -> pd.DataFrame:
    """Read a column of phone cells.

    Return a frame with the index of ``series`` and the text columns ``e164`` (``+`` and digits),
    ``problem`` (a `PhoneProblem`) and ``repair`` (a `PhoneRepair`), missing if there is none.
    ``region`` is the country (ISO code) of numbers without a country code.

    If some numbers of the column have a country code but no plus, others may too. Numbers that are
    valid both in ``region`` and, with their first digits as a country code, in another country then
    have the problem two_readings.
    """
    texts = pa.chunked_array(pa.array(series, pa.string())).combine_chunks()
    by_column = _read_columns(texts, region)
    remaining = np.flatnonzero(pc.and_(pc.is_null(by_column.e164), pc.is_null(by_column.problem)))
    rest = texts.take(remaining).dictionary_encode()
    read = _read_each(rest.dictionary.to_pylist(), region)
    if any(phone.carries_code for phone in read) or _any_carries_code(by_column):
        read = [
            Phone(problem=PhoneProblem.TWO_READINGS) if phone.also_foreign else phone
            for phone in read
        ]
    columns = {}
    for name, values in by_column._asdict().items():
        found = pa.array([getattr(phone, name) for phone in read], pa.string())
        mask = np.zeros(len(texts), dtype=bool)
        mask[remaining] = True
        whole = pc.replace_with_mask(values, mask, found.take(rest.indices))
        columns[name] = pd.array(whole, dtype=_TEXT)
    return pd.DataFrame(columns, index=series.index)


class _Columns(NamedTuple):
    """Results by column, null for cells that have to be read one by one."""

    e164: pa.Array
    problem: pa.Array
    repair: pa.Array


def _any_carries_code(read: _Columns) -> bool:
    return bool(pc.any(pc.equal(read.repair, PhoneRepair.PLUS_ADDED)).as_py())


def _read_columns(texts: pa.Array, region: str | None) -> _Columns:
    """Read the cells that can be read by column; the results of others are null."""
    digits = extract_plain(texts)
    e164, repair = parse_valid(digits, region)
    problem = pa.nulls(len(texts), pa.string())
    if region is None:
        bare = pc.match_substring_regex(digits, "^(?:[1-9]|0[1-9])")
        problem = pc.if_else(pc.fill_null(bare, fill_value=False), PhoneProblem.NO_COUNTRY, problem)
    return _Columns(e164, problem, repair)


def _read_each(cells: list[str | None], region: str | None) -> list[Phone]:
    """Read cells that need cleaning: the certain ones by column, each of the rest separately."""
    texts = [clean_phone_text(cell or "") for cell in cells]
    digits = extract_plain(pa.array([each.text for each in texts], pa.string()))
    refused = pa.array([each.problem is not None for each in texts], pa.bool_())
    e164, repair = parse_valid(pc.if_else(refused, pa.scalar(None, pa.string()), digits), region)
    return [
        _read_text(text, region)
        if good is None
        else Phone(
            good,
            repair=text.repair or (PhoneRepair(how) if how else None),
            carries_code=how == PhoneRepair.PLUS_ADDED,
        )
        for text, good, how in zip(texts, e164.to_pylist(), repair.to_pylist(), strict=True)
    ]


def read_phone(cell: str, region: str | None = None) -> Phone:
    """Read one phone cell; see `normalise`."""
    return _read_text(clean_phone_text(cell), region)


@functools.lru_cache(maxsize=65_536)
def _read_text(cell: PhoneText, region: str | None) -> Phone:
    if cell.problem:
        return Phone(problem=cell.problem)
    if has_plus(cell.text):
        return _read_international(cell.text, cell.repair)
    if cell.text.startswith("00"):
        return _read_dialled_abroad(cell.text, region, cell.repair)
    if region is None:
        return Phone(problem=PhoneProblem.NO_COUNTRY)
    return _read_national(cell.text, region, cell.repair)


def _read_international(text: str, repair: PhoneRepair | None) -> Phone:
    """Read a number with a plus and a country code."""
    number = _parse(text, None)
    if number is None:
        return Phone(problem=PhoneProblem.UNKNOWN_COUNTRY)
    phone = _check_number(number, repair)
    if phone.repair is None and phone.e164 not in {None, "+" + re.sub(r"\D", "", text)}:
        # libphonenumber removes digits that are dialled within the country only.
        repair = (
            PhoneRepair.ARGENTINA_9
            if number.country_code == _ARGENTINA
            else PhoneRepair.TRUNK_REMOVED
        )
        return dataclasses.replace(phone, repair=repair)
    return phone


def _read_dialled_abroad(text: str, region: str | None, repair: PhoneRepair | None) -> Phone:
    """Read a number that begins with 00, the prefix for international calls in most countries.

    Some countries have other prefixes that begin with 00, such as Australia's 0011 or Colombia's
    005.
    """
    repair = repair or PhoneRepair.INTERNATIONAL_PREFIX
    usual = _read_international(f"+{text[2:]}", repair)
    if region is not None:
        other = _read_national(text, region, repair)
    elif text.startswith("0011"):
        other = _read_international(f"+{text[4:].lstrip()}", repair)
    else:
        return usual
    if other.e164 is None or other.e164 == usual.e164:
        return usual
    return other if usual.e164 is None else Phone(problem=PhoneProblem.TWO_READINGS)


def _read_national(text: str, region: str, repair: PhoneRepair | None) -> Phone:
    """Read a number without a plus for the chosen country only."""
    number = _parse(text, region)
    if number is None:
        return Phone(problem=PhoneProblem.NOT_VALID)
    whole = _parse("+" + re.sub(r"\D", "", text), None)
    if whole is not None and not phonenumbers.is_valid_number(whole):
        whole = None
    if number.country_code != phonenumbers.country_code_for_region(region):
        # It begins with the country's own prefix for international calls, such as 011.
        if whole is not None:
            return Phone(problem=PhoneProblem.TWO_READINGS)
        return _check_number(number, repair or PhoneRepair.INTERNATIONAL_PREFIX)
    phone = _check_number(number, repair or PhoneRepair.COUNTRY_ADDED)
    if whole is None:
        return phone
    if whole == number:
        return dataclasses.replace(
            phone, repair=repair or PhoneRepair.PLUS_ADDED, carries_code=True
        )
    if phone.e164 is None:
        return Phone(problem=PhoneProblem.OTHER_COUNTRY, carries_code=True)
    same_country = whole.country_code == number.country_code
    if same_country or (_is_mobile(whole) and not _is_mobile(number)):
        # The first digits may be a country code or part of the number: both are valid.
        return Phone(problem=PhoneProblem.TWO_READINGS)
    return dataclasses.replace(phone, also_foreign=True)


def _check_number(number: PhoneNumber, repair: PhoneRepair | None) -> Phone:
    """Return a valid number of a person, repaired if necessary, or the problem."""
    if not phonenumbers.is_valid_number(number):
        repaired, how = _repair_number(number)
        if repaired is None:
            return Phone(problem=_why_invalid(number))
        number, repair = repaired, how
    if phonenumbers.number_type(number) in _SERVICE_TYPES:
        return Phone(problem=PhoneProblem.NO_PERSON)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164=e164, repair=repair)


def _repair_number(number: PhoneNumber) -> tuple[PhoneNumber | None, PhoneRepair | None]:
    """Return the number after one of three repairs, and the repair; None if there is none.

    Mexican numbers no longer have a 1 after +52. Argentinian mobile numbers have a 9 after +54.
    Brazilian mobile numbers got a ninth digit, a 9, if they began with 6 to 9; landlines did not.
    """
    digits = str(number.national_number)
    match number.country_code:
        case 52 if len(digits) == 11 and digits[0] == "1":
            candidate, repair = f"+52{digits[1:]}", PhoneRepair.MEXICO_1
        case 54 if len(digits) == 10 and digits[0] != "9":
            candidate, repair = f"+549{digits}", PhoneRepair.ARGENTINA_9
        case 55 if len(digits) == 10 and digits[2] in "6789":
            candidate, repair = f"+55{digits[:2]}9{digits[2:]}", PhoneRepair.BRAZIL_9
        case _:
            return None, None
    repaired = _parse(candidate, None)
    if repaired is None or not phonenumbers.is_valid_number(repaired):
        return None, None
    if repair != PhoneRepair.MEXICO_1 and not _is_mobile(repaired):
        return None, None
    return repaired, repair


def _is_mobile(number: PhoneNumber) -> bool:
    return phonenumbers.number_type(number) in _MOBILE_TYPES


def _why_invalid(number: PhoneNumber) -> PhoneProblem:
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.TOO_SHORT | ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return PhoneProblem.TOO_SHORT
        case ValidationResult.TOO_LONG:
            return PhoneProblem.TOO_LONG
        case ValidationResult.INVALID_COUNTRY_CODE:
            return PhoneProblem.UNKNOWN_COUNTRY
        case _:
            return PhoneProblem.NOT_VALID


def _parse(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
