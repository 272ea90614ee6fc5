"""Run the child process that reads a sheet: follow its progress and enforce its time limit."""

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

from lib.sheet.errors import OUT_OF_MEMORY_STATUS, SheetError, SheetErrorCode

_ROOT: Final = Path(__file__).resolve().parents[3]
_POLL_SECONDS: Final = 0.2
# Standard error may quote cells, so it is searched for these and then discarded.
_OUT_OF_MEMORY: Final = (
    b"memory allocation of",
    b"MemoryError",
    b"bad_alloc",
    b"Cannot allocate memory",
)


def run_child(
    job: dict[str, Any], seconds: float, watch: Callable[[float], None] | None
) -> dict[str, Any]:
    """Run the job in a child process and return its answer: empty, or an error's code and values.

    ``watch`` is called with the share that is done; if it raises, the child is killed. Raises
    SheetError: timeout after ``seconds``, out_of_memory, reader_crashed.
    """
    # One arena and the system's allocator keep memory use close to what is allocated.
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
            _end_process(process)
        errors.seek(0)
        error_output = errors.read()
    if process.returncode == 0 and answer is not None:
        return answer
    is_killed = process.returncode in (-signal.SIGKILL, OUT_OF_MEMORY_STATUS)
    if is_killed or any(message in error_output for message in _OUT_OF_MEMORY):
        raise SheetError(SheetErrorCode.OUT_OF_MEMORY)
    raise SheetError(SheetErrorCode.READER_CRASHED)


def _end_process(process: subprocess.Popen[bytes]) -> None:
    """Kill the process if it still runs, and release its resources."""
    if process.poll() is None:
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _follow(
    process: subprocess.Popen[bytes],
    job: dict[str, Any],
    deadline: float,
    watch: Callable[[float], None] | None,
) -> dict[str, Any] | None:
    """Send the job, follow the child until it exits, and return the last line that it wrote."""
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
            raise SheetError(SheetErrorCode.TIMEOUT)
        output = _read_output(
            process.stdout, min(_POLL_SECONDS, max(deadline - time.monotonic(), 0))
        )
        if output == b"":
            break
        *lines, rest = (rest + (output or b"")).split(b"\n")
        for line in lines:
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            share = (answer or {}).get("share", share)
    try:
        process.wait(max(deadline - time.monotonic(), 1))
    except subprocess.TimeoutExpired as error:
        raise SheetError(SheetErrorCode.TIMEOUT) from error
    return answer


def _read_output(stream: IO[bytes], seconds: float) -> bytes | None:
    """Return available output, b"" at its end, or None if there is none within ``seconds``."""
    ready, _, _ = select.select([stream], [], [], seconds)
    return os.read(stream.fileno(), 65_536) if ready else None
