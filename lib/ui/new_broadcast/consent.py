"""Consent: what a column means and whether it counts, and one decision for each group of rows."""

from typing import Final

import streamlit as st

from lib.campaign import (
    Answers,
    ConsentUse,
    Draft,
    FieldSource,
    FindingGroup,
    Mapping,
    mapping_problems,
    save_mapping,
)
from lib.campaign.consent import ConsentColumn, consent_column, consent_uses, counted
from lib.campaign.consent_vocabulary import Answer, Channel
from lib.settings import Settings
from lib.sheet import Sheet
from lib.ui import auth
from lib.ui.formatting import count, literal, several
from lib.ui.new_broadcast.draft import latest, save_changes

_USES: Final = {
    ConsentUse.HOLD: "Hold back the rows that say no",
    ConsentUse.IGNORE: "Ignore this column",
    ConsentUse.OTHER: "Not about consent: a column like others",
}
_ABOUT: Final = {
    Channel.WHATSAPP: "WhatsApp",
    Channel.SMS: "SMS",
    Channel.GENERAL: "marketing",
    Channel.EMAIL: "e-mail",
}
_COUNTS: Final = {
    Answer.YES: "agreed",
    Answer.NOT_REFUSED: "did not refuse",
    Answer.NO: "said no",
    Answer.BLANK: "blank",
    Answer.UNCLEAR: "not understood",
}
_SEND: Final = {
    "consent_blank": ("send_blank_consent", "blanks"),
    "consent_unclear": ("send_unclear_consent", "them"),
}


def choose_uses(draft: Draft, mapping: Mapping, sheet: Sheet, settings: Settings) -> None:
    """Draw the columns that say who has agreed to messages, and what each is for."""
    uses = consent_uses(sheet, mapping)
    if not uses:
        return
    st.markdown("**Consent**: who has agreed to messages")
    for place, (name, use) in enumerate(uses.items()):
        key = f"consent_{place}_{use}_{draft.id}_{draft.mapping_turn}"
        left, right = st.columns([2, 3], vertical_alignment="center")
        left.selectbox(
            literal(f"Column “{name}”"),
            list(_USES),
            index=list(_USES).index(use),
            format_func=lambda each: _USES[each],
            key=key,
            on_change=lambda name=name, key=key: use_column(
                name, st.session_state[key], draft, sheet, settings
            ),
        )
        column = consent_column(name, sheet.frame[name])
        right.caption(literal(f"{_meaning(column)} {_figures(column, sheet)}"))
    st.caption(
        "WhatsApp counts before SMS, and SMS before marketing in general. None of these columns is "
        "a variable."
    )


def use_column(name: str, use: ConsentUse, draft: Draft, sheet: Sheet, settings: Settings) -> None:
    """Keep what a column is for; one that is not about consent becomes a variable."""
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
    save_changes(draft, settings, mapping=mapping, mapping_turn=draft.mapping_turn + 1)
    if draft.mapping_confirmed and not mapping_problems(sheet, mapping):
        save_mapping(mapping, sheet, saved_by=auth.name(), settings=settings)


def draw(group: FindingGroup, draft: Draft, sheet: Sheet, settings: Settings) -> None:
    """Draw the decisions that a group of findings about consent asks for."""
    code = group.code.removesuffix("_sent")
    if code in _SEND:
        _ask_for_rows(code, group, draft, settings)
    elif code == "consent_email" and group.column is not None:
        _ask_for_email(group.column, draft, settings)
    elif code == "said_no" and group.column is not None:
        _offer_other_use(group.column, draft, sheet, settings)


def draw_decided(draft: Draft, settings: Settings) -> None:
    """Draw what was decided about columns of e-mail, to be changed again."""
    for name, counts in draft.answers.email_consent.items():
        if name not in (draft.mapping.consent if draft.mapping else {}):
            continue
        with st.container(horizontal=True, vertical_alignment="center"):
            what = "counts" if counts else "does not count"
            st.caption(
                f"Column “{literal(name)}” speaks of e-mail and {what} for WhatsApp, as you "
                "decided.",
                width="stretch",
            )
            st.button(
                "Decide again",
                key=f"email_again_{name}_{draft.id}",
                on_click=_decide_email,
                args=(draft, settings, name),
                kwargs={"counts": None},
            )


def _ask_for_rows(code: str, group: FindingGroup, draft: Draft, settings: Settings) -> None:
    field, noun = _SEND[code]
    decided = getattr(draft.answers, field)
    with st.container(horizontal=True):
        for label, icon, answer in (
            (f"Send to {noun}", ":material/send:", True),
            (f"Hold {noun} back", ":material/block:", False),
        ):
            st.button(
                f"{label} ({several(group.count, 'row')})",
                key=f"{code}_{answer}_{draft.id}",
                icon=icon,
                disabled=decided is answer,
                on_click=_answer,
                args=(draft, settings, {field: answer}),
            )
    if decided is False:
        st.caption("You chose to hold them back.")


def _ask_for_email(name: str, draft: Draft, settings: Settings) -> None:
    with st.container(horizontal=True):
        for label, icon, counts in (
            ("It counts: hold the rows that say no", ":material/block:", True),
            ("It is about e-mail only: send", ":material/send:", False),
        ):
            st.button(
                label,
                key=f"email_{counts}_{name}_{draft.id}",
                icon=icon,
                on_click=_decide_email,
                args=(draft, settings, name),
                kwargs={"counts": counts},
            )


def _offer_other_use(name: str, draft: Draft, sheet: Sheet, settings: Settings) -> None:
    with st.container(horizontal=True):
        for label, icon, use in (
            ("Ignore this column", ":material/visibility_off:", ConsentUse.IGNORE),
            ("This column is not about consent", ":material/undo:", ConsentUse.OTHER),
        ):
            st.button(
                label,
                key=f"{use}_{name}_{draft.id}",
                icon=icon,
                on_click=use_column,
                args=(name, use, draft, sheet, settings),
            )


def _decide_email(draft: Draft, settings: Settings, name: str, *, counts: bool | None) -> None:
    """Keep whether a column of e-mail counts; None forgets what was decided about it."""
    now = latest(draft, settings)
    decided = {each: says for each, says in now.answers.email_consent.items() if each != name}
    if counts is not None:
        decided[name] = counts
    save_changes(now, settings, answers=now.answers.model_copy(update={"email_consent": decided}))


def _answer(draft: Draft, settings: Settings, changes: dict[str, object]) -> None:
    now = latest(draft, settings)
    answers: Answers = now.answers.model_copy(update=changes)
    save_changes(now, settings, answers=answers)


def _meaning(column: ConsentColumn) -> str:
    about = _ABOUT[column.channel]
    if column.refusing is None:
        return f"Says who has agreed to {about} and who has not."
    if column.refusing:
        return f"Says who has refused {about}: a yes, a mark or a date is a no."
    return f"Says who has agreed to {about}."


def _figures(column: ConsentColumn, sheet: Sheet) -> str:
    counts = dict(counted(column, sheet.frame[column.name]))
    told = [f"{count(counts[each])} {what}" for each, what in _COUNTS.items() if each in counts]
    return ", ".join(told) + "."
