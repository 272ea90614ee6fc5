"""Step 5 of a broadcast: the test. Send the message of one row to your own phone."""

import streamlit as st

from lib.campaign import Draft, Plan
from lib.connections import Connection
from lib.i18n import _
from lib.settings import Settings
from lib.ui.new_broadcast.preview import choose_entry
from lib.ui.quick_test import ask_own_phone, draw_trial


def draw_test_step(draft: Draft, plan: Plan, connection: Connection, settings: Settings) -> None:
    """Draw the step, which is optional."""
    title = _("**5 · Test** · send one row's message to your own phone")
    with st.expander(title, icon=":material/phone_iphone:"):
        st.write(
            _(
                "The message goes to your own phone with the values of the row you choose. It is "
                "sent even if you already got this campaign."
            )
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
