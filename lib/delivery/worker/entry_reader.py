"""Read the entries of claimed batches from stored plans, in blocks."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import numpy as np

from lib.campaign import FrozenPlan, PlanUnreadableError
from lib.connectly import CampaignEntry
from lib.delivery.ledger.claims import Claim
from lib.settings import Settings
from lib.storage import StorageError

_LOGGER: Final = logging.getLogger(__name__)

_BLOCK: Final = 2_000
_MAX_BLOCKS: Final = 8
# Pauses between retries while the shared storage is unavailable; nothing is sent in between.
_RETRY_SECONDS: Final = (0.0, 0.5, 1.0, 2.0)
_MAX_SECONDS: Final = 10.0


def numbers_of(entries: Sequence[CampaignEntry]) -> np.ndarray:
    """Return the phone numbers of entries (`int64`)."""
    return np.array([int(each.client.removeprefix("+")) for each in entries], dtype="int64")


class EntryReader:
    """Reads entries through a cache of the most recently used blocks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._blocks: OrderedDict[tuple[str, int], list[CampaignEntry]] = OrderedDict()

    async def read(self, claim: Claim) -> list[CampaignEntry]:
        """Return the entries of a claim, with the pinned version of its sendout.

        Raises PlanUnreadableError.
        """
        entries = []
        for position in range(claim.start, claim.start + claim.size):
            block = await self._block(claim.plan_id, position // _BLOCK)
            if position % _BLOCK >= len(block):
                raise PlanUnreadableError
            entries.append(block[position % _BLOCK])
        if claim.pinned_version is None:
            return entries
        version = {"campaign_version": claim.pinned_version}
        return [each.model_copy(update=version) for each in entries]

    async def _block(self, plan_id: str, number: int) -> list[CampaignEntry]:
        key = (plan_id, number)
        if key not in self._blocks:
            self._blocks[key] = await self._load_with_retries(plan_id, number)
            if len(self._blocks) > _MAX_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(key)
        return self._blocks[key]

    async def _load_with_retries(self, plan_id: str, number: int) -> list[CampaignEntry]:
        until = time.monotonic() + _MAX_SECONDS
        failure: StorageError | None = None
        for seconds in _RETRY_SECONDS:
            await asyncio.sleep(seconds)
            try:
                return await asyncio.to_thread(self._load_block, plan_id, number)
            except StorageError as error:
                _LOGGER.warning("shared storage unusable", extra={"code": error.code})
                failure = error
            if time.monotonic() > until:
                break
        raise PlanUnreadableError from failure

    def _load_block(self, plan_id: str, number: int) -> list[CampaignEntry]:
        try:
            plan = FrozenPlan.open(plan_id, self._settings)
            return plan.entries(number * _BLOCK, (number + 1) * _BLOCK)
        except StorageError:
            raise
        except OSError as error:
            raise PlanUnreadableError from error
