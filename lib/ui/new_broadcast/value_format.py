"""How a value is written: the choices behind one button, and what becomes of a row's value."""

from datetime import date
from typing import Final, TypeVar

import streamlit as st
from babel.dates import format_date

from lib.campaign import (
    DATE_FORMS,
    NUMBER_FORMS,
    DateOrder,
    DecimalMark,
    FieldSource,
    Form,
    Spaces,
    Style,
    date_orders,
    render_field,
)
from lib.sheet import Sheet
from lib.ui import formatting
from lib.ui.formatting import literal, several

_Choice = TypeVar("_Choice")

_FORMS: Final = {
    Form.AS_IT_IS: "As it is",
    Form.NAME: "As a name: Ana de la Cruz",
    Form.FIRST: "First letter large: Ana de la cruz",
    Form.UPPER: "Capitals: ANA DE LA CRUZ",
    Form.LOWER: "Small letters: ana de la cruz",
    Form.DATE: "As a date",
    Form.NUMBER: "As a number",
}
_SPACES: Final = {
    Spaces.ENDS: "Take them off at both ends",
    Spaces.ONE_LINE: "Also line breaks, tabs and double spaces",
    Spaces.KEEP: "Keep them all",
}
_ORDERS: Final = {
    None: "I'm not sure: hold such rows back",
    DateOrder.DAY_FIRST: "3 April: the day comes first",
    DateOrder.MONTH_FIRST: "4 March: the month comes first",
}
_MARKS: Final = {
    None: "I'm not sure: hold such rows back",
    DecimalMark.COMMA: "a comma, so 1.234 is a thousand and more",
    DecimalMark.POINT: "a point, so 1,234 is a thousand and more",
}
_DECIMALS: Final = (None, 0, 1, 2, 3)
_EXAMPLE_DAY: Final = date(2026, 4, 3)
_LOOKED_AT: Final = 1_000


def choose(source: FieldSource, sheet: Sheet, *, key: str) -> Style:
    """Draw the button and the choices behind it; return the style that is chosen."""
    style = source.style
    with st.popover("How it is written", icon=":material/text_format:", key=f"{key}_style"):
        forms = list(_FORMS)
        if source.template is not None:
            forms = [form for form in forms if form not in {Form.DATE, Form.NUMBER}]
        chosen: dict[str, object] = {
            "form": st.selectbox(
                "Write it",
                forms,
                index=forms.index(style.form) if style.form in forms else 0,
                format_func=_FORMS.__getitem__,
                key=f"{key}_form",
            )
        }
        if chosen["form"] is Form.DATE:
            chosen |= _choose_date(source, sheet, key=key)
        elif chosen["form"] is Form.NUMBER:
            chosen |= _choose_number(style, key=key)
        chosen["spaces"] = _choose("Spaces", _SPACES, style.spaces, key=f"{key}_spaces")
    return style.model_copy(update=chosen)


def _choose_date(source: FieldSource, sheet: Sheet, *, key: str) -> dict[str, object]:
    style = source.style
    order = _choose("In your sheet, 03/04/2026 is", _ORDERS, style.date_order, key=f"{key}_order")
    if source.column in sheet.frame.columns:
        day_first, month_first = date_orders(sheet.frame[source.column].head(_LOOKED_AT))
        st.caption(_evidence(day_first, month_first))
    return {
        "date_order": order,
        "date_form": st.selectbox(
            "Write dates like",
            list(DATE_FORMS),
            index=list(DATE_FORMS).index(style.date_form),
            format_func=_date_example,
            key=f"{key}_date",
            help="Years of two digits are read as 1950 to 2049.",
        ),
        "time": st.checkbox("With the time of day, where there is one", style.time, f"{key}_time"),
    }


def _evidence(day_first: int, month_first: int) -> str:
    if not day_first and not month_first:
        return "No date in the sheet tells which it is."
    return (
        f"In the first rows, {several(day_first, 'date')} can only have the day first, "
        f"{formatting.count(month_first)} only the month."
    )


def _date_example(name: str) -> str:
    pattern, locale = DATE_FORMS[name]
    return format_date(_EXAMPLE_DAY, pattern, locale=locale)


def _choose_number(style: Style, *, key: str) -> dict[str, object]:
    return {
        "decimal_mark": _choose(
            "Decimals in your sheet come after", _MARKS, style.decimal_mark, key=f"{key}_mark"
        ),
        "number_form": st.selectbox(
            "Write numbers like",
            list(NUMBER_FORMS),
            index=list(NUMBER_FORMS).index(style.number_form),
            key=f"{key}_number",
        ),
        "decimals": st.selectbox(
            "Decimals",
            _DECIMALS,
            index=_DECIMALS.index(style.decimals),
            format_func=lambda count: "as many as in the sheet" if count is None else str(count),
            key=f"{key}_decimals",
        ),
    }


def _choose(label: str, names: dict[_Choice, str], chosen: _Choice, *, key: str) -> _Choice:
    options = list(names)
    return st.selectbox(
        label, options, index=options.index(chosen), format_func=names.__getitem__, key=key
    )


def example(source: FieldSource, sheet: Sheet, *, trim: bool) -> str:
    """Return the first value that is sent, in words; empty where there is none to show."""
    if any(column not in sheet.frame.columns for column in source.columns):
        return ""
    values = render_field(source, sheet.frame.head(_LOOKED_AT), trim=trim).texts
    filled = values[values.str.strip() != ""]
    if filled.empty:
        return ""
    text = filled.iloc[0]
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    return literal(f"Row {formatting.count(int(filled.index[0]))}: “{shown}”")
