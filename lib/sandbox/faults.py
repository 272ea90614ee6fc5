"""Simulated failures of the API and the network.

A fault occurs before or after the entries are accepted. The client cannot distinguish the two by
the response.
"""

import random
import socket
import struct
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, cast

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol


class Fault(StrEnum):
    """A simulated failure. ``none`` is a normal response, for scripts."""

    NONE = "none"
    ERROR_BEFORE = "500_before"
    ERROR_AFTER = "500_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    CUT_BODY = "cut_body"
    EMPTY_BODY = "empty_body"
    HTML_BODY = "html_body"
    BAD_GATEWAY = "html_502"
    REDIRECT = "redirect_307"
    THROTTLED = "429"
    THROTTLED_WITH_WAIT = "429_retry_after"


AFTER_ACCEPTANCE: Final = frozenset(
    {
        Fault.ERROR_AFTER,
        Fault.RESET_AFTER,
        Fault.HANG_AFTER,
        Fault.CUT_BODY,
        Fault.EMPTY_BODY,
        Fault.HTML_BODY,
    }
)


class FaultPicker:
    """Chooses the fault of each request: first those of a script, then by seeded chance."""

    def __init__(self, seed: int, script: Iterable[Fault]) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._script = iter(tuple(script))

    def pick(self, rates: Mapping[Fault, float]) -> Fault:
        """Return the next request's fault. ``rates`` has each fault's share of requests."""
        scripted = next(self._script, None)
        if scripted is not None:
            return scripted
        drawn = self._chance.random()
        for fault, rate in rates.items():
            if drawn < rate:
                return fault
            drawn -= rate
        return Fault.NONE

    def delay(self, low_ms: float, high_ms: float) -> tuple[float, float]:
        """Return the seconds to wait before and after the entries are accepted."""
        seconds = self._chance.uniform(low_ms, high_ms) / 1000
        before = seconds * self._chance.random()
        return before, seconds - before


def bad_gateway() -> Response:
    """Return the response of a proxy that cannot reach its backend."""
    return HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", status_code=502)


def html_body() -> Response:
    """Return an HTML page instead of JSON."""
    return HTMLResponse("<html><body><h1>Welcome</h1></body></html>")


class FaultyProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, with the connection's transport in each request's state."""

    def connection_made(self, transport: object) -> None:
        """Add the transport to the state of the connection's requests."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self.app_state = {**self.app_state, "transport": transport}


class Hang(Response):
    """Send nothing until the client disconnects."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Wait until the client disconnects."""
        await _wait_for_disconnect(receive)


class Reset(Response):
    """Reset the connection without a response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send a TCP reset by closing the socket with a linger time of zero."""
        transport = scope["state"]["transport"]
        connection = cast("socket.socket", transport.get_extra_info("socket"))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await _wait_for_disconnect(receive)


class Cut(Response):
    """Send the headers of the whole body and half of the body, then close."""

    def __init__(self, whole: Response) -> None:
        super().__init__(whole.body, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and the first half of the body."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["state"]["transport"].close()
        await _wait_for_disconnect(receive)


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
