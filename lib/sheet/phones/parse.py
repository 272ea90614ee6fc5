"""Phone cells → ``+`` and digits, or a reason why not.

A message to a stranger is far worse than one that waits for a correction, so nothing is guessed:
a number without a country is read only as one of the country that a person has chosen, and every
change of digits is a repair with a name of its own, which can be refused.
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
from lib.sheet.phones.vectorised import parse_valid


@dataclass(frozen=True)
class Phone:
    """One cell, read: ``e164`` or a ``problem``, and the ``repair`` that it took, if any.

    Of a number without a plus, two things more are known, which matter to its whole column:
    ``carries_code``, its first digits are a country code for certain; ``also_foreign``, it was read
    as national, but its digits are a number of another country too.
    """

    e164: str | None = None
    problem: str | None = None
    repair: str | None = None
    carries_code: bool = False
    also_foreign: bool = False


_TEXT: Final = "string[pyarrow]"

# Kinds of number that no person reads messages on.
_NOBODYS: Final = frozenset(
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
_MOBILE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def normalise(series: pd.Series, region: str | None = None) -> pd.DataFrame:
    """Read a column of phone cells.

    Returns a frame with the series' index and the text columns ``e164`` (``+`` and digits),
    ``problem`` (a code of `PROBLEMS`) and ``repair`` (a code of `REPAIRS`), missing where there is
    none. ``region`` is the ISO code of the country of numbers that do not say theirs.

    Where some numbers of the column have a country code but no plus, all of them may: those that
    are a number of the default country and of another one alike are held.
    """
    texts = pa.chunked_array(pa.array(series, pa.string())).combine_chunks()
    easy = _read_easy(texts, region)
    doubtful = np.flatnonzero(pc.and_(pc.is_null(easy.e164), pc.is_null(easy.problem)))
    rest = texts.take(doubtful).dictionary_encode()
    read = _read_each(rest.dictionary.to_pylist(), region)
    if any(phone.carries_code for phone in read) or _carry_code(easy):
        read = [Phone(problem="two_readings") if phone.also_foreign else phone for phone in read]
    columns = {}
    for name, values in easy._asdict().items():
        found = pa.array([getattr(phone, name) for phone in read], pa.string())
        mask = np.zeros(len(texts), dtype=bool)
        mask[doubtful] = True
        whole = pc.replace_with_mask(values, mask, found.take(rest.indices))
        columns[name] = pd.array(whole, dtype=_TEXT)
    return pd.DataFrame(columns, index=series.index)


class _Columns(NamedTuple):
    e164: pa.Array
    problem: pa.Array
    repair: pa.Array


def _carry_code(easy: _Columns) -> bool:
    return bool(pc.any(pc.equal(easy.repair, "plus_added")).as_py())


def _read_easy(texts: pa.Array, region: str | None) -> _Columns:
    """Read what can be read by whole columns; null where each cell must be looked at."""
    digits = extract_plain(texts)
    e164, repair = parse_valid(digits, region)
    problem = pa.nulls(len(texts), pa.string())
    if region is None:
        bare = pc.match_substring_regex(digits, "^(?:[1-9]|0[1-9])")
        problem = pc.if_else(pc.fill_null(bare, fill_value=False), "no_country", problem)
    return _Columns(e164, problem, repair)


def _read_each(cells: list[str | None], region: str | None) -> list[Phone]:
    """Read different cells: all that are certain together, and each of the rest by itself."""
    texts = [clean_phone_text(cell or "") for cell in cells]
    digits = extract_plain(pa.array([each.text for each in texts], pa.string()))
    refused = pa.array([each.problem is not None for each in texts], pa.bool_())
    e164, repair = parse_valid(pc.if_else(refused, pa.scalar(None, pa.string()), digits), region)
    return [
        _read(text, region)
        if good is None
        else Phone(good, repair=text.repair or how, carries_code=how == "plus_added")
        for text, good, how in zip(texts, e164.to_pylist(), repair.to_pylist(), strict=True)
    ]


def read_phone(cell: str, region: str | None = None) -> Phone:
    """Read one phone cell; see `normalise`."""
    return _read(clean_phone_text(cell), region)


@functools.lru_cache(maxsize=65_536)
def _read(cell: PhoneText, region: str | None) -> Phone:
    if cell.problem:
        return Phone(problem=cell.problem)
    if has_plus(cell.text):
        return _international(cell.text, cell.repair)
    if cell.text.startswith("00"):
        return _abroad(cell.text, region, cell.repair)
    if region is None:
        return Phone(problem="no_country")
    return _national(cell.text, region, cell.repair)


def _international(text: str, repair: str | None) -> Phone:
    number = _parse(text, None)
    if number is None:
        return Phone(problem="unknown_country")
    phone = _judge(number, repair)
    if phone.repair is None and phone.e164 not in {None, "+" + re.sub(r"\D", "", text)}:
        # libphonenumber takes off what is dialled within the country only.
        repair = "argentina_9" if number.country_code == _ARGENTINA else "trunk_removed"
        return dataclasses.replace(phone, repair=repair)
    return phone


def _abroad(text: str, region: str | None, repair: str | None) -> Phone:
    """Read a number that begins with 00, with which most countries call abroad.

    Others have prefixes of their own that begin alike: Australia's 0011, or Colombia's 005.
    """
    repair = repair or "international_prefix"
    usual = _international(f"+{text[2:]}", repair)
    if region is not None:
        other = _national(text, region, repair)
    elif text.startswith("0011"):
        other = _international(f"+{text[4:].lstrip()}", repair)
    else:
        return usual
    if other.e164 is None or other.e164 == usual.e164:
        return usual
    return other if usual.e164 is None else Phone(problem="two_readings")


def _national(text: str, region: str, repair: str | None) -> Phone:
    """Read a number without a plus as one of the chosen country, and of no other."""
    number = _parse(text, region)
    if number is None:
        return Phone(problem="not_valid")
    whole = _parse("+" + re.sub(r"\D", "", text), None)
    if whole is not None and not phonenumbers.is_valid_number(whole):
        whole = None
    if number.country_code != phonenumbers.country_code_for_region(region):
        # It began with the country's own prefix for calls abroad, such as 011, if not with a code.
        if whole is not None:
            return Phone(problem="two_readings")
        return _judge(number, repair or "international_prefix")
    phone = _judge(number, repair or "country_added")
    if whole is None:
        return phone
    if whole == number:
        return dataclasses.replace(phone, repair=repair or "plus_added", carries_code=True)
    if phone.e164 is None:
        return Phone(problem="other_country", carries_code=True)
    same_country = whole.country_code == number.country_code
    if same_country or (_is_mobile(whole) and not _is_mobile(number)):
        # Its first digits are a country code, or belong to the number: both would be valid.
        return Phone(problem="two_readings")
    return dataclasses.replace(phone, also_foreign=True)


def _judge(number: PhoneNumber, repair: str | None) -> Phone:
    if not phonenumbers.is_valid_number(number):
        mended, how = _mend(number)
        if mended is None:
            return Phone(problem=_why_invalid(number))
        number, repair = mended, how
    if phonenumbers.number_type(number) in _NOBODYS:
        return Phone(problem="nobodys")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164=e164, repair=repair)


def _mend(number: PhoneNumber) -> tuple[PhoneNumber | None, str | None]:
    """Offer the three repairs that WhatsApp lists need and that change no one's number.

    Mexico no longer has the 1 after +52; Argentina's mobiles have a 9 after +54; Brazil's have a
    ninth digit, a 9, which only numbers that began with 6 to 9 have got: never a landline.
    """
    digits = str(number.national_number)
    match number.country_code:
        case 52 if len(digits) == 11 and digits[0] == "1":
            candidate, repair = f"+52{digits[1:]}", "mexico_1"
        case 54 if len(digits) == 10 and digits[0] != "9":
            candidate, repair = f"+549{digits}", "argentina_9"
        case 55 if len(digits) == 10 and digits[2] in "6789":
            candidate, repair = f"+55{digits[:2]}9{digits[2:]}", "brazil_9"
        case _:
            return None, None
    mended = _parse(candidate, None)
    if mended is None or not phonenumbers.is_valid_number(mended):
        return None, None
    if repair != "mexico_1" and not _is_mobile(mended):
        return None, None
    return mended, repair


def _is_mobile(number: PhoneNumber) -> bool:
    return phonenumbers.number_type(number) in _MOBILE


def _why_invalid(number: PhoneNumber) -> str:
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.TOO_SHORT | ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return "too_short"
        case ValidationResult.TOO_LONG:
            return "too_long"
        case ValidationResult.INVALID_COUNTRY_CODE:
            return "unknown_country"
        case _:
            return "not_valid"


def _parse(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
