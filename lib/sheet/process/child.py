"""Child process that reads one sheet: ``python -m lib.sheet.process.child``, a JSON job on stdin.

An uploaded file can make a reader hang, use too much memory or crash; here that ends one process
only. The sheet is written to the Arrow file ``target``. Standard output gets one JSON object a
line: ``{"share": 0.5}`` as progress, and at the end ``{}``, or the ``code`` and ``values`` of a
`SheetError`.
"""

import json
import os
import resource
import sys
import threading
import time
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from lib.sheet.errors import SheetError

# Larger files are read in pieces. Smaller ones are read whole, which is faster.
_LARGE_BYTES: Final = 96 << 20
_MEMORY_CHECK_SECONDS: Final = 0.05
_REPORT_SECONDS: Final = 0.1


class _NoPandas(MetaPathFinder):
    """Hide pandas from Arrow, which would import it without need; that takes about a second."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:  # noqa: ARG002 - the protocol's
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


def main(job: dict[str, Any]) -> dict[str, Any]:
    """Read a sheet and return the last line for standard output."""
    sys.meta_path.insert(0, _NoPandas())
    import pyarrow as pa

    from lib.atomic_files import is_disk_full
    from lib.sheet.errors import SheetError, SheetErrorCode

    pa.set_memory_pool(pa.system_memory_pool())
    limit_memory(job["max_memory"])
    try:
        _read_sheet(job)
    except SheetError as error:
        return _to_json(error)
    except (MemoryError, pa.ArrowMemoryError):
        return _to_json(SheetError(SheetErrorCode.OUT_OF_MEMORY))
    except OSError as error:
        if is_disk_full(error):
            return _to_json(SheetError(SheetErrorCode.DISK_FULL))
        raise
    return {}


def _to_json(error: "SheetError") -> dict[str, Any]:
    return {"code": error.code, "values": error.values}


def limit_memory(headroom: int) -> None:
    """Limit this process to ``headroom`` bytes of memory in addition to what it uses now.

    Only Linux enforces such a limit. Elsewhere, as on macOS, a thread watches the memory in use.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        watch_memory(headroom)
        return
    # The sixth field is the size of data and stack in pages. It excludes mapped files, whose pages
    # the system can reclaim.
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    limit = pages * resource.getpagesize() + headroom
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def watch_memory(headroom: int) -> None:
    """Start a thread that ends this process once it uses ``headroom`` bytes more than now."""
    from lib.sheet.errors import OUT_OF_MEMORY_STATUS

    limit = _peak_memory() + headroom

    def exit_above_limit() -> None:
        while _peak_memory() < limit:
            time.sleep(_MEMORY_CHECK_SECONDS)
        os._exit(OUT_OF_MEMORY_STATUS)

    threading.Thread(target=exit_above_limit, daemon=True).start()


def _peak_memory() -> int:
    """Return the highest resident memory of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _read_sheet(job: dict[str, Any]) -> None:
    """Read the job's source and write the sheet to its target. Raises SheetError."""
    from lib.sheet.dispatch import read_contents, read_large_contents
    from lib.sheet.errors import SheetError, SheetErrorCode
    from lib.sheet.file_type import is_workbook
    from lib.sheet.read_options import ReadLimits, ReadOptions
    from lib.sheet.store.arrow_file import write_arrow
    from lib.sheet.store.byte_source import ByteSource

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
            report=_ProgressWriter(),
        )
    else:
        sheet, about = read_contents(
            source.read(),
            worksheet=job["worksheet"],
            reading=reading,
            limits=limits,
            report=_ProgressWriter(),
        )
    write_arrow(Path(job["target"]), sheet, about | {"filename": job["filename"]})


class _ProgressWriter:
    """Write progress to standard output, at most every `_REPORT_SECONDS`."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, share: float) -> None:
        if (now := time.monotonic()) >= self._next:
            self._next = now + _REPORT_SECONDS
            _write_line({"share": round(share, 3)})


def _write_line(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _write_line(main(json.loads(sys.stdin.read())))
    # Exit without joining the threads of the readers.
    os._exit(0)
