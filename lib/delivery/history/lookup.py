"""Who of a plan's people has had their campaign before, over the same connection.

A person is a normalised number, a campaign its name, whatever files they came from. What waits in
a run that goes on counts as well: those people are about to get it. Tests on one's own phone are
no campaigns to people, and do not count.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np

from lib.campaign import Plan
from lib.delivery.history.index import recipient_index
from lib.delivery.ledger.database import open_ledger
from lib.delivery.ledger.history import PreviousSendout, sendouts_of_campaigns
from lib.settings import Settings, get_settings

_NOBODY: Final = np.array([], dtype="int64")


@dataclass(frozen=True)
class CampaignRecipients:
    """How many of a campaign's ``entries`` in the plan go to people who have had it before.

    ``reached`` have had it for certain, the ``last`` of them then; ``coming`` get it from a run
    that still goes on; ``unknown`` may have had it. Nobody counts twice.
    """

    campaign_name: str
    entries: int
    reached: int
    coming: int
    unknown: int
    last: datetime | None


@dataclass(frozen=True)
class PreviousRecipients:
    """The rows of a plan whose people have had their campaign before.

    ``rows`` have had it or are about to, ``unknown_rows`` may have had it; both are rows that are
    sent. ``campaigns`` has those in which there is any, the most reached first. ``unreadable`` is
    the number of earlier sendouts of which nobody can say whom they went to.
    """

    campaigns: tuple[CampaignRecipients, ...]
    rows: np.ndarray = field(repr=False)
    unknown_rows: np.ndarray = field(repr=False)
    unreadable: int

    def left_out(self, *, include_unknown: bool) -> np.ndarray:
        """Return the rows to leave out where only new people are wanted.

        ``include_unknown`` sends to those who may have had the campaign.
        """
        return self.rows if include_unknown else np.union1d(self.rows, self.unknown_rows)


def previous_sendouts(
    plan: Plan, connection: str, *, settings: Settings | None = None
) -> tuple[PreviousSendout, ...]:
    """Return the sendouts of the plan's campaigns that were sent before over a connection.

    As long as these are the same, so is what `previous_recipients` finds. Raises LedgerError.
    """
    names = {each.campaign_name for each in plan.sendouts}
    with open_ledger(settings).read() as db:
        return sendouts_of_campaigns(db, connection, names)


def previous_recipients(
    plan: Plan, earlier: Sequence[PreviousSendout], *, settings: Settings | None = None
) -> PreviousRecipients:
    """Return which rows of the plan go to people whom these sendouts have reached.

    Raises LedgerError. An earlier plan that cannot be read is counted as unreadable.
    """
    settings = settings or get_settings()
    by_campaign: dict[str, list[PreviousSendout]] = defaultdict(list)
    for each in earlier:
        by_campaign[each.campaign_name].append(each)
    found = [_of_campaign(plan, name, sendouts, settings) for name, sendouts in by_campaign.items()]
    campaigns = [each for each, *_ in found if each.reached or each.coming or each.unknown]
    return PreviousRecipients(
        campaigns=tuple(
            sorted(campaigns, key=lambda each: -(each.reached + each.coming + each.unknown))
        ),
        rows=np.sort(np.concatenate([_NOBODY, *(rows for _, rows, _, _ in found)])),
        unknown_rows=np.sort(np.concatenate([_NOBODY, *(rows for _, _, rows, _ in found)])),
        unreadable=sum(unreadable for *_, unreadable in found),
    )


def _of_campaign(
    plan: Plan, name: str, earlier: Sequence[PreviousSendout], settings: Settings
) -> tuple[CampaignRecipients, np.ndarray, np.ndarray, int]:
    """Return the campaign's counts, its rows reached, its rows in doubt, and what is unreadable."""
    of_plan = plan.numbers_of(name)
    rows = of_plan.index.to_numpy()
    numbers, places = np.unique(of_plan, return_inverse=True)
    people = _NumberLookup(numbers)
    reached, coming, unknown = (np.zeros(len(numbers), dtype=bool) for _ in range(3))
    last, unreadable = 0, 0
    with open_ledger(settings).read() as db:
        for each in earlier:
            try:
                theirs = recipient_index(db, each, settings)
            except (OSError, ValueError):
                unreadable += 1
                continue
            at, known = people.find(theirs.numbers)
            reached[at[theirs.reached[known]]] = True
            coming[at[theirs.coming[known]]] = True
            unknown[at[theirs.unknown[known]]] = True
            last = max(last, int(theirs.minutes[known][theirs.reached[known]].max(initial=0)))
    coming &= ~reached
    unknown &= ~(reached | coming)
    campaign = CampaignRecipients(
        campaign_name=name,
        entries=len(rows),
        reached=int(reached[places].sum()),
        coming=int(coming[places].sum()),
        unknown=int(unknown[places].sum()),
        last=datetime.fromtimestamp(last * 60, UTC) if last else None,
    )
    return (
        campaign,
        rows[(reached | coming)[places]],
        rows[unknown[places]],
        unreadable,
    )


class _NumberLookup:
    """Numbers, sorted and each once, among which others are looked up.

    A mask of their last bits passes over nearly all that are not among them, many times faster
    than a search.
    """

    def __init__(self, numbers: np.ndarray) -> None:
        self._numbers = numbers
        self._bits = np.int64((1 << (16 * len(numbers)).bit_length()) - 1)
        self._mask = np.zeros(int(self._bits) + 1, dtype=bool)
        self._mask[numbers & self._bits] = True

    def find(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where the numbers stand that are among these, and which of the given they are."""
        likely = np.flatnonzero(self._mask[numbers & self._bits])
        wanted = numbers[likely]
        places = np.searchsorted(self._numbers, wanted)
        places[places == len(self._numbers)] = 0
        is_found = self._numbers[places] == wanted
        return places[is_found], likely[is_found]
