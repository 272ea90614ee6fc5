"""The app's side of the processes that read sheets: a template process and the readers it forks."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from lib.sheet.process.messages import READ, RETIRE

_ROOT: Final = Path(__file__).resolve().parents[3]
_PIECE_BYTES: Final = 65_536

# One arena and the system's allocator keep memory use close to what is allocated. A library that
# starts a thread when it is imported would prevent a clean fork.
_ALLOCATION: Final = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MALLOC_ARENA_MAX": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
# Where Python and its libraries are, the character set, the time zone, and measuring coverage.
_KEPT: Final = (
    "COVERAGE_PROCESS_CONFIG",
    "DYLD_LIBRARY_PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONPYCACHEPREFIX",
    "PYTHONUTF8",
    "TZ",
    "TZDIR",
)
_OWN_PREFIXES: Final = ("SENDOUT_", "STREAMLIT_")


class ReaderProcess:
    """A process that reads one file. It has been forked by a template process."""

    def __init__(self, conversation: socket.socket, lifeline: socket.socket) -> None:
        self._conversation = conversation
        self._lifeline = lifeline

    def send(self, job: dict[str, Any]) -> None:
        """Send the job. A process that has ended is noticed when its answer is received."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._conversation.sendall(json.dumps(job).encode())
            self._conversation.shutdown(socket.SHUT_WR)

    def receive(self, seconds: float) -> bytes | None:
        """Return a part of the answer, b"" at its end, or None if there is none in ``seconds``."""
        return _receive(self._conversation, seconds)

    def end(self, seconds: float) -> int | None:
        """Wait for the end of the process, kill it after ``seconds``, and return its exit code.

        The code is negative after a signal, and None if the template process ended before it.
        """
        with self._conversation, self._lifeline:
            status = _receive(self._lifeline, seconds)
            if status is None:
                with contextlib.suppress(OSError):
                    self._lifeline.shutdown(socket.SHUT_WR)
                status = _receive(self._lifeline, None)
        return int(status) if status else None


def _receive(stream: socket.socket, seconds: float | None) -> bytes | None:
    """Return available bytes, b"" at the end of the stream, None if there are none in time."""
    # Zero would mean not to wait at all, which raises another error.
    stream.settimeout(None if seconds is None else max(seconds, 0.001))
    try:
        return stream.recv(_PIECE_BYTES)
    except TimeoutError:
        return None
    except ConnectionResetError:
        return b""


class TemplateProcess:
    """A process that has imported the readers and forks a process for each file.

    Its environment has no keys and it has no network, unless ``network``: then it gets the
    environment of the app without the app's own settings, since the packages that read a shared
    storage find their credentials, addresses and proxies there.
    """

    def __init__(self, *, network: bool = False) -> None:
        self._control, theirs = socket.socketpair()
        arguments = [str(theirs.fileno()), *(["--network"] if network else [])]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lib.sheet.process.template", *arguments],
                cwd=_ROOT,
                env=_environment(os.environ, network=network),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Ctrl-C reaches the app only, which then ends this process.
                start_new_session=True,
            )
        self.forked = 0

    def fork(self, errors: IO[bytes]) -> ReaderProcess:
        """Have a reader forked, with ``errors`` as its standard error.

        If this process has ended, the reader is one that has ended without an answer.
        """
        conversation, its_conversation = socket.socketpair()
        lifeline, its_lifeline = socket.socketpair()
        descriptors = [its_conversation.fileno(), its_lifeline.fileno(), errors.fileno()]
        with its_conversation, its_lifeline, contextlib.suppress(BrokenPipeError):
            socket.send_fds(self._control, [READ], descriptors)
        self.forked += 1
        return ReaderProcess(conversation, lifeline)

    def retire(self) -> None:
        """Let this process end once its readers have ended."""
        with contextlib.suppress(BrokenPipeError):
            self._control.send(RETIRE)

    def has_ended(self) -> bool:
        """Return whether this process has ended, and release it then."""
        if self._process.poll() is None:
            return False
        self._control.close()
        return True

    def close(self) -> None:
        """End this process and its readers, and wait for that."""
        self._control.close()
        self._process.wait()


def _environment(current: Mapping[str, str], *, network: bool) -> dict[str, str]:
    """Return the environment variables of a template process."""
    if network:
        kept = {name: current[name] for name in current if not name.startswith(_OWN_PREFIXES)}
        return kept | _ALLOCATION
    kept = {name: current[name] for name in _KEPT if name in current}
    # The configuration of fsspec may hold the keys of a storage.
    return kept | _ALLOCATION | {"FSSPEC_CONFIG_DIR": os.devnull}
