"""The line to one connection: its address and key as they stand now, its clients and its pace."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Final

from lib.connections import Business, Connection, get_connection
from lib.connectly import (
    AsyncConnectlyClient,
    CampaignEntry,
    ConnectionFailed,
    ConnectlyError,
    OutcomeUnknownError,
    RateLimited,
    SendCampaignsOptions,
    SendCampaignsResponse,
)
from lib.delivery.ledger.rate_slots import SlotLease, lease_slots
from lib.delivery.worker.group_commit import GroupWriter, LedgerTransaction
from lib.delivery.worker.metrics import ANSWER_SECONDS
from lib.delivery.worker.pacing import Backoff, LocalSlotLease, Pacer
from lib.settings import Settings

# Together with those that are left when more are asked for, enough for a fifth of a second: what a
# slow commit takes.
_SLOTS_AT_ONCE: Final = 16


class ConnectionUnfitError(Exception):
    """The connection's address or key has no form that may be used."""


class PacedClientPool:
    """Lets requests out one slot at a time, and nothing at all while the other side asks for it.

    The slots are the ledger's, shared with all other workers, and so is a pause that the other
    side asks for. One request a client at a time: many clients of a single connection cost half
    the CPU that one client with a large pool does.
    """

    def __init__(self, name: str, settings: Settings, writer: GroupWriter) -> None:
        self._name = name
        self._settings = settings
        self._writer = writer
        self._connection: Connection | None = None
        self._idle: list[AsyncConnectlyClient] = []
        self._lent: set[AsyncConnectlyClient] = set()
        self._pacer = Pacer(self._deal)
        self._backoff = Backoff()
        self.is_reachable = True
        # Answers in doubt, one after the other, since the last clear one.
        self.doubts_running = 0
        # The other side asks for a pause, of which the other workers do not know yet.
        self.is_asked_to_pause = False

    async def refresh(self) -> None:
        """Take the connection as it stands now; where it has changed, use new clients.

        Raises ConnectionNotFoundError where it is gone, ConnectionUnfitError where it has no form
        that may be used.
        """
        connection = get_connection(self._name, self._settings)
        if connection == self._connection:
            return
        client = await asyncio.to_thread(self._new_client, connection)
        # Nothing is awaited between these: no client of the former connection can be lent once the
        # new one counts, however long closing them takes.
        former, self._idle, self._lent = self._idle, [client], set()
        self._connection = connection
        await _close(former)

    @property
    def business(self) -> Business:
        """What the connection leads to, as it was last looked up."""
        assert self._connection is not None
        return self._connection.business

    @property
    def pause_left(self) -> float:
        """Seconds until something may leave again; 0 where it may now."""
        return self._pacer.pause_left

    async def ready(self, business: Business) -> AsyncConnectlyClient | None:
        """Wait for the moment at which one request to this business may leave.

        Returns None where a pause has begun, and where the connection leads elsewhere by then. The
        client is there before its slot comes: making one takes longer than a slot may be late.
        """
        client = await self._borrow()
        while (slot := await self._pacer.reserve()) is not None:
            await asyncio.sleep(slot - time.monotonic())
            if self._pacer.take(slot):
                # The connection may have changed while this waited.
                if client in self._lent and self.business == business:
                    return client
                break
        await self.give_back(client)
        return None

    async def give_back(self, client: AsyncConnectlyClient) -> None:
        """Take a client back that `ready` has lent."""
        if client in self._lent:
            self._lent.remove(client)
            self._idle.append(client)
        else:
            await client.aclose()

    async def post(
        self,
        client: AsyncConnectlyClient,
        entries: Sequence[CampaignEntry],
        options: SendCampaignsOptions,
    ) -> SendCampaignsResponse | ConnectlyError:
        """Make one POST and return what came of it; an answer that calls for a pause begins one."""
        left_at = time.monotonic()
        try:
            answer: SendCampaignsResponse | ConnectlyError = await client.send_campaigns(
                entries, options=options
            )
        except ConnectlyError as error:
            answer = error
        finally:
            ANSWER_SECONDS.observe(time.monotonic() - left_at)
            await self.give_back(client)
        self._learn(answer, left_at)
        return answer

    async def _deal(self) -> LocalSlotLease:
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
        """Want no more slots, and close all clients; those that are lent when they come back."""
        self._pacer.close()
        idle, self._idle, self._lent = self._idle, [], set()
        await _close(idle)

    def _learn(self, answer: SendCampaignsResponse | ConnectlyError, left_at: float) -> None:
        if isinstance(answer, OutcomeUnknownError):
            self.doubts_running += 1
            return
        self.doubts_running = 0
        self.is_reachable = not isinstance(answer, ConnectionFailed)
        if isinstance(answer, RateLimited | ConnectionFailed):
            self._pacer.pause_until(self._backoff.failed(left_at, answer.retry_after))
            self.is_asked_to_pause |= isinstance(answer, RateLimited)
        else:
            self._backoff.succeeded(left_at)

    async def _borrow(self) -> AsyncConnectlyClient:
        while True:
            connection = self._connection
            assert connection is not None
            if self._idle:
                client = self._idle.pop()
            else:
                client = await asyncio.to_thread(self._new_client, connection)
            if connection is self._connection:
                self._lent.add(client)
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
