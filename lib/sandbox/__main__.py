"""Start the sandbox: ``python -m lib.sandbox --port 8502 [--scenario FILE] [--record FILE]``."""

import argparse
import ipaddress
import json
import os
import socket
import sys
import time
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout

from lib.sandbox.app import create_app
from lib.sandbox.faults import FaultyProtocol
from lib.sandbox.record import Record
from lib.sandbox.scenario import Scenario, read_scenario

_ORPHAN_SECONDS = 600.0


class _Server(uvicorn.Server):
    """Server that announces its address when it is ready and can exit when it is orphaned."""

    def __init__(
        self, config: uvicorn.Config, url: str, announce: Path | None, *, exit_when_orphaned: bool
    ) -> None:
        super().__init__(config)
        self._url = url
        self._announce = announce
        self._parent = os.getppid() if exit_when_orphaned else None
        self._requests_seen = 0
        self._last_request = time.monotonic()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._announce is not None:
            _write_announcement(self._announce, self._url)
        sys.stdout.write(
            f"The sandbox runs on {self._url}. Nothing sent to it leaves this machine.\n"
            f"Test inbox: {self._url}/sandbox/inbox\n"
        )
        sys.stdout.flush()

    async def on_tick(self, counter: int) -> bool:
        if self.server_state.total_requests != self._requests_seen:
            self._requests_seen = self.server_state.total_requests
            self._last_request = time.monotonic()
        return self._is_orphaned() or await super().on_tick(counter)

    def _is_orphaned(self) -> bool:
        """Return whether the parent process has ended and there was no request for ten minutes."""
        if self._parent is None or os.getppid() == self._parent:
            return False
        return time.monotonic() - self._last_request > _ORPHAN_SECONDS


def main() -> None:
    """Serve until stopped. Exits with code 2 and a message if the sandbox cannot start."""
    os.umask(0o077)  # files that it writes are for their owner only
    arguments = _argument_parser().parse_args()
    # The variable holds the lock until the process ends; then the system releases it.
    lock = None if arguments.lock is None else FileLock(arguments.lock)
    try:
        if lock is not None:
            arguments.lock.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        scenario = read_scenario(arguments.scenario)
        if arguments.rate is not None:
            scenario = Scenario.model_validate({**scenario.model_dump(), "rate": arguments.rate})
        record = Record(arguments.record)
        listener = _open_listener(arguments.host, arguments.port, any_port=arguments.any_port)
    except Timeout:
        sys.stderr.write("A sandbox with this lock is already running.\n")
        return
    except (OSError, ValueError) as error:
        sys.stderr.write(f"The sandbox cannot start: {error}\n")
        sys.exit(2)
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    config = uvicorn.Config(
        create_app(scenario, record),
        http=FaultyProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=1024,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    url = f"http://{host}:{listener.getsockname()[1]}"
    server = _Server(
        config, url, arguments.announce, exit_when_orphaned=arguments.exit_when_orphaned
    )
    server.run(sockets=[listener])
    record.close()


def _argument_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lib.sandbox", description="A simulated API.")
    parser.add_argument("--port", type=int, required=True, help="0 for any free port")
    parser.add_argument(
        "--any-port", action="store_true", help="use another port if this one is in use"
    )
    parser.add_argument(
        "--host", type=_loopback_address, default="127.0.0.1", help="a loopback address"
    )
    parser.add_argument("--scenario", type=Path, help="JSON file with options and faults")
    parser.add_argument("--announce", type=Path, help="file to write pid, port and URL to")
    parser.add_argument("--record", type=Path, help="file that keeps accepted messages")
    parser.add_argument("--lock", type=Path, help="lock file, for one sandbox at a time")
    parser.add_argument(
        "--exit-when-orphaned",
        action="store_true",
        help="exit after the parent process has ended and ten minutes without a request",
    )
    parser.add_argument("--rate", type=int, help="requests per second, 200 by default")
    return parser


def _loopback_address(host: str) -> str:
    """Return the address of a host. Raises ArgumentTypeError unless it is a loopback one."""
    address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    if not address.is_loopback:
        raise argparse.ArgumentTypeError("the sandbox only listens on this machine: use 127.0.0.1")
    return str(address)


def _open_listener(host: str, port: int, *, any_port: bool) -> socket.socket:
    """Bind the port, or any free one if it is in use and ``any_port``. Raises OSError otherwise."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol given, asyncio disables Nagle's algorithm, which delays responses by 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        if not any_port:
            raise
        listener.bind((host, 0))
    return listener


def _write_announcement(path: Path, url: str) -> None:
    """Write pid, port and URL to a file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    port = int(url.rpartition(":")[2])
    temporary.write_text(json.dumps({"pid": os.getpid(), "port": port, "url": url}))
    temporary.replace(path)


if __name__ == "__main__":
    main()
