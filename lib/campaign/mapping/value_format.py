"""Formats of values: spaces, letter case, and the forms of dates and numbers."""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class Form(StrEnum):
    """How a value's text is changed. Dates and numbers are changed only if they are unambiguous."""

    AS_IT_IS = "as_it_is"
    NAME = "name"
    FIRST = "first"
    UPPER = "upper"
    LOWER = "lower"
    DATE = "date"
    NUMBER = "number"


class Spaces(StrEnum):
    """Which spaces are removed: none, those at both ends, or also repeated ones and line breaks."""

    KEEP = "keep"
    ENDS = "ends"
    ONE_LINE = "one_line"


class DateOrder(StrEnum):
    """The order of day and month in a sheet's numeric dates."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


class DecimalMark(StrEnum):
    """The decimal separator of a sheet."""

    POINT = "."
    COMMA = ","


DATE_FORMS: Final[dict[str, tuple[str, str]]] = {
    "en_day": ("d MMMM yyyy", "en_GB"),
    "en_month": ("MMMM d, yyyy", "en_US"),
    "en_short": ("d MMMM", "en_GB"),
    "es": ("d 'de' MMMM 'de' yyyy", "es"),
    "es_short": ("d 'de' MMMM", "es"),
    "pt": ("d 'de' MMMM 'de' yyyy", "pt"),
    "pt_short": ("d 'de' MMMM", "pt"),
    "day_first": ("dd/MM/yyyy", "en_GB"),
    "month_first": ("MM/dd/yyyy", "en_US"),
    "year_first": ("yyyy-MM-dd", "en_GB"),
}
"""Date formats by name: a pattern of the Unicode CLDR, and the locale of its month names."""

NUMBER_FORMS: Final[dict[str, tuple[str, str]]] = {
    "1,234.5": (",", "."),
    "1.234,5": (".", ","),
    "1 234,5": ("\u00a0", ","),
    "1234.5": ("", "."),
    "1234,5": ("", ","),
}
"""Number formats by example: the thousands separator and the decimal separator."""


class Style(BaseModel):
    """How a value is formatted.

    ``date_order`` and ``decimal_mark`` describe the sheet's own dates and numbers; without them,
    rows with ambiguous ones are held back. ``date_form`` and ``number_form`` are keys of
    `DATE_FORMS` and `NUMBER_FORMS`. ``time`` keeps the time after a date. ``decimals`` is the
    number of decimals, None for as many as in the sheet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    form: Form = Form.AS_IT_IS
    spaces: Spaces = Spaces.ENDS
    date_order: DateOrder | None = None
    date_form: str = Field(default="en_day", pattern=f"^(?:{'|'.join(DATE_FORMS)})$")
    time: bool = False
    decimal_mark: DecimalMark | None = None
    number_form: str = "1,234.5"
    decimals: int | None = Field(default=None, ge=0, le=6)
