"""Schedule and pace of a broadcast: start time, waves, quiet hours, automatic pause, retries.

A schedule does not change what is sent, so it is not part of a plan's fingerprint. The functions
here are pure: the current time is passed in.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

FIRST_WAVE: Final = 50
"""The default size of a first wave."""

WAVES_ABOVE: Final = 1_000
"""The number of recipients above which a first wave is suggested."""

MAX_BATCH_SIZE: Final = 1_000
"""The maximum number of recipients in one request. Connectly documents no limit."""

MAX_RETRIES: Final = 3
"""The maximum number of automatic retries of a row that Connectly asks to send later."""

_MINUTE: Final = timedelta(minutes=1)
_DAY_MINUTES: Final = 24 * 60


class SendSchedule(BaseModel):
    """How a run is sent. By default, everything is sent at once.

    ``first_wave``: recipients in the first wave. After each wave the run waits for approval, unless
    at most ``wave_tolerance`` of the answered rows were not accepted.
    ``wave_growth``: how many times larger each further wave is; without it, the second wave is the
    rest.
    ``wave_tolerance``, ``stop_share``: shares of the answered rows, from 0 to 1. The run is paused
    once ``stop_share`` of them were not accepted.
    ``starts_at``: when the run starts.
    ``quiet_from``, ``quiet_until``: daily quiet hours, in minutes after midnight in ``zone``.
    ``batch_size``: recipients in one request. Only with one each is every outcome exact from the
    first response on.
    ``retries``: how often a row is retried automatically if Connectly asks to send it later.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    first_wave: int | None = Field(default=None, ge=1)
    wave_growth: float | None = Field(default=None, ge=1, le=100)
    wave_tolerance: float | None = Field(default=None, ge=0, le=1)
    stop_share: float | None = Field(default=None, gt=0, le=1)
    starts_at: AwareDatetime | None = None
    zone: str = "UTC"
    quiet_from: int | None = Field(default=None, ge=0, lt=_DAY_MINUTES)
    quiet_until: int | None = Field(default=None, ge=0, lt=_DAY_MINUTES)
    batch_size: int = Field(default=1, ge=1, le=MAX_BATCH_SIZE)
    retries: int = Field(default=0, ge=0, le=MAX_RETRIES)

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, KeyError, ValueError):
            raise ValueError("unknown time zone") from None
        return name

    @model_validator(mode="after")
    def _quiet_hours_have_two_ends(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet hours need both a start and an end")
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise ValueError("quiet hours must not end when they start")
        return self

    @property
    def opens_at(self) -> datetime | None:
        """When the first message may be sent: the start, or the end of quiet hours at the start."""
        if self.starts_at is None:
            return None
        return self.rest_ends(self.starts_at) or self.starts_at

    def rest_ends(self, at: datetime) -> datetime | None:
        """Return when the quiet hours at a moment end; None if it is not in quiet hours."""
        if self.quiet_from is None or self.quiet_until is None:
            return None
        local = at.astimezone(ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        if self.quiet_from < self.quiet_until:
            is_quiet = self.quiet_from <= minute < self.quiet_until
        else:
            is_quiet = minute >= self.quiet_from or minute < self.quiet_until
        return self._next_rest_end(at) if is_quiet else None

    def next_change(self, at: datetime) -> datetime | None:
        """Return the next moment at which the run may start or resume because of the time alone."""
        changes = [self._next_rest_end(at)] if self.quiet_until is not None else []
        if self.starts_at is not None and self.starts_at > at:
            changes.append(self.starts_at)
        return min(changes, default=None)

    def _next_rest_end(self, at: datetime) -> datetime:
        assert self.quiet_until is not None
        zone = ZoneInfo(self.zone)
        clock = time(*divmod(self.quiet_until, 60))
        today = at.astimezone(zone).date()
        ends = [
            end
            for days in (0, 1, 2)
            for end in moments_of(today + timedelta(days=days), clock, zone)
            if end > at
        ]
        return min(ends)


def moments_of(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the moments, in UTC, at which clocks in a zone show a time on a day.

    There are two if the clocks are set back over that time. If they are set forward over it, the
    moment of the change is returned.
    """
    both = [
        datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1)
    ]
    earlier, later = min(both), max(both)
    if earlier == later:
        return (earlier,)
    if earlier.astimezone(zone).time() == clock == later.astimezone(zone).time():
        return (earlier, later)
    # No clock shows the time: find the minute in which the clocks are set forward.
    while earlier.astimezone(zone).replace(tzinfo=None) < datetime.combine(day, clock):
        earlier += _MINUTE
    return (earlier,)


def apportion(sizes: Sequence[int], wanted: int, *, each: int = 0) -> list[int]:
    """Distribute ``wanted`` recipients over groups in proportion to their sizes.

    Each group gets at least ``each``, and at most its size. The sum is ``wanted``, unless the
    groups have fewer or their minimums are more. Fractions are rounded by the largest-remainder
    method.
    """
    minimums = [min(size, each) for size in sizes]
    capacities = [size - low for size, low in zip(sizes, minimums, strict=True)]
    capacity = sum(capacities)
    more = max(0, min(wanted - sum(minimums), capacity))
    shares = [more * free // capacity if capacity else 0 for free in capacities]
    # The groups with the largest remainders get one more each.
    remainders = [more * free % (capacity or 1) for free in capacities]
    order = sorted(range(len(sizes)), key=lambda number: -remainders[number])
    for number in order[: more - sum(shares)]:
        shares[number] += 1
    return [low + share for low, share in zip(minimums, shares, strict=True)]


def wave_size(schedule: SendSchedule, wave: int, left: int) -> int:
    """Return the size of a wave, counted from 1, out of the ``left`` recipients."""
    if schedule.first_wave is None or (wave > 1 and schedule.wave_growth is None):
        return left
    return min(left, round(schedule.first_wave * (schedule.wave_growth or 1) ** (wave - 1)))
