"""The draft in hand: found by the address, kept on disk at every change."""

from typing import Any

import streamlit as st

from lib.campaign import Draft, load_draft, save_draft
from lib.settings import Settings
from lib.ui import places


def draft_in_hand(settings: Settings) -> Draft:
    """Return the draft that the address names, or one that is not kept yet."""
    draft_id = st.query_params.get(places.DRAFT)
    if draft_id is None:
        return Draft()
    draft = load_draft(draft_id, settings)
    if draft is None:
        st.warning(
            "This draft is no longer here. Start with a sheet; nothing was sent from it unseen: "
            "everything that was sent is on the Runs page.",
            icon=":material/search_off:",
        )
        return Draft()
    return draft


def keep(draft: Draft, settings: Settings, **changes: Any) -> Draft:
    """Keep the draft with these changes, and put its id into the address."""
    changed = save_draft(draft.model_copy(update=changes), settings)
    st.query_params[places.DRAFT] = changed.id
    return changed


def start_over() -> None:
    """Leave the draft as it is and begin with an empty one."""
    st.query_params.pop(places.DRAFT, None)
