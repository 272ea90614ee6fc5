"""The whole app over HTTP and websockets: who gets in, by which address, from which page."""

import contextlib
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets import Origin, Subprotocol
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from lib.security_headers import HEADERS
from tests.support.loopback import local_client
from tests.support.sign_in import COOKIE, cookie_of, write_secrets
from tests.support.studio import Studio, running_studio

PRIVATE = [
    "/media/0123456789abcdef.csv",
    "/_stcore/metrics",
    "/_stcore/upload_file/session/file",
    "/_stcore/agent/openapi.json",
    "/_stcore/script-health-check",
    "/_stcore/bidi-components/a/b",
    "/component/a/b",
    "/app/static/a",
    "/static/../media/0123456789abcdef.csv",
    "//media/0123456789abcdef.csv",
    "/anything/else",
]
PUBLIC = {
    "/": 200, "/broadcasts": 200, "/settings": 200, "/unconfirmed": 200, "/in_doubt": 308,
    "/static/none": 200, "/_stcore/health": 200, "/_stcore/host-config": 200, "/healthz": 200,
}  # fmt: skip
NOT_ADMITTED: dict[str, dict[str, Any] | None] = {
    "nobody": None,
    "not on the list": {"email": "eve@other.example"},
    "not verified": {"email_verified": False},
    "verified only by word": {"email_verified": "true"},
    "a longer domain": {"email": "eve@corp.example.evil.example"},
    "a domain that ends alike": {"email": "eve@evilcorp.example"},
    "no subject": {"sub": ""},
    "no issuer": {"iss": None},
    "signed out": {"is_logged_in": False},
    "for another address": {"origin": "http://localhost:1"},
    "signed with another key": {"secret": "another-secret-of-the-same-length"},
}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """An app without sign-in, on this machine only."""
    with running_studio(
        tmp_path_factory.mktemp("open"),
        SENDOUT_UPLOAD_MAX_SESSION_BYTES="3000000",
        SENDOUT_UPLOAD_STALL_SECONDS="1",
    ) as studio:
        yield studio


@pytest.fixture(scope="module")
def closed_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """An app with sign-in, for people of corp.example."""
    folder = tmp_path_factory.mktemp("closed")
    (data_dir := folder / "data").mkdir()
    studio = Studio(data_dir, {"SENDOUT_SIGN_IN_DOMAINS": "Corp.Example"}, is_forked=True)
    secrets_file = write_secrets(folder / "secrets.toml", studio.port)
    studio.environment["STREAMLIT_SECRETS_FILES"] = str(secrets_file)
    try:
        studio.start()
        yield studio
    finally:
        studio.end()


def ask(studio: Studio, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Ask for a path exactly as it is written, with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with local_client(timeout=30) as client:
        request = client.build_request(method, studio.url, headers=named)
        request.url = request.url.copy_with(raw_path=path.encode())
        return client.send(request)


def open_socket(studio: Studio, **headers: str) -> ClientConnection:
    """Open a tab's websocket; InvalidStatus where it is refused."""
    origin = headers.pop("Origin", studio.url)
    return connect(
        f"ws://localhost:{studio.port}/_stcore/stream",
        origin=Origin(origin) if origin else None,
        subprotocols=[Subprotocol("streamlit")],
        additional_headers=headers,
        proxy=None,
        max_queue=None,
    )


def signed_in(studio: Studio, **changes: Any) -> str:
    return f"{COOKIE}={cookie_of(studio.port, **changes)}"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost:1", "[::2]", "10.0.0.1"]
)
def test_a_foreign_host_is_refused_with_all_security_headers(host: str, studio: Studio) -> None:
    answer = ask(studio, "/", Host=host)

    assert answer.status_code == 421
    assert HEADERS.items() <= dict(answer.headers.items()).items() or all(
        answer.headers[name] == value for name, value in HEADERS.items()
    )


@pytest.mark.parametrize("host", ["", "a b", "localhost:x", "user@localhost", "localhost/x"])
def test_a_malformed_host_is_refused(host: str, studio: Studio) -> None:
    assert ask(studio, "/", Host=host).status_code == 400


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "LOCALHOST", "[::1]"])
def test_this_machines_own_names_are_served(name: str, studio: Studio) -> None:
    assert ask(studio, "/", Host=f"{name}:{studio.port}").status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:1", "null", "http://localhost", "{https}"]
)
def test_pages_from_elsewhere_can_neither_open_a_websocket_nor_send_requests(
    origin: str, studio: Studio
) -> None:
    origin = origin.replace("{https}", f"https://localhost:{studio.port}")

    with pytest.raises(InvalidStatus) as refused:
        open_socket(studio, Origin=origin)

    assert refused.value.response.status_code == 403
    for method, path in [
        ("PUT", "/_stcore/upload_file/a/b"),
        ("OPTIONS", "/healthz"),
        ("GET", "/"),
    ]:
        assert ask(studio, path, method, Origin=origin).status_code == 403


def test_a_websocket_with_a_foreign_host_or_without_origin_is_refused(studio: Studio) -> None:
    with pytest.raises(InvalidStatus):
        open_socket(studio, Origin="")
    with pytest.raises(InvalidStatus):
        open_socket(studio, Host="evil.example", Origin="http://evil.example")


def test_the_apps_own_pages_open_websockets(studio: Studio) -> None:
    with open_socket(studio) as socket:
        assert socket.subprotocol == "streamlit"
    assert ask(studio, "/", Origin=studio.url).status_code == 200


def _session_of(socket: ClientConnection) -> str:
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    request = BackMsg()
    request.rerun_script.query_string = ""
    socket.send(request.SerializeToString())
    while True:
        message = ForwardMsg.FromString(socket.recv(timeout=30, decode=False))
        if message.WhichOneof("type") == "new_session":
            session: str = message.new_session.initialize.session_id
            return session


def _xsrf(client: httpx.Client, studio: Studio) -> str:
    """Fetch the cookie that uploads need and return its value."""
    client.get(f"{studio.url}/_stcore/health")
    return str(client.cookies["_streamlit_xsrf"])


def _upload(studio: Studio, session: str, name: str, size: int) -> int:
    with local_client(timeout=30) as client:
        token = _xsrf(client, studio)
        return client.put(
            f"{studio.url}/_stcore/upload_file/{session}/{name}",
            files={"file": ("list.csv", b"x" * size)},
            headers={"X-Xsrftoken": token, "Origin": studio.url},
        ).status_code


def _announce_upload(studio: Studio, session: str, name: str, size: int) -> int:
    """Send the head of an upload and the first line of its body; return the answer's status."""
    with local_client() as client:
        token = _xsrf(client, studio)
    with contextlib.closing(HTTPConnection("localhost", studio.port, timeout=30)) as line:
        line.putrequest("PUT", f"/_stcore/upload_file/{session}/{name}")
        line.putheader("Content-Type", "multipart/form-data; boundary=b")
        line.putheader("Content-Length", str(size))
        line.putheader("X-Xsrftoken", token)
        line.putheader("Cookie", f"_streamlit_xsrf={token}")
        line.endheaders(b"--b\r\n")
        return line.getresponse().status


def test_a_tab_holds_only_so_many_bytes_of_uploads_and_gets_them_back(studio: Studio) -> None:
    with open_socket(studio) as socket:
        session = _session_of(socket)
        assert [_upload(studio, session, f"f{n}", 1_400_000) for n in range(2)] == [204, 204]
        assert _announce_upload(studio, session, "f3", 1_400_000) == 413
        with local_client() as client:
            client.delete(
                f"{studio.url}/_stcore/upload_file/{session}/f0",
                headers={"X-Xsrftoken": _xsrf(client, studio)},
            )
        assert _upload(studio, session, "f4", 1_400_000) == 204


def test_an_upload_that_stalls_is_cut_off(studio: Studio) -> None:
    with open_socket(studio) as socket:
        assert _announce_upload(studio, _session_of(socket), "f", 1000) == 408


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize("person", NOT_ADMITTED)
def test_nothing_but_the_sign_in_page_is_open_to_others(
    person: str, path: str, closed_studio: Studio
) -> None:
    changes = NOT_ADMITTED[person]
    cookie = {} if changes is None else {"Cookie": signed_in(closed_studio, **changes)}

    for method in ("GET", "PUT"):
        assert ask(closed_studio, path, method, **cookie).status_code in {400, 401}


def test_a_tampered_cookie_is_refused(closed_studio: Studio) -> None:
    value = cookie_of(closed_studio.port)
    for tampered in (value[:-1], "x" + value, value.replace(".", ""), "", json.dumps({"a": 1})):
        answer = ask(closed_studio, "/_stcore/metrics", Cookie=f"{COOKIE}={tampered}")
        assert answer.status_code == 401


def test_somebody_on_the_list_reaches_what_others_do_not(closed_studio: Studio) -> None:
    cookie = signed_in(closed_studio, email="Ana@CORP.example")

    assert ask(closed_studio, "/_stcore/metrics", Cookie=cookie).status_code == 200
    media = ask(closed_studio, PRIVATE[0], Cookie=cookie)
    assert (media.status_code, media.headers["Cache-Control"]) == (404, "no-store")
    assert "recipients_waiting" in ask(closed_studio, "/healthz", Cookie=cookie).json()


@pytest.mark.parametrize(("path", "status"), PUBLIC.items())
def test_what_the_sign_in_page_needs_is_open(path: str, status: int, closed_studio: Studio) -> None:
    assert ask(closed_studio, path).status_code == status


def test_others_learn_only_whether_all_is_well(closed_studio: Studio) -> None:
    assert ask(closed_studio, "/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("change", ["", "[auth", "[sendout]\nkeep_days = 3\n", None])
def test_a_file_that_breaks_later_opens_nothing(change: str | None, closed_studio: Studio) -> None:
    secrets_file = Path(closed_studio.environment["STREAMLIT_SECRETS_FILES"])
    before = secrets_file.read_text(encoding="utf-8")
    try:
        if change is None:
            secrets_file.unlink()
        else:
            secrets_file.write_text(change, encoding="utf-8")
        assert ask(closed_studio, "/_stcore/metrics").status_code == 401
        cookie = signed_in(closed_studio)
        assert ask(closed_studio, "/_stcore/metrics", Cookie=cookie).status_code == 200
    finally:
        secrets_file.write_text(before, encoding="utf-8")


def expect_no_start(studio: Studio, *words: str) -> None:
    """Expect the app to end by itself with a sentence that has these words in it."""
    studio.launch()
    try:
        assert studio.process is not None
        assert studio.process.wait(timeout=60) != 0
        assert all(each in studio.log for each in words)
        assert "Traceback" not in studio.log
    finally:
        studio.end()


@pytest.mark.parametrize(
    ("text", "environment", "words"),
    [
        ("[auth", {}, "damaged"),
        ("[Auth]\nclient_id = 'x'\n", {}, "looks like [auth]"),
        (None, {}, "SENDOUT_SIGN_IN_EMAILS"),
        (
            None,
            {
                "SENDOUT_SIGN_IN_DOMAINS": "corp.example",
                "STREAMLIT_SERVER_TRUSTED_USER_HEADERS": '{"X-User": "email"}',
            },
            "trustedUserHeaders",
        ),
    ],
    ids=["broken", "misspelt", "without a list", "trusted headers"],
)
def test_the_app_does_not_start_with_sign_in_that_cannot_be_relied_on(
    text: str | None, environment: dict[str, str], words: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    studio = Studio(tmp_path / "data", environment, is_forked=True)
    secrets_file = write_secrets(tmp_path / "secrets.toml", studio.port)
    if text is not None:
        secrets_file.write_text(text, encoding="utf-8")
    studio.environment["STREAMLIT_SECRETS_FILES"] = str(secrets_file)

    expect_no_start(studio, words)


UVICORN = ("-m", "uvicorn", "app:app", "--port", "0")


@pytest.mark.parametrize(
    ("command", "environment"),
    [
        (("-m", "streamlit", "run", "app.py", "--server.address", "0.0.0.0"), {}),
        (Studio.command, {"STREAMLIT_SERVER_ADDRESS": "::"}),
        (Studio.command, {"SENDOUT_ALLOWED_HOSTS": "sendout.example"}),
        ((*UVICORN, "--host", "0.0.0.0"), {}),
    ],
    ids=["option", "environment", "name of a proxy", "uvicorn"],
)
def test_without_sign_in_the_app_does_not_listen_on_a_network(
    command: tuple[str, ...], environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    studio = Studio(tmp_path / "data", environment, command=command)
    expect_no_start(studio, "SENDOUT_OPEN_TO_ALL=1")
