"""Texts about phone cells: each problem and each repair, by its code."""

import re
from dataclasses import dataclass
from typing import Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from lib.i18n import N_, _, current_locale, ngettext
from lib.sheet.phones.cleaning import digits_kept, has_plus, plain_text
from lib.sheet.phones.codes import PhoneProblem, PhoneRepair


@dataclass(frozen=True)
class PhoneWords:
    """Source texts about a problem or a repair: a title, and what it means or what to do."""

    title: str
    sentence: str


PROBLEMS: Final[dict[str, PhoneWords]] = {
    PhoneProblem.PHONE_MISSING: PhoneWords(
        N_("No phone number"), N_("The cell is empty. Fill it in, or remove the row.")
    ),
    PhoneProblem.CUT_BY_SPREADSHEET: PhoneWords(
        N_("Cut short by the spreadsheet"),
        N_(
            "The spreadsheet has rounded this number, and its last digits are lost. Export the "
            "column as text from its source."
        ),
    ),
    PhoneProblem.LOOKS_LIKE_DATE: PhoneWords(
        N_("Date instead of a phone number"),
        N_("The spreadsheet may have turned the number into a date. Export the column as text."),
    ),
    PhoneProblem.LETTERS: PhoneWords(
        N_("Letters in the phone number"),
        N_("A phone number has digits only. Correct it in your sheet."),
    ),
    PhoneProblem.NOT_A_PHONE: PhoneWords(
        N_("Not a phone number"),
        N_("This can't be read as a phone number. Correct it in your sheet."),
    ),
    PhoneProblem.EXTENSION: PhoneWords(
        N_("Phone number with an extension"),
        N_("Numbers with an extension aren't on WhatsApp. Use a mobile number."),
    ),
    PhoneProblem.TWO_NUMBERS: PhoneWords(
        N_("Two phone numbers in one cell"),
        N_("Keep one number in the cell, and add a row for the other."),
    ),
    PhoneProblem.TOO_SHORT: PhoneWords(
        N_("Phone number too short"),
        N_("Some digits are missing, perhaps the area code. Complete the number."),
    ),
    PhoneProblem.TOO_LONG: PhoneWords(
        N_("Phone number too long"),
        N_("The number has more digits than numbers of its country. Correct it in your sheet."),
    ),
    PhoneProblem.NO_COUNTRY: PhoneWords(
        N_("No country code"),
        N_(
            "We can't tell which country the number is from. Choose the default country, or write "
            "the number with + and its country code."
        ),
    ),
    PhoneProblem.OTHER_COUNTRY: PhoneWords(
        N_("Possibly from another country"),
        N_(
            "The number isn't valid in the default country, but it is one of another country if "
            "its first digits are the country code. Decide how to read these numbers."
        ),
    ),
    PhoneProblem.TWO_READINGS: PhoneWords(
        N_("Ambiguous number"),
        N_(
            "The first digits may be the country code or part of the number. Decide how to read "
            "these numbers."
        ),
    ),
    PhoneProblem.COUNTRY_CONFLICT: PhoneWords(
        N_("Number from another country than its row"),
        N_("The number and the country in its row don't match. Decide which one is right."),
    ),
    PhoneProblem.COUNTRY_UNREADABLE: PhoneWords(
        N_("Unknown country name"),
        N_(
            "The number has no country code, and we don't recognize the country in its row. Decide "
            "how to read these numbers, or correct the country."
        ),
    ),
    PhoneProblem.UNKNOWN_COUNTRY: PhoneWords(
        N_("Unknown country code"),
        N_("No country has this code. Correct the number in your sheet."),
    ),
    PhoneProblem.NOT_VALID: PhoneWords(
        N_("Not a valid number"),
        N_("The number isn't valid in its country. Check the digits."),
    ),
    PhoneProblem.NO_PERSON: PhoneWords(
        N_("Service number"),
        N_("Toll-free, premium and similar numbers aren't on WhatsApp. Use a mobile number."),
    ),
}

REPAIRS: Final[dict[str, PhoneWords]] = {
    PhoneRepair.COUNTRY_ADDED: PhoneWords(
        N_("Country code added"),
        N_("The number had no country code. We added that of its country."),
    ),
    PhoneRepair.PLUS_ADDED: PhoneWords(
        N_("Plus sign added"), N_("The number had a country code but no + before it.")
    ),
    PhoneRepair.INTERNATIONAL_PREFIX: PhoneWords(
        N_("Dialling prefix replaced with +"),
        N_("The number began with a prefix for international calls, such as 00."),
    ),
    PhoneRepair.DECIMAL_REMOVED: PhoneWords(
        N_("“.0” removed"), N_("The spreadsheet had added decimals to the number.")
    ),
    PhoneRepair.THOUSANDS_REMOVED: PhoneWords(
        N_("Thousands separators removed"),
        N_("The spreadsheet had formatted the number with thousands separators."),
    ),
    PhoneRepair.EXPONENT_WRITTEN_OUT: PhoneWords(
        N_("Exponent written out"),
        N_("The number was in scientific notation, with all of its digits."),
    ),
    PhoneRepair.FORMULA_REMOVED: PhoneWords(
        N_("Formula removed"), N_("The number was in a formula, such as =“…”.")
    ),
    PhoneRepair.TRUNK_REMOVED: PhoneWords(
        N_("Trunk prefix removed"),
        N_("The number had digits for domestic calls only, such as (0) or Mexico's 044."),
    ),
    PhoneRepair.CARRIER_REMOVED: PhoneWords(
        N_("Carrier code removed"),
        N_("The number began with 0xx, which stands for a Brazilian carrier code."),
    ),
    PhoneRepair.APOSTROPHE_REMOVED: PhoneWords(
        N_("Apostrophe removed"),
        N_("The number began with an apostrophe, which marks text in spreadsheets."),
    ),
    PhoneRepair.LABEL_REMOVED: PhoneWords(
        N_("Label removed"), N_("The number followed a word such as “tel:”.")
    ),
    PhoneRepair.LINK_READ: PhoneWords(
        N_("Number taken from a link"), N_("The cell held a WhatsApp link.")
    ),
    PhoneRepair.MEXICO_1: PhoneWords(
        N_("Mexico's 1 removed"),
        N_("Mexican numbers no longer have a 1 after +52. We removed it."),
    ),
    PhoneRepair.ARGENTINA_9: PhoneWords(
        N_("Argentina's 9 added"),
        N_("Argentinian mobile numbers have a 9 after +54. We added it."),
    ),
    PhoneRepair.BRAZIL_9: PhoneWords(
        N_("Brazil's ninth digit added"),
        N_("Brazilian mobile numbers have a 9 after the area code. We added it."),
    ),
    PhoneRepair.BENIN_01: PhoneWords(
        N_("Benin's 01 added"),
        N_("Since 2024, all numbers of Benin begin with 01 after +229. We added it."),
    ),
}


def explained(problem: str, cell: str, region: str | None = None) -> str:
    """Return what is wrong with a cell and what to do, in the reader's language.

    The text names facts about the cell, such as its number of digits. ``region`` is the country
    (ISO code) that a number without a country code was read for.
    """
    text = plain_text(cell)
    digits = "".join(filter(str.isdigit, text))
    match problem:
        case PhoneProblem.CUT_BY_SPREADSHEET:
            return ngettext(
                "The spreadsheet kept only {count} digit of this number. Export the column as text "
                "from its source.",
                "The spreadsheet kept only {count} digits of this number. Export the column as "
                "text from its source.",
                digits_kept(cell),
            )
        case PhoneProblem.TOO_SHORT:
            return ngettext(
                "The number has only {count} digit. Complete it, perhaps with the area code.",
                "The number has only {count} digits. Complete it, perhaps with the area code.",
                len(digits),
            )
        case PhoneProblem.TOO_LONG:
            return ngettext(
                "The number has {count} digit, more than valid ones have. Correct it in your "
                "sheet.",
                "The number has {count} digits, more than valid ones have. Correct it in your "
                "sheet.",
                len(digits),
            )
        case PhoneProblem.LETTERS:
            return ngettext(
                "The number contains {count} letter. Correct it in your sheet.",
                "The number contains {count} letters. Correct it in your sheet.",
                sum(map(str.isalpha, text)),
            )
        case PhoneProblem.UNKNOWN_COUNTRY:
            start = digits.removeprefix("00")[:3]
            return _(
                "No country code begins with +{start}. Correct the number in your sheet.",
                start=start,
            )
        case PhoneProblem.NOT_VALID:
            return _explain_not_valid(text, digits, region)
        case _other:
            return _(PROBLEMS[problem].sentence)


def _explain_not_valid(text: str, digits: str, region: str | None) -> str:
    """Return that a number is not valid in its country, which is named if it is known."""
    if has_plus(text) or text.startswith("00"):
        region = _region_of_code(digits.removeprefix("00"))
    country = current_locale().territories.get(region or "")
    if country is None:
        return _(PROBLEMS[PhoneProblem.NOT_VALID].sentence)
    return _("Not a valid phone number for {country}. Check the digits.", country=country)


def _region_of_code(digits: str) -> str | None:
    """Return the country whose code the digits begin with; None if several share the code."""
    codes = (int(match[0]) for length in (1, 2, 3) if (match := re.match(r"\d" * length, digits)))
    for code in codes:
        if regions := COUNTRY_CODE_TO_REGION_CODE.get(code):
            return regions[0] if len(regions) == 1 else None
    return None
