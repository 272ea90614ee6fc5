"""The synchronous and the asynchronous client of the campaign API.

Neither repeats a request: the API has no idempotency key, so only the caller can decide whether a
repeat is safe (see `lib.connectly.errors`). Neither follows a redirect.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import httpx
from pydantic import SecretStr

from lib.connectly import exchange
from lib.connectly.exchange import BASE_URL, CONNECT_TIMEOUT, READ_TIMEOUT, Target
from lib.connectly.models import CampaignEntry, SendCampaignsOptions, SendCampaignsResponse

# The API responds to no entries with an empty list if it accepts the key.
_NO_ENTRIES: Final = b'{"entries":[]}'


class ConnectlyClient:
    """Synchronous client of the campaign API.

    ``base_url`` must be https, or http on this machine. ``business_id`` and ``api_key`` come from
    Connectly. Timeouts are in seconds. ``transport`` replaces the network, for example
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
        self._http = httpx.Client(
            timeout=httpx.Timeout(read_timeout, connect=connect_timeout),
            verify=exchange.tls_context(),
            limits=exchange.LIMITS,
            transport=transport,
            follow_redirects=False,
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
        try:
            with self._http.stream(
                "POST", target.url, content=body, headers=target.headers
            ) as response:
                received = bytearray()
                for chunk in response.iter_bytes():
                    received += chunk
                    exchange.require_acceptable_size(received, response.status_code)
        except httpx.HTTPError as error:
            raise exchange.translate_error(error) from None
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
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(read_timeout, connect=connect_timeout),
            verify=exchange.tls_context(),
            limits=exchange.LIMITS,
            transport=transport,
            follow_redirects=False,
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
            async with self._http.stream(
                "POST", target.url, content=body, headers=target.headers
            ) as response:
                received = bytearray()
                async for chunk in response.aiter_bytes():
                    received += chunk
                    exchange.require_acceptable_size(received, response.status_code)
        except httpx.HTTPError as error:
            raise exchange.translate_error(error) from None
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
