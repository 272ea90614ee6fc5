"""Numbers, dates, durations and outcomes as text in the reader's language."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from babel.dates import format_datetime
from babel.lists import format_list
from babel.numbers import format_decimal

from lib.delivery import Outcome
from lib.i18n import N_, _, current_locale, ngettext
from lib.outcomes import OUTCOME_STYLES

# English texts by stored value. Translate them with `_` when they are shown.
OUTCOMES: Final = {outcome.value: style.label for outcome, style in OUTCOME_STYLES.items()}
OUTCOME_HELP: Final = {
    "accepted": N_("Accepted by Connectly. WhatsApp may still fail to deliver it."),
    "rejected": N_("Not sent. The error code says why."),
    "unknown": N_(
        "Possibly sent: we never got confirmation. We ask you before resending if that could "
        "message someone twice."
    ),
    "held": N_("Not sent. The check found a reason to hold the row back."),
    "waiting": N_("Not sent yet."),
    "cancelled": N_(
        "Not sent, because the broadcast was cancelled or the person opted out in the meantime."
    ),
}
STATES: Final = {
    "waiting_for_approval": N_("Waiting for approval"),
    "scheduled": N_("Scheduled"),
    "running": N_("Running"),
    "paused": N_("Paused"),
    "finished": N_("Finished"),
    "cancelled": N_("Cancelled"),
}

_MOMENT: Final = "d MMM y, HH:mm"
_DAY: Final = "d MMM y"
_SIZES: Final = (N_("{amount} KB"), N_("{amount} MB"), N_("{amount} GB"))

_MARKDOWN: Final = re.compile(r"([!-/:-@\[-`{-~])")
# Streamlit turns addresses into links, words in colons into icons and dashes into arrows even if
# every character is escaped. An empty, invisible directive between the characters prevents it.
_APART: Final = re.compile(r"(?i)(?<=:)(?=/|\w+:)|(?=@)|(?<=www)(?=\.)|(?<=[-<>~])(?=[-=>])")
_GAP: Final = ":small[]"


def literal(text: str) -> str:
    """Return a text that Streamlit's Markdown shows as it is.

    Use it for names of files, columns and campaigns, so that none of them becomes a link, an icon
    or a formula.
    """
    pieces = _APART.split(" ".join(text.split()))
    return _GAP.join(_MARKDOWN.sub(r"\\\1", piece) for piece in pieces)


def count(number: int) -> str:
    """Return a whole number with thousands separators: ``12,345``."""
    return format_decimal(number, locale=current_locale())


def decimal(number: float, *, places: int = 2) -> str:
    """Return a number with at most this many decimal places: ``193.5``."""
    return format_decimal(number, f"#,##0.{'#' * places}", locale=current_locale())


def percent(share: float, *, places: int = 0) -> str:
    """Return a share of 1 as a percentage with this many decimal places: ``12.5%``."""
    locale = current_locale()
    pattern = locale.percent_formats[None].pattern
    if places:
        pattern = pattern.replace("0", f"0.{'0' * places}", 1)
    return format_decimal(share, pattern, locale=locale)


def comma_list(items: Sequence[str]) -> str:
    """Return items as a list without a conjunction: ``3, 5, 9``."""
    return format_list(list(items), style="unit", locale=current_locale()) if items else ""


def or_list(items: Sequence[str]) -> str:
    """Return items as a list of alternatives: ``WhatsApp, SMS, or email``."""
    return format_list(list(items), style="or", locale=current_locale())


def row_list(rows: Sequence[int]) -> str:
    """Return row numbers as spreadsheets show them, without thousands separators."""
    return comma_list([str(row) for row in rows])


def row_location(rows: Sequence[int], total: int) -> str:
    """Return which rows are meant by their first ones: ``Rows 3, 5 and 9 more``."""
    if more := total - len(rows):
        return _("Rows {rows} and {more} more", rows=row_list(rows), more=count(more))
    return ngettext("Row {rows}", "Rows {rows}", total, rows=row_list(rows))


def duration(seconds: float) -> str:
    """Return a length of time: ``under a second``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 1:
        return _("under a second")
    whole = round(seconds)
    if whole < 60:
        return _("{seconds} s", seconds=whole)
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        if rest and minutes < 10:
            return _("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
        return _("{minutes} min", minutes=minutes)
    hours, minutes = divmod(minutes, 60)
    if minutes:
        return _("{hours} h {minutes} min", hours=count(hours), minutes=minutes)
    return _("{hours} h", hours=count(hours))


def roughly(seconds: float) -> str:
    """Return an estimated length of time: ``under a second``, ``about 3 min 20 s``."""
    if seconds < 1:
        return duration(seconds)
    return _("about {duration}", duration=duration(seconds))


def shortened(text: str, length: int) -> str:
    """Return a text of at most this many characters; a longer one loses its middle."""
    if len(text) <= length:
        return text
    tail = length // 3
    return f"{text[: length - tail - 1].rstrip()}…{text[-tail:].lstrip()}"


def moment(when: datetime | None) -> str:
    """Return a moment in the visitor's time zone: ``24 Nov 2026, 09:05``; None is ``not yet``."""
    if when is None:
        return _("not yet")
    return _format_moment(when, visitor_zone(), _MOMENT)


def day(when: datetime) -> str:
    """Return the day of a moment in the visitor's time zone: ``24 Nov 2026``."""
    return _format_moment(when, visitor_zone(), _DAY)


def _format_moment(when: datetime, zone: ZoneInfo, pattern: str) -> str:
    return format_datetime(when.astimezone(zone), pattern, locale=current_locale())


def visitor_zone() -> ZoneInfo:
    """Return the time zone of the visitor's browser; UTC if it is unknown."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def ago(when: datetime, *, now: datetime | None = None) -> str:
    """Return how long ago a moment was: ``just now``, ``5 minutes ago``, ``3 days ago``."""
    seconds = ((now or datetime.now(UTC)) - when).total_seconds()
    if seconds < 60:
        return _("just now")
    if seconds < 3600:
        return ngettext("{count} minute ago", "{count} minutes ago", int(seconds // 60))
    if seconds < 86_400:
        return ngettext("{count} hour ago", "{count} hours ago", int(seconds // 3600))
    return ngettext("{count} day ago", "{count} days ago", int(seconds // 86_400))


def size(number: int) -> str:
    """Return a number of bytes in the largest fitting unit: ``3.4 MB``."""
    if number < 1024:
        return ngettext("{count} byte", "{count} bytes", number)
    amount = number / 1024
    for unit in _SIZES[:-1]:
        if amount < 1024:
            return _(unit, amount=decimal(amount, places=1))
        amount /= 1024
    return _(_SIZES[-1], amount=decimal(amount, places=1))


def outcome_count(outcome: Outcome, number: int) -> str:
    """Return a number of recipients with their outcome: ``12,345 accepted``."""
    match outcome:
        case Outcome.ACCEPTED:
            return ngettext("{count} accepted", "{count} accepted", number)
        case Outcome.REJECTED:
            return ngettext("{count} rejected", "{count} rejected", number)
        case Outcome.UNKNOWN:
            return ngettext("{count} unconfirmed", "{count} unconfirmed", number)
        case Outcome.HELD:
            return ngettext("{count} held back", "{count} held back", number)
        case Outcome.WAITING:
            return ngettext("{count} waiting", "{count} waiting", number)
        case Outcome.CANCELLED:
            return ngettext("{count} cancelled", "{count} cancelled", number)
