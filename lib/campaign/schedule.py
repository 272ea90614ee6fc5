"""How a sendout goes out: all at once or in waves, from when on, when it rests, when it stops.

None of it changes what is sent, so none of it is part of a plan's fingerprint. Pure: whoever asks
says what time it is.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

FIRST_WAVE: Final = 50
"""Recipients of a first wave, unless a person says otherwise."""

WAVES_ABOVE: Final = 1_000
"""With more recipients than these, a first wave is suggested."""

MAX_BATCH_SIZE: Final = 1_000
"""Recipients of one request at the most; Connectly publishes no limit of its own."""

MAX_RETRIES: Final = 3
"""How often a row is sent again by itself that Connectly asks to send later."""

_MINUTE: Final = timedelta(minutes=1)
_DAY_MINUTES: Final = 24 * 60


class SendSchedule(BaseModel):
    """What a person has chosen about how a run goes out; as it is, everything goes at once.

    ``first_wave`` recipients go first; then a person is asked, unless at most ``wave_tolerance``
    (a share of those answered) were not accepted. Each next wave is ``wave_growth`` times larger;
    without it the rest follows at once. The run stops once ``stop_share`` of those answered were
    not accepted. It starts at ``starts_at`` and rests each day from ``quiet_from`` to
    ``quiet_until``, minutes after midnight on the clocks of ``zone``. Up to ``batch_size``
    recipients go in one request; only with one each is every outcome exact from the first answer
    on. What Connectly asks to send later goes again by itself, up to ``retries`` times.
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
            raise ValueError("there is no such time zone") from None
        return name

    @model_validator(mode="after")
    def _quiet_hours_have_two_ends(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet hours have a beginning and an end")
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise ValueError("quiet hours end at another time than they begin")
        return self

    @property
    def opens_at(self) -> datetime | None:
        """When the first message may go: the start, or the end of the quiet hours it falls into."""
        if self.starts_at is None:
            return None
        return self.rest_ends(self.starts_at) or self.starts_at

    def rest_ends(self, at: datetime) -> datetime | None:
        """Return when the quiet hours end that hold at a moment; None where none do."""
        if self.quiet_from is None or self.quiet_until is None:
            return None
        local = at.astimezone(ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        if self.quiet_from < self.quiet_until:
            rests = self.quiet_from <= minute < self.quiet_until
        else:
            rests = minute >= self.quiet_from or minute < self.quiet_until
        return self._next_rest_end(at) if rests else None

    def next_change(self, at: datetime) -> datetime | None:
        """Return the next moment at which the clock alone may let the run begin or go on."""
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
    """Return when clocks of a zone show a time on a day, in UTC: once, or twice in autumn.

    Where they are put forward past it, the moment at which they are.
    """
    both = [
        datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1)
    ]
    earlier, later = min(both), max(both)
    if earlier == later:
        return (earlier,)
    if earlier.astimezone(zone).time() == clock == later.astimezone(zone).time():
        return (earlier, later)
    # No clock shows it: look for the minute in which the clocks are put forward.
    while earlier.astimezone(zone).replace(tzinfo=None) < datetime.combine(day, clock):
        earlier += _MINUTE
    return (earlier,)


def apportion(sizes: Sequence[int], wanted: int, *, each: int = 0) -> list[int]:
    """Share so many recipients out over groups by their size, beyond ``each`` that all get.

    Never more than a group has. The sum is ``wanted``, unless the groups hold less than that, or
    ``each`` of them makes more.
    """
    least = [min(size, each) for size in sizes]
    rooms = [size - low for size, low in zip(sizes, least, strict=True)]
    room = sum(rooms)
    more = max(0, min(wanted - sum(least), room))
    shares = [more * own // room if room else 0 for own in rooms]
    # Whoever has lost the largest fraction gets one of those that are left.
    order = sorted(range(len(sizes)), key=lambda number: -(more * rooms[number] % (room or 1)))
    for number in order[: more - sum(shares)]:
        shares[number] += 1
    return [low + share for low, share in zip(least, shares, strict=True)]


def wave_size(schedule: SendSchedule, wave: int, left: int) -> int:
    """Return how many recipients a wave has, counted from 1, of those that are left."""
    if schedule.first_wave is None or (wave > 1 and schedule.wave_growth is None):
        return left
    return min(left, round(schedule.first_wave * (schedule.wave_growth or 1) ** (wave - 1)))
