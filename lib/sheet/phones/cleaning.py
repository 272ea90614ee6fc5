"""Extract the phone number from the text of a cell, regardless of countries.

What people and spreadsheets write around a number is removed. Texts that libphonenumber would
wrongly accept (vanity letters, ``.0`` as a digit, dates, exponents) are rejected here.
"""

import re
import unicodedata
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.phones.codes import PhoneProblem, PhoneRepair


class PhoneText(NamedTuple):
    """The number in a cell as written, digits and separators, or the ``problem``."""

    text: str
    problem: PhoneProblem | None = None
    repair: PhoneRepair | None = None


_MIN_DIGITS: Final = 7
_MAX_DIGITS: Final = 15
_MAX_PREFIX_DIGITS: Final = 4  # 0011, Australia's prefix for international calls

_INVISIBLE: Final = dict.fromkeys(
    [0x00AD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F),
     *range(0x2066, 0x206A)]
)  # fmt: skip
_DASHES: Final = dict.fromkeys(
    [0x2043, 0x207B, 0x208B, 0x2212, 0x30FC, *range(0x2010, 0x2016), 0xFE58, 0xFE63, 0xFF0D], "-"
)
_CHARACTERS: Final = {**_INVISIBLE, **_DASHES}

_EXPONENT: Final = re.compile(r"'?([+-]?)(\d+)(?:[.,](\d*))?\s?[eE]\s?([+-]?\d+)")
_DATE: Final = re.compile(
    r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?:[ T].*)?"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:19|20)\d\d(?: .*)?"
)
_DECIMAL: Final = re.compile(r"(\+?\d{7,15})[.,]0{1,2}")
# A number with separators between thousands, as spreadsheets show it, perhaps with decimals.
_THOUSANDS: Final = re.compile(r"\+?\d{1,3}(?:(?:[,']\d{3}){2,4}|(?:\.\d{3}){3,4})(?:[.,]0{1,2})?")
# Amounts of money, coordinates, and Brazilian tax numbers (CPF).
_OTHER_NUMBER: Final = re.compile(
    r"-.*|\+?\d+[.,]\d{1,2}|\d{1,3}[.,]\d{4,}|\d{3}\.\d{3}\.\d{3}-\d{2}"
)
_FORMULA: Final = re.compile(r'="([^"]*)"|=(\+?\d+)')
_LINK: Final = re.compile(
    r"(?:https?://)?(?:www\.)?(?:wa\.me/|(?:api|web)\.whatsapp\.com/send/?\?phone=)"
    r"(?:\+|%2B)?(\d{7,15})/?(?:[?&].*)?"
    r"|whatsapp://send/?\?phone=(?:\+|%2B)?(\d{7,15})(?:&.*)?",
    re.IGNORECASE,
)
# WhatsApp's own ids, in chat exports and tools.
_ADDRESS: Final = re.compile(r"\+?(\d{7,15})(?:[:.]\d+)?@(?:s\.whatsapp\.net|c\.us)", re.IGNORECASE)
# Brazil: XX stands for the carrier's two digits in a number for calls between areas.
_CARRIER: Final = re.compile(r"\(?0?\s*xx\s*(?=[\s()-]*\d{2})", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"(?:tel(?:e(?:ph|f)one?|éfono|efono)?|telefon|phone|ph|mobile|mobil|mob|m|cell?|celular|"
    r"cellulare|m[óo]vil|movil|fone|gsm|handy|portable|contact|numero|número|number|"
    r"whats ?app|wa|zap|p(?=:))\s*[.:]*\s*(?=[+(\d])",
    re.IGNORECASE,
)
_EXTENSION: Final = re.compile(
    r".*\d\s*(?:#|;ext=|(?:e?xt(?:ension)?|ramal|interno|int|anexo|x)[.:]?)\s*\d{1,6}"
    r"|.*\d\s*/\s*\d{1,3}",
    re.IGNORECASE,
)
_SEPARATORS: Final = re.compile(r"::+|[/;,|&\n]|\s(?:or|o|ou|y|e|and)\s", re.IGNORECASE)
_ALLOWED: Final = re.compile(r"[\d+()./ -]+")
_PLUS: Final = re.compile(r"[( ]*\+[\d()./ -]+")

# Cells that can be read by column: digits with separators, but none of the forms above.
_DIGITS: Final = r"^\+?[0-9]{7,15}$"
_PLAIN: Final = r"^(?:\+[0-9]|\(?[0-9])[0-9 ().-]*[0-9]$"
_NOT_PLAIN: Final = "^(?:" + "|".join(
    f"(?:{each.pattern})" for each in (_DATE, _DECIMAL, _OTHER_NUMBER)
) + ")$"  # fmt: skip


def extract_plain(texts: pa.Array) -> pa.Array:
    """Return the digits of plain cells, after a ``+`` if there is one.

    Plain cells contain only digits, spaces, dots, hyphens and brackets. For others, which
    `clean_phone_text` can read, the result is null.
    """
    has_digits_only = pc.fill_null(pc.match_substring_regex(texts, _DIGITS), fill_value=False)
    if pc.all(has_digits_only).as_py():
        return texts
    # The steps below apply to the remaining cells only, which are few in most columns.
    others = texts.filter(pc.invert(has_digits_only))
    is_plain = pc.match_substring_regex(others, _PLAIN)
    is_plain = pc.and_not(is_plain, pc.match_substring_regex(others, _NOT_PLAIN))
    digits = pc.replace_substring_regex(pc.if_else(is_plain, others, ""), "[^0-9+]", "")
    is_plain = pc.and_(is_plain, pc.match_substring_regex(digits, _DIGITS))
    found = pc.if_else(is_plain, digits, pa.scalar(None, texts.type))
    return pc.replace_with_mask(texts, pc.invert(has_digits_only), found)


def clean_phone_text(cell: str) -> PhoneText:
    """Return the number in a cell, or the problem if there is none."""
    text = plain_text(cell)
    if not text:
        return PhoneText("", PhoneProblem.PHONE_MISSING)
    if text.startswith("#") and text[1:2].isalpha():
        return PhoneText("", PhoneProblem.NOT_A_PHONE)
    if exponent := _EXPONENT.fullmatch(text):
        whole, decimals, places = exponent[2], exponent[3] or "", int(exponent[4])
        whole = exponent[1].replace("+", "") + whole
        # With a digit for each place, as in 1.6505550123E+10, no digit is lost.
        if len(whole) != 1 or len(decimals) != places or not 7 <= places < _MAX_DIGITS:
            return PhoneText("", PhoneProblem.CUT_BY_SPREADSHEET)
        return PhoneText(whole + decimals, None, PhoneRepair.EXPONENT_WRITTEN_OUT)
    text, repair = _unwrap(text)
    if _DATE.fullmatch(text):
        return PhoneText("", PhoneProblem.LOOKS_LIKE_DATE)
    return PhoneText(text, _form_problem(text), repair)


def plain_text(cell: str) -> str:
    """Return the cell with Unicode digits, dashes, spaces and plus signs replaced by ASCII ones."""
    if not cell.isascii():
        cell = unicodedata.normalize("NFKC", cell.translate(_CHARACTERS)).translate(_CHARACTERS)
        cell = "".join(
            str(unicodedata.decimal(each)) if each.isdecimal() else each for each in cell
        )
    return " ".join(cell.split(" ")).strip() if "\n" in cell else " ".join(cell.split())


def digits_kept(cell: str) -> int:
    """Count the digits that scientific notation has kept: 3 for ``1.65E+10``."""
    exponent = _EXPONENT.fullmatch(plain_text(cell))
    return len((exponent[2] + (exponent[3] or "")).rstrip("0")) if exponent else 0


def has_plus(text: str) -> bool:
    """Return whether a number is written with a plus, perhaps in brackets."""
    return _PLUS.fullmatch(text) is not None


def _unwrap(text: str) -> tuple[str, PhoneRepair | None]:
    """Remove what spreadsheets and people write around a number; return it and the repair."""
    if link := _LINK.fullmatch(text):
        return f"+{link[1] or link[2]}", PhoneRepair.LINK_READ
    if address := _ADDRESS.fullmatch(text):
        return f"+{address[1]}", PhoneRepair.LINK_READ
    repair: PhoneRepair | None = None
    if formula := _FORMULA.fullmatch(text):
        text, repair = (formula[1] or formula[2] or "").strip(), PhoneRepair.FORMULA_REMOVED
    if text.startswith(("'", "`", "\u2019")):
        text, repair = text[1:].strip(), PhoneRepair.APOSTROPHE_REMOVED
    if label := _LABEL.match(text):
        text, repair = text[label.end() :], PhoneRepair.LABEL_REMOVED
    if carrier := _CARRIER.match(text):
        rest = text[carrier.end() :]
        text, repair = rest if "(" in rest else rest.replace(")", ""), PhoneRepair.CARRIER_REMOVED
    if _THOUSANDS.fullmatch(text):
        whole = re.sub(r"[.,]0{1,2}$", "", text)
        text, repair = re.sub(r"[.,']", "", whole), PhoneRepair.THOUSANDS_REMOVED
    if decimal := _DECIMAL.fullmatch(text):
        text, repair = decimal[1], PhoneRepair.DECIMAL_REMOVED
    return text, repair


def _form_problem(text: str) -> PhoneProblem | None:
    """Return why a text does not have the form of a phone number, or None."""
    if _EXTENSION.fullmatch(text):
        return PhoneProblem.EXTENSION
    parts = [part for part in _SEPARATORS.split(text) if sum(map(str.isdigit, part)) >= 6]
    if len(parts) > 1 or len(re.findall(r"\+\s*\d{5}", text)) > 1:
        return PhoneProblem.TWO_NUMBERS
    if any(map(str.isalpha, text)):
        return PhoneProblem.LETTERS
    if _is_not_phone(text):
        return PhoneProblem.NOT_A_PHONE
    digits = sum(map(str.isdigit, text))
    if digits < _MIN_DIGITS:
        return PhoneProblem.TOO_SHORT
    if digits > _MAX_DIGITS + (_MAX_PREFIX_DIGITS if text.startswith("0") else 0):
        return PhoneProblem.TOO_LONG
    return None


def _is_not_phone(text: str) -> bool:
    if not _ALLOWED.fullmatch(text) or _OTHER_NUMBER.fullmatch(text) or text.endswith(")"):
        return True
    return "+" in text and not has_plus(text)
