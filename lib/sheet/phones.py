"""Phone cells → ``+`` and digits, or a reason why not.

A message to a stranger is far worse than one that waits for a correction, so nothing is guessed:
a number without a country is read only as one of the country that a person has chosen, and every
change of digits is a repair with a name of its own, which can be refused. What libphonenumber
would let pass (letters as a keypad, ``.0`` as a digit, a date, an exponent) is refused before it
is asked.
"""

import dataclasses
import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import pandas as pd
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import PhoneNumber, PhoneNumberType, ValidationResult

from lib.sheet.phone_rules import certainly_good, certainly_national
from lib.sheet.phone_words import PROBLEMS


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

    @property
    def sentence(self) -> str:
        """Say what is wrong and what to do, for people; empty where nothing is."""
        return PROBLEMS[self.problem].sentence if self.problem else ""


_TEXT: Final = "string[pyarrow]"
_FEWEST_DIGITS: Final = 7
_MOST_DIGITS: Final = 15
_LONGEST_PREFIX: Final = 4  # 0011, with which Australians call abroad

_INVISIBLE: Final = dict.fromkeys(
    [0x00AD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F),
     *range(0x2066, 0x206A)]
)  # fmt: skip
_DASHES: Final = dict.fromkeys([0x2212, *range(0x2010, 0x2016), 0xFE58, 0xFE63, 0xFF0D], "-")
_CHARACTERS: Final = {**_INVISIBLE, **_DASHES}

_EXPONENT: Final = re.compile(r"[+-]?\d+(?:[.,]\d*)?\s?[eE]\s?[+-]?\d+")
_DATE: Final = re.compile(
    r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?:[ T].*)?"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:19|20)\d\d(?: .*)?"
)
_DECIMAL: Final = re.compile(r"(\+?\d{7,15})[.,]0{1,2}")
# Money, coordinates, and the tax numbers of Brazil.
_OTHER_NUMBER: Final = re.compile(
    r"-.*|\+?\d+[.,]\d{1,2}|\d{1,3}[.,]\d{4,}|\d{3}\.\d{3}\.\d{3}-\d{2}"
)
_LINK: Final = re.compile(
    r"(?:https?://)?(?:www\.)?(?:wa\.me/|(?:api|web)\.whatsapp\.com/send/?\?phone=)"
    r"(?:\+|%2B)?(\d{7,15})/?(?:[?&].*)?"
    r"|whatsapp://send/?\?phone=(?:\+|%2B)?(\d{7,15})(?:&.*)?",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(
    r"(?:tel(?:e(?:ph|f)one?|éfono|efono)?|phone|mobile|mob|cell?|celular|m[óo]vil|fone|"
    r"whats ?app|wa|zap)\s*[.:]*\s*(?=[+(\d])",
    re.IGNORECASE,
)
_EXTENSION: Final = re.compile(
    r".*\d\s*(?:#|;ext=|(?:e?xt(?:ension)?|ramal|interno|int|anexo|x)[.:]?)\s*\d{1,6}"
    r"|.*\d{3}\s*/\s*\d{1,3}",
    re.IGNORECASE,
)
_SEPARATORS: Final = re.compile(r"[/;,|&\n]|\s(?:or|o|ou|y|e|and)\s", re.IGNORECASE)
_ALLOWED: Final = re.compile(r"[\d+()./ -]+")
_PLUS: Final = re.compile(r"[( ]*\+[\d()./ -]+")

_PLAIN_NATIONAL: Final = (
    r"^(?:[0-9]{7,12}|(?:\([0-9]{2,4}\) ?|[0-9]{2,4} )[0-9]{3,5}[- ]?[0-9]{3,4})$"
)

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
    e164, added = _read_plain(texts, region)
    doubtful = pc.is_null(e164)
    rest = texts.filter(doubtful).dictionary_encode()
    read = [read_phone(cell, region) for cell in rest.dictionary.to_pylist()]
    if any(phone.carries_code for phone in read):
        read = [Phone(problem="two_readings") if phone.also_foreign else phone for phone in read]
    columns = {}
    for name, plain in (
        ("e164", e164),
        ("problem", pa.nulls(len(texts), pa.string())),
        ("repair", pc.if_else(added, "country_added", pa.scalar(None, pa.string()))),
    ):
        values = pa.array([getattr(phone, name) for phone in read], pa.string())
        columns[name] = pd.array(
            pc.replace_with_mask(plain, doubtful, values.take(rest.indices)), dtype=_TEXT
        )
    return pd.DataFrame(columns, index=series.index)


def _read_plain(texts: pa.Array, region: str | None) -> tuple[pa.Array, pa.Array]:
    """Read what is plain enough for `certainly_good`; null where it is not, and what is national.

    Of other texts than digits, only those with spaces, hyphens, dots and brackets between them are
    plain, in an order in which nothing else than a phone is written.
    """
    good = certainly_good(texts)
    e164 = pc.if_else(good, texts, pa.scalar(None, pa.string()))
    if region is None:
        return e164, pc.and_not(good, good)
    plain = pc.match_substring_regex(texts, _PLAIN_NATIONAL)
    digits = pc.replace_substring_regex(pc.if_else(plain, texts, ""), r"[^0-9]", "")
    national = certainly_national(digits, region)
    return pc.coalesce(e164, national), pc.is_valid(national)


@functools.lru_cache(maxsize=65_536)
def read_phone(cell: str, region: str | None = None) -> Phone:
    """Read one phone cell; see `normalise`."""
    text = _plain(cell)
    if not text:
        return Phone(problem="phone_missing")
    if problem := _first_problem(text):
        return Phone(problem=problem)
    text, repair = _unwrap(text)
    if problem := _form_problem(text):
        return Phone(problem=problem)
    if _PLUS.fullmatch(text):
        return _international(text, repair)
    if text.startswith("00"):
        return _abroad(text, region, repair)
    if region is None:
        return Phone(problem="no_country")
    return _national(text, region, repair)


def suggest_region(series: pd.Series, header: str | None = None) -> str | None:
    """Suggest the country of numbers without one, from those that carry a country code.

    At least three numbers and six in ten must agree; a header such as ``phone_br`` decides where
    no number does.
    """
    sample = series[series != ""].head(2_000)
    found: list[str] = []
    for cell in sample:
        text = _plain(cell)
        digits = re.sub(r"\D", "", text)
        explicit = text.startswith(("+", "00", "(+"))
        if explicit or len(digits) > 10:
            number = _parse(f"+{digits.removeprefix('00') if explicit else digits}", None)
            if number is not None and phonenumbers.is_valid_number(number):
                found.append(phonenumbers.region_code_for_number(number) or "")
    if len(found) >= 3:
        best = max(set(found), key=found.count)
        if best and found.count(best) >= 0.6 * len(found):
            return best
    ending = re.fullmatch(r".*[ _.-]([A-Za-z]{2})", header or "")
    if ending and ending[1].upper() in phonenumbers.SUPPORTED_REGIONS:
        return ending[1].upper()
    return None


def _plain(cell: str) -> str:
    """Return the cell with Unicode's digits, dashes, spaces and plus signs as ASCII's."""
    if not cell.isascii():
        cell = unicodedata.normalize("NFKC", cell.translate(_CHARACTERS)).translate(_CHARACTERS)
        cell = "".join(
            str(unicodedata.decimal(each)) if each.isdecimal() else each for each in cell
        )
    return " ".join(cell.split(" ")).strip() if "\n" in cell else " ".join(cell.split())


def _first_problem(text: str) -> str | None:
    if text.startswith("#") and text[1:2].isalpha():
        return "not_a_phone"
    if _EXPONENT.fullmatch(text):
        return "cut_by_spreadsheet"
    if _DATE.fullmatch(text):
        return "looks_like_date"
    return None


def _unwrap(text: str) -> tuple[str, str | None]:
    """Take the number out of what spreadsheets and people put around it."""
    if link := _LINK.fullmatch(text):
        return f"+{link[1] or link[2]}", "link_read"
    repair = None
    if text.startswith(("'", "`", "\u2019")):
        text, repair = text[1:].strip(), "apostrophe_removed"
    if label := _LABEL.match(text):
        text, repair = text[label.end() :], "label_removed"
    if decimal := _DECIMAL.fullmatch(text):
        text, repair = decimal[1], "decimal_removed"
    return text, repair


def _form_problem(text: str) -> str | None:
    if _EXTENSION.fullmatch(text):
        return "extension"
    parts = [part for part in _SEPARATORS.split(text) if sum(map(str.isdigit, part)) >= 6]
    if len(parts) > 1 or len(re.findall(r"\+\s*\d{5}", text)) > 1:
        return "two_numbers"
    if any(map(str.isalpha, text)):
        return "letters"
    if not _ALLOWED.fullmatch(text) or _OTHER_NUMBER.fullmatch(text) or text.endswith(")"):
        return "not_a_phone"
    if "+" in text and not _PLUS.fullmatch(text):
        return "not_a_phone"
    digits = sum(map(str.isdigit, text))
    if digits < _FEWEST_DIGITS:
        return "too_short"
    if digits > _MOST_DIGITS + (_LONGEST_PREFIX if text.startswith("0") else 0):
        return "too_long"
    return None


def _international(text: str, repair: str | None) -> Phone:
    number = _parse(text, None)
    if number is None:
        return Phone(problem="unknown_country")
    return _judge(number, repair)


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
