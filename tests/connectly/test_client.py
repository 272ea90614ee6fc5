"""Tests of the clients against a server that misbehaves as networks and gateways do."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from lib import connectly
from lib.connectly import (
    AsyncConnectlyClient,
    CampaignEntry,
    ConnectlyClient,
    ConnectlyError,
    NotSentError,
    OutcomeUnknownError,
    SendCampaignsResponse,
)
from lib.connectly.exchange import translate_error
from lib.sandbox import Record, Scenario, create_app
from tests.support.misbehaving import DRIP, GOOD_BODY, HANG, RESET, http, misbehaving
from tests.support.sandbox import SandboxHandle

KEY = "secret-key-0123456789"
PHONE = "+16505550123"
ENTRY = CampaignEntry(client=PHONE, campaign_name="spring", variables={"name": "Ana"})
DEMO_ENTRY = CampaignEntry(
    client=PHONE,
    campaign_name="demo_promo",
    variables={"name": "Ana", "code": "007"},
    callback_data={"n": 1},
)

Send = Callable[[str], SendCampaignsResponse]


def _send_sync(url: str) -> SendCampaignsResponse:
    return _send_twice_sync(url, times=1)[0]


def _send_async(url: str) -> SendCampaignsResponse:
    return _send_twice_async(url, times=1)[0]


def _send_twice_sync(url: str, *, times: int = 2) -> list[SendCampaignsResponse]:
    with ConnectlyClient(
        base_url=url, business_id="biz", api_key=KEY, connect_timeout=1, read_timeout=0.5
    ) as client:
        return [client.send_campaigns([ENTRY]) for _ in range(times)]


def _send_twice_async(url: str, *, times: int = 2) -> list[SendCampaignsResponse]:
    async def send() -> list[SendCampaignsResponse]:
        async with AsyncConnectlyClient(
            base_url=url, business_id="biz", api_key=KEY, connect_timeout=1, read_timeout=0.5
        ) as client:
            return [await client.send_campaigns([ENTRY]) for _ in range(times)]

    return asyncio.run(send())


@pytest.fixture(params=[_send_sync, _send_async], ids=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Send:
    chosen: Send = request.param
    return chosen


def _fail(send: Send, *responses: bytes) -> ConnectlyError:
    with misbehaving(*responses) as server, pytest.raises(ConnectlyError) as caught:
        send(server.url)
    return caught.value


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        pytest.param(http(400), connectly.BadRequest, id="400"),
        pytest.param(http(401), connectly.AuthenticationFailed, id="401"),
        pytest.param(http(403), connectly.PermissionDenied, id="403"),
        pytest.param(http(404), connectly.NotFound, id="404"),
        pytest.param(http(409), connectly.Conflict, id="409"),
        pytest.param(http(413), connectly.RequestTooLarge, id="413"),
        pytest.param(http(418), connectly.BadRequest, id="418"),
        pytest.param(http(422), connectly.BadRequest, id="422"),
        pytest.param(http(429), connectly.RateLimited, id="429"),
        pytest.param(http(302, Location="https://x.example"), connectly.RedirectRefused, id="302"),
        pytest.param(http(307, Location="mailto:a@b"), connectly.RedirectRefused, id="mailto"),
        pytest.param(http(302, Location="http://xn--a/"), connectly.RedirectRefused, id="IDNA"),
        pytest.param(http(302, Location="http://[::/"), connectly.RedirectRefused, id="no URL"),
        pytest.param(http(301), connectly.RedirectRefused, id="301 without an address"),
        pytest.param(http(303, Location="/done"), connectly.UnreadableAnswer, id="303"),
        pytest.param(http(304), connectly.UnreadableAnswer, id="304"),
        pytest.param(http(408), connectly.ReadTimedOut, id="408"),
        pytest.param(http(500), connectly.ServerError, id="500"),
        pytest.param(http(502, b"<html>bad gateway</html>"), connectly.ServerError, id="502 HTML"),
        pytest.param(HANG, connectly.ReadTimedOut, id="no response"),
        pytest.param(RESET, connectly.ConnectionLost, id="reset before the response"),
        pytest.param(http(200, b"{", length=99) + RESET, connectly.ConnectionLost, id="reset"),
        pytest.param(http(200, b'{"data"', length=99), connectly.ConnectionLost, id="cut off"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", connectly.ConnectionLost, id="not HTTP"),
        pytest.param(http(200), connectly.UnreadableAnswer, id="empty"),
        pytest.param(http(200, b"<html>"), connectly.UnreadableAnswer, id="200 HTML"),
        pytest.param(http(200, b"null"), connectly.UnreadableAnswer, id="null"),
        pytest.param(http(200, b"[]"), connectly.UnreadableAnswer, id="a list"),
        pytest.param(http(200, b"\xff\xfe{}"), connectly.UnreadableAnswer, id="not UTF-8"),
        pytest.param(http(200, b"[" * 100_000), connectly.UnreadableAnswer, id="too deep"),
        pytest.param(
            http(200, b"x", Content_Encoding="gzip"), connectly.UnreadableAnswer, id="bad gzip"
        ),
    ],
)  # fmt: skip
def test_each_failure_raises_its_exception(
    response: bytes, expected: type[ConnectlyError], send: Send
) -> None:
    assert type(_fail(send, response)) is expected


def test_a_response_that_drips_is_not_waited_for_longer_than_the_timeouts(send: Send) -> None:
    """Each byte arrives within the read timeout, all of them together in half a minute."""
    drip = http(200, length=600) + DRIP + b" " * 600

    assert type(_fail(send, drip)) is connectly.ReadTimedOut


def test_headers_that_drip_are_not_waited_for_longer_than_the_timeouts() -> None:
    drip = b"HTTP/1.1 200 OK\r\nX-Slow: " + DRIP + b"x" * 600

    assert type(_fail(_send_async, drip)) is connectly.ReadTimedOut


REJECTED_BODY = GOOD_BODY.replace(b'"acceptedCount": 1', b'"acceptedCount": 0').replace(
    b'"rejectedCount": 0', b'"rejectedCount": 1'
)


@pytest.mark.parametrize("send_twice", [_send_twice_sync, _send_twice_async])
def test_bytes_after_a_response_are_not_taken_for_the_next_response(
    send_twice: Callable[[str], list[SendCampaignsResponse]],
) -> None:
    surplus = http(200, GOOD_BODY) + http(200, GOOD_BODY)
    with misbehaving(surplus, http(200, REJECTED_BODY)) as server:
        first, second = send_twice(server.url)

    assert (first.data[0].accepted_count, second.data[0].accepted_count) == (1, 0)
    assert (len(server.requests), server.connections) == (2, 2)


@pytest.mark.parametrize("send_twice", [_send_twice_sync, _send_twice_async])
def test_a_connection_is_used_again_after_an_exact_response(
    send_twice: Callable[[str], list[SendCampaignsResponse]],
) -> None:
    with misbehaving(http(200, GOOD_BODY), http(200, REJECTED_BODY)) as server:
        first, second = send_twice(server.url)

    assert (first.data[0].accepted_count, second.data[0].accepted_count) == (1, 0)
    assert (len(server.requests), server.connections) == (2, 1)


def test_a_refused_connection_raises_connection_failed(send: Send) -> None:
    with misbehaving(HANG) as server:
        url = server.url

    with pytest.raises(connectly.ConnectionFailed):
        send(url)


@pytest.mark.parametrize(
    "error",
    [each for each in vars(httpx).values()
     if isinstance(each, type) and issubclass(each, httpx.HTTPError) and each.__subclasses__() == []
     and each is not httpx.HTTPStatusError],
)  # fmt: skip
def test_every_error_of_httpx_is_translated_without_its_text(error: type[httpx.HTTPError]) -> None:
    translated = translate_error(error("at +16505550123"))

    assert isinstance(translated, NotSentError | OutcomeUnknownError)
    assert "+1650" not in str(translated)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("2", 2.0), ("0", 0.0), ("-5", 0.0), ("1.5", 1.5), ("99999999", 300.0), ("soon", None),
     ("nan", None), ("inf", None), ("", None)],
)  # fmt: skip
def test_retry_after_is_read_as_seconds(value: str, expected: float | None, send: Send) -> None:
    error = _fail(send, http(429, Retry_After=value))

    assert error.retry_after == expected


def test_retry_after_is_read_as_a_date(send: Send) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)

    error = _fail(send, http(429, Retry_After=moment))

    assert error.retry_after is not None
    assert 90 < error.retry_after <= 100


@pytest.mark.parametrize(
    "date", ["Mon, 01 Jan 99999999999 00:00:00 GMT", "Mon, 01 Jan 2026 00:00:00 +99999999999999"]
)
def test_an_impossible_date_is_ignored_as_retry_after(date: str, send: Send) -> None:
    assert _fail(send, http(429, Retry_After=date)).retry_after is None


def test_invalid_characters_of_an_error_are_replaced(send: Send) -> None:
    complaint = rb'{"code": "A\ud800", "userMessage": "No \ud83d\u0000way", "cntTraceId": "\u0000"}'

    error = _fail(send, http(400, complaint))

    assert (error.code, error.vendor_message, error.trace_id) == ("A?", "No ?way", None)


def test_retry_after_is_none_without_the_header(send: Send) -> None:
    assert _fail(send, http(429)).retry_after is None


def test_a_redirect_does_not_get_the_key(send: Send) -> None:
    with misbehaving(http(200, GOOD_BODY)) as other:
        error = _fail(send, http(307, Location=f"{other.url}/elsewhere"))

        assert isinstance(error, connectly.RedirectRefused)
        assert other.requests == []


@pytest.mark.parametrize(
    ("body", "code", "kind", "trace_id"),
    [
        (b'{"code": 16, "message": "x"}', None, None, None),
        (b'{"code": "ERROR_CODE_CONFLICT", "type": "ERROR_TYPE_CONFLICT", "cntTraceId": "t-1"}',
         "ERROR_CODE_CONFLICT", "ERROR_TYPE_CONFLICT", "t-1"),
        (b'{"error": {"code": "ERROR_CODE_UNAUTHENTICATED"}}', "ERROR_CODE_UNAUTHENTICATED", None,
         None),
        (b'{"code": null, "type": 7, "cntTraceId": {}}', None, None, None),
        (b"[1, 2]", None, None, None),
        (b"null", None, None, None),
        (b"\xff<html>", None, None, None),
    ],
)  # fmt: skip
def test_an_error_body_of_any_shape_is_read_as_far_as_possible(
    body: bytes, code: str, kind: str | None, trace_id: str | None, send: Send
) -> None:
    error = _fail(send, http(401, body))

    assert (error.code, error.error_type, error.trace_id) == (code, kind, trace_id)


def test_exceptions_contain_no_key_phone_or_response_text(send: Send) -> None:
    said = f'{{"message": "{PHONE} with {KEY}", "userMessage": "{PHONE}"}}'.encode()

    error = _fail(send, http(400, said))

    for text in (str(error), repr(error), str(error.args), error.user_message):
        assert PHONE not in text
        assert KEY not in text
    assert error.vendor_message == PHONE
    assert error.__cause__ is None


def test_the_repr_of_a_client_does_not_contain_the_key() -> None:
    with ConnectlyClient(business_id="biz", api_key=KEY) as client:
        assert KEY not in repr(client)
        assert KEY not in repr(vars(client))


def test_a_response_that_is_too_large_is_refused(send: Send) -> None:
    error = _fail(send, http(200, b" " * (9 * 1024 * 1024)))

    assert isinstance(error, connectly.UnreadableAnswer)


def test_a_response_is_returned_with_its_unchanged_text(send: Send) -> None:
    with misbehaving(http(200, GOOD_BODY)) as server:
        response = send(server.url)

        assert response.data[0].accepted_count == 1
        assert response.json_text == GOOD_BODY.decode()
        request = server.requests[0]
    assert request.startswith(b"POST /v1/businesses/biz/send/campaigns HTTP/1.1\r\n")
    assert f"x-api-key: {KEY}".encode() in request.lower()
    assert b"scheduledAt" not in request


@pytest.mark.parametrize(
    "url",
    ["http://api.connectly.ai", "http://localhost.evil.com", "http://127.0.0.1@evil.com",
     "https://user:pass@api.connectly.ai", "ftp://127.0.0.1", "//api.connectly.ai", "", "https://",
     "https://api.connectly.ai?x=1", "http://0.0.0.0", "http://10.0.0.1",
     "https://api..connectly.ai", f"https://{'a' * 70}.ai", "https://api.connectly.ai:99999",
     "https://api.connectly.ai:port", "https://api.\tconnectly.ai", "https://xn--a.ai"],
)  # fmt: skip
def test_an_address_that_would_expose_the_key_is_refused(url: str) -> None:
    with pytest.raises(connectly.InsecureAddress):
        ConnectlyClient(base_url=url, business_id="biz", api_key=KEY)


@pytest.mark.parametrize(
    "url",
    ["https://api.connectly.ai", "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"],
)
def test_https_and_loopback_addresses_are_accepted(url: str) -> None:
    ConnectlyClient(base_url=url, business_id="biz", api_key=KEY).close()


@pytest.mark.parametrize("key", ["", "with space", "with\nnewline", "ключ"])
def test_a_malformed_key_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(ValueError, match="key is missing") as caught:
        ConnectlyClient(business_id="biz", api_key=key)

    assert not key or key not in str(caught.value)


def test_a_business_id_cannot_change_the_path(send: Send) -> None:
    with misbehaving(http(200, GOOD_BODY)) as server:
        with ConnectlyClient(
            base_url=server.url, business_id="../../admin?x#y", api_key=KEY
        ) as client:
            client.send_campaigns([ENTRY])

        assert b"POST /v1/businesses/..%2F..%2Fadmin%3Fx%23y/send/campaigns " in server.requests[0]


def test_a_request_without_entries_is_refused_and_not_sent() -> None:
    with (
        misbehaving(http(200, b'{"data": []}')) as server,
        ConnectlyClient(base_url=server.url, business_id="biz", api_key=KEY) as client,
    ):
        with pytest.raises(connectly.InvalidEntry):
            client.send_campaigns([])

        client.check_connection()
        assert len(server.requests) == 1
        assert server.requests[0].endswith(b'{"entries":[]}')


def _accept(request: httpx.Request) -> httpx.Response:
    assert request.headers["X-API-Key"] == KEY
    return httpx.Response(200, content=GOOD_BODY)


def test_an_injected_transport_replaces_the_network() -> None:
    with ConnectlyClient(
        business_id="biz", api_key=KEY, transport=httpx.MockTransport(_accept)
    ) as client:
        response = client.send_campaigns([ENTRY])

    assert response.data[0].accepted_count == 1


def test_an_injected_asgi_transport_calls_an_application_in_this_process() -> None:
    record = Record()
    transport = httpx.ASGITransport(create_app(Scenario(), record))

    async def send() -> SendCampaignsResponse:
        async with AsyncConnectlyClient(
            base_url="http://127.0.0.1",
            business_id="sandbox",
            api_key="sandbox",
            transport=transport,
        ) as client:
            return await client.send_campaigns([DEMO_ENTRY])

    assert asyncio.run(send()).data[0].accepted_count == 1
    assert record.count() == 1
    record.close()


def test_the_sandbox_accepts_requests_of_the_client(sandbox: SandboxHandle) -> None:
    with ConnectlyClient(
        base_url=sandbox.url, business_id=sandbox.business_id, api_key=sandbox.api_key
    ) as client:
        response = client.send_campaigns([DEMO_ENTRY])

    assert connectly.tally_response([DEMO_ENTRY], response).accepted == 1
    message = sandbox.record()[0]
    assert message["variables"] == {"name": "Ana", "code": "007"}
    assert message["callbackData"] == {"n": 1}
