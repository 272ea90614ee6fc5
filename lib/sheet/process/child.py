"""Child process that reads one sheet: ``python -m lib.sheet.process.child``, a JSON job on stdin.

A file from outside can make any reader loop, swell or crash; here it costs one process. The sheet
goes to the Arrow file ``target``. Standard output gets lines of JSON: ``{"share": 0.5}`` as it goes
on, and in the end ``{}``, or what is wrong: its code, sentence and action.
"""

import json
import os
import resource
import sys
import threading
import time
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any, Final

# Larger files are read piece by piece; smaller ones at once, which is faster.
_LARGE_BYTES: Final = 96 << 20
_LOOK_SECONDS: Final = 0.05
_SAY_SECONDS: Final = 0.1


class _NoPandas(MetaPathFinder):
    """Hide pandas from Arrow, which would import it for nothing and at a second's cost."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:  # noqa: ARG002 - the protocol's
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


def main(job: dict[str, Any]) -> dict[str, Any]:
    """Read a sheet; return the answer for standard output."""
    sys.meta_path.insert(0, _NoPandas())
    import pyarrow as pa

    from lib.atomic_files import is_disk_full
    from lib.sheet.errors import SheetError, sheet_error

    pa.set_memory_pool(pa.system_memory_pool())
    limit_memory(job["max_memory"])
    try:
        _read(job)
    except SheetError as error:
        return vars(error)
    except (MemoryError, pa.ArrowMemoryError):
        return vars(sheet_error("out_of_memory"))
    except OSError as error:
        if is_disk_full(error):
            return vars(sheet_error("disk_full"))
        raise
    return {}


def limit_memory(headroom: int) -> None:
    """Allow this process as much memory again as ``headroom``, beyond what Python itself takes.

    Where the system keeps no such limit, as on macOS, the process looks after itself.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        watch_memory(headroom)
        return
    # What this process has for itself; files that are only mapped are the system's to take back.
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    limit = pages * resource.getpagesize() + headroom
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def watch_memory(headroom: int) -> None:
    """End this process, from a thread, once it has taken ``headroom`` more than now."""
    from lib.sheet.errors import OUT_OF_MEMORY_STATUS

    limit = _highest_memory() + headroom

    def look() -> None:
        while _highest_memory() < limit:
            time.sleep(_LOOK_SECONDS)
        os._exit(OUT_OF_MEMORY_STATUS)

    threading.Thread(target=look, daemon=True).start()


def _highest_memory() -> int:
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024


def _read(job: dict[str, Any]) -> None:
    from lib.sheet.dispatch import read_contents, read_large_contents
    from lib.sheet.errors import sheet_error
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
        raise sheet_error("too_large", limit=job["max_bytes"] // (1024 * 1024))
    if size > _LARGE_BYTES and not is_whole:
        sheet, about = read_large_contents(
            source,
            Path(job["scratch"]),
            worksheet=job["worksheet"],
            reading=reading,
            limits=limits,
            report=_Reporter(),
        )
    else:
        sheet, about = read_contents(
            source.read(),
            worksheet=job["worksheet"],
            reading=reading,
            limits=limits,
            report=_Reporter(),
        )
    write_arrow(Path(job["target"]), sheet, about | {"filename": job["filename"]})


class _Reporter:
    """Say how far reading has come, not more often than anybody looks."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, share: float) -> None:
        if (now := time.monotonic()) >= self._next:
            self._next = now + _SAY_SECONDS
            _say({"share": round(share, 3)})


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _say(main(json.loads(sys.stdin.read())))
    # The readers' own threads need not be waited for.
    os._exit(0)
