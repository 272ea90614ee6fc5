"""Build requests and interpret responses, without I/O. Both clients use it.

Source: Connectly's "Send Campaigns" page. ``POST /v1/businesses/{businessId}/send/campaigns`` with
the header ``X-API-Key``; more than 200 requests per second get 429.
"""

import functools
import ipaddress
import json
import math
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
from pydantic import SecretStr

from lib.connectly import errors
from lib.connectly.errors import N_
from lib.connectly.models import (
    CampaignEntry,
    SendCampaignsOptions,
    SendCampaignsRequest,
    SendCampaignsResponse,
    clean_text,
)

BASE_URL: Final = "https://api.connectly.ai"
CONNECT_TIMEOUT: Final = 10.0
READ_TIMEOUT: Final = 30.0
# Idle connections are closed before a server may close them: a request that is sent into a closing
# connection has an unknown outcome.
LIMITS: Final = httpx.Limits(keepalive_expiry=2.0)
# A response has a few hundred bytes for each sendout.
MAX_RESPONSE_BYTES: Final = 8 * 1024 * 1024
MAX_BODY_BYTES: Final = 1024 * 1024
"""Recommended limit of a request in bytes. The limit of the API is not published."""
MAX_RETRY_AFTER: Final = 300.0
"""A longer ``Retry-After`` is cut to this many seconds. The next request shows whether it holds."""

_BY_STATUS: Final[dict[int, type[errors.ConnectlyError]]] = {
    401: errors.AuthenticationFailed,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    409: errors.Conflict,
    413: errors.RequestTooLarge,
    429: errors.RateLimited,
}


@dataclass(frozen=True)
class Target:
    """The URL of requests and the key to send with them."""

    url: str
    api_key: SecretStr

    @classmethod
    def build(cls, base_url: str, business_id: str, api_key: str | SecretStr) -> "Target":
        """Check the values and build the URL.

        Raises InsecureAddress if the address is not safe for a key, and ValueError if the business
        id or the key is missing or malformed.
        """
        _require_safe_address(base_url)
        if not business_id.strip():
            raise ValueError(N_("The business ID is missing."))
        key = api_key if isinstance(api_key, SecretStr) else SecretStr(api_key)
        secret = key.get_secret_value()
        if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
            raise ValueError(N_("The key is missing or contains characters that no key has."))
        path = f"/v1/businesses/{quote(business_id.strip(), safe='')}/send/campaigns"
        return cls(base_url.rstrip("/") + path, key)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request, including the key."""
        return {
            "X-API-Key": self.api_key.get_secret_value(),
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "sendout-studio",
        }

    @property
    def is_loopback(self) -> bool:
        """Whether the address is on this machine."""
        return _is_loopback(urlsplit(self.url).hostname or "")


def _require_safe_address(base_url: str) -> None:
    """Raise InsecureAddress unless a key may be sent to an address."""
    malformed = N_("The address is not a plain server address.")
    try:
        parts = urlsplit(base_url)
        host = parts.hostname or ""
        # Each of these raises an error if its part of the address is malformed.
        _ = parts.port, httpx.URL(base_url).host, host.encode("idna")
    except (httpx.InvalidURL, ValueError):
        raise errors.InsecureAddress(malformed) from None
    if not host or parts.username is not None or parts.password is not None:
        raise errors.InsecureAddress(malformed)
    if parts.query or parts.fragment:
        raise errors.InsecureAddress(N_("The address must end with the server's name or a path."))
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)):
        return
    raise errors.InsecureAddress(
        N_("The address must start with https:// so that the key is encrypted.")
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Return the TLS context that all clients share. Creating one takes 18 ms and 0.8 MB."""
    return httpx.create_ssl_context()


def request_body(entries: Sequence[CampaignEntry], options: SendCampaignsOptions | None) -> bytes:
    """Return the body of a request. Raises InvalidEntry if there are no entries."""
    if not entries:
        raise errors.InvalidEntry(["entries: there are none"])
    request = SendCampaignsRequest(
        entries=tuple(entries), options=options or SendCampaignsOptions()
    )
    return request.to_json().encode()


def body_size(entries: Sequence[CampaignEntry]) -> int:
    """Return the size in bytes of a request with these entries."""
    return len(request_body(entries, None))


def require_acceptable_size(received: bytearray, status: int) -> None:
    """Raise UnreadableAnswer if a response is too large to be one of the API's."""
    if len(received) > MAX_RESPONSE_BYTES:
        raise errors.UnreadableAnswer(status=status)


def is_redirect(status: int) -> bool:
    """Return whether a status is one of those that httpx would look for an address in."""
    return 300 <= status < 400


def has_bytes_left(response: httpx.Response) -> bool:
    """Return whether the server sent more bytes than the response that was just read.

    httpx would read them as the response to the next request of the connection. It has no public
    way to ask. Other transports than httpx's own have no such bytes.
    """
    found: Any = response.stream
    for name in ("_stream", "_httpcore_stream", "_stream", "_connection", "_h11_state"):
        found = getattr(found, name, None)
    return found is not None and bool(found.trailing_data[0])


def read_response(status: int, headers: httpx.Headers, body: bytes) -> SendCampaignsResponse:
    """Return the response of the API, or raise the ConnectlyError for its status and body.

    A returned response does not mean that entries were accepted: its counts decide (see
    `lib.connectly.tally_response`).
    """
    if 200 <= status < 300:
        try:
            return SendCampaignsResponse.from_json(body.decode())
        except (ValueError, TypeError, RecursionError):
            raise errors.UnreadableAnswer(status=status) from None
    details = _read_error_body(body)
    raise _error_class(status)(
        status=status,
        code=clean_text(details.get("code")),
        error_type=clean_text(details.get("type")),
        trace_id=clean_text(details.get("cntTraceId")),
        vendor_message=clean_text(details.get("userMessage")) or clean_text(details.get("message")),
        retry_after=_read_retry_after(headers.get("Retry-After")),
    )


def _error_class(status: int) -> type[errors.ConnectlyError]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if is_redirect(status):
        # A 303 says that the request was processed; a 304 answers no POST.
        return errors.UnreadableAnswer if status in {303, 304} else errors.RedirectRefused
    if 400 <= status < 500:
        # 408 and 499 come from a proxy that stopped waiting.
        return errors.ReadTimedOut if status in {408, 499} else errors.BadRequest
    return errors.ServerError


def _read_error_body(body: bytes) -> dict[str, Any]:
    """Return the fields of an error body: Connectly's, a google.rpc.Status, or {} for others."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(found, dict) and isinstance(found.get("error"), dict):
        found = found["error"]
    return found if isinstance(found, dict) else {}


def _read_retry_after(value: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header, which has a number or an HTTP date."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    if not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def translate_error(error: httpx.HTTPError) -> errors.ConnectlyError:
    """Return the ConnectlyError for an error of httpx.

    Only errors before the first byte is sent are a NotSentError: no connection, no free place in
    the pool, an address that httpx refuses. After that, the API may have received the request.
    """
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return errors.ConnectionFailed()
        case httpx.ProxyError() | httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            return errors.ConnectionFailed()
        case httpx.TimeoutException():
            return errors.ReadTimedOut()
        case httpx.TooManyRedirects():
            return errors.RedirectRefused()
        case httpx.DecodingError():
            return errors.UnreadableAnswer()
        case _:
            return errors.ConnectionLost()
