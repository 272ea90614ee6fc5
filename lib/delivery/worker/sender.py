"""Send the batches of one connection: claim, open an attempt, POST, close the attempt.

An attempt is committed to the ledger before its POST, and its result after. If the worker dies in
between, only the outcome of that batch is unknown.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from enum import Enum, auto
from typing import Final

from lib.campaign import PlanUnreadableError
from lib.connections import ConnectionNotFoundError, ConnectionsDamagedError
from lib.connectly import (
    MAX_BODY_BYTES,
    AsyncConnectlyClient,
    ConnectlyError,
    ErrorClass,
    SendCampaignsOptions,
    body_size,
)
from lib.delivery.answer_policy import Decision, decide_answer, decide_error, decide_unposted
from lib.delivery.ledger import attempts, opt_outs, rate_slots, runs
from lib.delivery.ledger import claims as ledger_claims
from lib.delivery.ledger.attempts import Attempt
from lib.delivery.ledger.claims import Claim
from lib.delivery.ledger.stopped_sendouts import stop_sendout
from lib.delivery.states import OPT_OUT_CODES, AttemptResult, BatchState, Reason
from lib.delivery.worker import metrics
from lib.delivery.worker.claimed_batch import Delivery, Phase
from lib.delivery.worker.client_pool import ConnectionUnfitError, PacedClientPool
from lib.delivery.worker.current_exclusions import CurrentExclusions, ExcludeListsUnreadableError
from lib.delivery.worker.entry_reader import EntryReader, numbers_of
from lib.delivery.worker.group_commit import GroupWriter, LedgerTransaction
from lib.delivery.worker.heartbeat import Heartbeat
from lib.delivery.worker.refusals import Refusals
from lib.error_catalogue import explain

_LOGGER: Final = logging.getLogger(__name__)

# Batches claimed ahead: enough to bridge the time of a claim, few enough that a quick test is sent
# soon.
_MAX_AHEAD: Final = 40
_MAX_UNDER_WAY: Final = 160
_MAX_HELD: Final = 500
# Maximum entries in memory.
_MAX_ENTRIES: Final = 10_000
# Open attempts that are not posted yet: enough to bridge a slow commit, and few, because their
# outcomes are unknown if the worker dies.
_MAX_OPENING: Final = 16
# Consecutive unknown outcomes after which the connection is paused.
_MAX_CONSECUTIVE_UNKNOWN: Final = 20
# Recipients rejected in a row because of their campaign, after which the sendout is stopped.
_MAX_CAMPAIGN_REJECTIONS: Final = 20
_REPEAT_AFTER_SECONDS: Final = (1.0, 4.0)


class _Refusal(Enum):
    """Why no attempt was opened."""

    NOT_NOW = auto()  # nothing may be sent now, or another worker owns the batch
    OPTED_OUT = auto()  # a recipient of the batch has opted out


class ConnectionSender:
    """Sends all batches of one connection."""

    def __init__(
        self,
        name: str,
        *,
        heartbeat: Heartbeat,
        clients: PacedClientPool,
        writer: GroupWriter,
        reader: EntryReader,
        exclusions: CurrentExclusions,
        stopping: asyncio.Event,
    ) -> None:
        self._name = name
        self._heartbeat = heartbeat
        self._commits_failed = 0
        self._claimed: set[int] = set()
        self._clients = clients
        self._writer = writer
        self._reader = reader
        self._exclusions = exclusions
        self._stopping = stopping
        self._refusals = Refusals()
        self._consecutive_unknown = 0
        # Recipients rejected in a row for each run and sendout, because of the campaign itself.
        self._campaign_rejections: Counter[tuple[str, int]] = Counter()
        # Sendouts that were stopped, until batches of them are claimed again.
        self._stopped_sendouts: set[tuple[str, int]] = set()
        self._opening = asyncio.Semaphore(_MAX_OPENING)
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._phases: Counter[Phase | None] = Counter()
        self._entries = 0
        # True at first, so that the first response clears what an earlier worker recorded.
        self._recorded_unreachable = True

    def wake(self) -> None:
        """Signal that there may be batches to claim, or that it is time to stop."""
        self._work.set()

    async def run(self) -> None:
        """Claim and send until told to stop, then wait for open requests."""
        try:
            async with asyncio.TaskGroup() as deliveries:
                while not self._stopping.is_set():
                    await self._work.wait()
                    self._work.clear()
                    await self._room.wait()
                    while await self._claim(deliveries):
                        await self._room.wait()
        finally:
            await self._clients.close()

    async def _claim(self, deliveries: asyncio.TaskGroup) -> bool:
        """Claim as many batches as there is room for and start sending them; return whether any."""
        if not self._may_send() or not await self._is_fit():
            return False
        # Repeated batches may have taken the room.
        most = max(_MAX_AHEAD - self._phases[Phase.AHEAD], 1)
        owner = self._heartbeat.worker_id
        business = self._clients.business
        has_failed_commits = self._writer.failures != self._commits_failed
        self._commits_failed = self._writer.failures

        def operation(transaction: LedgerTransaction) -> list[Claim]:
            if has_failed_commits:
                # A commit that was reported as failed may have claimed batches.
                ledger_claims.release_all_but(transaction.db, self._name, owner, self._claimed)
            return ledger_claims.claim(
                transaction.db, self._name, owner, most, transaction.now, business=business
            )

        claims = await self._writer.write(operation)
        self._claimed |= {claim.batch_id for claim in claims}
        self._stopped_sendouts -= {(claim.run_id, claim.sendout) for claim in claims}
        for claim in claims:
            try:
                entries = await self._reader.read(claim)
            except PlanUnreadableError:
                await self._pause_run(claim.run_id, Reason.PLAN_MISSING)
                self._claimed.discard(claim.batch_id)
                continue
            if len(entries) > 1 and body_size(entries) > MAX_BODY_BYTES:
                await self._split(claim)
                continue
            numbers = numbers_of(entries)
            delivery = Delivery(claim, entries, claim.attempts, claim.has_unknown_attempt, numbers)
            self._move(delivery, Phase.AHEAD)
            deliveries.create_task(self._deliver(delivery))
        return bool(claims)

    async def _is_fit(self) -> bool:
        """Load the connection; pause its runs and return False if it cannot be used."""
        try:
            await self._clients.refresh()
        except ConnectionNotFoundError:
            reason = Reason.CONNECTION_MISSING
        except ConnectionUnfitError:
            reason = Reason.CONNECTION_UNFIT
        except ConnectionsDamagedError:
            reason = Reason.CONNECTIONS_DAMAGED
        else:
            return True
        await self._writer.write(
            lambda transaction: runs.pause_connection(transaction.db, self._name, reason)
        )
        _LOGGER.warning("connection unusable", extra={"code": reason})
        return False

    async def _split(self, claim: Claim) -> None:
        await self._writer.write(
            lambda transaction: attempts.split(
                transaction.db, claim, has_unknown_attempt=claim.has_unknown_attempt
            )
        )
        self._claimed.discard(claim.batch_id)
        self._work.set()

    async def _pause_run(self, run_id: str, reason: Reason) -> None:
        await self._writer.write(lambda transaction: runs.pause(transaction.db, run_id, reason))
        _LOGGER.warning("run paused", extra={"run": run_id, "code": reason})

    async def _deliver(self, delivery: Delivery) -> None:
        """Attempt a batch until it has an outcome or is released."""
        try:
            while await self._attempt(delivery):
                self._move(delivery, Phase.HELD)
                await self._sleep(_REPEAT_AFTER_SECONDS[min(delivery.unknown_attempts, 2) - 1])
                self._move(delivery, Phase.AHEAD)
        finally:
            self._claimed.discard(delivery.claim.batch_id)
            self._move(delivery, None)

    async def _attempt(self, delivery: Delivery) -> bool:
        """Make one attempt; return whether to repeat it."""
        async with self._opening:
            opened = await self._open_attempt(delivery)
            if opened is _Refusal.OPTED_OUT:
                await self._withhold(delivery)
                return False
            if opened is _Refusal.NOT_NOW:
                await self._release(delivery)
                return False
            client = await self._clients.ready(delivery.claim.business)
        if client is not None and not self._heartbeat.is_current:
            # This process was suspended and may have been evicted.
            await self._clients.give_back(client)
            client = None
        if client is None:
            decision = decide_unposted(delivery.context())
        else:
            self._move(delivery, Phase.UNDER_WAY)
            decision = await self._post(delivery, client)
        await self._close_attempt(delivery, opened, decision)
        return decision.state is BatchState.SENDING

    async def _open_attempt(self, delivery: Delivery) -> Attempt | _Refusal:
        """Commit an attempt, unless nothing may be sent now or a recipient has opted out."""
        while (
            delivery.unknown_attempts and self._clients.pause_left and not self._stopping.is_set()
        ):
            await self._sleep(self._clients.pause_left)
        claim = delivery.claim
        try:
            if (await self._exclusions.mask(delivery.numbers, claim.ignored_lists)).any():
                return _Refusal.OPTED_OUT
        except ExcludeListsUnreadableError:
            await self._pause_run(claim.run_id, Reason.EXCLUDE_LISTS_UNREADABLE)
            return _Refusal.NOT_NOW
        if not self._may_send():
            return _Refusal.NOT_NOW

        def operation(transaction: LedgerTransaction) -> Attempt | _Refusal:
            business_id = claim.business.business_id
            if opt_outs.any_opted_out(transaction.db, business_id, delivery.people):
                return _Refusal.OPTED_OUT
            opened = attempts.open_attempt(
                transaction.db, claim, delivery.attempts, transaction.now
            )
            return opened or _Refusal.NOT_NOW

        return await self._writer.write(operation)

    def _may_send(self) -> bool:
        return (
            self._heartbeat.is_current
            and not self._stopping.is_set()
            and not self._clients.pause_left
        )

    async def _withhold(self, delivery: Delivery) -> None:
        """Withhold a batch in which a recipient has opted out since it was confirmed."""
        await self._writer.write(
            lambda transaction: attempts.withhold(
                transaction.db,
                delivery.claim,
                has_unknown_attempt=delivery.has_unknown_attempt,
                now=transaction.now,
            )
        )
        self._work.set()

    async def _release(self, delivery: Delivery) -> None:
        """Release a batch that was only claimed; one that waited for a repeat stays unknown."""
        claim = delivery.claim

        def operation(transaction: LedgerTransaction) -> None:
            if delivery.unknown_attempts:
                attempts.set_batch_state(
                    transaction.db,
                    claim,
                    BatchState.UNKNOWN,
                    delivery.last_code,
                    has_unknown_attempt=True,
                    now=transaction.now,
                )
            else:
                ledger_claims.release(transaction.db, claim)

        await self._writer.write(operation)

    async def _post(self, delivery: Delivery, client: AsyncConnectlyClient) -> Decision:
        options = SendCampaignsOptions(
            if_version_unspecified=delivery.claim.version_behavior,
            if_duplicate_check_unspecified=delivery.claim.duplicates,
        )
        answer = await self._clients.post(client, delivery.entries, options)
        context = delivery.context()
        if isinstance(answer, ConnectlyError):
            decision = decide_error(answer, context)
        else:
            decision = decide_answer(delivery.entries, answer, context)
        is_unknown = decision.result is AttemptResult.UNKNOWN
        self._consecutive_unknown = self._consecutive_unknown + 1 if is_unknown else 0
        return self._refusals.judge(delivery.claim.batch_id, decision, context)

    async def _close_attempt(self, delivery: Delivery, opened: Attempt, decision: Decision) -> None:
        """Commit the result of an attempt, and its effects on all runs of the connection."""
        claim = delivery.claim
        delivery.attempts = opened.number
        delivery.last_code = decision.error_code
        if decision.result is AttemptResult.UNKNOWN:
            delivery.unknown_attempts += 1
            delivery.has_unknown_attempt = True
        unreachable = not self._clients.is_reachable
        record_reason = unreachable or self._recorded_unreachable
        self._recorded_unreachable = unreachable
        pause_all = self._connection_pause(decision)
        stopped_code = self._campaign_stop(claim, decision)
        pause = self._clients.pause_left if self._clients.is_asked_to_pause else 0.0
        self._clients.is_asked_to_pause = False

        def operation(transaction: LedgerTransaction) -> None:
            attempts.close_attempt(
                transaction.db,
                claim,
                opened,
                decision,
                has_unknown_attempt=delivery.has_unknown_attempt,
                now=transaction.now,
            )
            opted_out = decision.error_code in OPT_OUT_CODES
            if opted_out and decision.result is AttemptResult.REJECTED and claim.size == 1:
                opt_outs.note_opt_outs(
                    transaction.db, claim.business.business_id, delivery.people, transaction.now
                )
            if record_reason:
                reason = Reason.UNREACHABLE if unreachable else None
                runs.set_reason(transaction.db, self._name, reason)
            if stopped_code is not None:
                stop_sendout(transaction.db, claim.run_id, claim.sendout, stopped_code)
            if pause_all is not None:
                runs.pause_connection(transaction.db, self._name, pause_all)
            if pause:
                rate_slots.pause_line(transaction.db, self._name, pause, transaction.now)

        await self._writer.write(operation)
        metrics.ATTEMPTS.labels(decision.result).inc()
        if pause:
            metrics.PAUSES.inc()
        if decision.result in {AttemptResult.UNKNOWN, AttemptResult.NOT_SENT}:
            _log_attempt(claim, opened, decision)

    def _connection_pause(self, decision: Decision) -> Reason | None:
        """Return the reason why the connection has to be paused now, or None."""
        if self._consecutive_unknown < _MAX_CONSECUTIVE_UNKNOWN:
            return decision.pause_connection
        self._consecutive_unknown = 0
        return Reason.NO_CLEAR_ANSWER

    def _campaign_stop(self, claim: Claim, decision: Decision) -> str | None:
        """Return the code for which the sendout of a batch has to stop now, or None."""
        sendout = (claim.run_id, claim.sendout)
        if sendout in self._stopped_sendouts:
            return None  # the request was in progress when the sendout was stopped
        if decision.result is AttemptResult.ACCEPTED:
            del self._campaign_rejections[sendout]
        is_rejected = decision.state is BatchState.REJECTED
        if is_rejected and explain(decision.error_code).error_class is ErrorClass.FIX_CAMPAIGN:
            self._campaign_rejections[sendout] += claim.size
        if self._campaign_rejections[sendout] < _MAX_CAMPAIGN_REJECTIONS:
            return None
        del self._campaign_rejections[sendout]
        self._stopped_sendouts.add(sendout)
        return decision.error_code

    def _move(self, delivery: Delivery, phase: Phase | None) -> None:
        """Set the phase of a delivery, and update whether there is room for more."""
        if delivery.phase is None or phase is None:
            self._entries += delivery.claim.size if delivery.phase is None else -delivery.claim.size
        self._phases[delivery.phase] -= 1
        self._phases[phase] += 1
        delivery.phase = phase
        if (
            self._phases[Phase.AHEAD] <= _MAX_AHEAD // 2
            and self._phases[Phase.UNDER_WAY] < _MAX_UNDER_WAY
            and self._phases[Phase.HELD] < _MAX_HELD
            and self._entries < _MAX_ENTRIES
        ):
            self._room.set()
        else:
            self._room.clear()
        if not any(self._phases[each] for each in Phase):
            # The run may be finished, so check immediately.
            self._work.set()

    async def _sleep(self, seconds: float) -> None:
        """Sleep, or return early when told to stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def _log_attempt(claim: Claim, opened: Attempt, decision: Decision) -> None:
    _LOGGER.info(
        "attempt ended",
        extra={
            "run": claim.run_id,
            "batch": claim.batch_id,
            "attempt": opened.number,
            "result": decision.result,
            "status": decision.http_status,
            "code": decision.error_code,
        },
    )
