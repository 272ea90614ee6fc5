"""The Arrow file that keeps a sheet: cells by position, row numbers, flags.

It is as large as its cells, and opened without being loaded: its pages are the disk's, which the
system lends to all who look and takes back when memory is short. Names, notes and worksheets stand
in the schema's metadata, so that no header can clash with a column of ours.
"""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa

from lib.sheet.table.assemble import RawSheet

METADATA_KEY = b"sendout_sheet"
# A sheet of usual size is one batch; of a larger one only a part is in memory at a time.
_ONE_BATCH_BYTES = 256 << 20
_BATCH_BYTES = 32 << 20
_FLAG = pa.list_(pa.struct([("column", pa.int32()), ("code", pa.string())]))


def write_arrow(path: Path, sheet: RawSheet, about: dict[str, Any]) -> None:
    """Write a sheet to the disk, in full. Raises OSError where there is no room."""
    by_row: dict[int, list[dict[str, Any]]] = {}
    for flag in sheet.flags:
        by_row.setdefault(flag.row, []).append({"column": flag.column, "code": flag.code})
    width = sheet.table.num_columns
    # The type that pandas works with: any other would be copied on opening.
    fields = [pa.field(str(at), pa.large_string()) for at in range(width)]
    schema = pa.schema(
        [*fields, pa.field("row", pa.int64()), pa.field("flags", _FLAG)],
        {METADATA_KEY: json.dumps(about)},
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with pa.ipc.new_file(file, schema) as writer:
            total = sheet.table.num_rows
            size = sheet.table.nbytes
            step = total if size <= _ONE_BATCH_BYTES else max(1_000, total * _BATCH_BYTES // size)
            for at in range(0, total, step):
                rows, part = sheet.rows.slice(at, step), sheet.table.slice(at, step)
                cells = [column.cast(pa.large_string()) for column in part.columns]
                table = pa.table([*cells, rows, _flags(rows, by_row)], schema=schema)
                writer.write_table(table.combine_chunks())
        file.flush()
        os.fsync(file.fileno())


def _flags(rows: pa.Array, by_row: dict[int, list[dict[str, Any]]]) -> pa.Array:
    """Return the flags of these rows."""
    first, last = rows[0].as_py(), rows[-1].as_py()
    if not any(first <= row <= last for row in by_row):
        return pa.nulls(len(rows), _FLAG)
    return pa.array([by_row.get(row) for row in rows.to_pylist()], _FLAG)


def open_arrow(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Return a kept sheet's table, not loaded, and what was written about it.

    Raises OSError where there is no such file; ValueError (pa.ArrowInvalid among them), KeyError or
    TypeError where it is damaged or something else.
    """
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    table.validate()
    return table, json.loads(table.schema.metadata[METADATA_KEY])
