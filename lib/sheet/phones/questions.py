"""Read a sheet's phone column with the rows' countries and a person's decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.phones.cleaning import extract_plain
from lib.sheet.phones.codes import PhoneProblem, Reading
from lib.sheet.phones.parse import (
    Phone,
    field_of,
    normalise,
    read_phone,
    read_with_code,
    readings_of,
)
from lib.sheet.phones.vectorised import local_mobiles

_TEXT: Final = "string[pyarrow]"
UNREADABLE_COUNTRY: Final = "?"
"""Stands for the country of a row whose country cell is filled but not recognized."""


@dataclass(frozen=True)
class Decisions:
    """A person's decisions about phones with two readings.

    ``readings`` are by question. ``rows`` are exceptions, by the index of the cells.
    """

    readings: Mapping[str, Reading] = field(default_factory=dict)
    rows: Mapping[int, Reading] = field(default_factory=dict)


_UNDECIDED: Final = Decisions()
_COLUMNS: Final = ["e164", "problem", "repair", "question"]


def read_phones(
    cells: pd.Series,
    region: str | None = None,
    *,
    countries: pd.Series | None = None,
    decisions: Decisions = _UNDECIDED,
    has_area_code: bool = False,
) -> pd.DataFrame:
    """Read a phone column, each row for its own country.

    Return a frame with the columns ``e164``, ``problem``, ``repair`` and ``question`` of
    `normalise`.

    ``countries`` has the index of ``cells``, which is unique: ISO codes, empty where a row has
    none, or `UNREADABLE_COUNTRY`. Rows without a country are read for ``region``, or if there is
    none, with their first digits as country codes if that is certain.

    With ``has_area_code``, the cells were combined from an area code and a number, so their first
    digits are no country code.

    Cells that were decided have their question too, so that the decision can be changed.
    """
    if countries is None:
        countries = pd.Series("", index=cells.index)
    codes, found = pd.factorize(countries)
    positions = [np.flatnonzero(codes == code) for code in range(len(found))]
    parts = [
        _read_part(cells.iloc[rows], str(country), region, decisions, is_local=has_area_code)[
            _COLUMNS
        ]
        for country, rows in zip(found, positions, strict=True)
    ]
    if not parts:
        return normalise(cells)[_COLUMNS]
    if len(parts) == 1:
        return parts[0]
    return pd.concat(parts).take(np.argsort(np.concatenate(positions)))


def _read_part(
    cells: pd.Series, country: str, region: str | None, decisions: Decisions, *, is_local: bool
) -> pd.DataFrame:
    """Read the cells of one country; for an empty one, of the default country ``region``."""
    if country == UNREADABLE_COUNTRY:
        read = _ask_about_codes(normalise(cells), cells, PhoneProblem.COUNTRY_UNREADABLE)
        return _decide(read, cells, country, region, decisions)
    if not country and region is None:
        return normalise(cells) if is_local else _read_without_country(cells, decisions)
    read = normalise(cells, country or region, is_own=bool(country), is_local=is_local)
    return _decide(read, cells, country, region, decisions)


def _read_without_country(cells: pd.Series, decisions: Decisions) -> pd.DataFrame:
    """Read cells for which no country is known.

    If all numbers without a plus are valid with their first digits as country codes, they are read
    so, except those that may be local mobile numbers of some country. Otherwise, and about those, a
    person decides.
    """
    read = normalise(cells)
    is_bare = _is_bare(read)
    read = _ask_about_codes(read, cells, PhoneProblem.NO_COUNTRY)
    as_code = read["as_code"][is_bare]
    if as_code.notna().all() and PhoneProblem.NO_COUNTRY not in decisions.readings:
        is_certain = is_bare.copy()
        is_certain[is_bare] = ~_may_be_local(as_code)
        rows = read.index[is_certain]
        decided = {**dict.fromkeys(rows, Reading.CODE), **decisions.rows}
        read = _decide(read, cells, "", None, Decisions(rows=decided))
        read.loc[is_certain, "question"] = None
        return read
    return _decide(read, cells, "", None, decisions)


def _is_bare(read: pd.DataFrame) -> np.ndarray:
    is_bare: np.ndarray = read["problem"].eq(PhoneProblem.NO_COUNTRY).fillna(value=False).to_numpy()
    return is_bare


def _may_be_local(e164: pd.Series) -> np.ndarray:
    """Return which complete numbers may be local mobile numbers of another country instead."""
    digits = pa.chunked_array(pa.array(e164.str.slice(1), pa.string())).combine_chunks()
    found = np.zeros(len(digits), dtype=bool)
    for _code, is_local in local_mobiles(digits):
        found |= is_local
    return found


def _ask_about_codes(read: pd.DataFrame, cells: pd.Series, problem: PhoneProblem) -> pd.DataFrame:
    """Make a question of the numbers without a country that are valid with their first digits."""
    is_bare = _is_bare(read)
    if not is_bare.any():
        return read
    as_code = _read_with_code(cells[is_bare])
    read.loc[is_bare, "problem"] = str(problem)
    read.loc[is_bare, "as_code"] = as_code
    is_asked = is_bare & read["as_code"].notna().to_numpy()
    if problem == PhoneProblem.COUNTRY_UNREADABLE:
        is_asked = is_bare
    read.loc[is_asked, "question"] = str(problem)
    return read


def _read_with_code(cells: pd.Series) -> np.ndarray:
    """Return the numbers in cells with their first digits as the country code."""
    texts = pa.chunked_array(pa.array(cells, pa.string())).combine_chunks()
    digits = extract_plain(texts)
    is_plain = pc.is_valid(digits).to_numpy(zero_copy_only=False)
    found = np.full(len(cells), None, dtype=object)
    with_plus = pc.binary_join_element_wise("+", digits.drop_null(), "")
    found[is_plain] = normalise(pd.Series(with_plus, dtype=_TEXT))["e164"].astype(object)
    places, others = pd.factorize(cells[~is_plain])
    read = np.array([read_with_code(str(text)).e164 for text in others], dtype=object)
    if len(read):
        found[~is_plain] = read[places]
    return found


def _decide(
    read: pd.DataFrame, cells: pd.Series, country: str, region: str | None, decisions: Decisions
) -> pd.DataFrame:
    """Read the cells with a question as was decided, each distinct cell once."""
    is_asked = read["question"].notna().to_numpy()
    if not is_asked.any() or not (decisions.readings or decisions.rows):
        return read
    asked = read[is_asked]
    chosen = asked["question"].map(decisions.readings)
    exceptions = pd.Series(decisions.rows, dtype=object).reindex(asked.index)
    chosen = exceptions.where(exceptions.notna(), chosen)
    for reading in Reading:
        rows = asked.index[chosen == reading]
        distinct = cells[rows].drop_duplicates()
        phones = {cell: _readings(str(cell), region, country)[reading] for cell in distinct}
        for name in ("e164", "problem", "repair"):
            values = {cell: field_of(phone, name) for cell, phone in phones.items()}
            read.loc[rows, name] = cells[rows].map(values)
    return read


def _readings(cell: str, region: str | None, country: str) -> dict[Reading, Phone]:
    """Return a cell in both readings; in one reading where it has no question."""
    if country == UNREADABLE_COUNTRY or not (country or region):
        return {Reading.CODE: read_with_code(cell), Reading.LOCAL: read_phone(cell, region)}
    phone = readings_of(cell, country or region, is_own=bool(country))
    return {Reading.CODE: phone.as_code or phone, Reading.LOCAL: phone.as_local or phone}


def both_readings(
    cell: str, region: str | None, country: str = ""
) -> tuple[str | None, str | None]:
    """Return a cell's number with its first digits as a country code, and as a local number.

    ``region`` and ``country`` are the default country and the row's own, as for `read_phones`.
    A reading that gives no valid number is None.
    """
    found = _readings(cell, region, country)
    return found[Reading.CODE].e164, found[Reading.LOCAL].e164
