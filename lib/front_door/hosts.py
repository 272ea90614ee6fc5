"""Allowed Host and Origin headers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from lib.front_door.listening import unmapped

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST: Final = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_PORTS: Final = {"http": 80, "https": 443}
_SCHEMES: Final = {"ws": "http", "wss": "https"}


class HostError(Exception):
    """The Host header is missing, repeated or malformed (400), or not allowed (421)."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        self.sentence = sentence
        super().__init__(sentence)


@dataclass(frozen=True)
class Host:
    """Name and port of a Host header or a URL."""

    name: str
    port: int | None = None


def parse_host(text: str) -> Host | None:
    """Return the parts of a Host header, or None if it is malformed."""
    found = _HOST.fullmatch(text.lower())
    if found is None:
        return None
    port = None if found["port"] is None else int(found["port"])
    return Host(found["name"], port) if port is None or 0 < port <= 65535 else None


@dataclass(frozen=True)
class HostRules:
    """The addresses under which the app is served.

    A name without a port stands for all ports. ``public`` is the public address of an app with
    sign-in.
    """

    allowed: frozenset[Host] = frozenset()
    public: SplitResult | None = None
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = {host.name for host in self.allowed if host.port is None}
        object.__setattr__(self, "names", frozenset(names))

    @classmethod
    def of(cls, hosts: Iterable[str], public: SplitResult | None = None) -> "HostRules":
        """Return the rules for configured names.

        Raises ValueError for a name that is not a valid host.
        """
        allowed = set()
        for text in hosts:
            host = parse_host(f"[{text}]" if text.count(":") > 1 and text[0] != "[" else text)
            if host is None:
                raise ValueError(text)
            allowed.add(host)
        if public is not None and public.hostname is not None:
            port = public.port or _PORTS[public.scheme]
            name = f"[{public.hostname}]" if ":" in public.hostname else public.hostname
            allowed |= {Host(name, port), *([Host(name)] if port in {80, 443} else [])}
        return cls(frozenset(allowed), public)

    def host_of(self, scope: Scope) -> Host:
        """Return the host of a request. Raises HostError if it is not allowed."""
        values = Headers(scope=scope).getlist("host")
        host = parse_host(values[0]) if len(values) == 1 else None
        if host is None:
            raise HostError(400, "The request needs one valid Host header.")
        if not self._is_allowed(host, scope):
            raise HostError(
                421,
                "This address is not served here. An administrator can add its host name to "
                "SENDOUT_ALLOWED_HOSTS.",
            )
        return host

    def _is_allowed(self, host: Host, scope: Scope) -> bool:
        if host.name in self.names or host in self.allowed:
            return True
        address, port = _socket_address(scope)
        # DNS rebinding does not affect IP addresses, so the address of the socket is allowed.
        own_names = _LOOPBACK | {address, f"[{address}]"}
        if host.name not in own_names:
            return False
        return port is None or host.port in {None, port}

    def accepts_origin(self, scope: Scope, host: Host) -> bool:
        """Return whether the Origin header, if present, is the served address.

        Websockets need the header, because browsers always send it.
        """
        values = Headers(scope=scope).getlist("origin")
        if not values:
            return bool(scope["type"] != "websocket")
        origin = re.fullmatch(r"(https?)://([^/?#@]+)", values[0])
        if len(values) > 1 or origin is None:
            return False
        scheme, sender = origin[1], parse_host(origin[2])
        if sender is None or sender.name != host.name or scheme not in self._schemes(scope, host):
            return False
        return (sender.port or _PORTS[scheme]) == (host.port or _PORTS[scheme])

    def _schemes(self, scope: Scope, host: Host) -> set[str]:
        """Return the schemes that a page of this host may have.

        A proxy may serve https although the app itself is served with http; uvicorn accepts
        X-Forwarded-Proto from trusted proxies only.
        """
        scheme = _SCHEMES.get(scope.get("scheme", "http"), scope.get("scheme", "http"))
        _, port = _socket_address(scope)
        if scheme == "https":
            return {"https"}
        if self.public is not None and self.public.hostname == host.name.strip("[]"):
            return {self.public.scheme}
        return {"http"} if host.port is not None and host.port == port else {"http", "https"}


def _socket_address(scope: Scope) -> tuple[str | None, int | None]:
    """Return the local address and port of the connection."""
    server: tuple[str, int | None] | None = scope.get("server")
    return (None, None) if server is None else (unmapped(server[0]), server[1])


def host_of_address(address: str) -> str | None:
    """Return the host of a name or a URL, or None if there is none."""
    parts = urlsplit(address if "//" in address else f"//{address}")
    return parts.hostname
