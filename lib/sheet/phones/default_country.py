"""Suggest the default country of a column by its numbers, its name, or other hints."""

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import pandas as pd
import phonenumbers
import pyarrow as pa
from babel import Locale, UnknownLocaleError

from lib.sheet.phones.codes import PhoneProblem
from lib.sheet.phones.country_cells import country_names
from lib.sheet.phones.parse import normalise
from lib.sheet.phones.vectorised import local_mobiles
from lib.sheet.table.detect import plain_name


class Evidence(StrEnum):
    """The reason for suggesting a country, strongest first. It is stored with drafts."""

    NOT_NEEDED = "not_needed"
    CHOSEN = "chosen"
    SAVED = "saved"
    NUMBERS = "numbers"
    MOST_NUMBERS = "most_numbers"
    HEADER = "header"
    USUAL = "usual"
    USUAL_UNSURE = "usual_unsure"
    BROWSER = "browser"
    NOTHING = "nothing"

    @property
    def is_thin(self) -> bool:
        """Whether a person should be asked to choose the country."""
        return self.is_hint or self in {Evidence.USUAL, Evidence.NOTHING}

    @property
    def is_hint(self) -> bool:
        """Whether the country is only offered, and not used before a person has chosen it."""
        return self in {Evidence.USUAL_UNSURE, Evidence.MOST_NUMBERS, Evidence.BROWSER}


@dataclass(frozen=True)
class Suggestion:
    """The suggested country (ISO code) of numbers without a country code, and the reason."""

    region: str | None
    evidence: Evidence


_SAMPLE_CELLS: Final = 2_000
_MIN_NUMBERS: Final = 3
_PHONE_WORD: Final = re.compile(
    r"\b(?:phone|mobile|cell|celular|cel|tel|telefon\w*|movil|whatsapp|fone)$"
)
_MIN_SHARE: Final = 0.6
_ALMOST_ALL: Final = 0.95
# Of numbers that seem to have a country code, the share that may be local ones of another country.
_MAX_LOCAL_SHARE: Final = 0.2
# Country codes that are more likely words in a header: "Phone no", "contact id", "send to".
_CODES_LIKE_WORDS: Final = frozenset(
    {"AM", "AT", "BY", "CO", "DO", "ID", "IN", "IS", "ME", "MY", "NO", "NR", "PM", "SO", "TO"}
)


def suggest_region(
    cells: pd.Series,
    header: str | None = None,
    *,
    usual: str | None = None,
    locale: str | None = None,
    has_area_code: bool = False,
) -> Suggestion:
    """Suggest the country of numbers without a country code.

    If there are at least three numbers with a country code and almost all of them agree, it is
    theirs. Otherwise the hints are, in this order: a ``header`` such as ``phone_br`` or
    ``Celular México``, the person's ``usual`` country, that of most numbers with a code, and the
    country of the browser's ``locale``. A country is suggested only if six in ten of the numbers
    without a code are valid in it. The usual one is only a hint if most may be mobile numbers of
    another country too. With ``has_area_code``, the first digits are never a country code.
    """
    sample = cells[cells.str.strip() != ""].head(_SAMPLE_CELLS)
    read = normalise(sample)
    coded, bare = _regions_of(read), sample[read["problem"] == PhoneProblem.NO_COUNTRY]
    by_code = _regions_of(normalise("+" + bare.str.replace(r"\D", "", regex=True)))
    if bare.empty:
        return Suggestion(_agreed_region(coded), Evidence.NOT_NEEDED)
    # Ten digits are a national number almost everywhere. Longer ones may include a country code.
    digits = bare[by_code.index].str.replace(r"\D", "", regex=True)
    long = by_code[digits.str.len() > 10]
    # Nor are numbers evidence that may as well be mobile numbers of another country.
    for _code, is_local in local_mobiles(pa.array(digits[long.index], pa.string())):
        if is_local.mean() > _MAX_LOCAL_SHARE:
            long = long.iloc[:0]
            break
    if has_area_code:
        long = long.iloc[:0]
    with_code = pd.concat([coded, long])
    for hint, evidence in (
        (_agreed_region(with_code, _ALMOST_ALL), Evidence.NUMBERS),
        (_region_of_header(header or ""), Evidence.HEADER),
        (usual, Evidence.USUAL_UNSURE if _may_be_abroad(bare, usual) else Evidence.USUAL),
        (_agreed_region(with_code), Evidence.MOST_NUMBERS),
        (_region_of_locale(locale), Evidence.BROWSER),
    ):
        if hint is not None and _fits_region(bare, hint):
            return Suggestion(hint, evidence)
    return Suggestion(None, Evidence.NOTHING)


def _may_be_abroad(bare: pd.Series, region: str | None) -> bool:
    """Return whether most of the numbers may be mobile numbers of another country, too."""
    if region is None:
        return False
    own = phonenumbers.country_code_for_region(region)
    digits = pa.array(bare.str.replace(r"\D", "", regex=True).str.lstrip("0"), pa.string())
    return any(
        code != own and is_local.mean() >= _MIN_SHARE for code, is_local in local_mobiles(digits)
    )


def _regions_of(read: pd.DataFrame) -> pd.Series:
    """Return the countries of the numbers that were read, by row."""
    return read["e164"].dropna().map(_region_of).dropna()


def _region_of(e164: str) -> str | None:
    return phonenumbers.region_code_for_number(phonenumbers.parse(e164))


def _agreed_region(regions: pd.Series, min_share: float = _MIN_SHARE) -> str | None:
    """Return the most frequent region, if there are enough numbers and most of them agree."""
    if len(regions) < _MIN_NUMBERS:
        return None
    best, count = Counter(regions).most_common(1)[0]
    return str(best) if count >= min_share * len(regions) else None


def _fits_region(bare: pd.Series, region: str) -> bool:
    read = normalise(bare, region)
    is_local = read["e164"].notna() | read["as_local"].notna()
    return bool(is_local.mean() >= _MIN_SHARE)


def _region_of_header(header: str) -> str | None:
    """Return the country at the end of a header, by its ISO code or its name."""
    ending = re.fullmatch(r"(.*)[ _.(-]([A-Za-z]{2})\)?", header)
    if ending and ending[2].upper() in phonenumbers.SUPPORTED_REGIONS - _CODES_LIKE_WORDS:
        # In lowercase, it is more likely a word: "contact us".
        is_code = ending[2].isupper() or _PHONE_WORD.search(plain_name(ending[1])) is not None
        if is_code:
            return ending[2].upper()
    words = plain_name(header).split()
    endings = (" ".join(words[at:]) for at in range(1, len(words)))
    return next((country_names()[name] for name in endings if name in country_names()), None)


def _region_of_locale(locale: str | None) -> str | None:
    """Return the country of a locale such as ``pt-BR``, or None if it has none."""
    try:
        territory = Locale.parse(locale or "", sep="-").territory
    except (ValueError, UnknownLocaleError):
        return None
    return territory if territory in phonenumbers.SUPPORTED_REGIONS else None
