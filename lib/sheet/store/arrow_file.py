"""The Arrow file that stores a sheet: cells by position, row numbers and cell issues.

It is not compressed and is opened as a memory map: processes share its pages, and the system
reclaims them when memory is short. Column names, notices and worksheets are in the metadata of the
schema, so that no column name of the sheet can clash with the columns "row" and "flags".
"""

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa

from lib.sheet.table.assemble import RawSheet

METADATA_KEY = b"sendout_sheet"
# Sheets up to this size are one batch. Larger ones are written in parts to limit memory.
_ONE_BATCH_BYTES = 256 << 20
_BATCH_BYTES = 32 << 20
_FLAG = pa.list_(pa.struct([("column", pa.int32()), ("code", pa.string())]))


def write_arrow(path: Path, sheet: RawSheet, about: dict[str, Any]) -> None:
    """Write a sheet to disk and sync the file. ``about`` is stored as JSON.

    Raises OSError if the file exists or the disk is full.
    """
    by_row: dict[int, list[dict[str, Any]]] = {}
    for flag in sheet.flags:
        by_row.setdefault(flag.row, []).append({"column": flag.column, "code": flag.code})
    width = sheet.table.num_columns
    # The type that pandas uses. Others would be copied on opening.
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
                table = pa.table([*cells, rows, _flag_column(rows, by_row)], schema=schema)
                writer.write_table(table.combine_chunks())
        file.flush()
        os.fsync(file.fileno())


def _flag_column(rows: pa.Array, by_row: dict[int, list[dict[str, Any]]]) -> pa.Array:
    """Return the issues of these rows, null for rows without any."""
    first, last = rows[0].as_py(), rows[-1].as_py()
    if not any(first <= row <= last for row in by_row):
        return pa.nulls(len(rows), _FLAG)
    return pa.array([by_row.get(row) for row in rows.to_pylist()], _FLAG)


def open_arrow(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Return the memory-mapped table of a stored sheet, and the ``about`` written with it.

    Raises OSError if there is no such file; ValueError (which includes pa.ArrowInvalid), KeyError
    or TypeError if it is damaged or of another kind.
    """
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    table.validate()
    return table, json.loads(table.schema.metadata[METADATA_KEY])
