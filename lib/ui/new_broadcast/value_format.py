"""The format of a variable's value: the choices behind one button, and an example."""

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
from lib.i18n import N_, _
from lib.sheet import Sheet
from lib.ui.formatting import count, literal

_Choice = TypeVar("_Choice")

_FORMS: Final = {
    Form.AS_IT_IS: N_("As in your sheet"),
    Form.NAME: N_("Name: Ana de la Cruz"),
    Form.FIRST: N_("Sentence case: Ana de la cruz"),
    Form.UPPER: N_("UPPERCASE: ANA DE LA CRUZ"),
    Form.LOWER: N_("lowercase: ana de la cruz"),
    Form.DATE: N_("Date"),
    Form.NUMBER: N_("Number"),
}
_SPACES: Final = {
    Spaces.ENDS: N_("Trim both ends"),
    Spaces.ONE_LINE: N_("Also remove line breaks, tabs and double spaces"),
    Spaces.KEEP: N_("Keep all"),
}
_ORDERS: Final = {
    None: N_("I'm not sure: hold such rows back"),
    DateOrder.DAY_FIRST: N_("3 April (day first)"),
    DateOrder.MONTH_FIRST: N_("4 March (month first)"),
}
_MARKS: Final = {
    None: N_("I'm not sure: hold such rows back"),
    DecimalMark.COMMA: N_("Comma (1.234,56)"),
    DecimalMark.POINT: N_("Point (1,234.56)"),
}
_DECIMALS: Final = (None, 0, 1, 2, 3)
_EXAMPLE_DAY: Final = date(2026, 4, 3)
_SAMPLE_ROWS: Final = 1_000
_MAX_EXAMPLE_LENGTH: Final = 60


def draw_format_choice(source: FieldSource, sheet: Sheet, *, key: str) -> Style:
    """Draw the button and the choices behind it; return the style that is chosen."""
    style = source.style
    with st.popover(_("Format"), icon=":material/text_format:", key=f"{key}_style"):
        forms = list(_FORMS)
        if source.template is not None:
            forms = [form for form in forms if form not in {Form.DATE, Form.NUMBER}]
        chosen: dict[str, object] = {
            "form": st.selectbox(
                _("Format as"),
                forms,
                index=forms.index(style.form) if style.form in forms else 0,
                format_func=lambda form: _(_FORMS[form]),
                key=f"{key}_form",
            )
        }
        if chosen["form"] is Form.DATE:
            chosen |= _choose_date_format(source, sheet, key=key)
        elif chosen["form"] is Form.NUMBER:
            chosen |= _choose_number_format(style, key=key)
        chosen["spaces"] = _choose_option(_("Spaces"), _SPACES, style.spaces, key=f"{key}_spaces")
    return style.model_copy(update=chosen)


def _choose_date_format(source: FieldSource, sheet: Sheet, *, key: str) -> dict[str, object]:
    style = source.style
    order = _choose_option(
        _("In your sheet, 03/04/2026 means"), _ORDERS, style.date_order, key=f"{key}_order"
    )
    if source.column in sheet.frame.columns:
        day_first, month_first = date_orders(sheet.frame[source.column].head(_SAMPLE_ROWS))
        st.caption(_date_order_evidence(day_first, month_first))
    return {
        "date_order": order,
        "date_form": st.selectbox(
            _("Date format"),
            list(DATE_FORMS),
            index=list(DATE_FORMS).index(style.date_form),
            format_func=_date_example,
            key=f"{key}_date",
            help=_("Years with two digits are read as 1950 to 2049."),
        ),
        "time": st.checkbox(
            _("Include the time of day, if there is one"), style.time, f"{key}_time"
        ),
    }


def _date_order_evidence(day_first: int, month_first: int) -> str:
    if not day_first and not month_first:
        return _("No date in your sheet shows which is right.")
    return _(
        "Unambiguous dates in the first rows: {day_first} with the day first, {month_first} with "
        "the month first.",
        day_first=count(day_first),
        month_first=count(month_first),
    )


def _date_example(name: str) -> str:
    pattern, locale = DATE_FORMS[name]
    return format_date(_EXAMPLE_DAY, pattern, locale=locale)


def _choose_number_format(style: Style, *, key: str) -> dict[str, object]:
    return {
        "decimal_mark": _choose_option(
            _("Decimal separator in your sheet"), _MARKS, style.decimal_mark, key=f"{key}_mark"
        ),
        "number_form": st.selectbox(
            _("Number format"),
            list(NUMBER_FORMS),
            index=list(NUMBER_FORMS).index(style.number_form),
            key=f"{key}_number",
        ),
        "decimals": st.selectbox(
            _("Decimals"),
            _DECIMALS,
            index=_DECIMALS.index(style.decimals),
            format_func=lambda places: _("As in your sheet") if places is None else str(places),
            key=f"{key}_decimals",
        ),
    }


def _choose_option(label: str, names: dict[_Choice, str], chosen: _Choice, *, key: str) -> _Choice:
    options = list(names)
    return st.selectbox(
        label,
        options,
        index=options.index(chosen),
        format_func=lambda option: _(names[option]),
        key=key,
    )


def format_example(source: FieldSource, sheet: Sheet, *, trim: bool) -> str:
    """Return the first value that is sent, with its row; empty if there is none to show."""
    if any(column not in sheet.frame.columns for column in source.columns):
        return ""
    values = render_field(source, sheet.frame.head(_SAMPLE_ROWS), trim=trim).texts
    filled = values[values.str.strip() != ""]
    if filled.empty:
        return ""
    text = filled.iloc[0]
    if len(text) > _MAX_EXAMPLE_LENGTH:
        text = f"{text[:_MAX_EXAMPLE_LENGTH]}…"
    return _("Row {row}: “{value}”", row=int(filled.index[0]), value=literal(text))
