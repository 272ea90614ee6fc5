"""Step 5 of a sendout: the test. One row's message to one's own phone."""

import streamlit as st

from lib.campaign import Draft, Plan
from lib.connections import Connection
from lib.settings import Settings
from lib.ui.new_broadcast.preview import choose_entry
from lib.ui.quick_test import ask_own_phone, draw_trial


def draw(draft: Draft, plan: Plan, connection: Connection, settings: Settings) -> None:
    """Draw the step. It is for one's own good, and may be left out."""
    with st.expander(
        "**5 · Test** · see one row's message on your own phone", icon=":material/phone_iphone:"
    ):
        st.write(
            "The message of the row that you choose goes to your own phone, with that row's "
            "values. It goes out even if you have had this campaign before."
        )
        left, right = st.columns(2)
        with left:
            phone = ask_own_phone(settings, key=f"test_phone_{draft.id}")
        with right:
            entry = choose_entry(plan, draft, key="test_row")
        if entry is not None and phone is not None:
            entry = entry.model_copy(update={"client": phone})
        else:
            entry = None
        draw_trial(entry, connection, settings, key=f"test_{draft.id}")
