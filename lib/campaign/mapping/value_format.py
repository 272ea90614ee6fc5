"""How a value is written: its spaces, its letters, or its form as a date or a number."""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class Form(StrEnum):
    """What becomes of a value's text. Dates and numbers only change where they surely are such."""

    AS_IT_IS = "as_it_is"
    NAME = "name"
    FIRST = "first"
    UPPER = "upper"
    LOWER = "lower"
    DATE = "date"
    NUMBER = "number"


class Spaces(StrEnum):
    """Which spaces are taken off: none, those at both ends, or all but one between words."""

    KEEP = "keep"
    ENDS = "ends"
    ONE_LINE = "one_line"


class DateOrder(StrEnum):
    """How a sheet writes dates of digits alone."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


class DecimalMark(StrEnum):
    """What a sheet puts before the decimals."""

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
"""Ways to write a date, by name: a pattern of Unicode's CLDR, and whose names of months."""

NUMBER_FORMS: Final[dict[str, tuple[str, str]]] = {
    "1,234.5": (",", "."),
    "1.234,5": (".", ","),
    "1 234,5": ("\u00a0", ","),
    "1234.5": ("", "."),
    "1234,5": ("", ","),
}
"""Ways to write a number, by example: what parts thousands, and what goes before decimals."""


class Style(BaseModel):
    """How one value is written.

    ``date_order`` and ``decimal_mark`` say how the sheet writes dates and numbers that could be
    read in two ways; without them such rows are held back. ``decimals`` is how many there are
    to be, None for as many as in the sheet; ``time`` keeps the hour that stands behind a date.
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
