"""What time it is for the recipients, by what their phone numbers tell of where they are."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

_SAMPLE: Final = 300
"""So many numbers, spread over all, stand for the others: one takes about 0.1 ms."""


@dataclass(frozen=True)
class RecipientRegion:
    """A country, as two letters, the share of recipients there, and its zones."""

    region: str
    share: float
    zones: tuple[ZoneInfo, ...]

    def clock(self, at: datetime) -> tuple[datetime, datetime]:
        """Return the earliest and latest time that its clocks show at a moment."""
        shown = sorted((at.astimezone(zone) for zone in self.zones), key=_wall)
        return shown[0], shown[-1]


def recipient_regions(numbers: Sequence[str]) -> tuple[RecipientRegion, ...]:
    """Return where people with these numbers (with +) are, the largest share first.

    A number names one zone, or all of its country where it is a mobile one; one that names no
    country is left out.
    """
    # The tables of places are large, and only asked for here.
    from phonenumbers.timezone import time_zones_for_number

    step = max(1, len(numbers) // _SAMPLE)
    sample = numbers[::step]
    counts: Counter[str] = Counter()
    zones: dict[str, set[str]] = defaultdict(set)
    for text in sample:
        try:
            number = phonenumbers.parse(text)
        except phonenumbers.NumberParseException:
            continue
        region = phonenumbers.region_code_for_number(number)
        names = [name for name in time_zones_for_number(number) if _is_known(name)]
        if region and names:
            counts[region] += 1
            zones[region].update(names)
    return tuple(
        RecipientRegion(
            region, count / len(sample), tuple(ZoneInfo(name) for name in sorted(zones[region]))
        )
        for region, count in counts.most_common()
    )


def _is_known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return name != "Etc/Unknown"


def _wall(local: datetime) -> datetime:
    return local.replace(tzinfo=None)
