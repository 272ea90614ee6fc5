"""Consent columns: what each is used for. To send to people who said no is asked first."""

import functools
from collections.abc import Sequence
from typing import Final, NamedTuple

import streamlit as st

from lib.campaign import (
    ConsentUse,
    Draft,
    FieldSource,
    Mapping,
    Plan,
    ReleasedRows,
    rows_released_by,
)
from lib.campaign.mapping.consent import ConsentColumn, consent_column, consent_uses, counted
from lib.campaign.mapping.consent_vocabulary import Answer, Channel
from lib.i18n import N_, _, ngettext
from lib.settings import Settings
from lib.sheet import Sheet
from lib.ui.form_state import reset_form, shown_in
from lib.ui.formatting import count, literal, or_list
from lib.ui.new_broadcast.draft import latest, save_changes
from lib.ui.new_broadcast.saved_mappings import keep_mapping

# The places at which the use of a column is changed: step 2 and step 3.
_COLUMNS: Final = "columns"
_CHECK: Final = "check"
_USES: Final = {
    ConsentUse.HOLD: N_("Hold back rows that say no"),
    ConsentUse.IGNORE: N_("Ignore this column"),
    ConsentUse.OTHER: N_("Not about consent"),
}
_TOPICS: Final = {
    Channel.WHATSAPP: N_("WhatsApp"),
    Channel.SMS: N_("SMS"),
    Channel.GENERAL: N_("marketing"),
    Channel.EMAIL: N_("email"),
}
_FIGURES: Final = {
    Answer.YES: N_("{count} agreed"),
    Answer.NOT_REFUSED: N_("{count} didn't decline"),
    Answer.NO: N_("{count} said no"),
    Answer.BLANK: N_("{count} blank"),
    Answer.UNCLEAR: N_("{count} unclear"),
}


class _AskedUse(NamedTuple):
    """A use of a column that waits for a confirmation at one place of the page."""

    place: str
    sheet_id: str | None
    column: str
    use: ConsentUse


def draw_consent_columns(draft: Draft, mapping: Mapping, sheet: Sheet, settings: Settings) -> None:
    """Draw the consent columns and the choice of what each is used for."""
    uses = consent_uses(sheet, mapping)
    if not uses:
        return
    st.markdown(_("**Consent**: who has agreed to get messages"))
    asked = _asked_use(draft, _COLUMNS)
    for name, use in uses.items():
        column = consent_column(name, sheet.frame[name])
        is_asked = asked is not None and asked.column == name
        left, right = st.columns([2, 3], vertical_alignment="center")
        with left:
            _draw_use(column, asked.use if asked and is_asked else use, draft, sheet, settings)
        notes = [f"{_meaning(column)} {_figures(column, sheet)}", *_email_note(column, use, draft)]
        right.caption("  \n".join(notes))
        if is_asked:
            _ask_to_release(_COLUMNS, draft, sheet, settings)
    st.caption(
        _(
            "WhatsApp columns take precedence over SMS columns, and SMS columns over general "
            "marketing columns. Email columns come last, and apply only if you decide so in step "
            "3. Consent columns are not sent as variables."
        )
    )


def _draw_use(
    column: ConsentColumn, use: ConsentUse, draft: Draft, sheet: Sheet, settings: Settings
) -> None:
    form = f"consent_{column.name}_{draft.id}_{draft.sheet_id}"
    if shown_in(form, use).value != use:
        reset_form(form, use)  # it was changed elsewhere
    shown = shown_in(form, use)
    key = f"{form}_{shown.turn}"

    def choose() -> None:
        shown.value = st.session_state[key]
        _choose_use(column.name, shown.value, draft, sheet, settings, place=_COLUMNS)

    st.selectbox(
        _("Column “{column}”", column=literal(column.name)),
        list(_USES),
        index=list(_USES).index(use),
        format_func=functools.partial(_use_text, column),
        key=key,
        on_change=choose,
    )


def draw_released_columns(
    released: Sequence[ReleasedRows], draft: Draft, sheet: Sheet, settings: Settings
) -> None:
    """Draw the consent columns that don't hold rows back, each with a button to use it again."""
    for each in released:
        with st.container(horizontal=True, vertical_alignment="center"):
            if not each.is_empty:
                st.warning(released_text(each), icon=":material/campaign:")
            else:
                st.caption(released_text(each), width="stretch")
            st.button(
                _("Hold back rows that say no"),
                key=f"hold_{each.column}_{draft.id}",
                icon=":material/undo:",
                on_click=_set_column_use,
                args=(each.column, ConsentUse.HOLD, draft, sheet, settings),
            )


def released_text(released: ReleasedRows) -> str:
    """Return which consent column is not used, and how many people are messaged for it."""
    column = literal(released.column)
    if released.use is ConsentUse.IGNORE:
        parts = [_("Column “{column}” is ignored.", column=column)]
    else:
        parts = [_("Column “{column}” is treated as not about consent.", column=column)]
    if released.said_no:
        parts.append(
            ngettext(
                "**{count} person in it said no and will be messaged.**",
                "**{count} people in it said no and will be messaged.**",
                released.said_no,
            )
        )
    if released.said_no_waiting:
        parts.append(
            ngettext(
                "{count} person in it said no and is held back only until you answer the "
                "questions about consent.",
                "{count} people in it said no and are held back only until you answer the "
                "questions about consent.",
                released.said_no_waiting,
            )
        )
    if released.unanswered:
        parts.append(
            ngettext(
                "{count} person without a clear answer will be messaged.",
                "{count} people without a clear answer will be messaged.",
                released.unanswered,
            )
        )
    return " ".join(parts)


def _choose_use(
    name: str, use: ConsentUse, draft: Draft, sheet: Sheet, settings: Settings, *, place: str
) -> None:
    """Save what a column is used for. If that sends to more people, ask at this place first."""
    now = latest(draft, settings)
    assert now.mapping is not None
    st.session_state.pop(_asked_key(draft), None)
    released = rows_released_by(use, name, sheet, now.mapping, now.answers)
    if not released.is_empty:
        st.session_state[_asked_key(draft)] = _AskedUse(place, now.sheet_id, name, use)
    else:
        _set_column_use(name, use, draft, sheet, settings)


def _asked_use(draft: Draft, place: str) -> _AskedUse | None:
    """Return the use that waits for a confirmation at this place of the page, if there is one."""
    asked: _AskedUse | None = st.session_state.get(_asked_key(draft))
    if asked is None or (asked.place, asked.sheet_id) != (place, draft.sheet_id):
        return None
    return asked


def _asked_key(draft: Draft) -> str:
    return f"consent_use_asked_{draft.id}"


def _ask_to_release(
    place: str,
    draft: Draft,
    sheet: Sheet,
    settings: Settings,
    *,
    plan: Plan | None = None,
) -> None:
    """Ask whether to send to the people whom a column holds back."""
    asked = _asked_use(draft, place)
    assert asked is not None
    assert draft.mapping is not None
    released = rows_released_by(
        asked.use, asked.column, sheet, draft.mapping, draft.answers, plan=plan
    )
    st.warning(_release_question(released), icon=":material/campaign:")
    with st.container(horizontal=True):
        st.button(
            _("Keep holding them back"),
            key=f"keep_held_{place}_{draft.id}",
            type="primary",
            icon=":material/block:",
            on_click=_forget_asked_use,
            args=(draft,),
        )
        st.button(
            _("Message them anyway"),
            key=f"release_{place}_{draft.id}",
            icon=":material/send:",
            on_click=_set_column_use,
            args=(asked.column, asked.use, draft, sheet, settings),
        )


def _release_question(released: ReleasedRows) -> str:
    column = literal(released.column)
    parts = []
    if released.said_no:
        parts.append(
            ngettext(
                "**{count} person who said no in “{column}” would be messaged.**",
                "**{count} people who said no in “{column}” would be messaged.**",
                released.said_no,
                column=column,
            )
        )
    if released.said_no_waiting:
        parts.append(
            ngettext(
                "{count} person who said no in “{column}” would be held back only until you "
                "answer the questions about consent.",
                "{count} people who said no in “{column}” would be held back only until you "
                "answer the questions about consent.",
                released.said_no_waiting,
                column=column,
            )
        )
    if released.unanswered:
        parts.append(
            ngettext(
                "{count} person without a clear answer in “{column}” would be messaged.",
                "{count} people without a clear answer in “{column}” would be messaged.",
                released.unanswered,
                column=column,
            )
        )
    if released.is_empty:
        parts.append(_("Nobody else would be messaged."))
    parts.append(_("Rows that are held back for other reasons stay held back."))
    return " ".join(parts)


def _forget_asked_use(draft: Draft) -> None:
    st.session_state.pop(_asked_key(draft), None)


def _set_column_use(
    name: str, use: ConsentUse, draft: Draft, sheet: Sheet, settings: Settings
) -> None:
    """Save what a column is used for. A column that is not about consent becomes a variable.

    What was decided about a column on email consent is asked again.
    """
    _forget_asked_use(draft)
    draft = latest(draft, settings)
    assert draft.mapping is not None
    variables = dict(draft.mapping.variables)
    if use is ConsentUse.OTHER:
        if not any(name in each.columns for each in variables.values()):
            variables.setdefault(name.strip(), FieldSource(column=name))
    else:
        own = {key for key, source in variables.items() if source.column == name}
        variables = {key: source for key, source in variables.items() if key not in own}
    uses = {**consent_uses(sheet, draft.mapping), name: use}
    mapping = draft.mapping.model_copy(update={"consent": uses, "variables": variables})
    decided = {each: answer for each, answer in draft.answers.email_consent.items() if each != name}
    draft = save_changes(
        draft,
        settings,
        mapping=mapping,
        mapping_turn=draft.mapping_turn + 1,
        answers=draft.answers.model_copy(update={"email_consent": decided}),
    )
    keep_mapping(draft, sheet, settings)


def draw_use_of_refusing_column(
    name: str, plan: Plan, draft: Draft, sheet: Sheet, settings: Settings
) -> None:
    """Draw the buttons that change the use of a column in which people say no."""
    asked = _asked_use(draft, _CHECK)
    if asked is not None and asked.column == name:
        _ask_to_release(_CHECK, draft, sheet, settings, plan=plan)
        return
    with st.container(horizontal=True):
        for label, icon, use in (
            (_("Ignore this column"), ":material/visibility_off:", ConsentUse.IGNORE),
            (_("This column is not about consent"), ":material/undo:", ConsentUse.OTHER),
        ):
            st.button(
                label,
                key=f"{use}_{name}_{draft.id}",
                icon=icon,
                on_click=_choose_use,
                args=(name, use, draft, sheet, settings),
                kwargs={"place": _CHECK},
            )


def _use_text(column: ConsentColumn, use: ConsentUse) -> str:
    if use is ConsentUse.HOLD and column.channel is Channel.EMAIL:
        return _("Ask whether it also applies to WhatsApp")
    return _(_USES[use])


def _email_note(column: ConsentColumn, use: ConsentUse, draft: Draft) -> list[str]:
    """Return what an email column does, for such a column that is used as consent."""
    if column.channel is not Channel.EMAIL or use is not ConsentUse.HOLD:
        return []
    match draft.answers.email_consent.get(column.name):
        case None:
            return [_("Step 3 asks about people who didn't agree here or in another column.")]
        case True:
            return [_("You decided in step 3 that it also applies to WhatsApp.")]
        case False:
            return [_("You decided in step 3 that it doesn't apply to WhatsApp.")]


def _meaning(column: ConsentColumn) -> str:
    channels = column.channels or (Channel.GENERAL,)
    topic = or_list([_(_TOPICS[each]) for each in channels])
    if column.refusing is None:
        return _("Shows who has agreed to {topic} messages and who has declined.", topic=topic)
    if column.refusing:
        return _(
            "Shows who has declined {topic} messages. A yes, a mark or a date counts as a no.",
            topic=topic,
        )
    return _("Shows who has agreed to {topic} messages.", topic=topic)


def _figures(column: ConsentColumn, sheet: Sheet) -> str:
    counts = dict(counted(column, sheet.frame[column.name]))
    return " · ".join(
        _(text, count=count(counts[answer]))
        for answer, text in _FIGURES.items()
        if answer in counts
    )
