"""Questions about phones with two readings: one decision for each group, exceptions by row."""

from typing import Final

import pandas as pd
import phonenumbers
import streamlit as st

from lib.campaign import (
    Draft,
    PhoneExample,
    PhoneQuestion,
    Plan,
    phone_examples,
    phone_questions,
)
from lib.i18n import N_, _, ngettext
from lib.settings import Settings
from lib.sheet import Sheet
from lib.sheet.phones.codes import PhoneProblem, Reading
from lib.ui.countries import country_names
from lib.ui.form_state import show
from lib.ui.formatting import literal
from lib.ui.new_broadcast.draft import latest, save_changes
from lib.ui.new_broadcast.paging import choose_rows
from lib.ui.new_broadcast.saved_mappings import save_answers

_HOLD: Final = "hold"
"""The option that leaves a question open."""

_TITLES: Final = {
    PhoneProblem.TWO_READINGS: N_("Do these numbers already start with a country code?"),
    PhoneProblem.OTHER_COUNTRY: N_("Are these numbers from another country?"),
    PhoneProblem.NO_COUNTRY: N_("Do these numbers already start with a country code?"),
    PhoneProblem.COUNTRY_CONFLICT: N_("Which is right, the country or the number?"),
    PhoneProblem.COUNTRY_UNREADABLE: N_("How should we read these numbers?"),
}
_SENTENCES: Final = {
    PhoneProblem.TWO_READINGS: N_(
        "Their first digits may be a country code or part of a local number."
    ),
    PhoneProblem.OTHER_COUNTRY: N_(
        "The numbers have no + and aren't valid in the default country. With their first digits as "
        "a country code, they are."
    ),
    PhoneProblem.NO_COUNTRY: N_(
        "The numbers have no +. If they are local numbers, choose their country above instead."
    ),
    PhoneProblem.COUNTRY_CONFLICT: N_(
        "The country in the row and the country code of its number don't match."
    ),
    PhoneProblem.COUNTRY_UNREADABLE: N_(
        "The numbers have no country code, and we don't recognize the country in their rows."
    ),
}


def draw_phone_questions(plan: Plan, sheet: Sheet, draft: Draft, settings: Settings) -> None:
    """Draw every question about phones, open ones first, and how many rows wait for an answer."""
    questions = phone_questions(plan, sheet)
    open_ones = [each for each in questions if each.waiting]
    if open_ones:
        waiting = sum(each.waiting for each in open_ones)
        rows = ngettext("{count} row waits", "{count} rows wait", waiting)
        text = ngettext(
            "**{rows} for your answer to {count} question below.** Until then, they are held back.",
            "**{rows} for your answers to {count} questions below.** Until then, they are held "
            "back.",
            len(open_ones),
            rows=rows,
        )
        st.warning(text, icon=":material/help:")
    for question in questions:
        _draw_question(question, plan, sheet, draft, settings)


def _draw_question(
    question: PhoneQuestion, plan: Plan, sheet: Sheet, draft: Draft, settings: Settings
) -> None:
    with st.container(border=True, key=f"question_{question.key}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            _draw_badge(question)
            st.markdown(f"**{_(_TITLES[question.problem])}**", width="stretch")
        st.write(_(_SENTENCES[question.problem]))
        example = question.example
        st.caption(
            _("For example, row {row}: “{cell}”", row=example.row, cell=literal(example.cell))
        )
        _draw_answer(question, sheet, draft, settings)
        if st.toggle(_("Show each number"), key=f"rows_of_{question.key}_{draft.id}"):
            _draw_rows(question, plan, sheet, draft, settings)


def _draw_badge(question: PhoneQuestion) -> None:
    if question.waiting:
        text = ngettext("{count} row waits", "{count} rows wait", question.waiting)
        st.badge(text, icon=":material/help:", color="red")
    else:
        text = ngettext("{count} row decided", "{count} rows decided", len(question.rows))
        st.badge(text, icon=":material/check:", color="green")


def _draw_answer(question: PhoneQuestion, sheet: Sheet, draft: Draft, settings: Settings) -> None:
    """Draw both readings of the example as the answers, and one that holds the rows back."""
    options = [
        str(reading)
        for reading in Reading
        if reading in question.readings or question.reading is reading
    ]
    options.append(_HOLD)
    key = f"answer_{question.key}_{draft.id}"

    def save_answer() -> None:
        now = latest(draft, settings)
        readings = dict(now.answers.phone_readings)
        readings.pop(question.key, None)
        if (chosen := st.session_state[key]) != _HOLD:
            readings[question.key] = Reading(chosen)
        save_answers(now, sheet, settings, phone_readings=readings)

    show(key, str(question.reading or _HOLD))
    st.radio(
        _("How to read them"),
        options,
        format_func=lambda option: _answer_text(question, option),
        key=key,
        label_visibility="collapsed",
        on_change=save_answer,
    )


def _answer_text(question: PhoneQuestion, option: str) -> str:
    if option == _HOLD:
        return _("Hold these rows back")
    example = question.example
    if question.problem is PhoneProblem.COUNTRY_CONFLICT:
        if option == Reading.CODE:
            return _("The number: {number}", number=_with_country(example.as_code))
        return _("The country in the row: {number}", number=_with_country(example.as_local))
    if option == Reading.CODE:
        return _("They include the country code: {number}", number=_with_country(example.as_code))
    return _("They are local numbers: {number}", number=_with_country(example.as_local))


def _with_country(e164: str | None) -> str:
    """Return a number as people write it, with the name of its country."""
    if e164 is None:
        return _("not a valid number")
    number = phonenumbers.parse(e164)
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    country = country_names().get(phonenumbers.region_code_for_number(number) or "")
    return f"{written} ({country})" if country else written


def _draw_rows(
    question: PhoneQuestion, plan: Plan, sheet: Sheet, draft: Draft, settings: Settings
) -> None:
    """Draw the numbers of a question, with buttons to read selected ones in another way."""
    shown = choose_rows(len(question.rows), key=f"question_page_{question.key}_{draft.id}")
    rows = list(question.rows[shown])
    lines = _lines(phone_examples(plan, sheet, rows), plan)
    state = "".join(str(plan.answers.phone_row_readings.get(row, "-"))[0] for row in rows)
    chosen = st.dataframe(
        lines,
        key=f"question_rows_{question.key}_{shown.start}_{state}_{draft.id}",
        on_select="rerun",
        selection_mode="multi-row",
        alt=_("Numbers, how they can be read, and as they are sent"),
        column_config={
            "cell": _("In your sheet"),
            "as_code": _("With country code"),
            "as_local": _("As a local number"),
            "sent": _("As sent"),
        },
    )
    selected = [rows[place] for place in chosen["selection"]["rows"]]
    _draw_row_buttons(question, selected, draft, settings)


def _lines(examples: list[PhoneExample], plan: Plan) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cell": [each.cell for each in examples],
            "as_code": [each.as_code or "" for each in examples],
            "as_local": [each.as_local or "" for each in examples],
            "sent": [str(plan.table.loc[each.row, "client"]) for each in examples],
        },
        index=pd.Index([each.row for each in examples], name=_("Row")),
    )


def _draw_row_buttons(
    question: PhoneQuestion, selected: list[int], draft: Draft, settings: Settings
) -> None:
    with st.container(horizontal=True):
        for label, icon, reading in (
            (_("Use the country code"), ":material/public:", Reading.CODE),
            (_("Use the local number"), ":material/home_pin:", Reading.LOCAL),
            (_("Same as the group"), ":material/undo:", None),
        ):
            if reading is not None and reading not in question.readings:
                continue
            st.button(
                label,
                key=f"{icon}_{question.key}_{draft.id}",
                icon=icon,
                disabled=not selected,
                on_click=_save_row_readings,
                args=(selected, reading, draft, settings),
            )
    if not selected:
        st.caption(_("Select rows at their left edge to read them differently from the group."))


def _save_row_readings(
    rows: list[int], reading: Reading | None, draft: Draft, settings: Settings
) -> None:
    now = latest(draft, settings)
    readings = {
        row: each for row, each in now.answers.phone_row_readings.items() if row not in rows
    }
    if reading is not None:
        readings |= dict.fromkeys(rows, reading)
    answers = now.answers.model_copy(update={"phone_row_readings": readings})
    save_changes(now, settings, answers=answers)
