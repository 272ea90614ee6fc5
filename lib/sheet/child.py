"""The process that reads one sheet: ``python -m lib.sheet.child JOB``, JOB being JSON.

A file from outside can make any reader loop, swell or crash; here it costs one process. The
file comes in on standard input. The sheet goes to the Arrow file ``target``; standard output
gets ``{}``, or the code and the facts of what is wrong.
"""

import json
import os
import resource
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any


class _NoPandas(MetaPathFinder):
    """Hide pandas from Arrow, which would import it for nothing and at a second's cost."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:  # noqa: ARG002 - the protocol's
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


def main(job: dict[str, Any]) -> dict[str, Any]:
    """Read the sheet on standard input; return the answer for standard output."""
    sys.meta_path.insert(0, _NoPandas())
    import pyarrow as pa

    from lib.files import is_disk_full
    from lib.sheet.errors import SheetError

    pa.set_memory_pool(pa.system_memory_pool())
    _limit_memory(job["max_memory"])
    try:
        _read(job)
    except SheetError as error:
        return {"code": error.code, "sentence": error.sentence, "action": error.action}
    except (MemoryError, pa.ArrowMemoryError):
        return {"code": "out_of_memory"}
    except OSError as error:
        if is_disk_full(error):
            return {"code": "disk_full"}
        raise
    return {}


def _limit_memory(headroom: int) -> None:
    """Allow this process as much memory again as ``headroom``, beyond what Python itself takes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + headroom
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(job: dict[str, Any]) -> None:
    from lib.sheet.arrow_file import write_arrow
    from lib.sheet.contents import Limits, read_contents
    from lib.sheet.readings import Reading

    sheet, about = read_contents(
        sys.stdin.buffer.read(),
        worksheet=job["worksheet"],
        reading=Reading(**job["reading"]),
        limits=Limits(job["max_rows"], job["max_columns"], job["max_cells"]),
    )
    write_arrow(Path(job["target"]), sheet, about | {"filename": job["filename"]})


if __name__ == "__main__":
    answer = main(json.loads(sys.argv[1]))
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    # The readers' own threads need not be waited for.
    os._exit(0)
