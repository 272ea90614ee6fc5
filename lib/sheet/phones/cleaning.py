"""What people and spreadsheets write around a phone number: taken off, or told apart from one.

Nothing here knows of countries. What libphonenumber would let pass (letters as a keypad, ``.0`` as
a digit, a date, an exponent) is refused before it is asked.
"""

import re
import unicodedata
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc


class PhoneText(NamedTuple):
    """A cell's number as written, digits with what stands between them, or the ``problem``."""

    text: str
    problem: str | None = None
    repair: str | None = None


_FEWEST_DIGITS: Final = 7
_MAX_DIGITS: Final = 15
_LONGEST_PREFIX: Final = 4  # 0011, with which Australians call abroad

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
# Money, coordinates, and the tax numbers of Brazil.
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
_LABEL: Final = re.compile(
    r"(?:tel(?:e(?:ph|f)one?|éfono|efono)?|telefon|phone|ph|mobile|mobil|mob|m|cell?|celular|"
    r"cellulare|m[óo]vil|movil|fone|gsm|handy|portable|contact|numero|número|number|"
    r"whats ?app|wa|zap)\s*[.:]*\s*(?=[+(\d])",
    re.IGNORECASE,
)
_EXTENSION: Final = re.compile(
    r".*\d\s*(?:#|;ext=|(?:e?xt(?:ension)?|ramal|interno|int|anexo|x)[.:]?)\s*\d{1,6}"
    r"|.*\d\s*/\s*\d{1,3}",
    re.IGNORECASE,
)
_SEPARATORS: Final = re.compile(r"[/;,|&\n]|\s(?:or|o|ou|y|e|and)\s", re.IGNORECASE)
_ALLOWED: Final = re.compile(r"[\d+()./ -]+")
_PLUS: Final = re.compile(r"[( ]*\+[\d()./ -]+")

# What needs no look at each cell: signs between digits, and none of the forms refused above.
_DIGITS: Final = r"^\+?[0-9]{7,15}$"
_EASY: Final = r"^(?:\+[0-9]|\(?[0-9])[0-9 ().-]*[0-9]$"
_NOT_EASY: Final = "^(?:" + "|".join(
    f"(?:{each.pattern})" for each in (_DATE, _DECIMAL, _OTHER_NUMBER)
) + ")$"  # fmt: skip


def extract_plain(texts: pa.Array) -> pa.Array:
    """Return the digits, after a ``+`` if there is one, of cells that hold nothing else but spaces,
    dots, hyphens and brackets; null for all others, which are for `clean_phone_text` to look at.
    """
    plain = pc.fill_null(pc.match_substring_regex(texts, _DIGITS), fill_value=False)
    if pc.all(plain).as_py():
        return texts
    # All further looks are at the others only, which are few in most columns.
    others = texts.filter(pc.invert(plain))
    easy = pc.match_substring_regex(others, _EASY)
    easy = pc.and_not(easy, pc.match_substring_regex(others, _NOT_EASY))
    digits = pc.replace_substring_regex(pc.if_else(easy, others, ""), "[^0-9+]", "")
    easy = pc.and_(easy, pc.match_substring_regex(digits, _DIGITS))
    found = pc.if_else(easy, digits, pa.scalar(None, texts.type))
    return pc.replace_with_mask(texts, pc.invert(plain), found)


def clean_phone_text(cell: str) -> PhoneText:
    """Take the number out of a cell, or say why there is none."""
    text = plain_text(cell)
    if not text:
        return PhoneText("", "phone_missing")
    if text.startswith("#") and text[1:2].isalpha():
        return PhoneText("", "not_a_phone")
    if exponent := _EXPONENT.fullmatch(text):
        whole, decimals, places = exponent[2], exponent[3] or "", int(exponent[4])
        whole = exponent[1].replace("+", "") + whole
        # A digit for each place, as in 1.6505550123E+10: nothing is lost.
        if len(whole) != 1 or len(decimals) != places or not 7 <= places < _MAX_DIGITS:
            return PhoneText("", "cut_by_spreadsheet")
        return PhoneText(whole + decimals, None, "exponent_written_out")
    text, repair = _unwrap(text)
    if _DATE.fullmatch(text):
        return PhoneText("", "looks_like_date")
    return PhoneText(text, _form_problem(text), repair)


def plain_text(cell: str) -> str:
    """Return the cell with Unicode's digits, dashes, spaces and plus signs as ASCII's."""
    if not cell.isascii():
        cell = unicodedata.normalize("NFKC", cell.translate(_CHARACTERS)).translate(_CHARACTERS)
        cell = "".join(
            str(unicodedata.decimal(each)) if each.isdecimal() else each for each in cell
        )
    return " ".join(cell.split(" ")).strip() if "\n" in cell else " ".join(cell.split())


def digits_kept(cell: str) -> int:
    """Count the digits that an exponent's form has kept: 3 of ``1.65E+10``."""
    exponent = _EXPONENT.fullmatch(plain_text(cell))
    return len((exponent[2] + (exponent[3] or "")).rstrip("0")) if exponent else 0


def has_plus(text: str) -> bool:
    """Tell whether a number is written with a plus, perhaps in brackets."""
    return _PLUS.fullmatch(text) is not None


def _unwrap(text: str) -> tuple[str, str | None]:
    """Take the number out of what spreadsheets and people put around it."""
    if link := _LINK.fullmatch(text):
        return f"+{link[1] or link[2]}", "link_read"
    repair = None
    if formula := _FORMULA.fullmatch(text):
        text, repair = (formula[1] or formula[2] or "").strip(), "formula_removed"
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
    if _is_no_phone(text):
        return "not_a_phone"
    digits = sum(map(str.isdigit, text))
    if digits < _FEWEST_DIGITS:
        return "too_short"
    if digits > _MAX_DIGITS + (_LONGEST_PREFIX if text.startswith("0") else 0):
        return "too_long"
    return None


def _is_no_phone(text: str) -> bool:
    if not _ALLOWED.fullmatch(text) or _OTHER_NUMBER.fullmatch(text) or text.endswith(")"):
        return True
    return "+" in text and not has_plus(text)
