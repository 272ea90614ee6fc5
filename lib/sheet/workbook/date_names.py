"""Names of months and days in the language that a number format is tagged with."""

import datetime as dt
import functools
import locale as windows
import re
from typing import Final, Literal, NamedTuple

from babel import Locale, UnknownLocaleError

_TAG: Final = re.compile(r"\[\$[^\]-]*-(?P<id>[^\],]+)[^\]]*\]")
_SYSTEM: Final = ("f800", "f400", "x-sysdate", "x-systime")
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]{1,8}", re.IGNORECASE)
_PRIMARY: Final = 0x3FF
# Language tags from here on ask for the genitive, which some languages use beside a day.
_GENITIVE: Final = 0xFC00

_LITERAL: Final = r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]'
_NAMES: Final = re.compile(rf"({_LITERAL})|(m{{3,}}|d{{3,}}|a{{3,}})", re.IGNORECASE)
# "d de mmmm" is Spanish, Portuguese or Catalan: without a tag, the file does not say which.
_ROMANCE: Final = re.compile(r"\bdel?\b", re.IGNORECASE)

# Abbreviations in these languages have three letters, in Excel. Unicode's data vary by country.
_CUT_LANGUAGES: Final = ("es", "it", "pt")

# Excel counts 29 February 1900, which did not exist.
_FIRST_SERIAL: Final = 61
_EPOCH: Final = dt.date(1899, 12, 30)
_EPOCH_1904: Final = dt.date(1904, 1, 1)


class DateLanguage(NamedTuple):
    """The language of names in a date, and whether months are in the genitive."""

    locale: Locale
    is_genitive: bool


def has_date_names(code: str) -> bool:
    """Return whether a format shows the name of a month or of a day."""
    return any(match[2] for match in _NAMES.finditer(code))


def is_system_format(code: str) -> bool:
    """Return whether a format is the date or time format of the computer that shows it."""
    tag = _TAG.search(code)
    return tag is not None and tag["id"].lower() in _SYSTEM


@functools.lru_cache(maxsize=4096)
def date_language(code: str) -> DateLanguage | None:
    """Return the language of a format, English if it has no tag, or None if it is not known."""
    tag = _TAG.search(code)
    if tag is None:
        unquoted = re.sub(r'["\\]', "", code)
        return None if _ROMANCE.search(unquoted) else DateLanguage(Locale("en"), is_genitive=False)
    if not _HEXADECIMAL.fullmatch(tag["id"]):
        found = _parse_locale(tag["id"].replace("-", "_"))
        return DateLanguage(found, is_genitive=False) if found else None
    number = int(tag["id"], 16)
    has_own_calendar, numerals = bool(number >> 16 & 0xFF), number >> 24
    if has_own_calendar or numerals > 1:
        return None
    language = number & 0xFFFF
    name = windows.windows_locale.get(language) or _primary_languages().get(language & _PRIMARY)
    found = _parse_locale(name) if name else None
    return DateLanguage(found, is_genitive=language >= _GENITIVE) if found else None


@functools.cache
def _primary_languages() -> dict[int, str]:
    """Return a language's code by the part of Windows' numbers that names no country."""
    return {
        number & _PRIMARY: name.partition("_")[0]
        for number, name in sorted(windows.windows_locale.items(), reverse=True)
    }


def _parse_locale(name: str) -> Locale | None:
    for each in (name, name.partition("_")[0]):
        try:
            return Locale.parse(each)
        except (UnknownLocaleError, ValueError):
            continue
    return None


def with_date_names(code: str, serial: float, language: DateLanguage, *, date1904: bool) -> str:
    """Return the format with the names of a date's month and day as quoted text.

    ``serial`` is the date as a workbook stores it. Raises ValueError for dates before 1 March 1900,
    which have no weekday that programs agree about, and OverflowError after 31 December 9999.
    """
    days = int(serial)
    if not date1904 and days < _FIRST_SERIAL:
        raise ValueError("the date is before 1 March 1900")
    date = (_EPOCH_1904 if date1904 else _EPOCH) + dt.timedelta(days)

    def named(match: re.Match[str]) -> str:
        return match[1] or f'"{_name(match[2].lower(), date, language)}"'

    return _NAMES.sub(named, code)


def _name(unit: str, date: dt.date, language: DateLanguage) -> str:
    """Return what a unit such as ``mmmm`` shows. Abbreviations have no full stop, as in Excel."""
    locale = language.locale
    is_short = len(unit) == 3
    width: Literal["abbreviated", "wide"] = "abbreviated"
    if not is_short or locale.language in _CUT_LANGUAGES:
        width = "wide"
    if unit.startswith("m"):
        name = str(
            locale.months["format" if language.is_genitive else "stand-alone"][width][date.month]
        )
    else:
        name = str(locale.days["stand-alone"][width][date.weekday()])
    if unit == "mmmmm":
        return name[0]
    if is_short and locale.language in _CUT_LANGUAGES:
        return name[:3]
    return name.removesuffix(".") if is_short else name
