"""Read one sheet in a process of its own, which `lib.sheet.process.template` has forked.

An uploaded file can make a reader hang, use too much memory or crash; here that ends one process
only. The sheet is written to the Arrow file ``target``. The conversation with the app is a JSON
job, up to the end of the stream, and then the answer, a JSON object a line: ``{"share": 0.5}`` as
progress, and at the end ``{}``, or the ``code`` and ``values`` of a `SheetError`.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from lib.atomic_files import is_disk_full
from lib.sheet.dispatch import read_contents, read_large_contents
from lib.sheet.errors import SheetError, SheetErrorCode
from lib.sheet.file_type import is_workbook
from lib.sheet.process.isolation import limit_memory, refuse_sockets
from lib.sheet.read_options import ReadLimits, ReadOptions
from lib.sheet.store.arrow_file import write_arrow
from lib.sheet.store.byte_source import ByteSource

# Larger files are read in pieces. Smaller ones are read whole, which is faster.
_LARGE_BYTES: Final = 96 << 20
_REPORT_SECONDS: Final = 0.1
_PIECE_BYTES: Final = 65_536


def read_in_child(conversation: int, errors: int, *, network: bool) -> None:
    """Receive a job, read its sheet, and answer.

    ``conversation`` and ``errors`` are descriptors of the socket to the app and of the file that
    replaces standard error. Unless ``network``, Python's sockets are refused.
    """
    os.dup2(errors, sys.stderr.fileno())
    os.close(errors)
    if not network:
        refuse_sockets()
    pa.set_memory_pool(pa.system_memory_pool())
    job = json.loads(b"".join(iter(lambda: os.read(conversation, _PIECE_BYTES), b"")))
    limit_memory(job["max_memory"])
    answer = _Answer(conversation)
    answer.write(_read(job, answer))


def _read(job: dict[str, Any], answer: "_Answer") -> dict[str, Any]:
    """Read a sheet and return the last line of the answer."""
    try:
        _read_sheet(job, answer)
    except SheetError as error:
        return _to_json(error)
    except (MemoryError, pa.ArrowMemoryError):
        return _to_json(SheetError(SheetErrorCode.OUT_OF_MEMORY))
    except OSError as error:
        if is_disk_full(error):
            return _to_json(SheetError(SheetErrorCode.DISK_FULL))
        raise
    return {}


def _to_json(error: SheetError) -> dict[str, Any]:
    return {"code": error.code, "values": error.values}


def _read_sheet(job: dict[str, Any], answer: "_Answer") -> None:
    """Read the job's source and write the sheet to its target. Raises SheetError."""
    source = ByteSource(job["source"])
    reading = ReadOptions(**job["reading"])
    limits = ReadLimits(job["max_rows"], job["max_columns"], job["max_cells"])
    size = source.size
    is_whole = is_workbook(source.start(8))
    if is_whole and size > job["max_bytes"]:
        limit = job["max_bytes"] // (1024 * 1024)
        raise SheetError(SheetErrorCode.TOO_LARGE, limit=limit)
    if size > _LARGE_BYTES and not is_whole:
        sheet, about = read_large_contents(
            source,
            Path(job["scratch"]),
            worksheet=job["worksheet"],
            reading=reading,
            limits=limits,
            report=answer.report,
        )
    else:
        sheet, about = read_contents(
            source.read(),
            worksheet=job["worksheet"],
            reading=reading,
            limits=limits,
            report=answer.report,
        )
    write_arrow(Path(job["target"]), sheet, about | {"filename": job["filename"]})


class _Answer:
    """Write lines to the app; progress at most every `_REPORT_SECONDS`."""

    def __init__(self, conversation: int) -> None:
        self._conversation = conversation
        self._next = 0.0

    def report(self, share: float) -> None:
        """Write the share that has been read."""
        if (now := time.monotonic()) >= self._next:
            self._next = now + _REPORT_SECONDS
            self.write({"share": round(share, 3)})

    def write(self, line: dict[str, Any]) -> None:
        """Write a JSON object in a line."""
        left = json.dumps(line).encode() + b"\n"
        while left:
            left = left[os.write(self._conversation, left) :]
