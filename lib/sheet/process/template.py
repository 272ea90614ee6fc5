"""Template process: ``python -m lib.sheet.process.template CONTROL [--network]``.

It imports the readers once, never reads a file itself, and forks a process for each file, which
saves the time that starting an interpreter takes. It has a single thread, so a fork is a complete
copy. ``CONTROL`` is the descriptor of a socket to the app:

- A byte `READ` comes with three descriptors: the *conversation*, on which the new process receives
  its job and answers; the *lifeline*, which this process keeps; and a file for standard error.
  This process writes the exit code to the lifeline when the reader has ended. If the app closes its
  end, or stops writing, the reader is killed.
- A byte `RETIRE` ends this process once its readers have ended.
- The end of the stream, which the system causes if the app is killed, ends all of them at once.
"""

import contextlib
import functools
import gc
import importlib
import os
import selectors
import signal
import socket
import sys
from importlib.abc import MetaPathFinder
from typing import Any, Final

import lib.sheet.arrow_reader
import lib.sheet.row_sinks
import lib.sheet.text.reader
import lib.sheet.text.source
import lib.sheet.workbook.reader  # noqa: F401 - for the readers
from lib.sheet.process.child import read_in_child
from lib.sheet.process.isolation import end_with_parent, leave_network
from lib.sheet.process.messages import READ

# What our readers and the libraries that they use import when they need it.
_MODULES: Final = (
    "charset_normalizer",
    "dateutil.relativedelta",
    "fsspec.core",
    "fsspec.implementations.local",
    "numpy.ma",
    "pyarrow.parquet",
    "xlsxwriter.utility",
)


class _NoPandas(MetaPathFinder):
    """Hide pandas from Arrow, which would import it without need."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:  # noqa: ARG002 - the protocol's
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


def main(control: int, *, network: bool) -> None:
    """Import the readers and fork one for each request, until the app ends or retires this one."""
    sys.meta_path.insert(0, _NoPandas())
    for module in _MODULES:
        importlib.import_module(module)
    if not network:
        leave_network()
    # A reader's collections then leave the shared pages alone, which would be copied.
    gc.collect()
    gc.freeze()
    ends = _Template(socket.socket(fileno=control)).serve()
    if ends is not None:
        read_in_child(*ends, network=network)
        # Exit without joining the threads of the readers.
        os._exit(0)


class _Template:
    """The readers of this process, by their pids, with the lifeline of each."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._is_open = True
        self._lifelines: dict[int, socket.socket] = {}
        # The descriptors of the conversation and of standard error, in a new reader.
        self._ends: tuple[int, int] | None = None
        self._pid = os.getpid()
        self._ended, self._wake = socket.socketpair()
        self._wake.settimeout(0)
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._receive)
        self._selector.register(self._ended, selectors.EVENT_READ, self._reap)

    def serve(self) -> tuple[int, int] | None:
        """Serve until the end and return None; in each reader, return its two descriptors."""
        # Without a handler there would be no wake-up.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        while self._is_open or self._lifelines:
            for key, _ in self._selector.select():
                key.data()
                if self._ends is not None:
                    return self._ends
        return None

    def _receive(self) -> None:
        """Act on a byte from the app."""
        message, descriptors, _, _ = socket.recv_fds(self._control, 1, 3)
        if message == READ:
            self._fork(*descriptors)
            return
        self._is_open = False
        self._selector.unregister(self._control)
        if not message:
            for pid in self._lifelines:
                os.kill(pid, signal.SIGKILL)

    def _fork(self, conversation: int, lifeline: int, errors: int) -> None:
        """Fork a reader and watch its lifeline."""
        kept = socket.socket(fileno=lifeline)
        pid = os.fork()
        if pid == 0:
            self._release(kept)
            end_with_parent(self._pid)
            self._ends = conversation, errors
            return
        os.close(conversation)
        os.close(errors)
        self._lifelines[pid] = kept
        self._selector.register(kept, selectors.EVENT_READ, functools.partial(self._kill, pid))

    def _release(self, lifeline: socket.socket) -> None:
        """Close in a reader what belongs to this process, so that no reader can affect others."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for each in (self._control, self._ended, self._wake, lifeline, *self._lifelines.values()):
            each.close()

    def _kill(self, pid: int) -> None:
        """Kill a reader that the app has given up; `_reap` notices its end."""
        if (lifeline := self._lifelines.get(pid)) is not None:
            self._selector.unregister(lifeline)
            os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        """Write the exit codes of readers that have ended to their lifelines."""
        self._ended.recv(4096)
        for pid, lifeline in list(self._lifelines.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            del self._lifelines[pid]
            with contextlib.suppress(KeyError):
                self._selector.unregister(lifeline)
            # The app may be gone.
            with lifeline, contextlib.suppress(BrokenPipeError):
                lifeline.send(str(os.waitstatus_to_exitcode(status)).encode())


if __name__ == "__main__":
    main(int(sys.argv[1]), network="--network" in sys.argv[2:])
