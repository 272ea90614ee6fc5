"""Find the people of a plan who have received its campaigns before, from the same business.

People are compared by identity (see `lib.sheet.phones.identity`) and campaigns by name, whatever
sheet they came from. Rows that wait in an unfinished run count too, because they are about to be
sent. Quick tests on one's own phone do not count.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np

from lib.campaign import Plan
from lib.connections import business_of
from lib.delivery.history.index import recipient_index
from lib.delivery.ledger.database import open_ledger
from lib.delivery.ledger.history import PreviousSendout, sendouts_of_campaigns
from lib.settings import Settings, get_settings
from lib.sheet.phones.identity import identities

_NO_ROWS: Final = np.array([], dtype="int64")


@dataclass(frozen=True)
class CampaignRecipients:
    """How many of a campaign's ``entries`` in the plan go to people who have received it before.

    ``reached`` have received it, the last of them at ``last`` (UTC, to the minute); ``coming`` are
    about to receive it from an unfinished run; the outcome of ``unknown`` is not known. Each entry
    counts once.
    """

    campaign_name: str
    entries: int
    reached: int
    coming: int
    unknown: int
    last: datetime | None


@dataclass(frozen=True)
class PreviousRecipients:
    """The rows of a plan whose people have received its campaigns before.

    ``rows`` (row numbers of the sheet) have received it or are about to; ``unknown_rows`` may have.
    Neither includes held rows. ``campaigns`` has the campaigns with any such row, those with most
    first. ``unreadable`` is the number of previous sendouts whose plan cannot be read.
    """

    campaigns: tuple[CampaignRecipients, ...]
    rows: np.ndarray = field(repr=False)
    unknown_rows: np.ndarray = field(repr=False)
    unreadable: int

    def left_out(self, *, include_unknown: bool) -> np.ndarray:
        """Return the rows to exclude in order to send to new people only.

        With ``include_unknown``, people who may have received the campaign are sent to.
        """
        return self.rows if include_unknown else np.union1d(self.rows, self.unknown_rows)


def previous_sendouts(
    plan: Plan, connection: str, *, settings: Settings | None = None
) -> tuple[PreviousSendout, ...]:
    """Return the previous sendouts of the plan's campaigns from a connection's business.

    `previous_recipients` returns the same result while these are the same. Raises LedgerError.
    """
    names = {each.campaign_name for each in plan.sendouts}
    settings = settings or get_settings()
    business = business_of(connection, settings)
    with open_ledger(settings).read() as db:
        return sendouts_of_campaigns(
            db, connection, names, business_id=business.business_id if business else None
        )


def previous_recipients(
    plan: Plan, earlier: Sequence[PreviousSendout], *, settings: Settings | None = None
) -> PreviousRecipients:
    """Return the rows of the plan whose people are recipients of these previous sendouts.

    Raises LedgerError. A previous sendout whose plan cannot be read is counted in ``unreadable``.
    """
    settings = settings or get_settings()
    by_campaign: dict[str, list[PreviousSendout]] = defaultdict(list)
    for each in earlier:
        by_campaign[each.campaign_name].append(each)
    found = [
        _find_recipients(plan, name, sendouts, settings) for name, sendouts in by_campaign.items()
    ]
    campaigns = [each for each, *_ in found if each.reached or each.coming or each.unknown]
    return PreviousRecipients(
        campaigns=tuple(
            sorted(campaigns, key=lambda each: -(each.reached + each.coming + each.unknown))
        ),
        rows=np.sort(np.concatenate([_NO_ROWS, *(rows for _, rows, _, _ in found)])),
        unknown_rows=np.sort(np.concatenate([_NO_ROWS, *(rows for _, _, rows, _ in found)])),
        unreadable=sum(unreadable for *_, unreadable in found),
    )


def _find_recipients(
    plan: Plan, name: str, earlier: Sequence[PreviousSendout], settings: Settings
) -> tuple[CampaignRecipients, np.ndarray, np.ndarray, int]:
    """Return a campaign's counts, reached rows, unknown rows, and number of unreadable sendouts."""
    plan_numbers = plan.numbers_of(name)
    rows = plan_numbers.index.to_numpy()
    people, entry_index = np.unique(identities(plan_numbers.to_numpy()), return_inverse=True)
    lookup = _NumberLookup(people)
    reached, coming, unknown = (np.zeros(len(people), dtype=bool) for _ in range(3))
    last, unreadable = 0, 0
    with open_ledger(settings).read() as db:
        for each in earlier:
            try:
                previous = recipient_index(db, each, settings)
            except (OSError, ValueError):
                unreadable += 1
                continue
            at, known = lookup.find(identities(previous.numbers))
            reached[at[previous.reached[known]]] = True
            coming[at[previous.coming[known]]] = True
            unknown[at[previous.unknown[known]]] = True
            last = max(last, int(previous.minutes[known][previous.reached[known]].max(initial=0)))
    coming &= ~reached
    unknown &= ~(reached | coming)
    campaign = CampaignRecipients(
        campaign_name=name,
        entries=len(rows),
        reached=int(reached[entry_index].sum()),
        coming=int(coming[entry_index].sum()),
        unknown=int(unknown[entry_index].sum()),
        last=datetime.fromtimestamp(last * 60, UTC) if last else None,
    )
    return (
        campaign,
        rows[(reached | coming)[entry_index]],
        rows[unknown[entry_index]],
        unreadable,
    )


class _NumberLookup:
    """A set of sorted, unique numbers in which arrays of numbers are looked up.

    A mask of their low bits rejects most numbers that are not in the set, many times faster than a
    binary search.
    """

    def __init__(self, numbers: np.ndarray) -> None:
        self._numbers = numbers
        self._bits = np.int64((1 << (16 * len(numbers)).bit_length()) - 1)
        self._mask = np.zeros(int(self._bits) + 1, dtype=bool)
        self._mask[numbers & self._bits] = True

    def find(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the indexes in the set and in the argument of the numbers that are in the set."""
        likely = np.flatnonzero(self._mask[numbers & self._bits])
        candidates = numbers[likely]
        indexes = np.searchsorted(self._numbers, candidates)
        indexes[indexes == len(self._numbers)] = 0
        is_found = self._numbers[indexes] == candidates
        return indexes[is_found], likely[is_found]
