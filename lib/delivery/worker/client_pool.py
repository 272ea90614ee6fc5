"""HTTP clients of one connection: they keep to its rate, and pause when the API asks (429)."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from typing import Final

from lib.connections import (
    Business,
    Connection,
    ConnectionNotFoundError,
    ConnectionsDamagedError,
    connections_are_damaged,
    get_connection,
)
from lib.connectly import (
    AsyncConnectlyClient,
    CampaignEntry,
    ConnectionFailed,
    ConnectlyError,
    OutcomeUnknownError,
    RateLimited,
    SendCampaignsOptions,
    SendCampaignsResponse,
    UnexpectedFailure,
)
from lib.delivery.ledger.rate_slots import SlotLease, lease_slots
from lib.delivery.worker.group_commit import GroupWriter, LedgerTransaction
from lib.delivery.worker.metrics import RESPONSE_SECONDS
from lib.delivery.worker.pacing import Backoff, LocalSlotLease, Pacer
from lib.settings import Settings

_LOGGER: Final = logging.getLogger(__name__)

# With the slots left at a refill, enough for the fifth of a second that a slow commit takes.
_SLOTS_AT_ONCE: Final = 16


class ConnectionUnfitError(Exception):
    """The address or the key of the connection is malformed or insecure."""


class PacedClientPool:
    """Sends one request per leased slot, and none during a pause that the API has asked for.

    Slots and pauses come from the ledger and are shared by all workers. Each client sends one
    request at a time: many clients with one HTTP connection use half the CPU of one client with a
    large connection pool.
    """

    def __init__(self, name: str, settings: Settings, writer: GroupWriter) -> None:
        self._name = name
        self._settings = settings
        self._writer = writer
        self._connection: Connection | None = None
        self._idle: list[AsyncConnectlyClient] = []
        self._borrowed: set[AsyncConnectlyClient] = set()
        self._pacer = Pacer(self._lease_slots)
        self._backoff = Backoff()
        self.is_reachable = True
        # The API has asked for a pause that is not yet in the ledger.
        self.is_asked_to_pause = False

    async def refresh(self) -> None:
        """Load the connection, and replace all clients if it has changed.

        Raises ConnectionNotFoundError if it was deleted, ConnectionsDamagedError if it may be in a
        file that cannot be read, ConnectionUnfitError if its address or key is malformed or
        insecure.
        """
        try:
            connection = get_connection(self._name, self._settings)
        except ConnectionNotFoundError:
            if connections_are_damaged(self._settings):
                raise ConnectionsDamagedError from None
            raise
        if connection == self._connection:
            return
        client = await asyncio.to_thread(self._new_client, connection)
        # No await between these lines: no client of the former connection can be borrowed once the
        # new one is in effect.
        former, self._idle, self._borrowed = self._idle, [client], set()
        self._connection = connection
        await _close(former)

    @property
    def business(self) -> Business:
        """The business of the connection as it was last loaded."""
        assert self._connection is not None
        return self._connection.business

    @property
    def pause_left(self) -> float:
        """Remaining seconds of the pause, 0 without one."""
        return self._pacer.pause_left

    async def ready(self, business: Business) -> AsyncConnectlyClient | None:
        """Wait for a slot, and return a client to send one request to this business.

        Return None in a pause, or if the connection has changed to another business. The client is
        created before its slot, because that takes longer than a slot may be late.
        """
        client = await self._borrow()
        while (slot := await self._pacer.reserve()) is not None:
            await asyncio.sleep(slot - time.monotonic())
            if self._pacer.take(slot):
                # The connection may have changed during the wait.
                if client in self._borrowed and self.business == business:
                    return client
                break
        await self.give_back(client)
        return None

    async def give_back(self, client: AsyncConnectlyClient) -> None:
        """Return a borrowed client to the pool, or close it if the connection has changed."""
        if client in self._borrowed:
            self._borrowed.remove(client)
            self._idle.append(client)
        else:
            await client.aclose()

    async def post(
        self,
        client: AsyncConnectlyClient,
        entries: Sequence[CampaignEntry],
        options: SendCampaignsOptions,
    ) -> SendCampaignsResponse | ConnectlyError:
        """Send one request; return the response or the error, and pause if the API asks for it."""
        sent_at = time.monotonic()
        try:
            answer: SendCampaignsResponse | ConnectlyError = await client.send_campaigns(
                entries, options=options
            )
        except ConnectlyError as error:
            answer = error
        except Exception:
            # The request may have been sent. One row's outcome is unknown; the others go on.
            _LOGGER.exception("request failed unexpectedly")
            answer = UnexpectedFailure()
        finally:
            RESPONSE_SECONDS.observe(time.monotonic() - sent_at)
            await self.give_back(client)
        self._note_result(answer, sent_at)
        return answer

    async def _lease_slots(self) -> LocalSlotLease:
        assert self._connection is not None
        rate = self._connection.rate

        def operation(transaction: LedgerTransaction) -> tuple[float, SlotLease]:
            slots = lease_slots(
                transaction.db, self._name, _SLOTS_AT_ONCE, rate=rate, now=transaction.now
            )
            return transaction.read_at, slots

        read_at, slots = await self._writer.write(operation)
        first = read_at + slots.first
        times = tuple(first + number * slots.spacing for number in range(slots.number))
        return LocalSlotLease(times, slots.pause)

    async def close(self) -> None:
        """Stop leasing slots and close all clients; borrowed ones are closed when returned."""
        self._pacer.close()
        idle, self._idle, self._borrowed = self._idle, [], set()
        await _close(idle)

    def _note_result(self, answer: SendCampaignsResponse | ConnectlyError, sent_at: float) -> None:
        """Pause after a 429 or without a connection."""
        if isinstance(answer, OutcomeUnknownError):
            return
        self.is_reachable = not isinstance(answer, ConnectionFailed)
        if isinstance(answer, RateLimited | ConnectionFailed):
            self._pacer.pause_until(self._backoff.failed(sent_at, answer.retry_after))
            self.is_asked_to_pause |= isinstance(answer, RateLimited)
        else:
            self._backoff.succeeded(sent_at)

    async def _borrow(self) -> AsyncConnectlyClient:
        while True:
            connection = self._connection
            assert connection is not None
            if self._idle:
                client = self._idle.pop()
            else:
                client = await asyncio.to_thread(self._new_client, connection)
            if connection is self._connection:
                self._borrowed.add(client)
                return client
            await client.aclose()

    def _new_client(self, connection: Connection) -> AsyncConnectlyClient:
        try:
            return AsyncConnectlyClient(
                base_url=connection.base_url,
                business_id=connection.business_id,
                api_key=connection.api_key,
                connect_timeout=self._settings.connect_timeout,
                read_timeout=self._settings.read_timeout,
            )
        except ValueError as error:
            raise ConnectionUnfitError from error


async def _close(clients: Iterable[AsyncConnectlyClient]) -> None:
    for client in clients:
        await client.aclose()
