"""A server that answers as real networks do at their worst, byte by byte, over a real socket."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field

RESET = b"<reset>"
HANG = b"<hang>"
DRIP = b"<drip>"

_DRIP_SECONDS = 0.05

GOOD_BODY = json.dumps(
    {
        "data": [
            {
                "campaignId": "c-1",
                "campaignName": "spring",
                "campaignVersion": "v1",
                "sendoutId": "s-1",
                "status": "created",
                "acceptedCount": 1,
                "rejectedCount": 0,
                "error": None,
            }
        ]
    }
).encode()


def http(status: int, body: bytes = b"", *, length: int | None = None, **headers: str) -> bytes:
    """Return the bytes of an HTTP answer; ``length`` may lie about the body's."""
    lines = [f"HTTP/1.1 {status} Something", f"Content-Length: {length or len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class MisbehavingServer:
    """Gives each request the next of its answers, the last one for ever after.

    In place of a list it may have a function that chooses the answer by the request.
    """

    answers: list[bytes] | Callable[[bytes], bytes]
    requests: list[bytes] = field(default_factory=list)
    port: int = 0
    connections: int = 0
    _stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def serve(self, listener: socket.socket) -> None:
        """Answer one connection after the other until told to stop."""
        while not self._stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while (request := _read_request(connection)) is not None:
                self.requests.append(request)
                if not self._give(connection, self._choose(request)):
                    return

    def _choose(self, request: bytes) -> bytes:
        if callable(self.answers):
            return self.answers(request)
        return self.answers[min(len(self.requests), len(self.answers)) - 1]

    def _give(self, connection: socket.socket, answer: bytes) -> bool:
        """Give one answer; tell whether the connection may go on."""
        if answer == HANG:
            self._stopped.wait()
            return False
        begin, drip, slow = answer.partition(DRIP)
        if drip:
            connection.sendall(begin)
            for number in range(len(slow)):
                connection.sendall(slow[number : number + 1])
                if self._stopped.wait(_DRIP_SECONDS):
                    return False
            return False
        body, reset, _ = answer.partition(RESET)
        connection.sendall(body)
        if reset:
            # A linger time of 0 makes close() send a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        head, _, rest = body.partition(b"\r\n\r\n")
        promised = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")),
            len(rest),
        )
        return len(rest) >= promised


def misbehaving(*answers: bytes) -> AbstractContextManager[MisbehavingServer]:
    """Run a server that gives these answers in turn."""
    return answering(list(answers))


@contextmanager
def answering(
    answers: list[bytes] | Callable[[bytes], bytes],
) -> Iterator[MisbehavingServer]:
    """Run a server that gives these answers in turn, or those that a function chooses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = MisbehavingServer(answers, port=listener.getsockname()[1])
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server._stopped.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _read_request(connection: socket.socket) -> bytes | None:
    """Read a request with its body; None where the connection ends."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65_536)
        if not chunk:
            return None
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = int(lengths[0][15:]) - len(body) if lengths else 0
    while missing > 0:
        chunk = connection.recv(missing)
        received, missing = received + chunk, missing - len(chunk)
    return received
