"""The synchronous and the asynchronous client of the campaign API.

Neither repeats a request: the API has no idempotency key, so only the caller can decide whether a
repeat is safe (see `lib.connectly.errors`). Neither follows a redirect.
"""

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import httpx
from pydantic import SecretStr

from lib.connectly import exchange
from lib.connectly.errors import ReadTimedOut
from lib.connectly.exchange import BASE_URL, CONNECT_TIMEOUT, READ_TIMEOUT, Target
from lib.connectly.models import CampaignEntry, SendCampaignsOptions, SendCampaignsResponse

# The API responds to no entries with an empty list if it accepts the key.
_NO_ENTRIES: Final = b'{"entries":[]}'


def _refuse_redirect(response: httpx.Response) -> None:
    """Raise the error of a redirect before httpx reads its address, which may be malformed."""
    if exchange.is_redirect(response.status_code):
        exchange.read_response(response.status_code, response.headers, b"")


async def _refuse_redirect_async(response: httpx.Response) -> None:
    _refuse_redirect(response)


class ConnectlyClient:
    """Synchronous client of the campaign API.

    ``base_url`` must be https, or http on this machine. ``business_id`` and ``api_key`` come from
    Connectly. Timeouts are in seconds; both together limit a request, however slowly its response
    arrives. (This client cannot limit slow headers, `AsyncConnectlyClient` can.) ``transport``
    replaces the network, for example
    ``httpx.MockTransport`` or ``httpx.WSGITransport``. A proxy that the environment names is used,
    except for addresses on this machine.

    Raises InsecureAddress if the address is not safe for a key, and ValueError if the business id
    or the key is missing or malformed. Close the client after use, or use it as a context manager.
    """

    def __init__(
        self,
        *,
        base_url: str = BASE_URL,
        business_id: str,
        api_key: str | SecretStr,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._target = Target.build(base_url, business_id, api_key)
        self._timeout = httpx.Timeout(read_timeout, connect=connect_timeout)
        self._seconds = connect_timeout + read_timeout
        self._transport = transport
        self._http = self._new_http()

    def _new_http(self) -> httpx.Client:
        return httpx.Client(
            timeout=self._timeout,
            verify=exchange.tls_context(),
            limits=exchange.LIMITS,
            transport=self._transport,
            follow_redirects=False,
            event_hooks={"response": [_refuse_redirect]},
            trust_env=not self._target.is_loopback,
        )

    def send_campaigns(
        self,
        entries: Sequence[CampaignEntry],
        *,
        options: SendCampaignsOptions | None = None,
    ) -> SendCampaignsResponse:
        """Send entries in one request and return the API's result for each sendout.

        A response does not mean that entries were accepted: its counts decide (see
        `lib.connectly.tally_response`). Raises InvalidEntry if there are no entries, NotSentError
        if nothing was accepted, and OutcomeUnknownError if the request may have been accepted.
        """
        return self._post(exchange.request_body(entries, options))

    def check_connection(self) -> None:
        """Check the address and the key without sending anything. Raises a ConnectlyError."""
        self._post(_NO_ENTRIES)

    def _post(self, body: bytes) -> SendCampaignsResponse:
        target = self._target
        deadline = time.monotonic() + self._seconds
        try:
            with self._http.stream(
                "POST", target.url, content=body, headers=target.headers
            ) as response:
                received = bytearray()
                for chunk in response.iter_bytes():
                    received += chunk
                    exchange.require_acceptable_size(received, response.status_code)
                    if time.monotonic() > deadline:
                        raise ReadTimedOut(status=response.status_code)
                has_bytes_left = exchange.has_bytes_left(response)
        except httpx.HTTPError as error:
            raise exchange.translate_error(error) from None
        if has_bytes_left:
            former, self._http = self._http, self._new_http()
            former.close()
        return exchange.read_response(response.status_code, response.headers, bytes(received))

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._target.url}>"


class AsyncConnectlyClient:
    """Asynchronous client of the campaign API, with the arguments of `ConnectlyClient`.

    ``transport`` is for example ``httpx.ASGITransport``, to call an application in this process.
    """

    def __init__(
        self,
        *,
        base_url: str = BASE_URL,
        business_id: str,
        api_key: str | SecretStr,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._target = Target.build(base_url, business_id, api_key)
        self._timeout = httpx.Timeout(read_timeout, connect=connect_timeout)
        self._seconds = connect_timeout + read_timeout
        self._transport = transport
        self._http = self._new_http()

    def _new_http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            timeout=self._timeout,
            verify=exchange.tls_context(),
            limits=exchange.LIMITS,
            transport=self._transport,
            follow_redirects=False,
            event_hooks={"response": [_refuse_redirect_async]},
            trust_env=not self._target.is_loopback,
        )

    async def send_campaigns(
        self,
        entries: Sequence[CampaignEntry],
        *,
        options: SendCampaignsOptions | None = None,
    ) -> SendCampaignsResponse:
        """Send entries in one request; see `ConnectlyClient.send_campaigns`."""
        return await self._post(exchange.request_body(entries, options))

    async def check_connection(self) -> None:
        """Check the address and the key; see `ConnectlyClient.check_connection`."""
        await self._post(_NO_ENTRIES)

    async def _post(self, body: bytes) -> SendCampaignsResponse:
        target = self._target
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._http.stream(
                    "POST", target.url, content=body, headers=target.headers
                ) as response,
            ):
                received = bytearray()
                async for chunk in response.aiter_bytes():
                    received += chunk
                    exchange.require_acceptable_size(received, response.status_code)
                has_bytes_left = exchange.has_bytes_left(response)
        except TimeoutError:
            raise ReadTimedOut from None
        except httpx.HTTPError as error:
            raise exchange.translate_error(error) from None
        if has_bytes_left:
            former, self._http = self._http, self._new_http()
            await former.aclose()
        return exchange.read_response(response.status_code, response.headers, bytes(received))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._target.url}>"
