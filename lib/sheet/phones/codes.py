"""Codes of what is wrong with a phone cell, and of changes made to read it. They are stored."""

from enum import StrEnum


class PhoneProblem(StrEnum):
    """Why no phone number is read from a cell."""

    PHONE_MISSING = "phone_missing"
    CUT_BY_SPREADSHEET = "cut_by_spreadsheet"
    LOOKS_LIKE_DATE = "looks_like_date"
    LETTERS = "letters"
    NOT_A_PHONE = "not_a_phone"
    EXTENSION = "extension"
    TWO_NUMBERS = "two_numbers"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NO_COUNTRY = "no_country"
    OTHER_COUNTRY = "other_country"
    TWO_READINGS = "two_readings"
    COUNTRY_CONFLICT = "country_conflict"
    COUNTRY_UNREADABLE = "country_unreadable"
    UNKNOWN_COUNTRY = "unknown_country"
    NOT_VALID = "not_valid"
    NO_PERSON = "nobodys"


class PhoneRepair(StrEnum):
    """What was changed or assumed to read a phone number."""

    COUNTRY_ADDED = "country_added"
    PLUS_ADDED = "plus_added"
    INTERNATIONAL_PREFIX = "international_prefix"
    DECIMAL_REMOVED = "decimal_removed"
    THOUSANDS_REMOVED = "thousands_removed"
    EXPONENT_WRITTEN_OUT = "exponent_written_out"
    FORMULA_REMOVED = "formula_removed"
    TRUNK_REMOVED = "trunk_removed"
    CARRIER_REMOVED = "carrier_removed"
    APOSTROPHE_REMOVED = "apostrophe_removed"
    LABEL_REMOVED = "label_removed"
    LINK_READ = "link_read"
    MEXICO_1 = "mexico_1"
    ARGENTINA_9 = "argentina_9"
    BRAZIL_9 = "brazil_9"
    BENIN_01 = "benin_01"


class Reading(StrEnum):
    """How a number is read whose first digits may be a country code. Stored with answers.

    ``CODE`` reads them as a country code, ``LOCAL`` as part of a number of the row's country or the
    default country.
    """

    CODE = "code"
    LOCAL = "local"
