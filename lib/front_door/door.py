"""Refuse requests that must not reach Streamlit; limit uploads; keep files out of caches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.front_door.hosts import HostError, HostRules
from lib.front_door.listening import ListeningError, is_loopback
from lib.front_door.uploads import UploadBudget, UploadCutError

_UPLOADS: Final = "/_stcore/upload_file/"
_MEDIA: Final = "/media"

_NOT_SIGNED_IN: Final = "Please sign in to go on."
_FOREIGN: Final = "Requests from other pages are not accepted."
_NOT_LOCAL: Final = "This app is not open to a network, since nobody has to sign in."


@dataclass(frozen=True)
class Access:
    """Who may reach what.

    `check_start` raises an exception with a sentence where the app must not start. `is_admitted`
    tells whether a request comes from somebody who is signed in and on the allow-list; None where
    nobody has to sign in. Only `public` paths, and those below a public path that ends in a slash,
    are open to others.
    """

    check_start: Callable[[], None]
    is_admitted: Callable[[Scope], bool] | None
    public: frozenset[str]
    is_open_to_all: bool = False
    base_path: str = ""

    def may_reach(self, scope: Scope) -> bool:
        """Tell whether a request is for something public, or from somebody who is admitted."""
        if self.is_admitted is None or self._is_public(self.local_path(scope)):
            return True
        return self.is_admitted(scope)

    def arrives_safely(self, scope: Scope) -> bool:
        """Tell whether a request came to an address where it may come without sign-in."""
        if self.is_admitted is not None or self.is_open_to_all:
            return True
        address, port = scope.get("server") or ("", 0)
        return port is None or is_loopback(address)  # a Unix socket has no port

    def local_path(self, scope: Scope) -> str:
        """Return the path of a request below the path at which the app is served."""
        path: str = scope["path"]
        return path.removeprefix(scope.get("root_path", "")).removeprefix(self.base_path) or "/"

    def _is_public(self, path: str) -> bool:
        if "//" in path or "/." in path or "\\" in path:
            return False
        return path in self.public or any(
            each.endswith("/") and each != "/" and path.startswith(each) for each in self.public
        )


class FrontDoor:
    """The middleware: checks a request in turn, and passes on what is in order."""

    def __init__(
        self, app: ASGIApp, *, hosts: HostRules, access: Access, uploads: UploadBudget
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._access = access
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        if scope["type"] == "lifespan":
            await self._start(scope, receive, send)
        elif refusal := self._refusal(scope):
            await _refuse(scope, receive, send, *refusal)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._pass_on(scope, receive, send)

    async def _start(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._access.check_start()
        except ListeningError as error:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return the status and the sentence of a refusal; None where all is in order."""
        try:
            host = self._hosts.host_of(scope)
        except HostError as error:
            return error.status, error.sentence
        if not self._access.arrives_safely(scope):
            return 403, _NOT_LOCAL
        if not self._hosts.accepts_origin(scope, host):
            return 403, _FOREIGN
        return None if self._access.may_reach(scope) else (401, _NOT_SIGNED_IN)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._access.local_path(scope)
        if path == _MEDIA or path.startswith(f"{_MEDIA}/"):
            await self._app(scope, receive, _uncached(send))
        elif path.startswith(_UPLOADS) and scope["method"] == "PUT":
            await self._upload(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = self._access.local_path(scope).removeprefix(_UPLOADS).partition("/")[0]
        has_answered = False

        async def send_noting(message: Message) -> None:
            nonlocal has_answered
            has_answered = True
            await send(message)

        try:
            with self._uploads.upload(session, _declared_length(scope)) as upload:
                await self._app(scope, lambda: upload.receive(receive), send_noting)
        except UploadCutError as error:
            if has_answered:
                raise
            await _refuse(scope, receive, send, error.status, error.sentence)


def _declared_length(scope: Scope) -> int | None:
    text = Headers(scope=scope).get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _uncached(send: Send) -> Send:
    async def send_uncached(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Cache-Control"] = "no-store"
        await send(message)

    return send_uncached


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": sentence})
        return
    # The connection ends, since there may be a body that nobody reads.
    headers = {"Cache-Control": "no-store", "Connection": "close"}
    await PlainTextResponse(sentence, status, headers)(scope, receive, send)
