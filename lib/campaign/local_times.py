"""Local times of recipients, from the regions and time zones of their phone numbers."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

_SAMPLE: Final = 300
"""Numbers that are looked up, evenly spread over all. A lookup takes about 0.1 ms."""


@dataclass(frozen=True)
class RecipientRegion:
    """A country, as two letters; the share of recipients there, from 0 to 1; its time zones."""

    region: str
    share: float
    zones: tuple[ZoneInfo, ...]

    def clock(self, at: datetime) -> tuple[datetime, datetime]:
        """Return the earliest and the latest local time in the region at a moment."""
        shown = sorted((at.astimezone(zone) for zone in self.zones), key=_without_zone)
        return shown[0], shown[-1]


def recipient_regions(numbers: Sequence[str]) -> tuple[RecipientRegion, ...]:
    """Return the regions of phone numbers in E.164, the largest share first.

    libphonenumber gives one time zone for a landline, and all zones of the country for a mobile
    number. Numbers without a country are left out.
    """
    # Loads large tables, so it is imported only when needed.
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


def _without_zone(local: datetime) -> datetime:
    return local.replace(tzinfo=None)
