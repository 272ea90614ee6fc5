"""The two clients of the campaign API: one that waits, and its asynchronous twin.

Neither repeats a request by itself: there is no idempotency key, so only the caller can know
whether a repeat is safe (see `lib.connectly.errors`). Neither follows a redirect.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import httpx
from pydantic import SecretStr

from lib.connectly import exchange
from lib.connectly.errors import UnreadableAnswer
from lib.connectly.exchange import BASE_URL, CONNECT_TIMEOUT, READ_TIMEOUT, Target
from lib.connectly.models import CampaignEntry, SendCampaignsOptions, SendCampaignsResponse

# The one call without effect: the API answers it with an empty list, if it takes the key.
_NO_ENTRIES: Final = b'{"entries":[]}'


class ConnectlyClient:
    """Send campaign entries, one request at a time.

    ``base_url`` must be https, or http on this machine; ``business_id`` and ``api_key`` come from
    Connectly; the timeouts are seconds. A ``transport`` of httpx's takes the network's place. A
    proxy named by the environment is used, except for addresses on this machine.

    Raises InsecureAddress or ValueError where these cannot be right. Close the client after use, or
    use it as a context manager.
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
        self._target = Target.of(base_url, business_id, api_key)
        self._http = httpx.Client(
            timeout=httpx.Timeout(read_timeout, connect=connect_timeout),
            verify=exchange.tls_context(),
            limits=exchange.LIMITS,
            transport=transport,
            follow_redirects=False,
            trust_env=not self._target.is_on_this_machine,
        )

    def send_campaigns(
        self,
        entries: Sequence[CampaignEntry],
        *,
        options: SendCampaignsOptions | None = None,
    ) -> SendCampaignsResponse:
        """Send entries in one request and return what the API says of each sendout.

        A response is no proof of success: the counts are (see `judge`). Raises InvalidEntry where
        there is no entry, NotSentError where nothing was taken for certain, OutcomeUnknownError
        where it may have been.
        """
        return self._post(exchange.body_of(entries, options))

    def check_connection(self) -> None:
        """Ask whether the API takes the key, by the one call without effect; else raise why not."""
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
                    _require_sane(received, response.status_code)
        except httpx.HTTPError as error:
            raise exchange.translate(error) from None
        return exchange.read_answer(response.status_code, response.headers, bytes(received))

    def close(self) -> None:
        """Close the connection."""
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
    """Send campaign entries from asyncio code: `ConnectlyClient` with ``await``."""

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
        self._target = Target.of(base_url, business_id, api_key)
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(read_timeout, connect=connect_timeout),
            verify=exchange.tls_context(),
            limits=exchange.LIMITS,
            transport=transport,
            follow_redirects=False,
            trust_env=not self._target.is_on_this_machine,
        )

    async def send_campaigns(
        self,
        entries: Sequence[CampaignEntry],
        *,
        options: SendCampaignsOptions | None = None,
    ) -> SendCampaignsResponse:
        """Send entries in one request, as `ConnectlyClient.send_campaigns` does."""
        return await self._post(exchange.body_of(entries, options))

    async def check_connection(self) -> None:
        """Ask whether the API takes the key, as `ConnectlyClient.check_connection` does."""
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
                    _require_sane(received, response.status_code)
        except httpx.HTTPError as error:
            raise exchange.translate(error) from None
        return exchange.read_answer(response.status_code, response.headers, bytes(received))

    async def aclose(self) -> None:
        """Close the connection."""
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


def _require_sane(received: bytearray, status: int) -> None:
    if len(received) > exchange.MAX_ANSWER_BYTES:
        raise UnreadableAnswer(status=status)
