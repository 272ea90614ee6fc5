"""Exclude lists: people who must not get campaigns.

Each is a Parquet file with two columns: ``number``, phones as whole numbers, and ``national``, the
digits of a number written without its country, or null. The schema's metadata holds who added the
list and when, and the entries that could not be read. Lists are immutable, so plans depend only on
their ids.
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
from typing import Final, NamedTuple, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from lib.atomic_files import write_atomically
from lib.campaign.exclude_list_columns import listed_columns
from lib.campaign.mapping.consent import refused_rows
from lib.errors import StudioError
from lib.i18n import N_
from lib.settings import Settings
from lib.sheet import Sheet, SheetError, read_sheet
from lib.sheet.phones.identity import identities
from lib.sheet.phones.listed import read_listed
from lib.sheet.phones.national import country_codes, read_as_national
from lib.storage import delete_with_tombstone, fetch, publish, sync_and_list

_ABOUT: Final = b"exclude_list"
_ID: Final = re.compile(r"[0-9a-f]{16}")
_MAX_UNREAD_ROWS: Final = 20
_EMPTY_CODES: Final = frozenset({"empty_worksheet", "only_header"})
_SEPARATORS: Final = re.compile(r"[\n\r,;]+")
_MAX_UNREAD_ENTRIES: Final = 50
_MAX_ENTRY_CHARACTERS: Final = 80


@dataclass(frozen=True)
class Exclusions:
    """The people on some exclude lists.

    ``identities`` are sorted (see `lib.sheet.phones.identity`). ``national`` are digits written
    without their country, which exclude the people with these digits in every country.
    """

    identities: np.ndarray = field(repr=False)
    national: pa.Array = field(repr=False)
    _by_country: dict[int, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, numbers: np.ndarray | pa.Array, national: Sequence[str] | pa.Array = ()) -> Self:
        """Return the people with these phones, as whole numbers, or these national digits."""
        given = pa.array(numbers, pa.int64()).drop_null().to_numpy()
        return cls(np.unique(identities(given)), pc.unique(pa.array(national, pa.large_string())))

    @classmethod
    def of_plain(cls, numbers: np.ndarray | pa.Array) -> Self:
        """Return the people with these phones, as whole numbers that may lack their country."""
        given = pa.array(numbers, pa.int64()).drop_null()
        return cls.of(given, given.cast(pa.large_string()))

    def __len__(self) -> int:
        return len(self.identities) + len(self.national)

    def mask(self, numbers: np.ndarray) -> np.ndarray:
        """Return which of these phones, as whole numbers, must not get anything."""
        people = identities(numbers)
        found = _is_among(people, self.identities)
        if len(self.national):
            codes = country_codes(people)
            for code in np.unique(codes[codes > 0]):
                of_country = codes == code
                found[of_country] |= _is_among(people[of_country], self._of_country(int(code)))
        return found

    def _of_country(self, code: int) -> np.ndarray:
        """Return the identities of the national digits, read as numbers with a country code."""
        if code not in self._by_country:
            read = read_as_national(self.national, code)
            self._by_country[code] = np.unique(identities(read))
        return self._by_country[code]


def _is_among(wanted: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return which of the wanted numbers are among the sorted numbers."""
    if not len(numbers):
        return np.zeros(len(wanted), dtype=bool)
    places = np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)
    found: np.ndarray = numbers[places] == wanted
    return found


class ExcludeList(BaseModel):
    """The description of an exclude list.

    ``numbers`` is the count of different people; ``national`` of them were written without a
    country and exclude the people with these digits in every country. ``unread`` is the count of
    cells without a readable number; ``unread_rows`` and ``unread_entries`` are the first of them.
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


class NoNumbersError(StudioError, ValueError):
    """An exclude list to add contains no phone number."""

    code = "STUDIO_NO_NUMBERS"
    sentence = N_("We found no phone numbers.")
    action = N_("Write them with + and the country code, or choose the country they are from.")


def pasted_cells(text: str) -> pd.Series:
    """Return pasted numbers, separated by line breaks, commas or semicolons, counted from 1."""
    cells = pd.Series(_SEPARATORS.split(text), dtype="string[pyarrow]")
    cells.index = cells.index + 1
    return cells


def phone_cells(sheet: Sheet) -> pd.Series:
    """Return the cells of a sheet that may contain phones, by row.

    All columns are used: a person with two numbers opted out with both. Without any number in the
    sheet, the first column is returned.
    """
    cells: pd.Series = pd.concat(listed_columns(sheet) or [sheet.frame.iloc[:, 0]])
    return cells


class ListedFile(NamedTuple):
    """The cells of a file that may contain phones.

    ``cells`` are those of all rows. ``refused`` are those of the rows in which a consent column
    says no, such as the unsubscribed contacts in a full export; None if the file doesn't tell
    people apart.
    """

    cells: pd.Series
    refused: pd.Series | None


def read_listed_file(data: bytes, filename: str, settings: Settings) -> ListedFile:
    """Return the cells that may contain phones in all worksheets of a file. Raises SheetError."""
    first = read_sheet(data, filename=filename, settings=settings)
    sheets = [first]
    for worksheet in first.worksheets:
        if worksheet == first.worksheet:
            continue
        try:
            sheets.append(read_sheet(data, filename=filename, sheet=worksheet, settings=settings))
        except SheetError as error:
            if error.code not in _EMPTY_CODES:
                raise
    found = [phone_cells(first), *(each for sheet in sheets[1:] for each in listed_columns(sheet))]
    masks = [refused_rows(sheet) for sheet in sheets]
    if all(mask is None for mask in masks):
        return ListedFile(pd.concat(found), None)
    refused = [
        cells[cells.index.isin(sheet.frame.index[mask])] if mask is not None else cells
        for sheet, mask in zip(sheets, masks, strict=True)
        for cells in listed_columns(sheet)
    ]
    return ListedFile(pd.concat(found), pd.concat(refused))


def unplaced_numbers(cells: pd.Series) -> int:
    """Return how many numbers in these cells have no country code, and no known country."""
    return read_listed(cells).unplaced


def add_exclude_list(
    cells: pd.Series, *, name: str, region: str | None, added_by: str, settings: Settings
) -> ExcludeList:
    """Save the phone numbers in these cells as an exclude list.

    ``region`` is the country of numbers without a country code, as two letters. Every number in a
    cell is added, in every interpretation (see `read_listed`). Cells without a number are counted
    and the first of them stored. Raises NoNumbersError, StorageError, and OSError (see
    `is_disk_full`).
    """
    read = read_listed(cells, region)
    if not read.people:
        raise NoNumbersError
    entries = read.unread.drop_duplicates()[:_MAX_UNREAD_ENTRIES]
    added = ExcludeList(
        id=secrets.token_hex(8),
        name=name,
        added_by=added_by,
        added_at=datetime.now(UTC),
        numbers=read.people,
        unread=len(read.unread),
        unread_rows=tuple(int(row) for row in read.unread.index[:_MAX_UNREAD_ROWS]),
        national=read.unplaced,
        unread_entries=tuple(str(cell).strip()[:_MAX_ENTRY_CHARACTERS] for cell in entries),
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
        # The caller reports that the list was not added, so it must not apply here.
        path.unlink(missing_ok=True)
        raise
    return added


def exclude_list_ids(settings: Settings) -> frozenset[str]:
    """Return the ids of all lists in the shared storage. Raises StorageError."""
    found = sync_and_list(settings.exclusions_dir, settings)
    return frozenset(Path(name).stem for name in found if name.endswith(".parquet"))


def exclude_lists(settings: Settings) -> list[ExcludeList]:
    """Return all lists in the shared storage, newest first.

    Raises StorageError rather than leaving out lists that cannot be read.
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
    """Delete a list. An unknown id is ignored. Raises StorageError."""
    delete_with_tombstone(_path(list_id, settings), settings)


def load_exclusions(
    list_ids: Iterable[str], settings: Settings, *, opted_out: Sequence[int] = ()
) -> Exclusions:
    """Return the people on any of these lists. Lists that were removed are ignored.

    ``opted_out`` are the phones, as whole numbers, of further people to exclude.

    Raises StorageError.
    """
    numbers, national = [np.array(opted_out, dtype="int64")], [pa.array([], pa.large_string())]
    for table in _read_tables(list_ids, settings):
        numbers.append(table["number"].to_numpy())
        if "national" in table.column_names:
            national.append(table["national"].combine_chunks().drop_null())
    return Exclusions.of(np.concatenate(numbers), pa.concat_arrays(national))


def excluded_numbers(list_ids: Iterable[str], settings: Settings) -> pa.Array:
    """Return all whole numbers on these lists. Lists that were removed are ignored.

    To find out who is excluded, use `load_exclusions`. Raises StorageError.
    """
    found = [np.unique(table["number"].to_numpy()) for table in _read_tables(list_ids, settings)]
    return pa.array(np.concatenate([np.array([], dtype="int64"), *found]))


def _read_tables(list_ids: Iterable[str], settings: Settings) -> Iterator[pa.Table]:
    for list_id in list_ids:
        with contextlib.suppress(FileNotFoundError):
            yield pq.read_table(fetch(_path(list_id, settings), settings))


def as_numbers(phones: pd.Series) -> pa.Array:
    """Return phones in E.164 as whole numbers; null for an empty text."""
    digits = pc.utf8_slice_codeunits(pa.chunked_array(pa.array(phones, pa.large_string())), 1)
    filled = pc.if_else(pc.equal(digits, ""), pa.scalar(None, pa.large_string()), digits)
    return pc.cast(filled, pa.int64()).combine_chunks()


def _path(list_id: str, settings: Settings) -> Path:
    if not _ID.fullmatch(list_id):
        raise ValueError("not the id of an exclude list")
    return settings.exclusions_dir / f"{list_id}.parquet"
