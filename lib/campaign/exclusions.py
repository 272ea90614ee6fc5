"""Exclude lists: people who must not get campaigns. A list is kept as it was added, or removed.

Each is a Parquet file under an id: ``number``, the phone numbers as whole numbers, and
``national``, the digits of a number that was written without its country, or null. Who added it
and when, and the entries that could not be read, stand in its schema. A list never changes, so its
id says all that a plan depends on.
"""

import contextlib
import io
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from lib.atomic_files import write_atomically
from lib.campaign.exclude_list_columns import listed_columns
from lib.settings import Settings
from lib.sheet import Sheet, SheetError, read_sheet
from lib.sheet.phones.identity import identities
from lib.sheet.phones.listed import read_listed
from lib.sheet.phones.national import country_codes, read_as_national
from lib.storage import delete_with_tombstone, fetch, publish, sync_and_list

_ABOUT: Final = b"exclude_list"
_ID: Final = re.compile(r"[0-9a-f]{16}")
_ROWS_TOLD: Final = 20
_NOBODY_THERE: Final = frozenset({"empty_worksheet", "only_header"})
_BETWEEN: Final = re.compile(r"[\n\r,;]+")
_ENTRIES_SHOWN: Final = 50
_LONGEST_SHOWN: Final = 80


@dataclass(frozen=True)
class Exclusions:
    """The people of some exclude lists.

    ``identities`` are sorted (see `lib.sheet.phones.identity`); ``national`` are digits that were
    written without their country: they exclude everybody who has them in any country.
    """

    identities: np.ndarray = field(repr=False)
    national: pa.Array = field(repr=False)
    _by_country: dict[int, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, numbers: np.ndarray | pa.Array, national: Sequence[str] | pa.Array = ()) -> Self:
        """Return the people with these phones, as whole numbers, and these national digits."""
        given = pa.array(numbers, pa.int64()).drop_null().to_numpy()
        return cls(np.unique(identities(given)), pc.unique(pa.array(national, pa.large_string())))

    @classmethod
    def of_plain(cls, numbers: np.ndarray | pa.Array) -> Self:
        """Return the people with these whole numbers, which may lack their country."""
        given = pa.array(numbers, pa.int64()).drop_null()
        return cls.of(given, given.cast(pa.large_string()))

    def __len__(self) -> int:
        return len(self.identities) + len(self.national)

    def mask(self, numbers: np.ndarray) -> np.ndarray:
        """Tell which of these phones, as whole numbers, must not get anything."""
        people = identities(numbers)
        found = _is_among(people, self.identities)
        if len(self.national):
            codes = country_codes(people)
            for code in np.unique(codes[codes > 0]):
                theirs = codes == code
                found[theirs] |= _is_among(people[theirs], self._of_country(int(code)))
        return found

    def _of_country(self, code: int) -> np.ndarray:
        """Return the identities of the national digits, read as numbers of a country code."""
        if code not in self._by_country:
            read = read_as_national(self.national, code)
            self._by_country[code] = np.unique(identities(read))
        return self._by_country[code]


def _is_among(wanted: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Tell which are among sorted numbers."""
    if not len(numbers):
        return np.zeros(len(wanted), dtype=bool)
    places = np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)
    found: np.ndarray = numbers[places] == wanted
    return found


class ExcludeList(BaseModel):
    """What is known of a list.

    ``numbers`` are different people; ``national`` of them were written without a country, and
    exclude whoever has these digits in any country. ``unread`` cells hold no number that could be
    read: ``unread_rows`` and ``unread_entries`` are the first of them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: str
    name: str
    added_by: str
    added_at: datetime
    numbers: int
    unread: int
    unread_rows: tuple[int, ...] = ()
    national: int = 0
    unread_entries: tuple[str, ...] = Field(default=(), repr=False)


class NoNumbersError(ValueError):
    """Nothing in what was to become an exclude list is a phone number."""

    code = "STUDIO_NO_NUMBERS"
    sentence = "None of this can be read as a phone number."
    action = "Write the numbers with + and their country code, or choose the country they are from."

    def __init__(self) -> None:
        super().__init__(self.sentence)


def pasted_cells(text: str) -> pd.Series:
    """Return pasted numbers, one a line or parted by commas, by their place from 1."""
    cells = pd.Series(_BETWEEN.split(text), dtype="string[pyarrow]")
    cells.index = cells.index + 1
    return cells


def phone_cells(sheet: Sheet) -> pd.Series:
    """Return the cells of a sheet that may hold somebody's phone, by row.

    Somebody with two numbers who has opted out has done so with both. Where no column has any
    number, the first is taken.
    """
    cells: pd.Series = pd.concat(listed_columns(sheet) or [sheet.frame.iloc[:, 0]])
    return cells


def listed_cells(data: bytes, filename: str, settings: Settings) -> pd.Series:
    """Return the cells of a file that may hold phones, of all its worksheets. Raises SheetError."""
    first = read_sheet(data, filename=filename, settings=settings)
    found = [phone_cells(first)]
    for worksheet in first.worksheets:
        if worksheet == first.worksheet:
            continue
        try:
            sheet = read_sheet(data, filename=filename, sheet=worksheet, settings=settings)
        except SheetError as error:
            if error.code not in _NOBODY_THERE:
                raise
        else:
            found += listed_columns(sheet)
    cells: pd.Series = pd.concat(found)
    return cells


def add_exclude_list(
    cells: pd.Series, *, name: str, region: str | None, added_by: str, settings: Settings
) -> ExcludeList:
    """Keep the phone numbers in these cells as a list.

    ``region`` is the country of numbers that do not say theirs. Every number in a cell counts, in
    every way in which it can be read (see `read_listed`). Cells without any are counted, and kept
    with the list to be shown. Raises NoNumbersError, StorageError, and OSError (see
    `is_disk_full`).
    """
    read = read_listed(cells, region)
    if not read.people:
        raise NoNumbersError
    entries = read.unread.drop_duplicates()[:_ENTRIES_SHOWN]
    added = ExcludeList(
        id=secrets.token_hex(8),
        name=name,
        added_by=added_by,
        added_at=datetime.now(UTC),
        numbers=read.people,
        unread=len(read.unread),
        unread_rows=tuple(int(row) for row in read.unread.index[:_ROWS_TOLD]),
        national=read.unplaced,
        unread_entries=tuple(str(cell).strip()[:_LONGEST_SHOWN] for cell in entries),
    )
    national = read.national.cast(pa.large_string())
    none = pa.nulls(len(read.numbers), pa.large_string())
    table = pa.table(
        {
            "number": np.concatenate([read.numbers, read.as_numbers]),
            "national": pa.concat_arrays([none, national]),
        }
    )
    table = table.replace_schema_metadata({_ABOUT: added.model_dump_json().encode()})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    path = _path(added.id, settings)
    write_atomically(path, buffer.getvalue())
    try:
        publish(path, settings)
    except OSError:
        # Whoever adds it hears that it was not added, and may do so again.
        path.unlink(missing_ok=True)
        raise
    return added


def exclude_list_ids(settings: Settings) -> frozenset[str]:
    """Return the ids of all lists, of every machine. Raises StorageError."""
    found = sync_and_list(settings.exclusions_dir, settings)
    return frozenset(Path(name).stem for name in found if name.endswith(".parquet"))


def exclude_lists(settings: Settings) -> list[ExcludeList]:
    """Return what is known of each list of every machine, the newest first.

    Raises StorageError: a list that cannot be seen must not count as one that is not there.
    """
    found = []
    for name in sync_and_list(settings.exclusions_dir, settings):
        if not name.endswith(".parquet"):
            continue
        with contextlib.suppress(FileNotFoundError):
            path = fetch(settings.exclusions_dir / name, settings)
            about = pq.read_schema(path).metadata[_ABOUT]
            found.append(ExcludeList.model_validate(json.loads(about)))
    return sorted(found, key=lambda each: each.added_at, reverse=True)


def remove_exclude_list(list_id: str, settings: Settings) -> None:
    """Remove a list for good; nothing happens where there is none of this id.

    Raises StorageError.
    """
    delete_with_tombstone(_path(list_id, settings), settings)


def load_exclusions(
    list_ids: Iterable[str], settings: Settings, *, opted_out: Sequence[int] = ()
) -> Exclusions:
    """Return the people of these lists together; a list that is removed by now has none.

    ``opted_out`` are phones, as whole numbers, of people who must not get anything either.

    Raises StorageError.
    """
    numbers, national = [np.array(opted_out, dtype="int64")], [pa.array([], pa.large_string())]
    for table in _tables(list_ids, settings):
        numbers.append(table["number"].to_numpy())
        if "national" in table.column_names:
            national.append(table["national"].combine_chunks().drop_null())
    return Exclusions.of(np.concatenate(numbers), pa.concat_arrays(national))


def excluded_numbers(list_ids: Iterable[str], settings: Settings) -> pa.Array:
    """Return all whole numbers of these lists; a list that is removed by now has none.

    Whom they exclude, `load_exclusions` tells. Raises StorageError.
    """
    found = [np.unique(table["number"].to_numpy()) for table in _tables(list_ids, settings)]
    return pa.array(np.concatenate([np.array([], dtype="int64"), *found]))


def _tables(list_ids: Iterable[str], settings: Settings) -> Iterator[pa.Table]:
    for list_id in list_ids:
        with contextlib.suppress(FileNotFoundError):
            yield pq.read_table(fetch(_path(list_id, settings), settings))


def as_numbers(phones: pd.Series) -> pa.Array:
    """Return phones (``+`` and digits) as whole numbers; null for an empty text."""
    digits = pc.utf8_slice_codeunits(pa.chunked_array(pa.array(phones, pa.large_string())), 1)
    filled = pc.if_else(pc.equal(digits, ""), pa.scalar(None, pa.large_string()), digits)
    return pc.cast(filled, pa.int64()).combine_chunks()


def _path(list_id: str, settings: Settings) -> Path:
    if not _ID.fullmatch(list_id):
        raise ValueError("this is no id of an exclude list")
    return settings.exclusions_dir / f"{list_id}.parquet"
