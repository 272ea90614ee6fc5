"""Which Host and Origin headers are accepted, by any way of serving the app."""

import re
from urllib.parse import urlsplit

import pytest
from starlette.types import Scope

from lib.front_door import HostRules
from lib.front_door.hosts import HostError

RULES = HostRules.of(["sendout.example", "other.example:8443", "2001:db8::7"])


def scope_of(
    host: str,
    origin: str | None = None,
    *,
    kind: str = "websocket",
    scheme: str = "ws",
    server: tuple[str, int | None] = ("127.0.0.1", 8501),
) -> Scope:
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    return {"type": kind, "scheme": scheme, "server": server, "headers": headers}


def accepts(scope: Scope, rules: HostRules = RULES) -> bool:
    return rules.accepts_origin(scope, rules.host_of(scope))


@pytest.mark.parametrize(
    ("host", "origin", "changes"),
    [
        ("localhost:8501", "http://localhost:8501", {}),
        ("LOCALHOST:8501", "http://localhost:8501", {}),
        ("127.0.0.1:8501", "http://127.0.0.1:8501", {}),
        ("[::1]:8501", "http://[::1]:8501", {"server": ("::1", 8501)}),
        ("localhost", "http://localhost", {"server": ("127.0.0.1", 80)}),
        ("sendout.example", "https://sendout.example", {}),
        ("sendout.example", "https://sendout.example", {"scheme": "wss"}),
        ("sendout.example:9000", "http://sendout.example:9000", {}),
        ("other.example:8443", "https://other.example:8443", {}),
        ("[2001:db8::7]", "https://[2001:db8::7]", {}),
        ("10.0.0.7:8501", "http://10.0.0.7:8501", {"server": ("10.0.0.7", 8501)}),
        ("10.0.0.7:8501", "http://10.0.0.7:8501", {"server": ("::ffff:10.0.0.7", 8501)}),
        ("localhost:8501", "http://localhost:8501", {"server": ("/run/app.sock", None)}),
        ("localhost:8501", None, {"kind": "http"}),
    ],
)
def test_the_address_that_is_served_is_accepted(
    host: str, origin: str | None, changes: dict[str, str]
) -> None:
    assert accepts(scope_of(host, origin, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "origin", "changes"),
    [
        ("localhost:8501", None, {}),
        ("localhost:8501", "", {}),
        ("localhost:8501", "null", {}),
        ("localhost:8501", "http://localhost:3000", {}),
        ("localhost:8501", "http://localhost", {}),
        ("localhost:8501", "http://127.0.0.1:8501", {}),
        ("localhost:8501", "https://localhost:8501", {}),
        ("localhost:8501", "http://localhost:8501.evil.example", {}),
        ("localhost:8501", "http://evil.example@localhost:8501", {}),
        ("localhost:8501", "http://localhost:8501/path", {}),
        ("localhost:8501", "file://localhost:8501", {}),
        ("sendout.example", "http://sendout.example", {"scheme": "wss"}),
        ("sendout.example", "https://sendout.example:444", {}),
        ("sendout.example", "https://www.sendout.example", {}),
    ],
)
def test_other_origins_are_refused(host: str, origin: str | None, changes: dict[str, str]) -> None:
    assert not accepts(scope_of(host, origin, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("localhost:3000", 421),
        ("sendout.example.evil.example", 421),
        ("evil.sendout.example", 421),
        ("other.example", 421),
        ("10.0.0.7:8501", 421),
        ("", 400),
        ("localhost:", 400),
        ("localhost:99999", 400),
        ("a@localhost:8501", 400),
        ("localhost:8501,evil.example", 400),
        ("localh\u00f6st", 400),
    ],
)
def test_other_hosts_are_refused(host: str, status: int) -> None:
    with pytest.raises(HostError) as error:
        RULES.host_of(scope_of(host))
    assert error.value.status == status


def test_no_host_and_two_hosts_are_refused() -> None:
    for headers in ([], [(b"host", b"localhost:8501")] * 2):
        with pytest.raises(HostError) as error:
            RULES.host_of({**scope_of("x"), "headers": headers})
        assert error.value.status == 400


def test_the_public_address_of_sign_in_says_which_scheme_is_right() -> None:
    rules = HostRules.of([], urlsplit("https://sendout.example/oauth2callback"))

    assert accepts(scope_of("sendout.example", "https://sendout.example"), rules)
    assert not accepts(scope_of("sendout.example", "http://sendout.example"), rules)


@pytest.mark.parametrize("name", ["*", "*.example", "https://a.example", "a b", "a.example:x"])
def test_a_name_that_is_none_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match=re.escape(name)):
        HostRules.of([name])
