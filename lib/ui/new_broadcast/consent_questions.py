"""Questions about consent: one decision for each group of rows, which can be changed later."""

import functools
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import numpy as np
import streamlit as st

from lib.campaign import WORDS, ConsentQuestion, Draft, FindingCode
from lib.i18n import N_, _, ngettext
from lib.settings import Settings
from lib.ui.form_state import show
from lib.ui.formatting import comma_list, count, literal, row_location
from lib.ui.new_broadcast.draft import latest, save_changes

_ROWS_NAMED: Final = 20


class _Option(StrEnum):
    """An answer; ``LATER`` leaves a question open."""

    SEND = "send"
    HOLD = "hold"
    LATER = "later"


_SENDS: Final = {_Option.SEND: True, _Option.HOLD: False, _Option.LATER: None}
_TITLES: Final = {
    FindingCode.CONSENT_BLANK: N_("Send to people without a recorded consent?"),
    FindingCode.CONSENT_UNCLEAR: N_("Do these cells mean yes?"),
    FindingCode.CONSENT_EMAIL: N_("Does “{column}” also apply to WhatsApp?"),
    FindingCode.IN_OWN_REPORT: N_("Send to these people again?"),
}
_SENTENCES: Final = {
    FindingCode.CONSENT_BLANK: N_(
        "Your sheet doesn't say whether these people agreed to get messages."
    ),
    FindingCode.CONSENT_UNCLEAR: N_("These cells don't clearly say yes or no."),
    FindingCode.CONSENT_EMAIL: N_(
        "The column is about email. These people didn't agree in it, and no other column says "
        "that they agreed to messages."
    ),
    FindingCode.IN_OWN_REPORT: N_(
        "This sheet is a report of an earlier broadcast. These rows were accepted or are "
        "unconfirmed, so the people may have got the message."
    ),
}


def draw_consent_questions(
    questions: Sequence[ConsentQuestion], draft: Draft, settings: Settings
) -> None:
    """Draw every question about consent, and how many rows wait for an answer."""
    open_ones = [each for each in questions if each.sends is None]
    if open_ones:
        waiting = len(np.unique(np.concatenate([each.rows for each in open_ones])))
        rows = ngettext("{count} row waits", "{count} rows wait", waiting)
        text = ngettext(
            "**{rows} for your answer to {count} question about consent.** Until then, they are "
            "held back.",
            "**{rows} for your answers to {count} questions about consent.** Until then, they are "
            "held back.",
            len(open_ones),
            rows=rows,
        )
        st.warning(text, icon=":material/help:")
    for question in questions:
        _draw_question(question, draft, settings)


def _draw_question(question: ConsentQuestion, draft: Draft, settings: Settings) -> None:
    column = literal(question.column or "")
    with st.container(border=True, key=f"question_{question.key}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            _draw_badge(question)
            title = _(_TITLES[question.code], column=column)
            st.markdown(f"**{title}**", width="stretch")
        st.write(_(_SENTENCES[question.code]))
        if question.agreed_elsewhere:
            st.caption(
                ngettext(
                    "{count} more person didn't agree to email, but agreed in another column. "
                    "This question isn't about them.",
                    "{count} more people didn't agree to email, but agreed in another column. "
                    "This question isn't about them.",
                    question.agreed_elsewhere,
                )
            )
        rows = [int(row) for row in question.rows[:_ROWS_NAMED]]
        st.caption(row_location(rows, len(question.rows)))
        st.caption(_example(question))
        _draw_answer(question, draft, settings)
        if stays := len(question.rows) - question.sendable:
            reasons = comma_list([_(WORDS[code].title) for code in question.other_reasons])
            st.caption(
                ngettext(
                    "{count} row stays held back whatever you answer here: {reasons}",
                    "{count} rows stay held back whatever you answer here: {reasons}",
                    stays,
                    reasons=reasons,
                )
            )


def _draw_badge(question: ConsentQuestion) -> None:
    number = len(question.rows)
    if question.sends is None:
        text = ngettext("{count} row waits", "{count} rows wait", number)
        st.badge(text, icon=":material/help:", color="red")
    else:
        text = ngettext("{count} row decided", "{count} rows decided", number)
        st.badge(text, icon=":material/check:", color="green")


def _example(question: ConsentQuestion) -> str:
    cells = " · ".join(
        f"{literal(column)}: “{literal(cell)}”" for column, cell in question.example_cells.items()
    )
    return _("For example, row {row}: {cells}", row=question.rows[0], cells=cells)


def _draw_answer(question: ConsentQuestion, draft: Draft, settings: Settings) -> None:
    """Draw the answers, each with the number of rows that it sends or holds back."""
    key = f"consent_answer_{question.key}_{draft.id}"

    def save_answer() -> None:
        now = latest(draft, settings)
        answers = question.answered(now.answers, sends=_SENDS[st.session_state[key]])
        save_changes(now, settings, answers=answers)

    show(key, next(option for option, sends in _SENDS.items() if sends is question.sends))
    st.radio(
        _("What to do with these rows"),
        list(_Option),
        # The browser keeps the chosen label, so what changes with the rows is in the captions.
        format_func=functools.partial(_answer_text, question),
        captions=[_effect_text(question, option) for option in _Option],
        key=key,
        label_visibility="collapsed",
        on_change=save_answer,
    )


def _answer_text(question: ConsentQuestion, option: _Option) -> str:
    is_email = question.column is not None
    match option:
        case _Option.SEND:
            return _("No, it's only about email") if is_email else _("Send them anyway")
        case _Option.HOLD:
            return _("Yes, hold them back") if is_email else _("Hold them back")
        case _Option.LATER:
            return _("Decide later")


def _effect_text(question: ConsentQuestion, option: _Option) -> str:
    number = len(question.rows)
    match option:
        case _Option.SEND if question.sendable < number:
            return _(
                "{part} of {total} rows are sent",
                part=count(question.sendable),
                total=count(number),
            )
        case _Option.SEND:
            return ngettext("{count} row is sent", "{count} rows are sent", number)
        case _Option.HOLD:
            return ngettext("{count} row is held back", "{count} rows are held back", question.held)
        case _Option.LATER:
            return ngettext(
                "{count} row is held back until then",
                "{count} rows are held back until then",
                number,
            )
