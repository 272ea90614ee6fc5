"""Start the sandbox: ``python -m lib.sandbox --port 8502 [--scenario FILE] [--record FILE]``."""

import argparse
import ipaddress
import json
import os
import socket
import sys
from pathlib import Path

import uvicorn

from lib.sandbox.app import create_app
from lib.sandbox.faults import FaultyProtocol
from lib.sandbox.record import Record
from lib.sandbox.scenario import Scenario, read_scenario


class _Server(uvicorn.Server):
    """Tell where the sandbox is as soon as it answers there."""

    def __init__(self, config: uvicorn.Config, url: str, announce: Path | None) -> None:
        super().__init__(config)
        self._url = url
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._announce is not None:
            _announce(self._announce, self._url)
        sys.stdout.write(
            f"The sandbox answers on {self._url}; nothing sent to it leaves this machine.\n"
            f"What the phones would show: {self._url}/sandbox/inbox\n"
        )
        sys.stdout.flush()


def main() -> None:
    """Serve until told to stop; exit with 2 and a sentence where that cannot begin."""
    arguments = _parser().parse_args()
    try:
        scenario = read_scenario(arguments.scenario)
        if arguments.rate is not None:
            scenario = Scenario.model_validate({**scenario.model_dump(), "rate": arguments.rate})
        record = Record(arguments.record)
        listener = _listen(arguments.host, arguments.port)
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
    _Server(config, url, arguments.announce).run(sockets=[listener])
    record.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lib.sandbox", description="A simulated API.")
    parser.add_argument("--port", type=int, required=True, help="0 takes any free port")
    parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="loopback only")
    parser.add_argument("--scenario", type=Path, help="JSON file of switches and faults")
    parser.add_argument("--announce", type=Path, help="file to write pid, port and URL to")
    parser.add_argument("--record", type=Path, help="file that keeps what was accepted")
    parser.add_argument("--rate", type=int, help="requests in any second, 200 by default")
    return parser


def _loopback(host: str) -> str:
    """Return the host as an address of this machine alone."""
    address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    if not address.is_loopback:
        raise argparse.ArgumentTypeError("the sandbox serves this machine only: use 127.0.0.1")
    return str(address)


def _listen(host: str, port: int) -> socket.socket:
    """Take the port; raises OSError where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP so that asyncio turns Nagle's algorithm off: else every answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
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
