"""Saved mappings as pages show them: to be chosen for a sheet, renamed and deleted."""

import streamlit as st

from lib.campaign import (
    Draft,
    SavedMapping,
    delete_mapping,
    fitting_mappings,
    rename_mapping,
    saved_mappings,
    suggest_mapping,
)
from lib.settings import Settings
from lib.sheet import Sheet
from lib.ui.formatting import literal, moment
from lib.ui.new_broadcast.draft import save_changes

_SUGGESTED = ""


def offer(draft: Draft, sheet: Sheet, settings: Settings) -> None:
    """Draw which saved mapping the columns come from, where any fits the sheet."""
    fitting = {each.id: each for each in fitting_mappings(sheet, saved_mappings(settings))}
    if not fitting:
        return
    key = f"saved_mapping_{draft.id}_{draft.sheet_id}"

    def put_in_place() -> None:
        chosen = fitting.get(st.session_state[key])
        mapping = chosen.mapping if chosen else suggest_mapping(sheet, list(fitting.values()))
        save_changes(
            draft,
            settings,
            mapping=mapping,
            mapping_from=chosen.id if chosen else None,
            mapping_turn=draft.mapping_turn + 1,
            mapping_confirmed=False,
        )

    options = [_SUGGESTED, *fitting]
    st.selectbox(
        "Saved columns",
        options,
        index=options.index(draft.mapping_from) if draft.mapping_from in options else 0,
        format_func=lambda each: fitting[each].name if each else "None: as this sheet suggests",
        key=key,
        help="Columns that were confirmed before for a sheet like this one.",
        on_change=put_in_place,
    )
    used = fitting.get(draft.mapping_from or "")
    if used is not None and not draft.mapping_confirmed:
        st.info(
            f"We have put in place what was confirmed as “{literal(used.name)}” on "
            f"{moment(used.saved_at)}. Look at the campaign name first: is it this one "
            "again?",
            icon=":material/history:",
        )


def manage(settings: Settings) -> None:
    """Draw all saved mappings, to be renamed and deleted."""
    saved = saved_mappings(settings)
    if not saved:
        st.caption(
            "There are none yet. The columns that you confirm for a sheet are saved, and come "
            "back with the next sheet that has the same columns."
        )
    for each in saved:
        _manage_one(each, settings)


def _manage_one(saved: SavedMapping, settings: Settings) -> None:
    key = f"mapping_name_{saved.id}"

    def rename() -> None:
        rename_mapping(saved.id, st.session_state[key], settings)

    with st.container(border=True, key=f"mapping_{saved.id}"):
        st.text_input("Name of these columns", saved.name, key=key, on_change=rename)
        columns = literal(", ".join(saved.headers))
        st.caption(
            f"Saved on {moment(saved.saved_at)} by {literal(saved.saved_by)}  \n"
            f"For sheets with the columns {columns}"
        )
        with st.popover("Delete", icon=":material/delete:", key=f"drop_{saved.id}"):
            st.write("The next sheet like this one gets suggestions again. Nothing else changes.")
            st.button(
                "Delete these columns",
                key=f"drop_mapping_{saved.id}",
                type="primary",
                on_click=delete_mapping,
                args=(saved.id, settings),
            )
