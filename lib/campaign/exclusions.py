"""Exclude lists: people who must not get campaigns. A list is kept as it was added, or removed.

Each is a Parquet file of phone numbers as whole numbers, sorted, under an id; who added it and
when stands in its schema. A list never changes, so its id says all that a plan depends on.
"""

import contextlib
import io
import json
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from lib.campaign.suggestions import phone_columns
from lib.files import write_atomically
from lib.settings import Settings
from lib.sheet import Sheet, SheetError, read_sheet
from lib.sheet.phones import normalise
from lib.storage import fetch, names, publish, remove

_ABOUT: Final = b"exclude_list"
_ID: Final = re.compile(r"[0-9a-f]{16}")
_ROWS_TOLD: Final = 20
_NOBODY_THERE: Final = frozenset({"empty_worksheet", "only_header"})
_BETWEEN: Final = re.compile(r"[\n\r,;]+")


class ExcludeList(BaseModel):
    """What is known of a list: ``unread_rows`` are the first of the cells that are no phone."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: str
    name: str
    added_by: str
    added_at: datetime
    numbers: int
    unread: int
    unread_rows: tuple[int, ...] = ()


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
    """Return the cells of every column that looks like phones, by row.

    Somebody with two numbers who has opted out has done so with both. Where no column looks like
    phones, the first is taken.
    """
    columns = phone_columns(sheet) or [sheet.frame.columns[0]]
    cells: pd.Series = pd.concat([sheet.frame[column] for column in columns])
    return cells


def listed_cells(data: bytes, filename: str, settings: Settings) -> pd.Series:
    """Return the cells of a file's phone columns, of all its worksheets. Raises SheetError."""
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
            found += [sheet.frame[column] for column in phone_columns(sheet)]
    cells: pd.Series = pd.concat(found)
    return cells


def add_exclude_list(
    cells: pd.Series, *, name: str, region: str | None, added_by: str, settings: Settings
) -> ExcludeList:
    """Keep the phone numbers in these cells as a list.

    ``region`` is the country of numbers that do not say theirs. Cells that are no phone are
    counted, and not a part of the list. Raises NoNumbersError, StorageError, and OSError (see
    `is_disk_full`).
    """
    filled = cells[cells.str.strip() != ""]
    read = normalise(filled, region)
    unread = filled.index[read["e164"].isna()]
    numbers = np.unique(as_numbers(read["e164"].dropna()).to_numpy())
    if not len(numbers):
        raise NoNumbersError
    added = ExcludeList(
        id=secrets.token_hex(8),
        name=name,
        added_by=added_by,
        added_at=datetime.now(UTC),
        numbers=len(numbers),
        unread=len(unread),
        unread_rows=tuple(int(row) for row in unread[:_ROWS_TOLD]),
    )
    table = pa.table({"number": numbers})
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


def exclude_lists(settings: Settings) -> list[ExcludeList]:
    """Return what is known of each list of every machine, the newest first.

    Raises StorageError: a list that cannot be seen must not count as one that is not there.
    """
    found = []
    for name in names(settings.exclusions_dir, settings):
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
    remove(_path(list_id, settings), settings)


def excluded_numbers(list_ids: Iterable[str], settings: Settings) -> pa.Array:
    """Return all numbers of these lists together; one that is removed by now has none.

    Raises StorageError.
    """
    found = [np.array([], dtype="int64")]
    for list_id in list_ids:
        with contextlib.suppress(FileNotFoundError):
            path = fetch(_path(list_id, settings), settings)
            found.append(pq.read_table(path)["number"].to_numpy())
    return pa.array(np.concatenate(found))


def as_numbers(phones: pd.Series) -> pa.Array:
    """Return phones (``+`` and digits) as whole numbers; null for an empty text."""
    digits = pc.utf8_slice_codeunits(pa.chunked_array(pa.array(phones, pa.large_string())), 1)
    filled = pc.if_else(pc.equal(digits, ""), pa.scalar(None, pa.large_string()), digits)
    return pc.cast(filled, pa.int64()).combine_chunks()


def _path(list_id: str, settings: Settings) -> Path:
    if not _ID.fullmatch(list_id):
        raise ValueError("this is no id of an exclude list")
    return settings.exclusions_dir / f"{list_id}.parquet"
