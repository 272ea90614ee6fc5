"""Run the process that reads a sheet: watch it, and end it when it must or shall end."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from lib.sheet.errors import OUT_OF_MEMORY_STATUS, sheet_error

_ROOT: Final = Path(__file__).resolve().parents[3]
_LOOK_SECONDS: Final = 0.2
# What the child says of its end may quote cells, so it is looked at and thrown away.
_STARVED: Final = (b"memory allocation of", b"MemoryError", b"bad_alloc", b"Cannot allocate memory")


def run_child(
    job: dict[str, Any], seconds: float, watch: Callable[[float], None] | None
) -> dict[str, Any]:
    """Let a child do the job; return its answer.

    ``watch`` is called with the share that is done; if it raises, the child is ended at once.
    Raises SheetError: timeout, out_of_memory, reader_crashed.
    """
    # One arena and the system's allocator keep the address space close to what is used.
    environment = os.environ | {"MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "lib.sheet.process.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=_ROOT,
            env=environment,
        )
        try:
            answer = _follow(process, job, time.monotonic() + seconds, watch)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
        errors.seek(0)
        said = errors.read()
    if process.returncode == 0 and answer is not None:
        return answer
    starved = process.returncode in (-signal.SIGKILL, OUT_OF_MEMORY_STATUS)
    if starved or any(word in said for word in _STARVED):
        raise sheet_error("out_of_memory")
    raise sheet_error("reader_crashed")


def _follow(
    process: subprocess.Popen[bytes],
    job: dict[str, Any],
    deadline: float,
    watch: Callable[[float], None] | None,
) -> dict[str, Any] | None:
    """Hand over the job, and follow the child to its end; return its last line."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(job).encode())
        process.stdin.close()
    except BrokenPipeError:
        return None
    share = 0.0
    rest = b""
    answer: dict[str, Any] | None = None
    while True:
        if watch is not None:
            watch(share)
        if time.monotonic() > deadline:
            raise sheet_error("timeout")
        said = _said(process.stdout, min(_LOOK_SECONDS, max(deadline - time.monotonic(), 0)))
        if said == b"":
            break
        *lines, rest = (rest + (said or b"")).split(b"\n")
        for line in lines:
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            share = (answer or {}).get("share", share)
    try:
        process.wait(max(deadline - time.monotonic(), 1))
    except subprocess.TimeoutExpired as error:
        raise sheet_error("timeout") from error
    return answer


def _said(stream: IO[bytes], seconds: float) -> bytes | None:
    """Return what the child has said, b"" at its end, None where it says nothing for so long."""
    ready, _, _ = select.select([stream], [], [], seconds)
    return os.read(stream.fileno(), 65_536) if ready else None
