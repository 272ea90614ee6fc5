"""Start apps, workers and sandboxes as processes without importing their modules each time.

A server process imports the modules once and forks for each start. Such a process has its own pid,
signals, files and limits, as one that is started by its command has; only the seconds that
importing takes are saved. Tests of the commands themselves start the commands.
"""

import contextlib
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

from lib.settings import ROOT

_GENTLE_SECONDS = 5.0

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.support.preloaded"])


class ForkedProcess:
    """A process that runs a package as ``python -m`` does, with the methods of a `Popen`."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        log_file: Path,
    ) -> None:
        """Start the process; what it writes is appended to `log_file`."""
        self.args = [module, *arguments]
        self._process = _CONTEXT.Process(
            target=_run_module, args=(module, [*arguments], dict(environment), log_file)
        )
        # The process would import the main module, which is a page once AppTest has run one.
        with patch.dict(sys.modules, {"__main__": ModuleType("__main__")}):
            self._process.start()

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative after a signal; None while the process runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code; None while the process runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code. Raises TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal unless the process has ended."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process at once."""
        self.send_signal(signal.SIGKILL)

    def end(self) -> None:
        """Leave no process, and no coverage unwritten where that is measured."""
        if "COVERAGE_PROCESS_CONFIG" in os.environ:
            self.send_signal(signal.SIGCONT)
            self.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(_GENTLE_SECONDS)
        self.kill()
        self.wait()


def _run_module(
    module: str, arguments: list[str], environment: dict[str, str], log_file: Path
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    for standard in (sys.stdout, sys.stderr):
        standard.flush()
        os.dup2(log, standard.fileno())
    os.close(log)
    sys.argv = [module, *arguments]
    sys.exit(importlib.import_module(f"{module}.__main__").main())
