"""What the middleware passes on, without Streamlit behind it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from lib.front_door import (
    Access,
    FrontDoor,
    HostRules,
    ListeningError,
    UploadBudget,
    UploadLimits,
    check_hosts,
    check_listening,
)


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer whatever comes through."""
    await PlainTextResponse("through", headers={"Cache-Control": "max-age=9"})(scope, receive, send)


def ask(
    path: str,
    *,
    server: tuple[str, int | None] = ("127.0.0.1", 8501),
    host: str = "localhost:8501",
    is_admitted: Callable[[Scope], bool] | None = None,
    kind: str = "http",
    check_start: Callable[[], None] = lambda: None,
    **more: Any,
) -> list[Message]:
    """Send one request through the door and return all that comes back."""
    budget = UploadBudget(UploadLimits(1, 1, 1, 1), held=dict, release=lambda: None)
    access = Access(check_start, is_admitted, frozenset({"/", "/runs", "/static/"}), **more)
    door = FrontDoor(behind, hosts=HostRules.of([]), access=access, uploads=budget)
    scope = {
        "type": kind,
        "method": "GET",
        "path": path,
        "scheme": "http",
        "server": server,
        "headers": [(b"host", host.encode())],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": f"{kind}.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(door(scope, receive, send))
    return sent


def status(path: str, **more: Any) -> int:
    return int(ask(path, **more)[0]["status"])


@pytest.mark.parametrize("address", ["10.0.0.7", "::ffff:10.0.0.7", "2001:db8::7", "", "0.0.0.0"])
def test_without_sign_in_requests_that_arrive_on_a_network_are_refused(address: str) -> None:
    host = "localhost:8501"
    assert status("/", server=(address, 8501), host=host) == 403
    assert status("/", server=(address, 8501), host=host, is_open_to_all=True) == 200
    assert status("/", server=(address, 8501), host=host, is_admitted=lambda _: True) == 200


@pytest.mark.parametrize(
    "server", [("127.0.0.1", 8501), ("::1", 8501), ("::ffff:127.0.0.1", 8501), ("/app.sock", None)]
)
def test_without_sign_in_requests_of_this_machine_pass(server: tuple[str, int | None]) -> None:
    assert status("/", server=server) == 200


@pytest.mark.parametrize(
    "path",
    [
        "/media/a",
        "/_stcore/metrics",
        "/static/../media/a",
        "//",
        "/static//a",
        "/runs/x",
        "/static",
    ],
)
def test_signed_out_only_public_paths_pass(path: str) -> None:
    assert status(path, is_admitted=lambda _: False) == 401
    assert status(path, is_admitted=lambda _: True) == 200


def test_public_paths_are_below_the_apps_own_path() -> None:
    def nobody(_: Scope) -> bool:
        return False

    for path in ("/studio", "/studio/", "/studio/runs", "/studio/static/a.js"):
        assert status(path, is_admitted=nobody, base_path="/studio") == 200
    for path in ("/studio/media/a", "/media/a", "/studiomedia/a"):
        assert status(path, is_admitted=nobody, base_path="/studio") == 401


def test_files_are_kept_out_of_caches() -> None:
    def caching(path: str) -> bytes:
        headers: dict[bytes, bytes] = dict(ask(path)[0]["headers"])
        return headers[b"cache-control"]

    assert caching("/media/a") == b"no-store"
    assert caching("/static/a") == b"max-age=9"


def test_a_start_that_is_refused_is_told_to_the_server_in_a_sentence() -> None:
    def refuse() -> None:
        check_listening("0.0.0.0")

    (message,) = ask("", kind="lifespan", check_start=refuse)

    assert message["type"] == "lifespan.startup.failed"
    assert "SENDOUT_OPEN_TO_ALL=1" in message["message"]


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "", None, "10.0.0.7", "no-such-host.invalid"])
def test_an_address_that_others_may_reach_is_refused(address: str | None) -> None:
    with pytest.raises(ListeningError):
        check_listening(address)


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machines_own_addresses_are_accepted(address: str) -> None:
    check_listening(address)


def test_a_name_for_the_public_is_refused_whatever_it_resolves_to_here() -> None:
    check_hosts(["localhost", "127.0.0.1", "[::1]"])
    for name in ("sendout.example", "localhost.example", "10.0.0.7"):
        with pytest.raises(ListeningError):
            check_hosts([name])
