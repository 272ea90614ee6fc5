"""The schedule of a broadcast as text: waves, start, quiet hours, and when it pauses."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st
from babel.dates import format_datetime

from lib.campaign import RecipientRegion, SendSchedule
from lib.i18n import _, current_locale, ngettext
from lib.ui.countries import country_names
from lib.ui.formatting import comma_list, decimal, duration, percent

_MAX_COUNTRIES: Final = 4
_MOMENT: Final = "EEE d MMM y, HH:mm"


def schedule_lines(schedule: SendSchedule, *, now: datetime | None = None) -> list[str]:
    """Return the chosen options of a schedule as Markdown, one per line; may be empty.

    Pass ``now`` for a confirmed broadcast: a start in the past is then left out.
    """
    lines = _wave_lines(schedule)
    if schedule.starts_at is not None and (now is None or schedule.starts_at > now):
        lines += _start_lines(schedule, now)
    if schedule.quiet_from is not None and schedule.quiet_until is not None:
        lines.append(
            _(
                "Pauses during quiet hours, {start} to {end} ({zone})",
                start=_clock(schedule.quiet_from),
                end=_clock(schedule.quiet_until),
                zone=schedule.zone,
            )
        )
    if schedule.batch_size > 1:
        lines.append(
            ngettext(
                "Up to **{count} recipient per request**",
                "Up to **{count} recipients per request**",
                schedule.batch_size,
            )
        )
    if schedule.retries:
        lines.append(_("Retries when Connectly says “try later”"))
    if schedule.stop_share is not None:
        lines.append(
            _(
                "Pauses automatically once {share} are rejected",
                share=percent(schedule.stop_share),
            )
        )
    return lines


def _wave_lines(schedule: SendSchedule) -> list[str]:
    if schedule.first_wave is None:
        return []
    lines = [
        ngettext("First **{count} recipient**", "First **{count} recipients**", schedule.first_wave)
    ]
    if schedule.wave_tolerance is None:
        lines.append(_("Asks for your approval after each wave"))
    else:
        lines.append(
            _(
                "Continues automatically after a wave if at most {share} are rejected, "
                "otherwise asks for your approval",
                share=percent(schedule.wave_tolerance),
            )
        )
    if schedule.wave_growth is not None:
        lines.append(
            _(
                "Each wave is {factor} times as large as the one before",
                factor=decimal(schedule.wave_growth),
            )
        )
    return lines


def _start_lines(schedule: SendSchedule, now: datetime | None) -> list[str]:
    """Return when a broadcast starts, and when it sends its first message if that is later."""
    starts_at, opens_at = schedule.starts_at, schedule.opens_at
    assert starts_at is not None
    assert opens_at is not None
    start = moment_in(starts_at, schedule.zone)
    is_ahead = opens_at > (now or datetime.now(UTC))
    left = countdown(opens_at, now=now)
    if opens_at == starts_at:
        if is_ahead:
            return [_("Starts **{moment}**, in {time}", moment=start, time=left)]
        return [_("Starts **{moment}**", moment=start)]
    opening = moment_in(opens_at, schedule.zone)
    lines = [_("Starts **{moment}**", moment=start)]
    if is_ahead:
        lines.append(_("First message **{moment}**, in {time}", moment=opening, time=left))
    else:
        lines.append(_("First message **{moment}**", moment=opening))
    return lines


def moment_in(when: datetime, zone: str) -> str:
    """Return a moment in a time zone: ``Tue 24 Nov 2026, 09:05 (Europe/Berlin)``."""
    local = when.astimezone(ZoneInfo(zone))
    return f"{format_datetime(local, _MOMENT, locale=current_locale())} ({zone})"


def countdown(until: datetime, *, now: datetime | None = None) -> str:
    """Return the time until a moment: ``3 h 20 min``, ``2 days``."""
    seconds = (until - (now or datetime.now(UTC))).total_seconds()
    if seconds >= 2 * 86_400:
        return ngettext("{count} day", "{count} days", round(seconds / 86_400))
    return duration(max(seconds, 0))


def draw_recipients_clocks(regions: Sequence[RecipientRegion], at: datetime) -> None:
    """Draw the local time of the recipients at a moment, by country."""
    if not regions:
        return
    names = country_names()
    times = []
    for region in regions[:_MAX_COUNTRIES]:
        start, end = (f"{each:%H:%M}" for each in region.clock(at))
        times.append(
            _(
                "{time} in {country} ({share})",
                time=start if start == end else _("{start} to {end}", start=start, end=end),
                country=names.get(region.region, region.region),
                share=percent(region.share),
            )
        )
    if (rest := len(regions) - _MAX_COUNTRIES) > 0:
        times.append(ngettext("{count} more country", "{count} more countries", rest))
    text = _(
        "Local time of your recipients, from their phone numbers: {times}.",
        times=comma_list(times),
    )
    st.caption(f":material/public: {text}")


def _clock(minutes: int) -> str:
    """Return minutes after midnight as ``09:05``."""
    return f"{minutes // 60:02}:{minutes % 60:02}"
