"""Read phone cells as E.164 numbers, or return why they can't be read.

A message to a wrong person is worse than one that waits for a correction, so nothing is guessed:
numbers without a country code are read only for the row's own country or the one that a person
chose, numbers with two readings wait for a decision, and every change of digits is reported as a
repair, which can be refused.
"""

import functools
import re
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import (
    PhoneNumber,
    PhoneNumberType,
    ValidationResult,
    national_significant_number,
)

from lib.sheet.phones.cleaning import PhoneText, clean_phone_text, extract_plain, has_plus
from lib.sheet.phones.codes import PhoneProblem, PhoneRepair
from lib.sheet.phones.vectorised import is_replaced, parse_valid


@dataclass(frozen=True)
class Phone:
    """The result of reading a cell: ``e164`` or a ``problem``, and the ``repairs`` made.

    A phone with two readings has a ``question``, the key of all cells that are decided together,
    and the results of both readings in ``as_code`` and ``as_local``. It has a problem too, unless
    one reading is much more likely.
    """

    e164: str | None = None
    problem: PhoneProblem | None = None
    repairs: tuple[PhoneRepair, ...] = ()
    question: str | None = None
    as_code: "Phone | None" = None
    as_local: "Phone | None" = None


_TEXT: Final = "string[pyarrow]"
COLUMNS: Final = ("e164", "problem", "repair", "question", "as_code", "as_local")
"""The columns that `normalise` returns."""

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
# Mexico's domestic prefixes until 2019, which libphonenumber no longer has.
_MEXICAN_PREFIX: Final = re.compile(r"(?:01|044|045)(\d{10})")
_OF_DIGITS: Final = frozenset(
    {
        PhoneRepair.MEXICO_1,
        PhoneRepair.ARGENTINA_9,
        PhoneRepair.BRAZIL_9,
        PhoneRepair.BENIN_01,
        PhoneRepair.TRUNK_REMOVED,
    }
)
_MOBILE_TYPES: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def normalise(
    series: pd.Series,
    region: str | None = None,
    *,
    is_own: bool = False,
    is_local: bool = False,
) -> pd.DataFrame:
    """Read a column of phone cells.

    Return a frame with the index of ``series`` and the text columns ``e164`` (``+`` and digits),
    ``problem`` (a `PhoneProblem`) and ``repair`` (each `PhoneRepair`, joined with commas). Cells
    that a person has to decide about also have ``question``, the key of all cells that are decided
    together, and ``as_code`` and ``as_local``, the numbers of both readings. Values are missing
    where there are none.

    ``region`` is the country (ISO code) of numbers without a country code. With ``is_own`` it is
    not a default but the country that the rows themselves name. Then a number of another country
    has the problem country_conflict, and digits that may be a number of either are its own. With
    ``is_local``, numbers without a plus certainly have no country code.
    """
    texts = pa.chunked_array(pa.array(series, pa.string())).combine_chunks()
    by_column = _read_columns(texts, region, is_own=is_own, is_local=is_local)
    remaining = np.flatnonzero(pc.and_(pc.is_null(by_column.e164), pc.is_null(by_column.problem)))
    rest = texts.take(remaining).dictionary_encode()
    read = _read_each(rest.dictionary.to_pylist(), region, is_own=is_own, is_local=is_local)
    has_codes = _any_code(by_column) or any(map(_shows_code, read))
    read = [_settle(phone, has_codes=has_codes) for phone in read]
    mask = np.zeros(len(texts), dtype=bool)
    mask[remaining] = True
    nothing = pa.nulls(len(texts), pa.string())
    columns = {}
    for name in COLUMNS:
        found = pa.array([field_of(phone, name) for phone in read], pa.string())
        values = getattr(by_column, name, nothing)
        whole = pc.replace_with_mask(values, mask, found.take(rest.indices))
        columns[name] = pd.array(whole, dtype=_TEXT)
    return pd.DataFrame(columns, index=series.index)


def field_of(phone: Phone, name: str) -> str | None:
    """Return the value of a phone in one of the columns of `normalise`."""
    match name:
        case "repair":
            return ",".join(phone.repairs) or None
        case "as_code" | "as_local":
            reading: Phone | None = getattr(phone, name)
            return None if reading is None else reading.e164
        case _other:
            value: str | None = getattr(phone, name)
            return value


class _Columns(NamedTuple):
    """Results by column, null for cells that have to be read one by one."""

    e164: pa.Array
    problem: pa.Array
    repair: pa.Array


def _read_columns(texts: pa.Array, region: str | None, *, is_own: bool, is_local: bool) -> _Columns:
    """Read the cells that can be read by column; the results of others are null."""
    digits = extract_plain(texts)
    e164, repair = parse_valid(digits, region)
    problem = pa.nulls(len(texts), pa.string())
    if region is None:
        bare = pc.match_substring_regex(digits, "^(?:[1-9]|0[1-9])")
        problem = pc.if_else(pc.fill_null(bare, fill_value=False), PhoneProblem.NO_COUNTRY, problem)
    elif is_own:
        is_domestic = pc.starts_with(e164, _plus_code(region))
        e164 = pc.if_else(is_domestic, e164, pa.scalar(None, pa.string()))
        repair = pc.if_else(is_domestic, repair, pa.scalar(None, pa.string()))
    if is_local:
        is_coded = pc.fill_null(pc.equal(repair, PhoneRepair.PLUS_ADDED), fill_value=False)
        e164 = pc.if_else(is_coded, pa.scalar(None, pa.string()), e164)
        repair = pc.if_else(is_coded, pa.scalar(None, pa.string()), repair)
    return _Columns(e164, problem, repair)


def _plus_code(region: str) -> str:
    return f"+{phonenumbers.country_code_for_region(region)}"


def _read_each(
    cells: list[str | None], region: str | None, *, is_own: bool, is_local: bool
) -> list[Phone]:
    """Read cells that need cleaning: the certain ones by column, each of the rest separately."""
    texts = [clean_phone_text(cell or "") for cell in cells]
    digits = extract_plain(pa.array([each.text for each in texts], pa.string()))
    refused = pa.array([each.problem is not None for each in texts], pa.bool_())
    e164, repair = parse_valid(pc.if_else(refused, pa.scalar(None, pa.string()), digits), region)
    found = []
    for text, good, how in zip(texts, e164.to_pylist(), repair.to_pylist(), strict=True):
        is_foreign = is_own and region and good and not good.startswith(_plus_code(region))
        if good is None or is_foreign or (is_local and how == PhoneRepair.PLUS_ADDED):
            found.append(_read_text(text, region, is_own=is_own, is_local=is_local))
        else:
            repairs = _join(text.repair, PhoneRepair(how) if how else None)
            found.append(Phone(good, repairs=repairs))
    return found


def _join(*made: PhoneRepair | None) -> tuple[PhoneRepair, ...]:
    return tuple(each for each in made if each is not None)


def _any_code(read: _Columns) -> bool:
    return bool(pc.any(pc.equal(read.repair, PhoneRepair.PLUS_ADDED)).as_py())


def _shows_code(phone: Phone) -> bool:
    """Return whether a number certainly has a country code but no plus."""
    if phone.problem == PhoneProblem.OTHER_COUNTRY:
        return True
    return phone.problem is None and PhoneRepair.PLUS_ADDED in phone.repairs


def _settle(phone: Phone, *, has_codes: bool) -> Phone:
    """Return a phone that is most likely local as such, or with its question.

    It is a question in a column in which other numbers have a country code but no plus.
    """
    if phone.question is None or phone.as_code is None or phone.as_local is None:
        return phone
    if phone.e164 is None:
        return phone
    if not has_codes:
        return phone.as_local
    return replace(phone, e164=None, problem=PhoneProblem.TWO_READINGS, repairs=())


def read_phone(cell: str, region: str | None = None, *, is_own: bool = False) -> Phone:
    """Read one phone cell on its own; see `normalise`."""
    return _settle(readings_of(cell, region, is_own=is_own), has_codes=False)


def readings_of(cell: str, region: str | None = None, *, is_own: bool = False) -> Phone:
    """Read one phone cell; the result has all of its readings, however likely they are."""
    return _read_text(clean_phone_text(cell), region, is_own=is_own, is_local=False)


def read_with_code(cell: str) -> Phone:
    """Read one phone cell with its first digits as the country code, with or without a plus."""
    cell_text = clean_phone_text(cell)
    if cell_text.problem or not cell_text.text.lstrip("( ")[:1].isdigit():
        return _read_text(cell_text, None, is_own=False, is_local=False)
    return _read_coded(cell_text.text, cell_text.repair)


@functools.lru_cache(maxsize=65_536)
def _read_text(cell: PhoneText, region: str | None, *, is_own: bool, is_local: bool) -> Phone:
    if cell.problem:
        return Phone(problem=cell.problem)
    if has_plus(cell.text):
        phone = _read_international(cell.text, cell.repair)
    elif cell.text.startswith("00"):
        phone = _read_dialled_abroad(cell.text, region, cell.repair)
    elif region is None:
        return Phone(problem=PhoneProblem.NO_COUNTRY)
    else:
        found = _read_national(cell.text, region, cell.repair, is_own=is_own)
        return found.as_local or _without_code(found) if is_local else found
    if region is None or (phone.e164 and (not is_own or phone.e164.startswith(_plus_code(region)))):
        return phone
    return _read_despite_plus(cell, phone, region, is_own=is_own)


def _without_code(phone: Phone) -> Phone:
    """Return a phone unless its first digits were read as a country code."""
    if PhoneRepair.PLUS_ADDED in phone.repairs:
        return Phone(problem=PhoneProblem.NOT_VALID)
    return phone


def _read_despite_plus(cell: PhoneText, phone: Phone, region: str, *, is_own: bool) -> Phone:
    """Ask about a number with a plus that is not valid, or of another country than its row's.

    Spreadsheets and scripts add a plus to numbers without a country code, too.
    """
    digits = re.sub(r"\D", "", cell.text.removeprefix("00"))
    found = _read_national(digits, region, cell.repair, is_own=is_own)
    local = found.as_local or found
    if phone.e164 is None and local.e164 is None:
        return phone
    if is_own:
        return _ask(PhoneProblem.COUNTRY_CONFLICT, phone, local)
    return _ask(PhoneProblem.TWO_READINGS, phone, local, f"plus@{region}")


def _ask(problem: PhoneProblem, as_code: Phone, as_local: Phone, group: str = "") -> Phone:
    """Return a phone that waits for a decision, which is made for its whole ``group``."""
    key = f"{problem}:{group}" if group else str(problem)
    return Phone(problem=problem, question=key, as_code=as_code, as_local=as_local)


def _read_international(text: str, *repairs: PhoneRepair | None) -> Phone:
    """Read a number with a plus and a country code."""
    number = _parse(text, None)
    if number is None:
        return Phone(problem=PhoneProblem.UNKNOWN_COUNTRY)
    phone = _check_number(number, *repairs)
    is_changed = phone.e164 not in {None, "+" + re.sub(r"\D", "", text)}
    if is_changed and not set(phone.repairs) & _OF_DIGITS:
        # libphonenumber removes digits that are dialled within the country only.
        is_argentina = number.country_code == _ARGENTINA
        how = PhoneRepair.ARGENTINA_9 if is_argentina else PhoneRepair.TRUNK_REMOVED
        return Phone(phone.e164, repairs=(*phone.repairs, how))
    return phone


def _read_coded(text: str, *repairs: PhoneRepair | None) -> Phone:
    """Read a number without a plus as if it had one."""
    return _read_international("+" + re.sub(r"\D", "", text), *repairs, PhoneRepair.PLUS_ADDED)


def _read_dialled_abroad(text: str, region: str | None, repair: PhoneRepair | None) -> Phone:
    """Read a number that begins with 00, the prefix for international calls in most countries.

    Some countries have other prefixes that begin with 00, such as Australia's 0011 or Colombia's
    005.
    """
    repairs = (repair, PhoneRepair.INTERNATIONAL_PREFIX)
    usual = _read_international(f"+{text[2:]}", *repairs)
    if region is not None:
        other = _read_national(text, region, repair, is_own=False)
    elif text.startswith("0011"):
        other = _read_international(f"+{text[4:].lstrip()}", *repairs)
    else:
        return usual
    if other.e164 is None or other.e164 == usual.e164:
        return usual
    if usual.e164 is None:
        return other
    return _ask(PhoneProblem.TWO_READINGS, usual, other, f"00@{region or ''}")


def _read_national(text: str, region: str, repair: PhoneRepair | None, *, is_own: bool) -> Phone:
    """Read a number without a plus for a country, or ask if its first digits may be a code."""
    number = _parse(text, region)
    if number is None:
        return Phone(problem=PhoneProblem.NOT_VALID)
    code = phonenumbers.country_code_for_region(region)
    # A number that begins with the country's own prefix for international calls, such as 011, is of
    # another country.
    is_domestic = number.country_code == code
    how = PhoneRepair.COUNTRY_ADDED if is_domestic else PhoneRepair.INTERNATIONAL_PREFIX
    local, coded = _check_number(number, repair, how), _read_coded(text, repair)
    if coded.e164 is None:
        return local
    if local.e164 == coded.e164:
        return coded
    has_own_code = coded.e164.startswith(f"+{code}")
    if local.e164 is None:
        if has_own_code:
            return coded
        problem = PhoneProblem.COUNTRY_CONFLICT if is_own else PhoneProblem.OTHER_COUNTRY
        return _ask(problem, coded, local, "" if is_own else region)
    if is_own and not has_own_code:
        return local
    asked = _ask(PhoneProblem.TWO_READINGS, coded, local, f"{_code_of(coded)}@{region}")
    if not has_own_code and is_domestic and not _is_mobile_text(coded) and _is_mobile(number):
        # Numbers with their country code but no plus come from systems that know WhatsApp numbers,
        # which are mobile. Among national numbers, landlines abroad are coincidences.
        return replace(asked, e164=local.e164, problem=None, repairs=local.repairs)
    return asked


def _is_mobile_text(phone: Phone) -> bool:
    return phone.e164 is not None and _is_mobile(phonenumbers.parse(phone.e164))


def _code_of(phone: Phone) -> int:
    return int(phonenumbers.parse(phone.e164 or "").country_code or 0)


def _check_number(number: PhoneNumber, *repairs: PhoneRepair | None) -> Phone:
    """Return a valid number of a person, repaired if necessary, or the problem."""
    made = _join(*repairs)
    if not _is_valid(number):
        repaired, how = _repair_number(number)
        if repaired is None or how is None:
            return Phone(problem=_why_invalid(number))
        number, made = repaired, (*made, how)
    if phonenumbers.number_type(number) in _SERVICE_TYPES:
        return Phone(problem=PhoneProblem.NO_PERSON)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164=e164, repairs=made)


def _is_valid(number: PhoneNumber) -> bool:
    if is_replaced(number.country_code or 0, national_significant_number(number)):
        return False
    return bool(phonenumbers.is_valid_number(number))


def _repair_number(number: PhoneNumber) -> tuple[PhoneNumber | None, PhoneRepair | None]:
    """Return the number after one of five repairs, and the repair; None if there is none.

    Mexican numbers no longer have a 1 after +52, nor the domestic prefixes 01, 044 and 045.
    Argentinian mobile numbers have a 9 after +54.
    Brazilian mobile numbers got a ninth digit, a 9, if they began with 6 to 9; landlines did not.
    All numbers of Benin got 01 in front of them in 2024.
    """
    digits = str(number.national_number)
    match number.country_code:
        case 52 if prefix := _MEXICAN_PREFIX.match(national_significant_number(number)):
            candidate, repair = f"+52{prefix[1]}", PhoneRepair.TRUNK_REMOVED
        case 52 if len(digits) == 11 and digits[0] == "1":
            candidate, repair = f"+52{digits[1:]}", PhoneRepair.MEXICO_1
        case 229 if len(digits) == 8:
            candidate, repair = f"+22901{digits}", PhoneRepair.BENIN_01
        case 54 if len(digits) == 10 and digits[0] != "9":
            candidate, repair = f"+549{digits}", PhoneRepair.ARGENTINA_9
        case 55 if len(digits) == 10 and digits[2] in "6789":
            candidate, repair = f"+55{digits[:2]}9{digits[2:]}", PhoneRepair.BRAZIL_9
        case _:
            return None, None
    repaired = _parse(candidate, None)
    if repaired is None or not phonenumbers.is_valid_number(repaired):
        return None, None
    needs_mobile = repair in {PhoneRepair.ARGENTINA_9, PhoneRepair.BRAZIL_9}
    if needs_mobile and not _is_mobile(repaired):
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
