"""Questions about phones with two readings: one decision for each group, exceptions by row."""

from dataclasses import replace
from typing import Final

import pandas as pd
import phonenumbers
import streamlit as st
from babel.lists import format_list
from phonenumbers import PhoneNumberType

from lib.campaign import (
    Draft,
    PhoneExample,
    PhoneQuestion,
    Plan,
    corrected,
    phone_examples,
    phone_questions,
)
from lib.i18n import N_, _, current_locale, ngettext
from lib.settings import Settings
from lib.sheet import Sheet
from lib.sheet.phones.codes import PhoneProblem, Reading
from lib.ui.countries import country_names
from lib.ui.form_state import show
from lib.ui.formatting import literal, shortened
from lib.ui.new_broadcast.draft import latest, save_changes
from lib.ui.new_broadcast.paging import choose_rows
from lib.ui.new_broadcast.saved_mappings import save_answers

_HOLD: Final = "hold"
"""The option that leaves a question open, or holds single rows back."""

_TITLES: Final = {
    PhoneProblem.TWO_READINGS: N_("Do these numbers already start with a country code?"),
    PhoneProblem.OTHER_COUNTRY: N_("Are these numbers from another country?"),
    PhoneProblem.NO_COUNTRY: N_("Do these numbers already start with a country code?"),
    PhoneProblem.COUNTRY_CONFLICT: N_("Which is right, the country or the number?"),
    PhoneProblem.COUNTRY_UNREADABLE: N_("How should we read these numbers?"),
}
_TITLES_BY_PREFIX: Final = {
    "plus": N_("Is the + of these numbers right?"),
    "00": N_("Does the 00 of these numbers stand for +?"),
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
_KINDS: Final = {
    PhoneNumberType.MOBILE: N_("A mobile number"),
    PhoneNumberType.FIXED_LINE: N_("A landline"),
    PhoneNumberType.FIXED_LINE_OR_MOBILE: N_("A mobile number or a landline"),
    PhoneNumberType.VOIP: N_("A number for calls over the internet"),
}
_DECISIONS: Final[dict[str | None, str]] = {
    Reading.CODE: N_("Country code"),
    Reading.LOCAL: N_("Local number"),
    _HOLD: N_("Held back"),
    None: N_("Same as the group"),
}
_MAX_COUNTRIES: Final = 3
_CONTEXT_CHARACTERS: Final = 60


def draw_phone_questions(plan: Plan, sheet: Sheet, draft: Draft, settings: Settings) -> None:
    """Draw every question about phones, and how many rows wait for an answer."""
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
    elif questions:
        # Without it, the questions would move up when the last one is answered.
        st.success(_("All questions about phone numbers are answered."), icon=":material/check:")
    for question in questions:
        _draw_question(question, plan, sheet, draft, settings)


def _draw_question(
    question: PhoneQuestion, plan: Plan, sheet: Sheet, draft: Draft, settings: Settings
) -> None:
    with st.container(border=True, key=f"question_{question.key}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            _draw_badge(question)
            st.markdown(f"**{_title(question)}**", width="stretch")
        st.write(_(_SENTENCES[question.problem]))
        example = question.example
        st.caption(
            _("For example, row {row}: “{cell}”", row=example.row, cell=literal(example.cell))
        )
        _draw_answer(question, sheet, draft, settings)
        if st.toggle(_("Show each number"), key=f"rows_of_{question.key}_{draft.id}"):
            _draw_rows(question, plan, sheet, draft, settings)


def _title(question: PhoneQuestion) -> str:
    """Return the question, after the countries that its numbers may belong to."""
    text = _(_TITLES_BY_PREFIX.get(question.prefix, _TITLES[question.problem]))
    names = [country_names().get(code, code) for code in question.countries[:_MAX_COUNTRIES]]
    if len(question.countries) > _MAX_COUNTRIES:
        names.append(_("another country"))
    if not names:
        return text
    return f"{literal(format_list(names, style='or', locale=current_locale()))} · {text}"


def _draw_badge(question: PhoneQuestion) -> None:
    if question.waiting:
        text = ngettext("{count} row waits", "{count} rows wait", question.waiting)
        st.badge(text, icon=":material/help:", color="red")
    else:
        text = ngettext("{count} row decided", "{count} rows decided", len(question.rows))
        st.badge(text, icon=":material/check:", color="green")
    if question.exceptions:
        text = ngettext("{count} exception", "{count} exceptions", question.exceptions)
        st.badge(text, icon=":material/alt_route:", color="blue")


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
        captions=[_kind(question.example, option) for option in options],
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


def _kind(example: PhoneExample, option: str) -> str:
    """Return what kind of number the example is in a reading; empty if that is unknown."""
    numbers = {str(Reading.CODE): example.as_code, str(Reading.LOCAL): example.as_local}
    e164 = numbers.get(option)
    kind = phonenumbers.number_type(phonenumbers.parse(e164)) if e164 else None
    return _(_KINDS[kind]) if kind in _KINDS else ""


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
    lines = _lines(phone_examples(plan, sheet, rows), plan, sheet)
    state = "".join(str(_decision(row, plan))[0] for row in rows)
    chosen = st.dataframe(
        lines,
        key=f"question_rows_{question.key}_{shown.start}_{state}_{draft.id}",
        on_select="rerun",
        selection_mode="multi-row",
        alt=_("Numbers, how they can be read, and as they are sent"),
        column_config={
            "others": _("Rest of the row"),
            "cell": _("In your sheet"),
            "as_code": _("With country code"),
            "as_local": _("As a local number"),
            "decision": _("Read as"),
            "sent": _("As sent"),
        },
    )
    selected = [rows[place] for place in chosen["selection"]["rows"]]
    _draw_row_buttons(question, selected, draft, settings)


def _lines(examples: list[PhoneExample], plan: Plan, sheet: Sheet) -> pd.DataFrame:
    rows = [each.row for each in examples]
    lines = plan.table.loc[rows]
    return pd.DataFrame(
        {
            "others": _other_cells(rows, plan, sheet),
            "cell": [each.cell for each in examples],
            "as_code": [each.as_code or "" for each in examples],
            "as_local": [each.as_local or "" for each in examples],
            "decision": [_(_DECISIONS[_decision(row, plan)]) for row in rows],
            "sent": lines["client"].where(lines["held_codes"] == "", "").to_numpy(),
        },
        index=pd.Index(rows, name=_("Row")),
    )


def _decision(row: int, plan: Plan) -> str | None:
    """Return what was decided for a single row; None if it is read as its group."""
    if row in plan.answers.refused_rows:
        return _HOLD
    return plan.answers.phone_row_readings.get(row)


def _other_cells(rows: list[int], plan: Plan, sheet: Sheet) -> list[str]:
    """Return the cells of rows that show whose phones they are: variables, or all other cells."""
    assert plan.mapping is not None
    sources = plan.mapping.variables.values()
    columns = list(dict.fromkeys(name for source in sources for name in source.columns))
    phone = plan.mapping.client.columns
    columns = columns or [name for name in sheet.frame.columns if name not in phone]
    part = replace(sheet, frame=sheet.frame.loc[rows])
    cells = corrected(part, plan.answers.corrections).frame[columns]
    lines = cells.to_numpy().tolist()
    return [shortened(" · ".join(filter(None, line)), _CONTEXT_CHARACTERS) for line in lines]


def _draw_row_buttons(
    question: PhoneQuestion, selected: list[int], draft: Draft, settings: Settings
) -> None:
    with st.container(horizontal=True):
        for label, icon, reading in (
            (_("Use the country code"), ":material/public:", Reading.CODE),
            (_("Use the local number"), ":material/home_pin:", Reading.LOCAL),
            (_("Hold back"), ":material/block:", _HOLD),
            (_("Same as the group"), ":material/undo:", None),
        ):
            if isinstance(reading, Reading) and reading not in question.readings:
                continue
            st.button(
                label,
                key=f"{icon}_{question.key}_{draft.id}",
                icon=icon,
                disabled=not selected,
                on_click=_save_row_decisions,
                args=(selected, reading, draft, settings),
            )
    if not selected:
        st.caption(_("Select rows at their left edge to read them differently from the group."))


def _save_row_decisions(
    rows: list[int], decision: str | None, draft: Draft, settings: Settings
) -> None:
    now = latest(draft, settings)
    readings = {
        row: each for row, each in now.answers.phone_row_readings.items() if row not in rows
    }
    refused = now.answers.refused_rows.difference(rows)
    if isinstance(decision, Reading):
        readings |= dict.fromkeys(rows, decision)
    elif decision == _HOLD:
        refused = refused.union(rows)
    update = {"phone_row_readings": readings, "refused_rows": refused}
    answers = now.answers.model_copy(update=update)
    save_changes(now, settings, answers=answers)
