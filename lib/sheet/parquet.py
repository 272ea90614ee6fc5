"""The Parquet file that keeps a sheet: cells by position, row numbers, flags.

Names, notes and worksheets stand in the schema's metadata, so that no header can clash with a
column of ours.
"""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lib.sheet.assembly import Assembled

METADATA_KEY = b"sendout_sheet"
_FLAG = pa.list_(pa.struct([("column", pa.int32()), ("code", pa.string())]))


def write_parquet(path: Path, sheet: Assembled, about: dict[str, Any]) -> None:
    """Write a sheet to the disk, in full. Raises OSError where there is no room."""
    by_row: dict[int, list[dict[str, Any]]] = {}
    for flag in sheet.flags:
        by_row.setdefault(flag.row, []).append({"column": flag.column, "code": flag.code})
    flags = (
        pa.array([by_row.get(row) for row in sheet.rows.to_pylist()], _FLAG)
        if by_row
        else pa.nulls(len(sheet.rows), _FLAG)
    )
    names = [str(index) for index in range(sheet.table.num_columns)]
    table = sheet.table.rename_columns(names)
    table = table.append_column("row", sheet.rows).append_column("flags", flags)
    table = table.replace_schema_metadata({METADATA_KEY: json.dumps(about)})
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        pq.write_table(table, file, compression="zstd", compression_level=1)
        file.flush()
        os.fsync(file.fileno())
