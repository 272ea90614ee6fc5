"""Read the entries of claimed batches from the frozen plans, a block at a time."""

import asyncio
from collections import OrderedDict
from typing import Final

from lib.campaign import FrozenPlan
from lib.connectly import CampaignEntry
from lib.delivery.ledger_claims import Claim
from lib.settings import Settings

_BLOCK: Final = 2_000
_MOST_BLOCKS: Final = 8


class PlanUnreadableError(Exception):
    """The file of a frozen plan is missing or damaged."""


class EntryReader:
    """Keeps the blocks used last, so that memory does not grow with the plan."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._blocks: OrderedDict[tuple[str, int], list[CampaignEntry]] = OrderedDict()

    async def read(self, claim: Claim) -> list[CampaignEntry]:
        """Return the entries of a claim, with the version that its sendout is pinned to.

        Raises PlanUnreadableError.
        """
        entries = []
        for position in range(claim.start, claim.start + claim.size):
            block = await self._block(claim.plan_id, position // _BLOCK)
            entries.append(block[position % _BLOCK])
        if claim.pinned_version is None:
            return entries
        version = {"campaign_version": claim.pinned_version}
        return [each.model_copy(update=version) for each in entries]

    async def _block(self, plan_id: str, number: int) -> list[CampaignEntry]:
        key = (plan_id, number)
        if key not in self._blocks:
            self._blocks[key] = await asyncio.to_thread(self._load, plan_id, number)
            if len(self._blocks) > _MOST_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(key)
        return self._blocks[key]

    def _load(self, plan_id: str, number: int) -> list[CampaignEntry]:
        try:
            plan = FrozenPlan.open(plan_id, self._settings)
            return plan.entries(number * _BLOCK, (number + 1) * _BLOCK)
        except (OSError, ValueError) as error:
            raise PlanUnreadableError from error
