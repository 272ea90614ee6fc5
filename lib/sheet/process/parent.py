"""Have files read by processes of their own: follow their progress and enforce their time limit."""

import atexit
import contextlib
import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import IO, Any, Final

from lib.sheet.errors import OUT_OF_MEMORY_STATUS, SheetError, SheetErrorCode
from lib.sheet.process.handles import ReaderProcess, TemplateProcess
from lib.sheet.process.turns import Turns
from lib.sheet.store.byte_source import ByteSource, Report, no_progress

_POLL_SECONDS: Final = 0.2
# A reader that has closed its conversation ends at once, unless something is wrong with it.
_EXIT_SECONDS: Final = 1.0
# Standard error may quote cells, so it is searched for these and then discarded.
_OUT_OF_MEMORY: Final = (
    b"memory allocation of",
    b"MemoryError",
    b"bad_alloc",
    b"Cannot allocate memory",
    b"Resource temporarily unavailable",  # a thread whose stack is above the limit
)


class Readers:
    """The processes that read files for this app.

    Each file is read by a process of its own. All are forked from one template process, which is
    started with the first file. It never reads a file, but all of its forks have the same addresses
    in memory: so that no series of files can probe these, it is replaced after each file that ended
    its process without an answer, and after ``max_forks`` files. A file at an address, such as one
    on S3, is read with a template process of its own, which has the network and credentials.
    """

    def __init__(self, limit: int, max_forks: int = 500) -> None:
        self._max_forks = max_forks
        self._turns = Turns(limit)
        self._lock = threading.Lock()
        self._template: TemplateProcess | None = None
        self._retired: list[TemplateProcess] = []

    def run(self, job: dict[str, Any], seconds: float, watch: Report | None) -> dict[str, Any]:
        """Read the job's file and return the answer: empty, or an error's code and values.

        ``watch`` is called with the share that is done; if it raises, the reader is killed. At most
        ``limit`` files are read at a time, and waiting for a turn does not count as reading. Raises
        SheetError: timeout after ``seconds``, out_of_memory, reader_crashed.
        """
        report = watch or no_progress
        is_remote = ByteSource(job["source"]).is_remote
        with (
            self._turns.turn(lambda: report(0.0), _POLL_SECONDS),
            tempfile.TemporaryFile() as errors,
            _forked_with_network(errors) if is_remote else self._forked(errors) as reader,
        ):
            return _get_answer(reader, job, time.monotonic() + seconds, report, errors)

    @contextlib.contextmanager
    def _forked(self, errors: IO[bytes]) -> Iterator[ReaderProcess]:
        """Fork a reader from the template process, which is replaced afterwards if it has to be."""
        with self._lock:
            self._retired = [each for each in self._retired if not each.has_ended()]
            if self._template is None or self._template.has_ended():
                self._template = TemplateProcess()
            template = self._template
            reader = template.fork(errors)
        try:
            yield reader
        except BaseException:
            self._replace(template)
            raise
        if template.forked >= self._max_forks:
            self._replace(template)

    def _replace(self, template: TemplateProcess) -> None:
        """Start the next template process, and let this one end after its readers."""
        with self._lock:
            if template is self._template:
                template.retire()
                self._retired.append(template)
                self._template = TemplateProcess()

    def close(self) -> None:
        """End all processes that this app has started to read files, and wait for that."""
        with self._lock:
            templates = [*self._retired, *([self._template] if self._template else [])]
            self._template, self._retired = None, []
        for each in templates:
            each.close()


READERS: Final = Readers(max(2, os.cpu_count() or 1))
atexit.register(READERS.close)


@contextlib.contextmanager
def _forked_with_network(errors: IO[bytes]) -> Iterator[ReaderProcess]:
    with contextlib.closing(TemplateProcess(network=True)) as template:
        yield template.fork(errors)


def _get_answer(
    reader: ReaderProcess,
    job: dict[str, Any],
    deadline: float,
    report: Report,
    errors: IO[bytes],
) -> dict[str, Any]:
    """Return the reader's answer once it has ended. Raises SheetError, and what ``report`` does."""
    try:
        answer = _follow(reader, job, deadline, report)
    except BaseException:
        reader.end(0.0)
        raise
    status = reader.end(_EXIT_SECONDS)
    if answer is not None:
        return answer
    errors.seek(0)
    error_output = errors.read()
    is_killed = status in (-signal.SIGKILL, OUT_OF_MEMORY_STATUS)
    if is_killed or any(message in error_output for message in _OUT_OF_MEMORY):
        raise SheetError(SheetErrorCode.OUT_OF_MEMORY)
    raise SheetError(SheetErrorCode.READER_CRASHED)


def _follow(
    reader: ReaderProcess, job: dict[str, Any], deadline: float, report: Report
) -> dict[str, Any] | None:
    """Send the job, report progress, and return the answer; None if the reader ends without one.

    Raises SheetError: timeout.
    """
    reader.send(job)
    share = 0.0
    rest = b""
    answer: dict[str, Any] | None = None
    while True:
        report(share)
        left = deadline - time.monotonic()
        if left < 0:
            raise SheetError(SheetErrorCode.TIMEOUT)
        output = reader.receive(min(_POLL_SECONDS, left))
        if output == b"":
            return answer
        *lines, rest = (rest + (output or b"")).split(b"\n")
        for line in lines:
            message: dict[str, Any] = json.loads(line)
            if "share" in message:
                share = message["share"]
            else:
                answer = message
