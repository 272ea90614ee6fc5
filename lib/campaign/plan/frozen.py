"""A confirmed plan on disk: what was confirmed is what is sent, whatever happens to the sheet.

A Parquet file named after the plan's id, in the order of sending, held rows last; a summary stands
in its schema. Ranges are read without the rest, so a plan's size costs no memory.
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
from lib.settings import Settings
from lib.storage import fetch, publish

_ROW_GROUP: Final = 10_000
_SUMMARY: Final = b"sendout"
_ID: Final = re.compile(r"[0-9a-f]{64}")


def freeze(plan: Plan, settings: Settings) -> "FrozenPlan":
    """Write the plan to the plans folder, whole or not at all, for every machine to read.

    A plan that is there already is left as it is: runs may be reading it. Raises StorageError, and
    OSError (see `is_disk_full`).
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
    """Write a plan of the entries at these positions alone, in the same order.

    The same positions of the same plan make the same part. Raises StorageError and OSError.
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


def _block(plan: Plan, places: np.ndarray) -> pa.Table:
    """Return some rows of the plan's table as they are kept."""
    lines = plan.table.iloc[places].reset_index(names="row")
    columns = ["row", "position", "sendout", *SENT_FIELDS, "held_codes", "warn_codes"]
    return pa.Table.from_pandas(lines[columns], preserve_index=False)


def _path(plan_id: str, settings: Settings) -> Path:
    if not _ID.fullmatch(plan_id):
        raise ValueError("this is no id of a plan")
    return settings.plans_dir / f"{plan_id}.parquet"


@dataclass(frozen=True)
class FrozenPlan:
    """A plan as it was confirmed. Positions count entries in the order of sending, from 0."""

    path: Path

    @classmethod
    def open(cls, plan_id: str, settings: Settings) -> Self:
        """Find a frozen plan, from the shared storage if need be.

        Raises FileNotFoundError, StorageError and, for a damaged one, ValueError.
        """
        frozen = cls(fetch(_path(plan_id, settings), settings))
        _ = frozen._summary
        return frozen

    @property
    def id(self) -> str:
        """The id under which it is kept."""
        return self.path.stem

    @property
    def row_count(self) -> int:
        """Rows of the sheet."""
        return int(self._summary["rows"])

    @property
    def held_count(self) -> int:
        """Rows held back."""
        return int(self._summary["held"])

    @property
    def filename(self) -> str:
        """The name of the sheet's file."""
        return str(self._summary["filename"])

    def entries(self, start: int, stop: int) -> list[CampaignEntry]:
        """Return the entries at positions from start up to stop."""
        stop = min(stop, self.row_count - self.held_count)
        return [entry_of(line) for line in self._read(start, stop, SENT_FIELDS).to_pylist()]

    def rows(self, start: int, stop: int) -> list[int]:
        """Return the row numbers, as the sheet's owner sees them, at positions start to stop."""
        stop = min(stop, self.row_count - self.held_count)
        found: list[int] = self._read(start, stop, ("row",))["row"].to_pylist()
        return found

    def numbers(self, start: int, stop: int) -> np.ndarray:
        """Return the phones, as whole numbers, at positions from start up to stop."""
        stop = min(stop, self.row_count - self.held_count)
        phones = self._read(start, stop, ("client",))["client"]
        found: np.ndarray = as_numbers(phones.to_pandas(types_mapper=_text_type)).to_numpy()
        return found

    def frame(self, *columns: str) -> pd.DataFrame:
        """Return these columns for all rows, held ones included, by row number."""
        wanted = [name for name in columns if name != "row"]
        with _damage_told():
            table = pq.read_table(
                self.path, columns=["row", *wanted], page_checksum_verification=True
            )
        frame: pd.DataFrame = table.to_pandas(types_mapper=_text_type)
        return frame.set_index("row").sort_index()

    @functools.cached_property
    def _summary(self) -> dict[str, Any]:
        with _damage_told():
            summary = json.loads(pq.read_schema(self.path).metadata[_SUMMARY])
            return {name: summary[name] for name in ("rows", "held", "filename")}

    def _read(self, start: int, stop: int, columns: tuple[str, ...]) -> pa.Table:
        """Read positions from start up to stop, and only the row groups that hold them."""
        if start >= stop:
            return pq.read_schema(self.path).empty_table().select(columns)
        first, last = start // _ROW_GROUP, (stop - 1) // _ROW_GROUP
        with _damage_told(), pq.ParquetFile(self.path, page_checksum_verification=True) as file:
            table = file.read_row_groups(
                list(range(first, last + 1)), columns=list(columns)
            ).select(columns)
        return table.slice(start - first * _ROW_GROUP, stop - start)


@contextlib.contextmanager
def _damage_told() -> Iterator[None]:
    """Raise OSError or ValueError, whatever a damaged file has made the reader say."""
    try:
        yield
    except (pa.ArrowException, KeyError, TypeError) as error:
        if isinstance(error, ValueError):
            raise
        raise ValueError("the plan is damaged") from error


def _text_type(kind: pa.DataType) -> Any:
    return (
        pd.StringDtype("pyarrow") if pa.types.is_large_string(kind) or kind == pa.string() else None
    )
