"""Write numbers and dates as a spreadsheet program shows them."""

import datetime as dt
import functools
import math
import re
from decimal import Decimal
from typing import Final, NamedTuple

from xlfmt import format_value  # type: ignore[import-untyped]

from lib.sheet.workbook.date_names import (
    DateLanguage,
    date_language,
    has_date_names,
    is_system_format,
    with_date_names,
)

MAX_EXACT: Final = 10**15

# Formats that a workbook refers to by number only (ECMA-376, part 1, 18.8.30). 14 and 22 are left
# out because they depend on the computer's settings.
BUILT_IN: Final = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 12: "# ?/?", 13: "# ??/??",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 37: "#,##0 ;(#,##0)", 38: "#,##0 ;[Red](#,##0)",
    39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;[Red](#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss",
    47: "mmss.0",
}  # fmt: skip

_LITERAL: Final = r'"[^"]*"|\\.|_.|\*.'
_LITERALS: Final = re.compile(_LITERAL)
_SPACING: Final = re.compile(r"_.|\*.")
_EXPONENT: Final = re.compile(r"[Ee][+-]")
_LANGUAGE_TAG: Final = re.compile(r"\[\$-[^\]]*\]")
_DATE_DOT: Final = re.compile(rf"({_LITERAL})|\.(?!0)")
_NOT_UNITS: Final = re.compile(rf"{_LITERAL}|\[(?!h+\]|m+\]|s+\])[^\]]*\]|am/pm|a/p")
_DATE_UNIT: Final = re.compile(r"[ymdhs]")
_HOURS_AND_MINUTES: Final = re.compile(r"h[^ymds]*m{1,2}(?!m)")
_DAY: Final = 86_400_000
_HOUR: Final = 3_600_000
_MINUTE: Final = 60_000


def distinctive_format(code: str) -> str | None:
    """Return the format if it shows more than digits and is the same everywhere, else None."""
    return code if not _is_plain(code) and _is_portable(code) else None


def _is_plain(code: str) -> bool:
    """Return whether a number in this format is best shown by its digits alone.

    This holds for General, text and whole numbers, and for powers of ten, since 1.65E+10 hides a
    phone number. Text in the format, such as a plus sign before each number, is shown.
    """
    bare = _SPACING.sub("", code).strip()
    return bare in ("", "0", "@", "#") or "general" in bare.lower() or bool(_EXPONENT.search(bare))


def _is_portable(code: str) -> bool:
    """Return whether this format does not depend on the computer or on an unknown language."""
    bare = _LITERALS.sub("", code)
    if is_system_format(bare):
        return False
    return not has_date_names(bare) or date_language(code) is not None


@functools.lru_cache(maxsize=65_536)
def format_number(value: str, code: str, *, date1904: bool) -> str | None:
    """Return a number's text in this format, or None if the format can't show it.

    The code must be a `distinctive_format`.
    """
    try:
        adapted = _adapt_to_xlfmt(code)
        number = float(value)
        if not math.isfinite(number):
            return None
        if adapted.unit and number > 0:
            number = round(number * _DAY) // adapted.unit * adapted.unit / _DAY
        shown = adapted.code
        if adapted.language is not None:
            shown = with_date_names(shown, number, adapted.language, date1904=date1904)
        text = str(format_value(number, shown, date1904=date1904)).strip()
    except (ValueError, OverflowError, ArithmeticError, IndexError, KeyError, TypeError):
        return None
    return None if not text or set(text) == {"#"} else text


class _AdaptedFormat(NamedTuple):
    """A format for xlfmt, the unit that times are cut to, and the language of names in dates.

    The unit is in milliseconds, or 0. The language is None if xlfmt's English names are right.
    """

    code: str
    unit: int
    language: DateLanguage | None


@functools.lru_cache(maxsize=4096)
def _adapt_to_xlfmt(code: str) -> _AdaptedFormat:
    """Return a format that xlfmt 0.1.0 shows as Excel does.

    xlfmt shows a language tag without a currency as "$", knows English names only, leaves out the
    dots of dates, and rounds times to the last unit shown where Excel cuts them.
    """
    language = date_language(code) if has_date_names(code) else None
    if language is not None and language.locale.language == "en":
        language = None
    code = _LANGUAGE_TAG.sub("", code)
    units = _NOT_UNITS.sub("", code.lower())
    if not _DATE_UNIT.search(units):
        return _AdaptedFormat(code, 0, language)
    code = _DATE_DOT.sub(lambda match: match[1] or r"\.", code)
    return _AdaptedFormat(code, _time_unit(units), language)


def _time_unit(units: str) -> int:
    """Return the unit that times are cut to, given the units of a date format in lowercase."""
    if "s" in units:
        return 0
    if "[m" in units or _HOURS_AND_MINUTES.search(units):
        return _MINUTE
    return _HOUR if "h" in units else 0


def number_text(value: float) -> str:
    """Return a number's digits without an exponent, at most 15 of them significant."""
    if value == int(value) and abs(value) < MAX_EXACT:
        return str(int(value))
    return format(Decimal(f"{value:.15g}"), "f")


def moment_text(
    value: dt.datetime | dt.date | dt.time | dt.timedelta,
) -> str:
    """Return a date or time in ISO 8601 order, or a duration as hours, minutes and seconds."""
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    if isinstance(value, dt.time):
        return value.isoformat("seconds" if value.second else "minutes")
    return value.isoformat()
