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

_LEFT_ALONE_SECONDS = 600.0


class _Server(uvicorn.Server):
    """Tell where the sandbox is as soon as it answers there; end when nobody needs it any more."""

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
            _announce(self._announce, self._url)
        sys.stdout.write(
            f"The sandbox answers on {self._url}; nothing sent to it leaves this machine.\n"
            f"What the phones would show: {self._url}/sandbox/inbox\n"
        )
        sys.stdout.flush()

    async def on_tick(self, counter: int) -> bool:
        if self.server_state.total_requests != self._requests_seen:
            self._requests_seen = self.server_state.total_requests
            self._last_request = time.monotonic()
        return self._is_left_alone() or await super().on_tick(counter)

    def _is_left_alone(self) -> bool:
        """Tell whether the process that started this one is gone, and nobody has asked for long."""
        if self._parent is None or os.getppid() == self._parent:
            return False
        return time.monotonic() - self._last_request > _LEFT_ALONE_SECONDS


def main() -> None:
    """Serve until told to stop; exit with 2 and a sentence where that cannot begin."""
    os.umask(0o077)  # whatever it writes is for its owner alone
    arguments = _parser().parse_args()
    # Named, so that it is held until the process ends; the system frees it whatever happens.
    lock = None if arguments.lock is None else FileLock(arguments.lock)
    try:
        if lock is not None:
            arguments.lock.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        scenario = read_scenario(arguments.scenario)
        if arguments.rate is not None:
            scenario = Scenario.model_validate({**scenario.model_dump(), "rate": arguments.rate})
        record = Record(arguments.record)
        listener = _listen(arguments.host, arguments.port, any_port=arguments.any_port)
    except Timeout:
        sys.stderr.write("A sandbox with this lock is running already; one is enough.\n")
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lib.sandbox", description="A simulated API.")
    parser.add_argument("--port", type=int, required=True, help="0 takes any free port")
    parser.add_argument("--any-port", action="store_true", help="take another if it is taken")
    parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="loopback only")
    parser.add_argument("--scenario", type=Path, help="JSON file of switches and faults")
    parser.add_argument("--announce", type=Path, help="file to write pid, port and URL to")
    parser.add_argument("--record", type=Path, help="file that keeps what was accepted")
    parser.add_argument("--lock", type=Path, help="file that only one sandbox may hold")
    parser.add_argument(
        "--exit-when-orphaned",
        action="store_true",
        help="end once the starting process is gone and nobody has asked for ten minutes",
    )
    parser.add_argument("--rate", type=int, help="requests in any second, 200 by default")
    return parser


def _loopback(host: str) -> str:
    """Return the host as an address of this machine alone."""
    address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    if not address.is_loopback:
        raise argparse.ArgumentTypeError("the sandbox serves this machine only: use 127.0.0.1")
    return str(address)


def _listen(host: str, port: int, *, any_port: bool) -> socket.socket:
    """Take the port, or any free one if that is allowed; raises OSError where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP so that asyncio turns Nagle's algorithm off: else every answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        if not any_port:
            raise
        listener.bind((host, 0))
    return listener


def _announce(path: Path, url: str) -> None:
    """Write the file whole, so that no reader finds half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    port = int(url.rpartition(":")[2])
    temporary.write_text(json.dumps({"pid": os.getpid(), "port": port, "url": url}))
    temporary.replace(path)


if __name__ == "__main__":
    main()
