"""The default country of a column: said by its numbers or its name, or only hinted at."""

import functools
import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import pandas as pd
import phonenumbers
from babel import Locale, UnknownLocaleError

from lib.sheet.phones.parse import normalise
from lib.sheet.table.detect import plain_name


class Evidence(StrEnum):
    """What speaks for a country, from the strongest to the weakest; ``NOTHING`` needs to."""

    NOT_NEEDED = "not_needed"
    CHOSEN = "chosen"
    NUMBERS = "numbers"
    HEADER = "header"
    USUAL = "usual"
    BROWSER = "browser"
    NOTHING = "nothing"

    @property
    def is_thin(self) -> bool:
        """Tell whether a person should be asked."""
        return self in {Evidence.USUAL, Evidence.BROWSER, Evidence.NOTHING}


@dataclass(frozen=True)
class Suggestion:
    """The country (ISO code) that numbers without one may be of, and what speaks for it."""

    region: str | None
    evidence: Evidence


_SAMPLE: Final = 2_000
_FEWEST: Final = 3
_SHARE: Final = 0.6
# Ends of headers that are rather words than countries: "Phone no", "contact id", "send to".
_WORDS: Final = frozenset(
    {"AM", "AT", "BY", "CO", "DO", "ID", "IN", "IS", "ME", "MY", "NO", "NR", "PM", "SO", "TO"}
)


def suggest_region(
    cells: pd.Series,
    header: str | None = None,
    *,
    usual: str | None = None,
    locale: str | None = None,
) -> Suggestion:
    """Suggest the country of numbers without one.

    At least three numbers that carry a country code, and six in ten of them, must agree; else a
    header such as ``phone_br`` or ``Celular México`` speaks, then ``usual``, a person's usual
    country, then that of the browser's ``locale``: each only where six in ten numbers are so.
    """
    sample = cells[cells.str.strip() != ""].head(_SAMPLE)
    read = normalise(sample)
    carried, bare = _carried(read), sample[read["problem"] == "no_country"]
    by_code = _carried(normalise("+" + bare.str.replace(r"\D", "", regex=True)))
    if bare.empty:
        return Suggestion(_agreed(carried), Evidence.NOT_NEEDED)
    # Ten digits are national nearly everywhere; with more, a code may be in them.
    long = by_code[[len(re.sub(r"\D", "", str(cell))) > 10 for cell in bare[by_code.index]]]
    if region := _agreed(pd.concat([carried, long])):
        return Suggestion(region, Evidence.NUMBERS)
    for hint, evidence in (
        (_of_header(header or ""), Evidence.HEADER),
        (usual, Evidence.USUAL),
        (_of_locale(locale), Evidence.BROWSER),
    ):
        if hint is not None and _fits(bare, hint):
            return Suggestion(hint, evidence)
    return Suggestion(None, Evidence.NOTHING)


def _carried(read: pd.DataFrame) -> pd.Series:
    """Return the countries of the numbers that were read, by row."""
    return read["e164"].dropna().map(_region_of).dropna()


def _region_of(e164: str) -> str | None:
    return phonenumbers.region_code_for_number(phonenumbers.parse(e164))


def _agreed(regions: pd.Series) -> str | None:
    if len(regions) < _FEWEST:
        return None
    best, count = Counter(regions).most_common(1)[0]
    return str(best) if count >= _SHARE * len(regions) else None


def _fits(bare: pd.Series, region: str) -> bool:
    return bool(normalise(bare, region)["e164"].notna().mean() >= _SHARE)


def _of_header(header: str) -> str | None:
    """Return the country at the end of a header, by its ISO code or its name."""
    ending = re.fullmatch(r".*[ _.(-]([A-Za-z]{2})\)?", header)
    if ending and ending[1].upper() in phonenumbers.SUPPORTED_REGIONS - _WORDS:
        return ending[1].upper()
    words = plain_name(header).split()
    endings = (" ".join(words[at:]) for at in range(1, len(words)))
    return next((_countries()[name] for name in endings if name in _countries()), None)


@functools.cache
def _countries() -> dict[str, str]:
    """Return ISO codes by countries' names in the languages that headers are read in."""
    return {
        plain_name(name): code
        for language in ("en", "es", "pt")
        for code, name in Locale(language).territories.items()
        if code in phonenumbers.SUPPORTED_REGIONS
    }


def _of_locale(locale: str | None) -> str | None:
    """Return the country of a browser's locale, such as ``pt-BR``; many name none."""
    try:
        territory = Locale.parse(locale or "", sep="-").territory
    except (ValueError, UnknownLocaleError):
        return None
    return territory if territory in phonenumbers.SUPPORTED_REGIONS else None
