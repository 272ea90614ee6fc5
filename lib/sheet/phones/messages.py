"""What is said about phone cells: each problem and each repair, by its code."""

from dataclasses import dataclass
from typing import Final

from lib.sheet.phones.cleaning import digits_kept, plain_text


@dataclass(frozen=True)
class PhoneWords:
    """A problem or a repair as people read it: a title, and what it means or what to do."""

    title: str
    sentence: str


PROBLEMS: Final[dict[str, PhoneWords]] = {
    "phone_missing": PhoneWords(
        "No phone number", "The cell is empty. Fill it in, or take the row out."
    ),
    "cut_by_spreadsheet": PhoneWords(
        "Cut by the spreadsheet",
        "The spreadsheet has cut this number short, and its last digits are lost. Export the "
        "column as text from where it came.",
    ),
    "looks_like_date": PhoneWords(
        "A date, not a phone number",
        "The spreadsheet may have turned the number into a date. Export the column as text.",
    ),
    "letters": PhoneWords(
        "Letters in the number", "A phone number has digits only. Correct it in your sheet."
    ),
    "not_a_phone": PhoneWords(
        "Not a phone number", "This can't be read as a phone number. Correct it in your sheet."
    ),
    "extension": PhoneWords(
        "An extension", "A number with an extension has no WhatsApp. Use a mobile number."
    ),
    "two_numbers": PhoneWords(
        "Two numbers in one cell", "Keep one number in the cell; give the other a row of its own."
    ),
    "too_short": PhoneWords(
        "Too few digits", "Digits are missing, perhaps the area code. Complete the number."
    ),
    "too_long": PhoneWords("Too many digits", "No number is this long. Correct it in your sheet."),
    "no_country": PhoneWords(
        "No country code",
        "It is not clear which country this number is of. Choose the default country above, or "
        "write the number with + and its country code.",
    ),
    "other_country": PhoneWords(
        "Of another country, perhaps",
        "It is no number of the default country, but could be one of another. Write it with + and "
        "its country code.",
    ),
    "two_readings": PhoneWords(
        "Can be read in two ways",
        "Its first digits may be the country code or a part of the number. Write it with + and "
        "its country code.",
    ),
    "unknown_country": PhoneWords(
        "Country code not known", "No country has this code. Correct the number in your sheet."
    ),
    "not_valid": PhoneWords(
        "No such number", "Numbers of this country do not look like this. Check the digits."
    ),
    "nobodys": PhoneWords(
        "A service number",
        "Toll-free, premium and similar numbers have no WhatsApp. Use a mobile number.",
    ),
}

REPAIRS: Final[dict[str, PhoneWords]] = {
    "country_added": PhoneWords(
        "Country code added",
        "The number had no country code and was read as the default country's.",
    ),
    "plus_added": PhoneWords("Plus added", "The number had its country code, but no + before it."),
    "international_prefix": PhoneWords(
        "00 read as +", "The number began with the prefix for calls abroad."
    ),
    "decimal_removed": PhoneWords(
        "“.0” removed", "The spreadsheet had put a decimal point behind the number."
    ),
    "exponent_written_out": PhoneWords(
        "Exponent written out",
        "The spreadsheet had written the number with an exponent, but with all of its digits.",
    ),
    "formula_removed": PhoneWords(
        "Formula removed", "The number stood in a formula, such as =“…”, that keeps its digits."
    ),
    "trunk_removed": PhoneWords(
        "Trunk prefix removed",
        "Digits that are only dialled within the country, such as (0), stood after its code.",
    ),
    "apostrophe_removed": PhoneWords(
        "Apostrophe removed", "An apostrophe that marks text in spreadsheets stood before it."
    ),
    "label_removed": PhoneWords("Label removed", "A word such as “tel:” stood before the number."),
    "link_read": PhoneWords("Read from a link", "The number was taken out of a WhatsApp link."),
    "mexico_1": PhoneWords(
        "Mexico's 1 removed", "Mexican numbers no longer have a 1 after +52; it was removed."
    ),
    "argentina_9": PhoneWords(
        "Argentina's 9 added", "Argentinian mobile numbers have a 9 after +54; it was added."
    ),
    "brazil_9": PhoneWords(
        "Brazil's ninth digit added",
        "Brazilian mobile numbers have nine digits after the area code; the leading 9 was added.",
    ),
}

_FACTS: Final[dict[str, str]] = {
    "cut_by_spreadsheet": "The spreadsheet has cut this number to {kept}. Export the column as "
    "text from where it came.",
    "too_short": "It has only {digits}; some are missing, perhaps the area code. Complete it.",
    "too_long": "It has {digits}, more than any number of its country. Correct it in your sheet.",
    "letters": "It has {letters} among its digits. Correct it in your sheet.",
    "unknown_country": "No country has a code that begins with +{start}. Correct the number in "
    "your sheet.",
}


def explained(problem: str, cell: str) -> str:
    """Say what is wrong with this cell and what to do, with the cell's own facts."""
    text = plain_text(cell)
    digits = "".join(filter(str.isdigit, text))
    facts = {
        "kept": _several(digits_kept(cell), "digit"),
        "digits": _several(len(digits), "digit"),
        "letters": _several(sum(map(str.isalpha, text)), "letter"),
        "start": digits.removeprefix("00")[:3],
    }
    return _FACTS.get(problem, PROBLEMS[problem].sentence).format(**facts)


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
