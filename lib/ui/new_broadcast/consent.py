"""Consent: what each consent column is used for, and one decision for each group of rows."""

from typing import Final

import streamlit as st

from lib.campaign import (
    Answers,
    ConsentUse,
    Draft,
    FieldSource,
    FindingGroup,
    Mapping,
    Plan,
    ReleasedRows,
    released_rows,
    rows_released_by,
)
from lib.campaign.mapping.consent import ConsentColumn, consent_column, consent_uses, counted
from lib.campaign.mapping.consent_vocabulary import Answer, Channel
from lib.i18n import N_, _, ngettext
from lib.settings import Settings
from lib.sheet import Sheet
from lib.ui.form_state import show
from lib.ui.formatting import count, literal
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
_SEND_ANSWERS: Final = {
    "consent_blank": "send_blank_consent",
    "consent_unclear": "send_unclear_consent",
    "in_own_report": "resend_reported",
}
"""The answer that decides about the rows of a finding, by the finding's code."""


def draw_consent_columns(draft: Draft, mapping: Mapping, sheet: Sheet, settings: Settings) -> None:
    """Draw the consent columns and the choice of what each is used for."""
    uses = consent_uses(sheet, mapping)
    if not uses:
        return
    st.markdown(_("**Consent**: who has agreed to get messages"))
    asked = _asked_use(draft, _COLUMNS)
    for place, (name, use) in enumerate(uses.items()):
        key = f"consent_{place}_{draft.id}_{draft.sheet_id}"
        is_asked = asked is not None and asked[0] == name
        show(key, asked[1] if asked is not None and is_asked else use)
        left, right = st.columns([2, 3], vertical_alignment="center")
        left.selectbox(
            _("Column “{column}”", column=literal(name)),
            list(_USES),
            format_func=lambda each: _(_USES[each]),
            key=key,
            on_change=lambda name=name, key=key: _choose_use(
                name, st.session_state[key], draft, sheet, settings, place=_COLUMNS
            ),
        )
        column = consent_column(name, sheet.frame[name])
        right.caption(f"{_meaning(column)} {_figures(column, sheet)}")
        if is_asked:
            _ask_to_release(_COLUMNS, draft, sheet, settings)
    st.caption(
        _(
            "WhatsApp columns take precedence over SMS columns, and SMS columns over general "
            "marketing columns. Consent columns are not sent as variables."
        )
    )


def draw_released_columns(plan: Plan, draft: Draft, sheet: Sheet, settings: Settings) -> None:
    """Draw the consent columns that don't hold rows back, each with a button to use it again."""
    for each in released_rows(plan, sheet):
        with st.container(horizontal=True, vertical_alignment="center"):
            if each.said_no or each.unanswered:
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
    if released.said_no or released.unanswered:
        st.session_state[_asked_key(draft)] = (place, now.sheet_id, name, use)
    else:
        _set_column_use(name, use, draft, sheet, settings)


def _asked_use(draft: Draft, place: str) -> tuple[str, ConsentUse] | None:
    """Return the column and the use that wait for a confirmation at this place of the page."""
    asked = st.session_state.get(_asked_key(draft))
    if asked is None or asked[:2] != (place, draft.sheet_id):
        return None
    return asked[2], asked[3]


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
    name, use = asked
    released = rows_released_by(use, name, sheet, draft.mapping, draft.answers, plan=plan)
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
            args=(name, use, draft, sheet, settings),
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
    if released.unanswered or not parts:
        parts.append(
            ngettext(
                "{count} person without a clear answer in “{column}” would be messaged.",
                "{count} people without a clear answer in “{column}” would be messaged.",
                released.unanswered,
                column=column,
            )
        )
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


def draw_consent_decision(
    group: FindingGroup, plan: Plan, draft: Draft, sheet: Sheet, settings: Settings
) -> None:
    """Draw the buttons for a group of rows that a person may send anyway; nothing for others."""
    code = group.code.removesuffix("_sent")
    if code in _SEND_ANSWERS:
        _draw_rows_decision(code, group, draft, settings)
    elif code == "consent_email" and group.column is not None:
        _draw_email_decision(group.column, draft, settings)
    elif code == "said_no" and group.column is not None:
        _draw_column_decision(group.column, plan, draft, sheet, settings)


def draw_email_decisions(draft: Draft, settings: Settings) -> None:
    """Draw the decisions about columns on email consent, each with a button to change it."""
    for name, counts in draft.answers.email_consent.items():
        if name not in (draft.mapping.consent if draft.mapping else {}):
            continue
        with st.container(horizontal=True, vertical_alignment="center"):
            column = literal(name)
            if counts:
                text = _(
                    "You decided that the email column “{column}” also applies to WhatsApp.",
                    column=column,
                )
            else:
                text = _(
                    "You decided that the email column “{column}” doesn't apply to WhatsApp.",
                    column=column,
                )
            st.caption(text, width="stretch")
            st.button(
                _("Change"),
                key=f"email_again_{name}_{draft.id}",
                on_click=_decide_email,
                args=(draft, settings, name),
                kwargs={"counts": None},
            )


def _draw_rows_decision(code: str, group: FindingGroup, draft: Draft, settings: Settings) -> None:
    field = _SEND_ANSWERS[code]
    decided = getattr(draft.answers, field)
    send = ngettext("Send {count} row anyway", "Send {count} rows anyway", group.count)
    hold = ngettext("Hold back {count} row", "Hold back {count} rows", group.count)
    with st.container(horizontal=True):
        for label, icon, answer in (
            (send, ":material/send:", True),
            (hold, ":material/block:", False),
        ):
            st.button(
                label,
                key=f"{code}_{answer}_{draft.id}",
                icon=icon,
                disabled=decided is answer,
                on_click=_save_answer,
                args=(draft, settings, {field: answer}),
            )
    if decided is False:
        st.caption(_("You chose to hold these rows back."))


def _draw_email_decision(name: str, draft: Draft, settings: Settings) -> None:
    with st.container(horizontal=True):
        for label, icon, counts in (
            (_("Also for WhatsApp: hold back"), ":material/block:", True),
            (_("Email only: send these rows"), ":material/send:", False),
        ):
            st.button(
                label,
                key=f"email_{counts}_{name}_{draft.id}",
                icon=icon,
                on_click=_decide_email,
                args=(draft, settings, name),
                kwargs={"counts": counts},
            )


def _draw_column_decision(
    name: str, plan: Plan, draft: Draft, sheet: Sheet, settings: Settings
) -> None:
    asked = _asked_use(draft, _CHECK)
    if asked is not None and asked[0] == name:
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


def _decide_email(draft: Draft, settings: Settings, name: str, *, counts: bool | None) -> None:
    """Save whether a column on email consent counts for WhatsApp; None removes the decision."""
    now = latest(draft, settings)
    decided = {each: answer for each, answer in now.answers.email_consent.items() if each != name}
    if counts is not None:
        decided[name] = counts
    save_changes(now, settings, answers=now.answers.model_copy(update={"email_consent": decided}))


def _save_answer(draft: Draft, settings: Settings, changes: dict[str, object]) -> None:
    now = latest(draft, settings)
    answers: Answers = now.answers.model_copy(update=changes)
    save_changes(now, settings, answers=answers)


def _meaning(column: ConsentColumn) -> str:
    topic = _(_TOPICS[column.channel])
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
