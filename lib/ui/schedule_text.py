"""How a sendout goes out, in words: waves, start, quiet hours, and when it stops."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import streamlit as st

from lib.campaign import RecipientRegion, SendSchedule
from lib.ui.countries import country_names
from lib.ui.formatting import duration, several

_MAX_PLACES = 4


def schedule_lines(schedule: SendSchedule, *, now: datetime | None = None) -> list[str]:
    """Say what was chosen, a line each; nothing where all goes out at once, whatever happens.

    Of a run, as it stands ``now``, a start that has passed is not told any more.
    """
    lines = []
    if schedule.first_wave is not None:
        lines.append(_waves(schedule))
    if schedule.starts_at is not None and (now is None or schedule.starts_at > now):
        lines.append(f"Starts **{moment_in(schedule.starts_at, schedule.zone)}**")
        opens_at = schedule.opens_at
        if opens_at is not None and opens_at != schedule.starts_at:
            lines[-1] += f", and begins to send at **{moment_in(opens_at, schedule.zone)}**"
        if opens_at is not None and opens_at > (now or datetime.now(UTC)):
            lines[-1] += f", in {countdown(opens_at, now=now)}"
    if schedule.quiet_from is not None and schedule.quiet_until is not None:
        begin, end = _clock(schedule.quiet_from), _clock(schedule.quiet_until)
        lines.append(f"Rests from {begin} to {end} ({schedule.zone})")
    if schedule.batch_size > 1:
        lines.append(f"Up to **{several(schedule.batch_size, 'recipient')} in a request**")
    if schedule.retries:
        lines.append("Sends again by itself what Connectly asks to send later")
    if schedule.stop_share is not None:
        lines.append(f"Stops by itself once {schedule.stop_share:.0%} are not accepted")
    return lines


def _waves(schedule: SendSchedule) -> str:
    first = f"First **{several(schedule.first_wave or 0, 'recipient')}**"
    then = "then you are asked"
    if schedule.wave_tolerance is not None:
        then = (
            f"then it goes on by itself if at most {schedule.wave_tolerance:.0%} are not accepted, "
            "and asks you otherwise"
        )
    if schedule.wave_growth is None:
        return f"{first}, {then}"
    return f"{first}, {then}; each next wave is {schedule.wave_growth:g} times larger"


def moment_in(when: datetime, zone: str) -> str:
    """Return a moment on the clocks of a zone: ``Tue 24 Nov 2026, 09:05 (Europe/Berlin)``."""
    return f"{when.astimezone(ZoneInfo(zone)):%a %-d %b %Y, %H:%M} ({zone})"


def countdown(until: datetime, *, now: datetime | None = None) -> str:
    """Return how long it is until a moment: ``3 h 20 min``, ``2 days``."""
    seconds = (until - (now or datetime.now(UTC))).total_seconds()
    if seconds >= 2 * 86_400:
        return several(round(seconds / 86_400), "day")
    return duration(max(seconds, 0))


def draw_recipients_clocks(places: Sequence[RecipientRegion], at: datetime) -> None:
    """Say what time it is for the recipients at a moment, by country."""
    if not places:
        return
    names = country_names()
    told = []
    for place in places[:_MAX_PLACES]:
        earliest, latest = place.clock(at)
        clock = f"{earliest:%H:%M}"
        if f"{latest:%H:%M}" != clock:
            clock += f" to {latest:%H:%M}"
        told.append(f"{clock} in {names.get(place.region, place.region)} ({place.share:.0%})")
    rest = len(places) - _MAX_PLACES
    if rest > 0:
        told.append(f"and {several(rest, 'more country', 'more countries')}")
    st.caption(
        f":material/public: For your recipients it is then {', '.join(told)}, by what their "
        "phone numbers tell."
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
