"""Which addresses only this machine can reach."""

import inspect
import ipaddress
import socket
from collections.abc import Iterable
from typing import Final

import uvicorn

_SENTENCE: Final = "would be open to a network, and nobody has to sign in."


class ListeningError(Exception):
    """The app would be reachable from a network although nobody has to sign in."""

    code = "STUDIO_OPEN_WITHOUT_SIGN_IN"
    action = (
        "Set up sign-in (docs/sign-in.md), listen on localhost only, or set SENDOUT_OPEN_TO_ALL=1 "
        "if everyone who reaches this address may send messages."
    )

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(f"{sentence} {self.action}")


def is_loopback(address: str) -> bool:
    """Tell whether an IP address, or the name "localhost", is this machine's own."""
    try:
        return ipaddress.ip_address(unmapped(address.strip("[]"))).is_loopback
    except ValueError:
        return address.lower() == "localhost"


def unmapped(address: str) -> str:
    """Return an IPv4 address as such where a socket of both kinds writes it as an IPv6 address."""
    try:
        mapped = ipaddress.IPv6Address(address).ipv4_mapped
    except ValueError:
        return address
    return address if mapped is None else str(mapped)


def _resolves_to_loopback(name: str) -> bool:
    """Tell whether everything that a host name or an address stands for is this machine's own."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM) if name else []
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(is_loopback(str(each[4][0])) for each in found)


def check_listening(configured: str | None) -> None:
    """Raise ListeningError where the server that runs this app listens on a network.

    uvicorn's own address counts where uvicorn runs the app, else the one that is `configured`.
    """
    config = _running_uvicorn()
    if config is not None and (config.uds is not None or config.fd is not None):
        return  # not an address; each request is checked by itself
    address = configured if config is None else config.host
    if not _resolves_to_loopback(address or ""):
        raise ListeningError(f"The app, listening on {address or 'all addresses'}, {_SENTENCE}")


def check_hosts(names: Iterable[str]) -> None:
    """Raise ListeningError where the app is served under a name that is not this machine's.

    A proxy may listen on a network in place of the app. What a name resolves to on this machine
    says nothing of that.
    """
    for name in names:
        if not is_loopback(name):
            raise ListeningError(f"The app, served as {name}, {_SENTENCE}")


def _running_uvicorn() -> uvicorn.Config | None:
    """Return the settings of the uvicorn that is starting the app, from the call stack.

    uvicorn does not tell an app where it listens, neither its command line nor `uvicorn.run`.
    """
    frame = inspect.currentframe()
    while frame is not None:
        config = getattr(frame.f_locals.get("self"), "config", None)
        if isinstance(config, uvicorn.Config):
            return config
        frame = frame.f_back
    return None
