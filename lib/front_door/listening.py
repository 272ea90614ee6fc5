"""Check that the app is not reachable from a network without sign-in."""

import inspect
import ipaddress
import socket
from collections.abc import Iterable
from typing import Final

import uvicorn

from lib.errors import StudioError
from lib.i18n import N_

_OPEN: Final = "would be open to a network without sign-in."


class ListeningError(StudioError):
    """The app would be reachable from a network without sign-in."""

    code = "STUDIO_OPEN_WITHOUT_SIGN_IN"
    sentence = "{reason}"
    action = N_(
        "Set up sign-in (docs/sign-in.md), listen on localhost only, or set SENDOUT_OPEN_TO_ALL=1 "
        "if everyone who can reach this address may send messages."
    )

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


def is_loopback(address: str) -> bool:
    """Return whether an address is a loopback IP address or "localhost"."""
    try:
        return ipaddress.ip_address(unmapped(address.strip("[]"))).is_loopback
    except ValueError:
        return address.lower() == "localhost"


def unmapped(address: str) -> str:
    """Return an IPv4-mapped IPv6 address as an IPv4 address, and any other address unchanged."""
    try:
        mapped = ipaddress.IPv6Address(address).ipv4_mapped
    except ValueError:
        return address
    return address if mapped is None else str(mapped)


def _resolves_to_loopback(name: str) -> bool:
    """Return whether a host name resolves to loopback addresses only."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM) if name else []
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(is_loopback(str(each[4][0])) for each in found)


def check_listening(configured: str | None) -> None:
    """Raise ListeningError if the server of this app listens on a network.

    The address is uvicorn's if uvicorn runs the app, else the ``configured`` one.
    """
    config = _running_uvicorn()
    if config is not None and (config.uds is not None or config.fd is not None):
        return  # not an address; each request is checked
    address = configured if config is None else config.host
    if not _resolves_to_loopback(address or ""):
        raise ListeningError(f"The app, listening on {address or 'all addresses'}, {_OPEN}")


def check_hosts(names: Iterable[str]) -> None:
    """Raise ListeningError if the app is served under a name other than localhost.

    A proxy may listen on a network instead of the app, which name resolution on this machine does
    not show.
    """
    for name in names:
        if not is_loopback(name):
            raise ListeningError(f"The app, served as {name}, {_OPEN}")


def _running_uvicorn() -> uvicorn.Config | None:
    """Return the configuration of the uvicorn server that starts the app, from the call stack.

    uvicorn has no other way for an app to find out where it listens.
    """
    frame = inspect.currentframe()
    while frame is not None:
        config = getattr(frame.f_locals.get("self"), "config", None)
        if isinstance(config, uvicorn.Config):
            return config
        frame = frame.f_back
    return None
