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

from lib.sheet.assembly import Assembled

METADATA_KEY = b"sendout_sheet"
_FLAG = pa.list_(pa.struct([("column", pa.int32()), ("code", pa.string())]))


def write_arrow(path: Path, sheet: Assembled, about: dict[str, Any]) -> None:
    """Write a sheet to the disk, in full. Raises OSError where there is no room."""
    by_row: dict[int, list[dict[str, Any]]] = {}
    for flag in sheet.flags:
        by_row.setdefault(flag.row, []).append({"column": flag.column, "code": flag.code})
    flags = (
        pa.array([by_row.get(row) for row in sheet.rows.to_pylist()], _FLAG)
        if by_row
        else pa.nulls(len(sheet.rows), _FLAG)
    )
    # The type that pandas works with: any other would be copied on opening.
    cells = [column.cast(pa.large_string()) for column in sheet.table.columns]
    table = pa.table(
        [*cells, sheet.rows, flags], [*map(str, range(len(cells))), "row", "flags"]
    ).replace_schema_metadata({METADATA_KEY: json.dumps(about)})
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table.combine_chunks())
        file.flush()
        os.fsync(file.fileno())


def open_arrow(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Return a kept sheet's table, not loaded, and what was written about it.

    Raises OSError where there is no such file; ValueError (pa.ArrowInvalid among them), KeyError or
    TypeError where it is damaged or something else.
    """
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    table.validate()
    return table, json.loads(table.schema.metadata[METADATA_KEY])
