"""One request and its answer, without input or output: what both clients share.

Built from Connectly's "Send Campaigns" page: ``POST /v1/businesses/{businessId}/send/campaigns``
with the header ``X-API-Key``; 200 requests a second, then 429.
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
from lib.connectly.models import (
    CampaignEntry,
    SendCampaignsOptions,
    SendCampaignsRequest,
    SendCampaignsResponse,
    text_of,
)

BASE_URL: Final = "https://api.connectly.ai"
CONNECT_TIMEOUT: Final = 10.0
READ_TIMEOUT: Final = 30.0
# A connection that rests is closed by us before a server may: a request sent into a closing
# connection would be in doubt for nothing.
LIMITS: Final = httpx.Limits(keepalive_expiry=2.0)
# An answer is a few hundred bytes a sendout; beyond this it is not one.
MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
MAX_BODY_BYTES: Final = 1024 * 1024
"""How large a request should be at the most; where the API draws its own line is not published."""
# A request to wait longer than this is not believed.
MAX_RETRY_AFTER: Final = 3600.0

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
    """Where requests go and with which key."""

    url: str
    api_key: SecretStr

    @classmethod
    def of(cls, base_url: str, business_id: str, api_key: str | SecretStr) -> "Target":
        """Check the address and put it together; raises InsecureAddress and ValueError."""
        _require_safe(base_url)
        if not business_id.strip():
            raise ValueError("The business id is missing.")
        key = api_key if isinstance(api_key, SecretStr) else SecretStr(api_key)
        secret = key.get_secret_value()
        if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
            raise ValueError("The key is missing, or holds characters that no key has.")
        path = f"/v1/businesses/{quote(business_id.strip(), safe='')}/send/campaigns"
        return cls(base_url.rstrip("/") + path, key)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request, the key among them."""
        return {
            "X-API-Key": self.api_key.get_secret_value(),
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "sendout-studio",
        }

    @property
    def is_on_this_machine(self) -> bool:
        """Tell whether the address is a loopback one."""
        return _is_loopback(urlsplit(self.url).hostname or "")


def _require_safe(base_url: str) -> None:
    try:
        parts = urlsplit(base_url)
        host = parts.hostname or ""
        # Reading them is what checks them.
        _ = parts.port, httpx.URL(base_url).host, host.encode("idna")
    except (httpx.InvalidURL, ValueError):
        raise errors.InsecureAddress("The address is no plain address of a server.") from None
    if not host or parts.username is not None or parts.password is not None:
        raise errors.InsecureAddress("The address is no plain address of a server.")
    if parts.query or parts.fragment:
        raise errors.InsecureAddress("The address must end with the server's name or a path.")
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)):
        return
    raise errors.InsecureAddress("The address must begin with https://, so that the key is safe.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Return what all clients trust alike: to read it costs 18 ms and 0.8 MB each time."""
    return httpx.create_ssl_context()


def body_of(entries: Sequence[CampaignEntry], options: SendCampaignsOptions | None) -> bytes:
    """Return the body of a request; raises InvalidEntry where there is no entry."""
    if not entries:
        raise errors.InvalidEntry(["entries: there are none"])
    request = SendCampaignsRequest(
        entries=tuple(entries), options=options or SendCampaignsOptions()
    )
    return request.to_json().encode()


def body_size(entries: Sequence[CampaignEntry]) -> int:
    """Return the bytes of a request that holds these entries."""
    return len(body_of(entries, None))


def read_answer(status: int, headers: httpx.Headers, body: bytes) -> SendCampaignsResponse:
    """Turn an HTTP answer into a response, or raise the ConnectlyError that it amounts to.

    Success is only the absence of a transport's complaint: whether anybody was accepted stands in
    the counts (see `judge`).
    """
    if 200 <= status < 300:
        try:
            return SendCampaignsResponse.from_json(body.decode())
        except (ValueError, TypeError, RecursionError):
            raise errors.UnreadableAnswer(status=status) from None
    complaint = _complaint(body)
    raise _error_class(status)(
        status=status,
        code=text_of(complaint.get("code")),
        error_type=text_of(complaint.get("type")),
        trace_id=text_of(complaint.get("cntTraceId")),
        vendor_message=text_of(complaint.get("userMessage")) or text_of(complaint.get("message")),
        retry_after=_retry_after(headers.get("Retry-After")),
    )


def _error_class(status: int) -> type[errors.ConnectlyError]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 300 <= status < 400:
        return errors.RedirectRefused
    if 400 <= status < 500:
        # 408 and 499 come from something on the way that gave up waiting.
        return errors.ReadTimedOut if status in {408, 499} else errors.BadRequest
    return errors.ServerError


def _complaint(body: bytes) -> dict[str, Any]:
    """Read an error body: Connectly's own, a google.rpc.Status, or something that says nothing."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(found, dict) and isinstance(found.get("error"), dict):
        found = found["error"]
    return found if isinstance(found, dict) else {}


def _retry_after(value: str | None) -> float | None:
    """Read ``Retry-After`` as seconds from now, whether given as seconds or as a date."""
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


def translate(error: httpx.HTTPError) -> errors.ConnectlyError:
    """Turn httpx's complaint into ours, by whether the request can have been taken.

    Only what happens before the first byte is sent is certain: no connection, no place in the
    pool, an address that httpx refuses. Everything later may have reached the API.
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
