"""Read unambiguous dates and write them in another format."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from babel.dates import format_date, get_month_names

from lib.campaign.arrow_text import Mask, whole_array
from lib.campaign.mapping.value_format import DATE_FORMS, DateOrder, Style

_CLOCK: Final = (
    r"(?:(?:[T,]|\s)\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2}(?:[.,]\d+)?)?"
    r"\s*(?P<half>[AaPp])?(?:\.?[Mm]\.?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?\s*$"
)
_YEAR_FIRST: Final = r"^\s*(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _CLOCK
_DIGITS: Final = (
    r"^\s*(?P<one>\d{1,2})\s?[-/.]\s?(?P<two>\d{1,2})\s?[-/.]\s?(?P<year>\d{4}|\d{2})" + _CLOCK
)
_DAY_NAME: Final = (
    r"^\s*(?P<day>\d{1,2})(?:st|nd|rd|th|[ºª°.])?[-/ ]\s*(?:de\s+)?(?P<name>\pL{3,10})\.?"
    r"[-/, ]\s*(?:del?\s+)?(?P<year>\d{4}|\d{2})" + _CLOCK
)
_NAME_DAY: Final = (
    r"^\s*(?P<name>\pL{3,10})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})" + _CLOCK
)
_MONTHS: Final = {
    name.casefold().rstrip("."): number
    for language in ("en", "es", "pt")
    for width in ("wide", "abbreviated")
    for number, name in get_month_names(width, locale=language).items()
} | {"sept": 9, "set": 9}
_DAYS: Final = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_FIRST_SHORT_YEAR: Final = 50


@dataclass(frozen=True)
class Rewritten:
    """Texts in another format.

    ``unsure`` marks ambiguous texts, and ``other`` those that are not of the kind, such as dates.
    Both are unchanged.
    """

    texts: pa.Array
    unsure: Mask
    other: Mask


class _DateParts:
    """The parts of the dates found in an array of texts; 0 where a part is unknown."""

    def __init__(self, count: int) -> None:
        self.year, self.month, self.day, self.hour, self.minute = np.zeros(
            (5, count), dtype="int64"
        )
        self.timed = np.zeros(count, dtype=bool)
        self.found = np.zeros(count, dtype=bool)
        self.unsure = np.zeros(count, dtype=bool)

    def add(self, places: np.ndarray, parts: pa.StructArray, day: Mask, month: Mask) -> None:
        """Add the dates of the texts at these indexes, from the groups of a pattern."""
        year = _to_integers(parts.field("year"))
        short = pc.equal(pc.utf8_length(parts.field("year")), 2).to_numpy(zero_copy_only=False)
        century = np.where(year < _FIRST_SHORT_YEAR, 2000, 1900)
        self.year[places] = np.where(short, year + century, year)
        self.day[places], self.month[places] = day, month
        hour, half = _to_integers(parts.field("hour")), parts.field("half").to_pandas().str.lower()
        hour = np.where((half == "p") & (hour < 12), hour + 12, hour)
        self.hour[places] = np.where((half == "a") & (hour == 12), 0, hour)
        self.minute[places] = _to_integers(parts.field("minute"))
        self.timed[places] = pc.not_equal(parts.field("hour"), "").to_numpy(zero_copy_only=False)
        self.found[places] = True

    def valid(self) -> Mask:
        """Return which of the dates exist in the calendar."""
        known = (self.month >= 1) & (self.month <= 12) & (self.day >= 1) & (self.year >= 1)
        last = _DAYS[np.where(known, self.month, 0)]
        leap = (self.year % 4 == 0) & ((self.year % 100 != 0) | (self.year % 400 == 0))
        last = np.where((self.month == 2) & ~leap, 28, last)
        good: Mask = known & (self.day <= last) & (self.hour < 24) & (self.minute < 60)
        return good


def write_dates(texts: pa.Array, style: Style) -> Rewritten:
    """Return dates in the style's format.

    A numeric date is unambiguous if only one order of day and month is possible, or if the style
    has the sheet's order. Two-digit years are those from 1950 to 2049, and ambiguous unless the
    style has an order.
    """
    read = _read_dates(texts, style.date_order)
    good = read.found & ~read.unsure & read.valid()
    unsure = read.found & ~good
    written = pc.replace_with_mask(texts, pa.array(good), _format_dates(read, good, style))
    filled = pc.not_equal(pc.utf8_trim_whitespace(texts), "").to_numpy(zero_copy_only=False)
    return Rewritten(written, unsure, ~read.found & filled)


def date_orders(values: pd.Series) -> tuple[int, int]:
    """Return how many dates must have the day first, and how many the month."""
    counts = [0, 0]
    for _, parts in _matches(whole_array(values), _DIGITS):
        one, two = _to_integers(parts.field("one")), _to_integers(parts.field("two"))
        counts = [int(((one > 12) & (two <= 12)).sum()), int(((two > 12) & (one <= 12)).sum())]
    return counts[0], counts[1]


def _read_dates(texts: pa.Array, order: DateOrder | None) -> _DateParts:
    """Return the dates in the texts; ``order`` is the sheet's order of day and month, if known."""
    read = _DateParts(len(texts))
    for places, parts in _matches(texts, _YEAR_FIRST):
        read.add(
            places, parts, _to_integers(parts.field("day")), _to_integers(parts.field("month"))
        )
    for places, parts in _matches(texts, _DIGITS):
        one, two = _to_integers(parts.field("one")), _to_integers(parts.field("two"))
        month_first = order is DateOrder.MONTH_FIRST or ((order is None) & (two > 12))
        read.add(places, parts, np.where(month_first, two, one), np.where(month_first, one, two))
        if order is None:
            short = pc.equal(pc.utf8_length(parts.field("year")), 2)
            both = (one <= 12) & (two <= 12) & (one != two)
            read.unsure[places] = both | short.to_numpy(zero_copy_only=False)
    for pattern in (_DAY_NAME, _NAME_DAY):
        for places, parts in _matches(texts, pattern):
            month = parts.field("name").to_pandas().str.casefold().map(_MONTHS).fillna(0)
            named = (month > 0).to_numpy()
            kept = parts.filter(pa.array(named))
            day = _to_integers(kept.field("day"))
            read.add(places[named], kept, day, month.to_numpy(dtype="int64")[named])
    return read


def _matches(texts: pa.Array, pattern: str) -> list[tuple[np.ndarray, pa.StructArray]]:
    """Return the indexes of the matching texts and their groups; an empty list if none match."""
    parts = pc.extract_regex(texts, pattern)
    places = np.flatnonzero(parts.is_valid().to_numpy(zero_copy_only=False))
    return [(places, parts.take(pa.array(places)))] if len(places) else []


def _to_integers(digits: pa.Array) -> np.ndarray:
    """Return texts of digits as integers, 0 for an empty text."""
    filled = pc.if_else(pc.equal(digits, ""), "0", digits)
    return np.asarray(pc.cast(filled, pa.int64()).to_numpy(zero_copy_only=False))


def _format_dates(read: _DateParts, good: Mask, style: Style) -> pa.Array:
    """Return the good dates in the style's format."""
    pattern, locale = DATE_FORMS[style.date_form]
    days = read.year[good] * 10_000 + read.month[good] * 100 + read.day[good]
    unique, places = np.unique(days, return_inverse=True)
    names = [
        format_date(date(day // 10_000, day // 100 % 100, day % 100), pattern, locale=locale)
        for day in unique.tolist()
    ]
    written = pa.array(names, pa.large_string()).take(pa.array(places))
    if not style.time:
        return written
    minutes, which = np.unique(read.hour[good] * 60 + read.minute[good], return_inverse=True)
    clock = [f" {minute // 60:02d}:{minute % 60:02d}" for minute in minutes.tolist()]
    times = pa.array(clock, pa.large_string()).take(pa.array(which))
    times = pc.if_else(pa.array(read.timed[good]), times, "")
    return pc.binary_join_element_wise(written, times, pa.scalar("", pa.large_string()))
