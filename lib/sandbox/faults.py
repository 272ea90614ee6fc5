"""Faults: what goes wrong on purpose, when, and on the wire.

A fault strikes before the entries are taken or after; a client cannot tell the two apart from
the answer, which is the point.
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
    """What can befall a request; ``none`` lets it pass and is of use in a script."""

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
    """Deal faults: first those of a script, one a request, then by chance from a seed."""

    def __init__(self, seed: int, script: Iterable[Fault]) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._script = iter(tuple(script))

    def pick(self, rates: Mapping[Fault, float]) -> Fault:
        """Return the next request's fault; ``rates`` gives each fault's share of requests."""
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
        """Return seconds to wait before the entries are taken, and after."""
        seconds = self._chance.uniform(low_ms, high_ms) / 1000
        before = seconds * self._chance.random()
        return before, seconds - before


def bad_gateway() -> Response:
    """Return what a proxy says when it cannot reach the service behind it."""
    return HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", status_code=502)


def html_body() -> Response:
    """Return a page where JSON belongs."""
    return HTMLResponse("<html><body><h1>Welcome</h1></body></html>")


class FaultyProtocol(H11Protocol):
    """Serve HTTP/1.1 as uvicorn does, and let a response get at its connection."""

    def connection_made(self, transport: object) -> None:
        """Add the connection to the state that every request of it carries."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self.app_state = {**self.app_state, "transport": transport}


class Hang(Response):
    """Say nothing until the client gives up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Wait for the client to leave."""
        await _disconnected(receive)


class Reset(Response):
    """Break the connection without a word."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send a TCP reset: closing with a linger time of zero does that."""
        transport = scope["state"]["transport"]
        connection = cast("socket.socket", transport.get_extra_info("socket"))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await _disconnected(receive)


class Cut(Response):
    """Promise the whole body, send half of it, and close."""

    def __init__(self, whole: Response) -> None:
        super().__init__(whole.body, media_type="application/json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers of the whole answer and the first half of its body."""
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
        await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
