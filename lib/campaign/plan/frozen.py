"""Confirmed plans on disk, from which entries are sent even if the sheet changes or is deleted.

A frozen plan is a Parquet file named after the plan's id. Its rows are in the order of sending,
with held rows last, and its schema's metadata holds a summary. Ranges of rows are read without the
rest, so memory use does not depend on the size of the plan.
"""

import contextlib
import functools
import hashlib
import io
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lib.atomic_files import write_atomically
from lib.campaign.exclusions import as_numbers
from lib.campaign.plan.model import SENT_FIELDS, Plan, entry_of
from lib.connectly import CampaignEntry
from lib.errors import StudioError
from lib.i18n import N_
from lib.settings import Settings
from lib.storage import fetch, publish

_ROW_GROUP: Final = 10_000
_SUMMARY: Final = b"sendout"
_ID: Final = re.compile(r"[0-9a-f]{64}")


def freeze(plan: Plan, settings: Settings) -> "FrozenPlan":
    """Write a plan to the plans folder atomically, and publish it to the shared storage.

    An existing file is not rewritten, since runs may be reading it. Raises StorageError and OSError
    (see `is_disk_full`).
    """
    path = _path(plan.id, settings)
    if not path.exists():
        order = np.argsort(plan.table["position"].fillna(plan.rows).to_numpy(), kind="stable")
        summary = {"rows": plan.rows, "held": plan.held_count, "filename": plan.filename}
        buffer = io.BytesIO()
        blocks = (
            _block(plan, order[start : start + _ROW_GROUP])
            for start in range(0, plan.rows, _ROW_GROUP)
        )
        first = next(blocks)
        schema = first.schema.with_metadata({_SUMMARY: json.dumps(summary).encode()})
        with pq.ParquetWriter(
            buffer, schema, compression="zstd", write_page_checksum=True
        ) as writer:
            for block in itertools.chain([first], blocks):
                writer.write_table(block.cast(schema))
        write_atomically(path, buffer.getvalue())
    publish(path, settings)
    return FrozenPlan.open(plan.id, settings)


def freeze_part(plan: "FrozenPlan", positions: np.ndarray, settings: Settings) -> "FrozenPlan":
    """Write a plan with only the entries at these positions, in the same order.

    The same positions of the same plan result in the same id. Raises StorageError and OSError.
    """
    digest = hashlib.sha256(plan.id.encode() + positions.astype("<i8").tobytes())
    path = _path(digest.hexdigest(), settings)
    if not path.exists():
        wanted = pc.field("position").isin(pa.array(positions))
        part = pq.read_table(plan.path, filters=wanted)
        numbers = pa.array(np.arange(len(part)), part.schema.field("position").type)
        part = part.set_column(part.column_names.index("position"), "position", numbers)
        summary = {"rows": len(part), "held": 0, "filename": plan.filename}
        part = part.replace_schema_metadata({_SUMMARY: json.dumps(summary).encode()})
        buffer = io.BytesIO()
        pq.write_table(part, buffer, compression="zstd", row_group_size=_ROW_GROUP)
        write_atomically(path, buffer.getvalue())
    publish(path, settings)
    return FrozenPlan.open(digest.hexdigest(), settings)


def _block(plan: Plan, rows: np.ndarray) -> pa.Table:
    """Return these rows of the plan's table with the columns that are stored."""
    lines = plan.table.iloc[rows].reset_index(names="row")
    columns = ["row", "position", "sendout", *SENT_FIELDS, "held_codes", "warn_codes"]
    return pa.Table.from_pandas(lines[columns], preserve_index=False)


def _path(plan_id: str, settings: Settings) -> Path:
    if not _ID.fullmatch(plan_id):
        raise ValueError("not the id of a plan")
    return settings.plans_dir / f"{plan_id}.parquet"


class PlanUnreadableError(StudioError, OSError, ValueError):
    """The file of a confirmed plan is missing or damaged."""

    code = "STUDIO_PLAN_UNREADABLE"
    sentence = N_("The stored recipients of this broadcast are missing or damaged.")
    action = N_("Restore the folder “plans” of the data folder from a backup.")


@dataclass(frozen=True)
class FrozenPlan:
    """A confirmed plan. Positions count entries from 0 in the order of sending."""

    path: Path

    @classmethod
    def open(cls, plan_id: str, settings: Settings) -> Self:
        """Return a frozen plan, downloaded from the shared storage if it is not here.

        Raises PlanUnreadableError, and StorageError. Reading a damaged file raises
        PlanUnreadableError.
        """
        try:
            frozen = cls(fetch(_path(plan_id, settings), settings))
        except FileNotFoundError as error:
            raise PlanUnreadableError from error
        _ = frozen._summary
        return frozen

    @property
    def id(self) -> str:
        """The plan's id."""
        return self.path.stem

    @property
    def row_count(self) -> int:
        """The number of rows in the sheet."""
        return int(self._summary["rows"])

    @property
    def held_count(self) -> int:
        """The number of rows held back."""
        return int(self._summary["held"])

    @property
    def filename(self) -> str:
        """The name of the uploaded file."""
        return str(self._summary["filename"])

    def entries(self, start: int, stop: int) -> list[CampaignEntry]:
        """Return the entries at positions from start up to stop (exclusive)."""
        stop = min(stop, self.row_count - self.held_count)
        return [entry_of(line) for line in self._read_rows(start, stop, SENT_FIELDS).to_pylist()]

    def rows(self, start: int, stop: int) -> list[int]:
        """Return the row numbers, as the sheet's owner sees them, from start up to stop."""
        stop = min(stop, self.row_count - self.held_count)
        found: list[int] = self._read_rows(start, stop, ("row",))["row"].to_pylist()
        return found

    def numbers(self, start: int, stop: int) -> np.ndarray:
        """Return the phones, as whole numbers, at positions from start up to stop."""
        stop = min(stop, self.row_count - self.held_count)
        phones = self._read_rows(start, stop, ("client",))["client"]
        found: np.ndarray = as_numbers(phones.to_pandas(types_mapper=_text_type)).to_numpy()
        return found

    def frame(self, *columns: str) -> pd.DataFrame:
        """Return these columns for all rows, held ones included, by row number."""
        wanted = [name for name in columns if name != "row"]
        with _damage_as_error():
            table = pq.read_table(
                self.path, columns=["row", *wanted], page_checksum_verification=True
            )
        frame: pd.DataFrame = table.to_pandas(types_mapper=_text_type)
        return frame.set_index("row").sort_index()

    @functools.cached_property
    def _summary(self) -> dict[str, Any]:
        with _damage_as_error():
            summary = json.loads(pq.read_schema(self.path).metadata[_SUMMARY])
            return {name: summary[name] for name in ("rows", "held", "filename")}

    def _read_rows(self, start: int, stop: int, columns: tuple[str, ...]) -> pa.Table:
        """Return positions from start up to stop, reading only the row groups that contain them."""
        if start >= stop:
            return pq.read_schema(self.path).empty_table().select(columns)
        first, last = start // _ROW_GROUP, (stop - 1) // _ROW_GROUP
        with _damage_as_error(), pq.ParquetFile(self.path, page_checksum_verification=True) as file:
            table = file.read_row_groups(
                list(range(first, last + 1)), columns=list(columns)
            ).select(columns)
        return table.slice(start - first * _ROW_GROUP, stop - start)


@contextlib.contextmanager
def _damage_as_error() -> Iterator[None]:
    """Raise PlanUnreadableError for the errors of reading a missing or damaged file."""
    try:
        yield
    except (pa.ArrowException, FileNotFoundError, KeyError, TypeError, ValueError) as error:
        raise PlanUnreadableError from error


def _text_type(kind: pa.DataType) -> Any:
    return (
        pd.StringDtype("pyarrow") if pa.types.is_large_string(kind) or kind == pa.string() else None
    )
