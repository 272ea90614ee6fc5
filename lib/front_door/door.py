"""The middleware: reject unwanted requests, limit uploads, and prevent caching of files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.front_door.hosts import HostError, HostRules
from lib.front_door.listening import ListeningError, is_loopback
from lib.front_door.uploads import UploadAbortedError, UploadBudget

_UPLOADS: Final = "/_stcore/upload_file/"
_MEDIA: Final = "/media"

_NOT_SIGNED_IN: Final = "Sign in to continue."
_FOREIGN: Final = "Requests from other pages are not accepted."
_NOT_LOCAL: Final = "This app is not available from a network without sign-in."


@dataclass(frozen=True)
class Access:
    """Access rules.

    ``check_start`` raises ListeningError if the app must not start. ``is_admitted`` returns whether
    a request comes from a signed-in person on the allow-list; it is None without sign-in. Others
    can only reach ``public`` paths, and paths below a public path that ends in a slash.
    """

    check_start: Callable[[], None]
    is_admitted: Callable[[Scope], bool] | None
    public: frozenset[str]
    is_open_to_all: bool = False
    base_path: str = ""

    def may_reach(self, scope: Scope) -> bool:
        """Return whether a request is for a public path or from an admitted person."""
        if self.is_admitted is None or self._is_public(self.local_path(scope)):
            return True
        return self.is_admitted(scope)

    def arrives_safely(self, scope: Scope) -> bool:
        """Return whether sign-in or the local address of a request makes it safe to accept."""
        if self.is_admitted is not None or self.is_open_to_all:
            return True
        address, port = scope.get("server") or ("", 0)
        return port is None or is_loopback(address)  # a Unix socket has no port

    def local_path(self, scope: Scope) -> str:
        """Return the path of a request relative to the base path of the app."""
        path: str = scope["path"]
        return path.removeprefix(scope.get("root_path", "")).removeprefix(self.base_path) or "/"

    def _is_public(self, path: str) -> bool:
        if "//" in path or "/." in path or "\\" in path:
            return False
        return path in self.public or any(
            each.endswith("/") and each != "/" and path.startswith(each) for each in self.public
        )


class FrontDoor:
    """ASGI middleware that checks each request and forwards the valid ones."""

    def __init__(
        self, app: ASGIApp, *, hosts: HostRules, access: Access, uploads: UploadBudget
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._access = access
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reject or forward a request."""
        if scope["type"] == "lifespan":
            await self._start(scope, receive, send)
        elif rejection := self._rejection(scope):
            await _reject(scope, receive, send, *rejection)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._forward(scope, receive, send)

    async def _start(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._access.check_start()
        except ListeningError as error:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
        else:
            await self._app(scope, receive, send)

    def _rejection(self, scope: Scope) -> tuple[int, str] | None:
        """Return the status and the sentence of a rejection, or None if the request is valid."""
        try:
            host = self._hosts.host_of(scope)
        except HostError as error:
            return error.status, error.sentence
        if not self._access.arrives_safely(scope):
            return 403, _NOT_LOCAL
        if not self._hosts.accepts_origin(scope, host):
            return 403, _FOREIGN
        return None if self._access.may_reach(scope) else (401, _NOT_SIGNED_IN)

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._access.local_path(scope)
        if path == _MEDIA or path.startswith(f"{_MEDIA}/"):
            await self._app(scope, receive, _without_caching(send))
        elif path.startswith(_UPLOADS) and scope["method"] == "PUT":
            await self._upload(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = self._access.local_path(scope).removeprefix(_UPLOADS).partition("/")[0]
        has_answered = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_answered
            has_answered = True
            await send(message)

        try:
            with self._uploads.upload(session, _declared_length(scope)) as upload:
                await self._app(scope, lambda: upload.receive(receive), send_and_note)
        except UploadAbortedError as error:
            if has_answered:
                raise
            await _reject(scope, receive, send, error.status, error.sentence)


def _declared_length(scope: Scope) -> int | None:
    text = Headers(scope=scope).get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _without_caching(send: Send) -> Send:
    async def send_without_caching(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Cache-Control"] = "no-store"
        await send(message)

    return send_without_caching


async def _reject(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": sentence})
        return
    # Close the connection, because the body may not have been read.
    headers = {"Cache-Control": "no-store", "Connection": "close"}
    await PlainTextResponse(sentence, status, headers)(scope, receive, send)
