"""Saved mappings: choose one for a sheet, rename and delete them."""

from typing import Any

import streamlit as st

from lib.campaign import (
    Answers,
    Draft,
    SavedMapping,
    delete_mapping,
    fitting_mappings,
    mapping_problems,
    rename_mapping,
    save_mapping,
    saved_mappings,
    suggest_mapping,
)
from lib.i18n import _
from lib.settings import Settings
from lib.sheet import Sheet
from lib.sheet.phones.default_country import Evidence
from lib.ui import auth
from lib.ui.auth import display_name
from lib.ui.formatting import literal, moment
from lib.ui.new_broadcast.draft import latest, save_changes

_SUGGESTED = ""


def save_answers(draft: Draft, sheet: Sheet, settings: Settings, **changes: Any) -> None:
    """Save answers about phones in the draft, and for the next sheet with the same columns.

    ``changes`` to the draft other than fields of its answers may be among them.
    """
    fields = {name: each for name, each in changes.items() if name in Answers.model_fields}
    others = {name: each for name, each in changes.items() if name not in fields}
    draft = save_changes(draft, settings, answers=draft.answers.model_copy(update=fields), **others)
    keep_mapping(draft, sheet, settings)


def keep_mapping(draft: Draft, sheet: Sheet, settings: Settings) -> None:
    """Save the draft's mapping for later sheets, if it is confirmed and complete."""
    mapping = draft.mapping
    if mapping is not None and draft.mapping_confirmed and not mapping_problems(sheet, mapping):
        save_mapping(mapping, sheet, answers=draft.answers, saved_by=auth.name(), settings=settings)


def with_saved_answers(changes: dict[str, Any], saved: SavedMapping | None) -> dict[str, Any]:
    """Return changes to a draft with the answers of a saved mapping, if there is one."""
    if saved is None:
        return changes
    found: dict[str, Any] = {"phone_readings": saved.phone_readings}
    if saved.region is not None:
        found["region"] = saved.region
        changes = {**changes, "region_evidence": Evidence.SAVED, "region_hint": saved.region}
    return {**changes, "answers": changes["answers"].model_copy(update=found)}


def draw_saved_mapping_choice(draft: Draft, sheet: Sheet, settings: Settings) -> None:
    """Draw the choice among the saved mappings that fit the sheet, if there are any."""
    fitting = {each.id: each for each in fitting_mappings(sheet, saved_mappings(settings))}
    if not fitting:
        return
    key = f"saved_mapping_{draft.id}_{draft.sheet_id}"

    def replace_mapping() -> None:
        chosen = fitting.get(st.session_state[key])
        mapping = chosen.mapping if chosen else suggest_mapping(sheet, list(fitting.values()))
        save_changes(
            draft,
            settings,
            mapping=mapping,
            mapping_from=chosen.id if chosen else None,
            mapping_turn=draft.mapping_turn + 1,
            mapping_confirmed=False,
            **with_saved_answers({"answers": latest(draft, settings).answers}, chosen),
        )

    options = [_SUGGESTED, *fitting]
    st.selectbox(
        _("Saved mappings"),
        options,
        index=options.index(draft.mapping_from) if draft.mapping_from in options else 0,
        format_func=lambda each: fitting[each].name if each else _("None, use suggestions"),
        key=key,
        help=_("Columns that were confirmed for a similar sheet."),
        on_change=replace_mapping,
    )
    used = fitting.get(draft.mapping_from or "")
    if used is not None and not draft.mapping_confirmed:
        st.info(
            _(
                "We used the mapping “{name}”, confirmed on {moment}. Check that the campaign name "
                "is still right.",
                name=literal(used.name),
                moment=moment(used.saved_at),
            ),
            icon=":material/history:",
        )


def manage(settings: Settings) -> None:
    """Draw all saved mappings, each with its name and a button to delete it."""
    saved = saved_mappings(settings)
    if not saved:
        st.caption(
            _(
                "No saved mappings yet. When you confirm the columns of a sheet, they are saved "
                "for the next sheet with the same columns."
            )
        )
    for each in saved:
        _draw_saved_mapping(each, settings)


def _draw_saved_mapping(saved: SavedMapping, settings: Settings) -> None:
    key = f"mapping_name_{saved.id}"

    def rename() -> None:
        rename_mapping(saved.id, st.session_state[key], settings)

    with st.container(border=True, key=f"mapping_{saved.id}"):
        st.text_input(_("Mapping name"), saved.name, key=key, on_change=rename)
        origin = _(
            "Saved on {moment} by {name}",
            moment=moment(saved.saved_at),
            name=literal(display_name(saved.saved_by)),
        )
        columns = _("Columns: {columns}", columns=literal(", ".join(saved.headers)))
        st.caption(f"{origin}  \n{columns}")
        with st.popover(_("Delete"), icon=":material/delete:", key=f"drop_{saved.id}"):
            st.write(_("Similar sheets will get suggestions instead. Nothing else changes."))
            st.button(
                _("Delete mapping"),
                key=f"drop_mapping_{saved.id}",
                type="primary",
                on_click=delete_mapping,
                args=(saved.id, settings),
            )
