"""The draft in hand: found by the address, kept on disk at every change."""

from typing import Any

import streamlit as st

from lib.campaign import Draft, change_draft, is_damaged, load_draft
from lib.settings import Settings
from lib.ui import navigation


def current_draft(settings: Settings) -> Draft:
    """Return the draft that the address names, or one that is not kept yet."""
    draft_id = st.query_params.get(navigation.DRAFT)
    if draft_id is None:
        return Draft()
    draft = load_draft(draft_id, settings)
    if draft is None and is_damaged(draft_id, settings):
        st.error(
            "**This draft can't be read.** Its file was damaged and has been set aside in the data "
            "folder. Nothing was sent from it unseen: everything that was sent is on the Runs "
            "page. Upload the sheet again to start anew.",
            icon=":material/error:",
        )
        st.button("Start with a sheet", icon=":material/add:", on_click=start_over)
        return Draft()
    if draft is None:
        st.warning(
            "This draft is no longer here. Start with a sheet; nothing was sent from it unseen: "
            "everything that was sent is on the Runs page.",
            icon=":material/search_off:",
        )
        return Draft()
    return draft


def latest(draft: Draft, settings: Settings) -> Draft:
    """Return a draft as it is now.

    A callback may run twice before the page is drawn anew; the second time, the draft that was
    drawn is not the one that the person has changed. Where it has another sheet by now, it comes
    back as it was drawn: `save_changes` drops what was changed for the former sheet.
    """
    now = load_draft(draft.id, settings)
    return draft if now is None or now.sheet_id != draft.sheet_id else now


def save_changes(draft: Draft, settings: Settings, **changes: Any) -> Draft:
    """Apply changes that were made to this draft, and put its id into the address.

    Returns the draft as it is now, with what other tabs have changed meanwhile.
    """
    changed = change_draft(draft, changes, settings)
    st.query_params[navigation.DRAFT] = changed.id
    return changed


def start_over() -> None:
    """Leave the draft as it is and begin with an empty one."""
    st.query_params.pop(navigation.DRAFT, None)
