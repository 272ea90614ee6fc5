"""Read the phone numbers of an exclude list: people who must not be messaged.

Sheets of recipients are read strictly, so that nobody gets a message by mistake. Exclude lists are
read loosely: every number that a cell may mean is excluded.
"""

import re
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.phones.cleaning import clean_phone_text, extract_plain, has_plus, plain_text
from lib.sheet.phones.codes import PhoneProblem
from lib.sheet.phones.identity import identities
from lib.sheet.phones.national import is_number_anywhere
from lib.sheet.phones.parse import normalise

_TEXT: Final = "string[pyarrow]"
_MIN_DIGITS: Final = 7
_MAX_DIGITS: Final = 15
_MAX_INT_DIGITS: Final = 18

_SEPARATOR: Final = re.compile(
    r"::+|[;,|&\n\r\t]|\s(?:or|o|ou|y|e|and)\s|(?<=\d)[\s/)]*(?=\+)", re.IGNORECASE
)
_SLASH: Final = re.compile(r"\s*/\s*")
_NUMBER: Final = re.compile(r"\+?[ (]*\d[\d ().-]*")
# Lines of an opt-out log begin with a date.
_LEADING_DATE: Final = re.compile(
    r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?[\s,;]+(?=(?:\D*\d){7})"
)
_THOUSANDS: Final = re.compile(r"[+]?\d{1,3}(?:[,.' ]\d{3}){2,4}")
# Web and e-mail addresses, which may contain digits, except those of WhatsApp.
_ADDRESS: Final = re.compile(
    r"https?://(?!wa\.me|(?:api|web|www)\.whatsapp|chat\.whatsapp)\S+"
    r"|[^\s,;|]+@(?!s\.whatsapp|c\.us|g\.us)\S+",
    re.IGNORECASE,
)


class ListedPhones(NamedTuple):
    """The numbers in the cells of a list.

    ``numbers`` are all international numbers that the cells may mean, without plus, as unique
    `int64`. ``national`` are the digits of numbers written without a plus, which may be from any
    country, and ``as_numbers`` the most likely international number of each. ``unplaced`` counts
    those whose country is unknown. ``people`` is the count of different numbers in the list.
    ``unread`` are the cells without any number, with their index.
    """

    numbers: np.ndarray
    national: pa.Array
    as_numbers: np.ndarray
    unplaced: int
    people: int
    unread: pd.Series


def read_listed(cells: pd.Series, region: str | None = None) -> ListedPhones:
    """Read every number in these cells in every possible way.

    ``region`` is the country of numbers without a country code. Since it may be wrong for some of
    them, a number without a plus counts as a number of any country too.
    """
    filled = cells[cells.str.strip() != ""]
    coded = pa.chunked_array(pa.array(filled, pa.string())).combine_chunks().dictionary_encode()
    digits, entries = _extract_numbers(coded.dictionary)
    read = _read_digits(digits, region)
    is_read = np.zeros(len(coded.dictionary), dtype=bool)
    is_read[entries[read.is_read]] = True
    unread = filled[~is_read[coded.indices.to_numpy()]]
    return ListedPhones(
        read.numbers, read.national, read.as_numbers, read.unplaced, read.people, unread
    )


def numbers_in(cell: str) -> list[str]:
    """Return every number that a cell may contain: its digits, after a ``+`` if it has one."""
    found = _numbers_in(cell)
    if not found and (day := _LEADING_DATE.match(cell)):
        return _numbers_in(cell[day.end() :])
    return found


def _numbers_in(cell: str) -> list[str]:
    """Return the numbers in a cell without a leading date."""
    whole = clean_phone_text(cell)
    if whole.problem is None:
        return [_to_digits(whole.text)]
    if whole.problem in {PhoneProblem.CUT_BY_SPREADSHEET, PhoneProblem.LOOKS_LIKE_DATE}:
        return []
    text = plain_text(_ADDRESS.sub(" ", cell))
    found: list[str] = []
    for part in _SEPARATOR.split(text):
        found += _numbers_in_part(part)
    if not found and _THOUSANDS.fullmatch(text):
        found = [_to_digits(text)]
    return list(dict.fromkeys(each for each in found if _is_long_enough(each)))


def _numbers_in_part(part: str) -> list[str]:
    """Return the numbers in a part of a cell, which slashes may divide further."""
    pieces = _SLASH.split(part)
    found: list[str] = []
    if len(pieces) > 1:
        # A slash separates two numbers, or an area code from its number: 0171/1234567.
        found += _numbers_in_text(part)
    for piece in pieces:
        of_piece = _numbers_in_text(piece)
        if not of_piece and found and re.fullmatch(r"\d{1,4}", piece):
            # The last digits of a second number: 5512345678/79.
            of_piece = [found[-1][: -len(piece)] + piece]
        found += of_piece
    return found


def _numbers_in_text(text: str) -> list[str]:
    """Return the numbers in a text without separators."""
    read = clean_phone_text(text)
    if read.problem is None:
        return [_to_digits(read.text)]
    if read.problem in {PhoneProblem.CUT_BY_SPREADSHEET, PhoneProblem.LOOKS_LIKE_DATE}:
        return []
    found: list[str] = []
    for run in _NUMBER.findall(text):
        read = clean_phone_text(run.rstrip(" (.-"))
        if read.problem is None or read.problem == PhoneProblem.NOT_A_PHONE:
            found.append(_to_digits(run))
        elif read.problem == PhoneProblem.TOO_LONG:
            found += _split_long(run)
        # A number followed by something else in brackets.
        for bracket in re.finditer(r"\(", run[1:]):
            found.append(_to_digits(run[: bracket.start() + 1]))
    return [each for each in found if _is_long_enough(each)]


def _split_long(run: str) -> list[str]:
    """Return the numbers in a run of too many digits, split at each possible separator."""
    pieces = re.findall(r"\d+", run)
    plus = "+" if "+" in run else ""
    found: list[str] = []
    for start in range(len(pieces)):
        for stop in range(start + 1, len(pieces) + 1):
            before, inner, after = pieces[:start], pieces[start:stop], pieces[stop:]
            if all(_may_be_number(each) for each in (before, after) if each) and _may_be_number(
                inner
            ):
                found.append((plus if start == 0 else "") + "".join(inner))
    alone = [each for each in pieces if _MIN_DIGITS < len(each) <= _MAX_DIGITS]
    return found + alone


def _may_be_number(pieces: list[str]) -> bool:
    """Return whether these groups of digits have enough digits for a number."""
    return len("".join(pieces)) > _MIN_DIGITS


def _to_digits(text: str) -> str:
    """Return the digits of a number, after a ``+`` if it has one."""
    digits = re.sub(r"\D", "", text)
    return f"+{digits}" if has_plus(text) or text.lstrip(" (").startswith("+") else digits


def _is_long_enough(digits: str) -> bool:
    return _MIN_DIGITS <= len(digits.lstrip("+")) <= _MAX_INT_DIGITS


def _extract_numbers(texts: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Return all numbers in these texts as digits, and the index of the text of each."""
    plain = extract_plain(texts)
    others = np.flatnonzero(pc.is_null(plain))
    found = [numbers_in(text) for text in texts.take(pa.array(others)).to_pylist()]
    digits = pa.array([number for each in found for number in each], pa.string())
    indices = np.repeat(others, [len(each) for each in found])
    plain_indices = np.flatnonzero(pc.is_valid(plain))
    return pa.concat_arrays([plain.drop_null(), digits]), np.concatenate([plain_indices, indices])


class _Readings(NamedTuple):
    """Fields of `ListedPhones`, and a mask of the digits that were read."""

    numbers: np.ndarray
    national: pa.Array
    as_numbers: np.ndarray
    unplaced: int
    people: int
    is_read: np.ndarray


def _read_digits(digits: pa.Array, region: str | None) -> _Readings:
    """Read digits as numbers of the region, as international numbers, and as any country's."""
    as_written = normalise(pd.Series(digits, dtype=_TEXT), region)["e164"]
    is_bare = ~pc.starts_with(digits, "+").to_numpy(zero_copy_only=False)
    # The first digits of a number without a plus may still be a country code.
    with_plus = pc.binary_join_element_wise("+", pc.utf8_ltrim(digits, "+0"), "")
    abroad = normalise(pd.Series(with_plus, dtype=_TEXT))["e164"].where(is_bare)
    is_placed = as_written.notna().to_numpy()
    if region:
        is_placed = is_placed | abroad.notna().to_numpy()
    is_unplaced = is_bare & ~is_placed
    is_unplaced[is_unplaced] = is_number_anywhere(digits.filter(pa.array(is_unplaced)))
    is_read = is_placed | is_unplaced | abroad.notna().to_numpy()
    most_likely = as_written.where(as_written.notna(), abroad)
    is_national = is_bare & is_read & (pc.utf8_length(digits).to_numpy() <= _MAX_INT_DIGITS)
    unchanged = "+" + pd.Series(digits, dtype=_TEXT)
    national, first = np.unique(np.asarray(digits)[is_national], return_index=True)
    unplaced = len(pc.unique(digits.filter(pa.array(is_unplaced))))
    placed = np.unique(identities(_to_int(most_likely[~is_unplaced])))
    return _Readings(
        numbers=np.unique(np.concatenate([_to_int(as_written), _to_int(abroad)])),
        national=pa.array(national, pa.string()),
        as_numbers=_to_int(most_likely.where(most_likely.notna(), unchanged)[is_national])[first],
        unplaced=unplaced,
        people=len(placed) + unplaced,
        is_read=is_read,
    )


def _to_int(phones: pd.Series) -> np.ndarray:
    found: np.ndarray = phones.dropna().str.slice(1).astype("int64").to_numpy()
    return found
