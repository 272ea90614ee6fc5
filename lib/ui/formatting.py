"""Numbers, times and outcomes in words that a marketer reads at a glance."""

import re
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from lib.outcomes import OUTCOME_STYLES

OUTCOMES: Final = {outcome.value: look.label for outcome, look in OUTCOME_STYLES.items()}
OUTCOME_HELP: Final = {
    "accepted": "Taken by Connectly. Whether WhatsApp delivers is decided later.",
    "rejected": "Refused, with an error code that says why.",
    "unknown": "Sent, but no answer came back that proves what happened. Never repeated unasked "
    "where that could message somebody twice.",
    "held": "Not sent, because something in the row is wrong.",
    "waiting": "Still to be sent.",
    "cancelled": "Not sent: the run was cancelled, or the person has opted out since.",
}
STATES: Final = {
    "waiting_for_approval": "Waiting for approval",
    "scheduled": "Scheduled",
    "running": "Running",
    "paused": "Paused",
    "finished": "Finished",
    "cancelled": "Cancelled",
}


_MARKDOWN: Final = re.compile(r"([!-/:-@\[-`{-~])")
# Streamlit makes links of addresses, pictures of words in colons and arrows of dashes even where
# all signs are escaped. An empty piece of text between them, which nobody sees, keeps them apart.
_APART: Final = re.compile(r"(?i)(?<=:)(?=/|\w+:)|(?=@)|(?<=www)(?=\.)|(?<=[-<>~])(?=[-=>])")
_GAP: Final = ":small[]"


def literal(text: str) -> str:
    """Return a text from outside so that Streamlit's Markdown shows it as it is.

    A file, column or campaign may be named anything: no name becomes a link, an icon or a formula.
    """
    pieces = _APART.split(" ".join(text.split()))
    return _GAP.join(_MARKDOWN.sub(r"\\\1", piece) for piece in pieces)


def count(number: int) -> str:
    """Return a number with thousands separators: ``12,345``."""
    return f"{number:,}"


def several(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: ``1 row``, ``12,345 rows``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return a length of time as people say it: ``under a second``, ``3 min 20 s``."""
    if seconds < 1:
        return "under a second"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def roughly(seconds: float) -> str:
    """Return an estimated length of time: ``under a second``, ``about 3 min 20 s``."""
    return duration(seconds) if seconds < 1 else f"about {duration(seconds)}"


def shortened(text: str, length: int) -> str:
    """Return a text of at most this many characters, the middle left out of a longer one."""
    if len(text) <= length:
        return text
    tail = length // 3
    return f"{text[: length - tail - 1].rstrip()}…{text[-tail:].lstrip()}"


def moment(when: datetime | None) -> str:
    """Return a moment in the visitor's own time zone: ``24 Nov 2026, 09:05``."""
    if when is None:
        return "not yet"
    return when.astimezone(visitor_zone()).strftime("%-d %b %Y, %H:%M")


def day(when: datetime) -> str:
    """Return the day of a moment in the visitor's own time zone: ``24 Nov 2026``."""
    return when.astimezone(visitor_zone()).strftime("%-d %b %Y")


def visitor_zone() -> ZoneInfo:
    """Return the time zone of the visitor's browser, UTC where it does not say."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def ago(when: datetime, *, now: datetime | None = None) -> str:
    """Return how long ago a moment was: ``just now``, ``5 min ago``, ``3 days ago``."""
    seconds = ((now or datetime.now(UTC)) - when).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86_400:
        return f"{int(seconds // 3600)} h ago"
    return f"{several(int(seconds // 86_400), 'day')} ago"


def size(number: int) -> str:
    """Return a number of bytes as people say it: ``3.4 MB``."""
    amount = float(number)
    for unit in ("bytes", "KB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            return f"{amount:,.0f} {unit}" if unit == "bytes" else f"{_short(amount)} {unit}"
        amount /= 1024
    raise AssertionError("unreachable")


def _short(amount: float) -> str:
    """Return a number with one decimal place where that says something: ``3.4``, ``100``."""
    return f"{amount:,.1f}".removesuffix(".0")
