"""The current draft: found by the page's address and saved at every change."""

from typing import Any

import streamlit as st

from lib.campaign import Corrections, Draft, change_draft, is_damaged, load_draft
from lib.i18n import _
from lib.settings import Settings
from lib.ui import navigation


def current_draft(settings: Settings) -> Draft:
    """Return the draft that the address names, or a new one that is not saved yet."""
    draft_id = st.query_params.get(navigation.DRAFT)
    if draft_id is None:
        return Draft()
    draft = load_draft(draft_id, settings)
    if draft is None and is_damaged(draft_id, settings):
        st.error(
            _(
                "**This draft can't be read.** Its file was damaged and has been moved aside in "
                "the data folder. Everything that was sent is on the Broadcasts page. Upload the "
                "sheet again to start over."
            ),
            icon=":material/error:",
        )
        st.button(_("Start over"), icon=":material/add:", on_click=start_over)
        return Draft()
    if draft is None:
        st.warning(
            _(
                "This draft is no longer available. Everything that was sent is on the Broadcasts "
                "page. Upload a sheet to start over."
            ),
            icon=":material/search_off:",
        )
        return Draft()
    return draft


def latest(draft: Draft, settings: Settings) -> Draft:
    """Return the saved state of a draft.

    A callback may run twice before the page is drawn again; the second time, the draft that was
    drawn is out of date. If its sheet has been replaced since, the draft is returned as it was
    drawn: `save_changes` drops changes that were made for the former sheet.
    """
    now = load_draft(draft.id, settings)
    return draft if now is None or now.sheet_id != draft.sheet_id else now


def save_changes(draft: Draft, settings: Settings, **changes: Any) -> Draft:
    """Apply changes that were made to this draft, and put its id into the address.

    Returns the saved draft, which includes changes from other tabs.
    """
    changed = change_draft(draft, changes, settings)
    st.query_params[navigation.DRAFT] = changed.id
    return changed


def save_corrections(corrections: Corrections, draft: Draft, settings: Settings) -> None:
    """Save corrected cells in place of all those that this draft had."""
    save_changes(
        draft, settings, answers=draft.answers.model_copy(update={"corrections": corrections})
    )


def start_over() -> None:
    """Start with an empty draft. The current one is kept."""
    st.query_params.pop(navigation.DRAFT, None)
