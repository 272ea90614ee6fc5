"""Show numbers and dates as a spreadsheet program does."""

import datetime as dt
import functools
import re
from decimal import Decimal

from xlfmt import format_value  # type: ignore[import-untyped]

MAX_EXACT = 10**15

# Formats that a workbook names by number alone (ECMA-376, part 1, 18.8.30). 14 and 22 look
# different on each computer.
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 12: "# ?/?", 13: "# ??/??",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 37: "#,##0 ;(#,##0)", 38: "#,##0 ;[Red](#,##0)",
    39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;[Red](#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss",
    47: "mmss.0",
}  # fmt: skip

_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.')
_SPACING = re.compile(r"_.|\*.")
_EXPONENT = re.compile(r"[Ee][+-]")
_LOCALE = re.compile(r"\[\$[^\]-]*-(?P<id>[^\]]+)\]")
_ENGLISH = re.compile(r"(?:0*[48]?09|0*[0-9a-f]?[0-9a-f]09|en-\w+)", re.IGNORECASE)
_NAMED_DATE = re.compile(r"mmm|ddd|aaa", re.IGNORECASE)


def distinctive_format(code: str) -> str | None:
    """Return a format whose numbers look unlike their digits, and alike everywhere; else None."""
    return code if not _is_plain(code) and _is_certain(code) else None


def _is_plain(code: str) -> bool:
    """Tell whether a number in this format is best shown by its digits alone.

    So are General, text, whole numbers and powers of ten: 1.65E+10 hides a phone number. Words and
    signs of the format's own, such as a plus before each number, are shown with them.
    """
    bare = _SPACING.sub("", code).strip()
    return bare in ("", "0", "@", "#") or "general" in bare.lower() or bool(_EXPONENT.search(bare))


def _is_certain(code: str) -> bool:
    """Tell whether this format looks the same on every computer, and is understood here."""
    bare = _QUOTED.sub("", code)
    locale = _LOCALE.search(bare)
    if locale is None:
        return True
    if locale["id"].lower() in ("f800", "f400", "x-sysdate", "x-systime"):
        return False
    return bool(_ENGLISH.fullmatch(locale["id"])) or not _NAMED_DATE.search(bare)


@functools.lru_cache(maxsize=65_536)
def format_number(value: str, code: str, *, date1904: bool) -> str | None:
    """Return a number's text in this format; None where the format isn't understood."""
    try:
        text = str(format_value(float(value), code, date1904=date1904)).strip()
    except (ValueError, OverflowError, ArithmeticError, IndexError, KeyError, TypeError):
        return None
    return None if not text or set(text) == {"#"} else text


def number_text(value: float) -> str:
    """Return a number's digits: at most 15 of them count, and there is never an exponent."""
    if value == int(value) and abs(value) < MAX_EXACT:
        return str(int(value))
    return format(Decimal(f"{value:.15g}"), "f")


def moment_text(
    value: dt.datetime | dt.date | dt.time | dt.timedelta,
) -> str:
    """Return a date or time in ISO's order, a duration as hours, minutes and seconds."""
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    if isinstance(value, dt.time):
        return value.isoformat("seconds" if value.second else "minutes")
    return value.isoformat()
