"""Read cells that name a country: its name, its ISO code, or its dial code."""

import functools
import re
from typing import Final

import pandas as pd
import phonenumbers
from babel import Locale
from babel.core import get_global
from phonenumbers import country_code_for_region

from lib.sheet.phones.cleaning import plain_text
from lib.sheet.table.detect import plain_name

LANGUAGES: Final = ("en", "es", "pt", "fr", "it", "de")
"""The languages whose country names are read."""

# Names that are common in lists but not the ones of the CLDR.
_OTHER_NAMES: Final = {
    "usa": "US", "u s a": "US", "u s": "US", "eeuu": "US", "ee uu": "US", "eua": "US",
    "e u a": "US", "united states of america": "US", "estados unidos de america": "US",
    "estados unidos da america": "US", "america": "US",
    "uk": "GB", "u k": "GB", "great britain": "GB", "england": "GB", "scotland": "GB",
    "inglaterra": "GB", "gran bretana": "GB", "gra bretanha": "GB",
    "brasil": "BR", "mexico": "MX", "deutschland": "DE", "italia": "IT", "holland": "NL",
    "holanda": "NL", "czech republic": "CZ", "republica checa": "CZ", "republica tcheca": "CZ",
    "korea": "KR", "republic of korea": "KR", "corea": "KR", "coreia": "KR", "russia": "RU",
    "turkey": "TR", "ivory coast": "CI", "burma": "MM", "macedonia": "MK", "swaziland": "SZ",
    "uae": "AE", "emirates": "AE", "emiratos": "AE", "hong kong": "HK", "macau": "MO",
    "republica dominicana": "DO", "dominican rep": "DO", "rep dominicana": "DO",
    "viet nam": "VN", "russian federation": "RU", "iran islamic republic of": "IR",
    "syrian arab republic": "SY", "lao peoples democratic republic": "LA",
    "republic of moldova": "MD", "united republic of tanzania": "TZ", "cote divoire": "CI",
}  # fmt: skip
_DIAL_CODE: Final = re.compile(r"(?:\+|00)\s*(\d{1,3})")
_BARE_CODE: Final = re.compile(r"(\d{1,3})(?:\.0)?")
_NAME_AND_CODE: Final = re.compile(
    r"([^\d+]+?)[\s:,-]*\+\s*(\d{1,3})|\+\s*(\d{1,3})[\s:,-]+([^\d+]+)"
)
_IN_BRACKETS: Final = re.compile(r"(.*?)\s*\((.*)\)")


def read_countries(cells: pd.Series, *, has_codes: bool = False) -> pd.Series:
    """Return the country of each cell as an ISO code; empty where none is recognized.

    The result has the index of ``cells``. With ``has_codes``, numbers are dial codes. One that
    several countries share is read as the first of them: their numbers have the same country code.
    """
    places, texts = pd.factorize(cells)
    countries = [country_of(str(text), has_codes=has_codes) or "" for text in texts]
    found = pd.array(countries, dtype="string[pyarrow]")
    return pd.Series(found.take(places), index=cells.index)


@functools.lru_cache(maxsize=4096)
def country_of(text: str, *, has_codes: bool = False) -> str | None:
    """Return the country that a cell names as an ISO code, or None.

    A cell is a name in one of `LANGUAGES`, an ISO code of two or three letters, a dial code such as
    ``+52``, or a name with a code. A number without a plus may be an id, and is a dial code only
    with ``has_codes``.
    """
    text = plain_text(text).lstrip("'")
    if (dial := _DIAL_CODE.fullmatch(text)) is not None:
        return _country_of_code(int(dial[1]))
    if has_codes and (bare := _BARE_CODE.fullmatch(text)) is not None:
        return _country_of_code(int(bare[1]))
    if (parts := _NAME_AND_CODE.fullmatch(text)) is not None:
        country = country_of((parts[1] or parts[4]).strip())
        return country if _has_code(country, int(parts[2] or parts[3])) else None
    return _country_of_name(text)


def _country_of_name(text: str) -> str | None:
    code = text.replace(".", "").upper()
    if code in phonenumbers.SUPPORTED_REGIONS:
        return code
    if code in _long_codes():
        return _long_codes()[code]
    if (found := country_names().get(plain_name(text))) is not None:
        return found
    if (parts := _IN_BRACKETS.fullmatch(text)) is None:
        return None
    inside, outside = country_of(parts[2]), country_of(parts[1])
    if inside is None or outside is None:
        return outside or inside
    return outside if _has_code(outside, country_code_for_region(inside)) else None


def _has_code(country: str | None, code: int) -> bool:
    return country is not None and country_code_for_region(country) == code


@functools.cache
def country_names() -> dict[str, str]:
    """Return ISO codes by country name, in the languages supported in sheets."""
    names = {
        plain_name(name): code
        for language in LANGUAGES
        for code, name in Locale(language).territories.items()
        if code in phonenumbers.SUPPORTED_REGIONS
    }
    return {**names, **_OTHER_NAMES}


@functools.cache
def _long_codes() -> dict[str, str]:
    """Return the ISO codes of two letters by those of three."""
    return {
        code: others[0]
        for code, others in get_global("territory_aliases").items()
        if len(code) == 3 and code.isalpha() and others[0] in phonenumbers.SUPPORTED_REGIONS
    }


def _country_of_code(code: int) -> str | None:
    region = phonenumbers.region_code_for_country_code(code)
    return region if region in phonenumbers.SUPPORTED_REGIONS else None
