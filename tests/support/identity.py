"""A real OpenID provider in a process of its own, with people who sign in with one click."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator

import httpx

from tests.support.loopback import get_local
from tests.support.states import wait_for
from tests.support.studio import free_port

PEOPLE = [
    {"sub": "ana", "email": "Ana@Corp.example", "email_verified": True},
    {"sub": "eve", "email": "eve@other.example", "email_verified": True},
    {"sub": "unverified", "email": "ana@corp.example", "email_verified": False},
]


@contextlib.contextmanager
def running_provider() -> Iterator[str]:
    """Run the provider; return its issuer, which is its address."""
    port = free_port()
    people = [part for each in PEOPLE for part in ("--user-claims", json.dumps(each))]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *people],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://localhost:{port}"
    try:
        wait_for(lambda: _answers(address))
        yield address
    finally:
        process.kill()
        process.wait()


def _answers(address: str) -> bool:
    try:
        return get_local(address).is_success
    except httpx.TransportError:
        return False
