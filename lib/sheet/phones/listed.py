"""Every phone number in the cells of a list of people who must not be messaged.

A sheet to send to is read strictly: a message to a stranger is far worse than none. A list of
people to leave out is read the other way round: every number that a cell may mean counts.
"""

import re
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.sheet.phones.cleaning import clean_phone_text, extract_plain, has_plus, plain_text
from lib.sheet.phones.identity import identities
from lib.sheet.phones.national import is_number_anywhere
from lib.sheet.phones.parse import normalise

_TEXT: Final = "string[pyarrow]"
_FEWEST: Final = 7
_MOST: Final = 15
_LONGEST_INT: Final = 18

_BETWEEN: Final = re.compile(
    r"::+|[;,|&\n\r\t]|\s(?:or|o|ou|y|e|and)\s|(?<=\d)[\s/)]*(?=\+)", re.IGNORECASE
)
_SLASH: Final = re.compile(r"\s*/\s*")
_RUN: Final = re.compile(r"\+?[ (]*\d[\d ().-]*")
# A line of a log of opt-outs begins with the day.
_DAY_BEFORE: Final = re.compile(
    r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?[\s,;]+(?=(?:\D*\d){7})"
)
_THOUSANDS: Final = re.compile(r"[+]?\d{1,3}(?:[,.' ]\d{3}){2,4}")
# Addresses with digits of their own, unless they are WhatsApp's.
_ADDRESS: Final = re.compile(
    r"https?://(?!wa\.me|(?:api|web|www)\.whatsapp|chat\.whatsapp)\S+"
    r"|[^\s,;|]+@(?!s\.whatsapp|c\.us|g\.us)\S+",
    re.IGNORECASE,
)


class ListedPhones(NamedTuple):
    """What the cells of a list hold.

    ``numbers`` are all international numbers that they may mean, as whole numbers, each once.
    ``national`` are the digits of numbers written without a plus, whose country may be any, and
    ``as_numbers`` what each of them is most likely; ``unplaced`` counts those of no known country.
    ``people`` is how many different numbers were written; ``unread`` are the cells without any, by
    their index.
    """

    numbers: np.ndarray
    national: pa.Array
    as_numbers: np.ndarray
    unplaced: int
    people: int
    unread: pd.Series


def read_listed(cells: pd.Series, region: str | None = None) -> ListedPhones:
    """Read every number in these cells in every way that makes it somebody's.

    ``region`` is the country of numbers that do not say theirs. It may be wrong for some of them:
    a number without a plus is a number of any country as well.
    """
    filled = cells[cells.str.strip() != ""]
    coded = pa.chunked_array(pa.array(filled, pa.string())).combine_chunks().dictionary_encode()
    digits, entries = _digits_of(coded.dictionary)
    read = _readings(digits, region)
    is_read = np.zeros(len(coded.dictionary), dtype=bool)
    is_read[entries[read.is_read]] = True
    unread = filled[~is_read[coded.indices.to_numpy()]]
    return ListedPhones(
        read.numbers, read.national, read.as_numbers, read.unplaced, read.people, unread
    )


def numbers_in(cell: str) -> list[str]:
    """Return every number that may stand in a cell: its digits, after a ``+`` if it has one."""
    found = _numbers_in(cell)
    if not found and (day := _DAY_BEFORE.match(cell)):
        return _numbers_in(cell[day.end() :])
    return found


def _numbers_in(cell: str) -> list[str]:
    whole = clean_phone_text(cell)
    if whole.problem is None:
        return [_plain(whole.text)]
    if whole.problem in {"cut_by_spreadsheet", "looks_like_date"}:
        return []
    text = plain_text(_ADDRESS.sub(" ", cell))
    found: list[str] = []
    for part in _BETWEEN.split(text):
        found += _in_part(part)
    if not found and _THOUSANDS.fullmatch(text):
        found = [_plain(text)]
    return list(dict.fromkeys(each for each in found if _is_long_enough(each)))


def _in_part(part: str) -> list[str]:
    pieces = _SLASH.split(part)
    found: list[str] = []
    if len(pieces) > 1:
        # A stroke may part two numbers, or an area from its number: 0171/1234567.
        found += _of_text(part)
    for piece in pieces:
        of_piece = _of_text(piece)
        if not of_piece and found and re.fullmatch(r"\d{1,4}", piece):
            # The last digits of another number: 5512345678/79.
            of_piece = [found[-1][: -len(piece)] + piece]
        found += of_piece
    return found


def _of_text(text: str) -> list[str]:
    read = clean_phone_text(text)
    if read.problem is None:
        return [_plain(read.text)]
    if read.problem in {"cut_by_spreadsheet", "looks_like_date"}:
        return []
    found: list[str] = []
    for run in _RUN.findall(text):
        read = clean_phone_text(run.rstrip(" (.-"))
        if read.problem is None or read.problem == "not_a_phone":
            found.append(_plain(run))
        elif read.problem == "too_long":
            found += _split_long(run)
        # A number behind which something else stands in brackets.
        for bracket in re.finditer(r"\(", run[1:]):
            found.append(_plain(run[: bracket.start() + 1]))
    return [each for each in found if _is_long_enough(each)]


def _split_long(run: str) -> list[str]:
    """Return the numbers of digits that are too many for one, wherever they may be parted."""
    pieces = re.findall(r"\d+", run)
    plus = "+" if "+" in run else ""
    found: list[str] = []
    for start in range(len(pieces)):
        for stop in range(start + 1, len(pieces) + 1):
            before, inner, after = pieces[:start], pieces[start:stop], pieces[stop:]
            if all(_may_be(each) for each in (before, after) if each) and _may_be(inner):
                found.append((plus if start == 0 else "") + "".join(inner))
    alone = [each for each in pieces if _FEWEST < len(each) <= _MOST]
    return found + alone


def _may_be(pieces: list[str]) -> bool:
    return len("".join(pieces)) > _FEWEST


def _plain(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return f"+{digits}" if has_plus(text) or text.lstrip(" (").startswith("+") else digits


def _is_long_enough(digits: str) -> bool:
    return _FEWEST <= len(digits.lstrip("+")) <= _LONGEST_INT


def _digits_of(texts: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Return all numbers in these texts as digits, and of which text each of them is."""
    easy = extract_plain(texts)
    hard = np.flatnonzero(pc.is_null(easy))
    several = [numbers_in(text) for text in texts.take(pa.array(hard)).to_pylist()]
    places = np.flatnonzero(pc.is_valid(easy))
    more = np.repeat(hard, [len(each) for each in several])
    digits = pa.array([number for each in several for number in each], pa.string())
    return pa.concat_arrays([easy.drop_null(), digits]), np.concatenate([places, more])


class _Readings(NamedTuple):
    numbers: np.ndarray
    national: pa.Array
    as_numbers: np.ndarray
    unplaced: int
    people: int
    is_read: np.ndarray


def _readings(digits: pa.Array, region: str | None) -> _Readings:
    """Read digits as numbers of the region, as international ones, and as any country's."""
    said = normalise(pd.Series(digits, dtype=_TEXT), region)["e164"]
    is_bare = ~pc.starts_with(digits, "+").to_numpy(zero_copy_only=False)
    # Of digits without a plus, the first may still be a country code.
    with_plus = pc.binary_join_element_wise("+", pc.utf8_ltrim(digits, "+0"), "")
    abroad = normalise(pd.Series(with_plus, dtype=_TEXT))["e164"].where(is_bare)
    is_placed = said.notna().to_numpy()
    if region:
        is_placed = is_placed | abroad.notna().to_numpy()
    is_unplaced = is_bare & ~is_placed
    is_unplaced[is_unplaced] = is_number_anywhere(digits.filter(pa.array(is_unplaced)))
    is_read = is_placed | is_unplaced | abroad.notna().to_numpy()
    likeliest = said.where(said.notna(), abroad)
    is_national = is_bare & is_read & (pc.utf8_length(digits).to_numpy() <= _LONGEST_INT)
    by_itself = "+" + pd.Series(digits, dtype=_TEXT)
    national, first = np.unique(np.asarray(digits)[is_national], return_index=True)
    unplaced = len(pc.unique(digits.filter(pa.array(is_unplaced))))
    placed = np.unique(identities(_whole(likeliest[~is_unplaced])))
    return _Readings(
        numbers=np.unique(np.concatenate([_whole(said), _whole(abroad)])),
        national=pa.array(national, pa.string()),
        as_numbers=_whole(likeliest.where(likeliest.notna(), by_itself)[is_national])[first],
        unplaced=unplaced,
        people=len(placed) + unplaced,
        is_read=is_read,
    )


def _whole(phones: pd.Series) -> np.ndarray:
    found: np.ndarray = phones.dropna().str.slice(1).astype("int64").to_numpy()
    return found
