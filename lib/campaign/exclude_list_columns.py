"""Find the cells of an exclude list that may contain phone numbers."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from lib.campaign.arrow_text import matches
from lib.campaign.mapping.phone_columns import (
    AREA_HEADERS,
    DIAL_HEADERS,
    Fit,
    header_fit,
    phone_columns,
)
from lib.sheet import Sheet, plain_name
from lib.sheet.phones.listed import numbers_in
from lib.sheet.phones.parse import normalise

_TEXT: Final = "string[pyarrow]"
# Filled cells that are read to recognize a column, and the share of them that must be phones.
_SAMPLE: Final = 500
_MIN_SHARE: Final = 0.5
_MIN_DIGITS: Final = 8
_FIVE_DIGITS: Final = r"\pN(?:[^\pN]*\pN){4}"
_WITH_CODE: Final = r"\+[\s\x{200b}-\x{206f}(]*[0-9]|wa\.me/|whatsapp\.(?:com|net)"


def listed_columns(sheet: Sheet) -> list[pd.Series]:
    """Return the cells of a sheet that may contain phones, column by column.

    All cells of a column are returned if its header names phones or most cells contain numbers, so
    that unreadable ones are reported. From other columns, only cells with numbers are returned.
    """
    likely = set(phone_columns(sheet))
    found: list[pd.Series] = []
    parts = [*_joined_parts(sheet)]
    for name in sheet.frame.columns:
        cells = sheet.frame[name]
        fit = header_fit(name)
        named = fit is Fit.PHONE and matches(cells, _FIVE_DIGITS).any()
        if name in likely or named or (fit is not Fit.OTHER and _are_phones(cells)):
            found.append(cells)
            found += [_numbers_of(before + cells) for before in parts]
        elif fit is Fit.MAYBE:
            found.append(_numbers_of(cells))
        else:
            found.append(_numbers_with_code(cells))
    return [cells for cells in found if len(cells)]


def _joined_parts(sheet: Sheet) -> Iterator[pd.Series]:
    """Yield the prefixes of numbers from separate columns: area code, country code, or both."""
    names = {plain_name(name): name for name in sheet.frame.columns}
    area = next((sheet.frame[names[each]] for each in names if each in AREA_HEADERS), None)
    country = next((sheet.frame[names[each]] for each in names if each in DIAL_HEADERS), None)
    if area is not None:
        yield area.str.strip() + " "
    if country is not None:
        code = "+" + country.str.strip().str.lstrip("+0")
        yield code + " "
        if area is not None:
            yield code + " " + area.str.strip().str.lstrip("0") + " "


def _are_phones(cells: pd.Series) -> bool:
    """Return whether at least half of the filled cells contain a number of eight digits."""
    filled = cells[cells.str.strip() != ""].head(_SAMPLE)
    found = (numbers_in(str(cell)) for cell in filled)
    hits = sum(any(len(each) >= _MIN_DIGITS for each in numbers) for numbers in found)
    return bool(hits) and hits >= _MIN_SHARE * len(filled)


def _numbers_of(cells: pd.Series) -> pd.Series:
    """Return the cells that contain a number."""
    has_number = [bool(numbers_in(str(cell))) for cell in cells]
    return cells[np.array(has_number, dtype=bool)]


def _numbers_with_code(cells: pd.Series) -> pd.Series:
    """Return the valid numbers that are written with a plus sign or in a WhatsApp link."""
    likely = cells[matches(cells, _WITH_CODE)]
    rows, numbers = [], []
    for row, cell in likely.items():
        found = [each for each in numbers_in(str(cell)) if each.startswith("+")]
        rows += [row] * len(found)
        numbers += found
    read = pd.Series(numbers, index=rows, dtype=_TEXT)
    return read[normalise(read)["e164"].notna().to_numpy()]
