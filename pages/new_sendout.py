"""New sendout: from a recipient sheet to a confirmed run, in steps that open one by one."""

import streamlit as st

from lib.ui import (
    frame,
    places,
    step_check,
    step_columns,
    step_preview,
    step_send,
    step_sheet,
    step_test,
)
from lib.ui.draft import draft_in_hand, start_over

settings = frame.begin(
    "New sendout",
    "From your recipient sheet to a confirmed sendout. Nothing goes out before step 6.",
)
draft = draft_in_hand(settings)

if draft.run_id is not None:
    st.success(
        "**Your sendout is on its way.** It goes on by itself: you can close this page.",
        icon=":material/send:",
    )
    with st.container(horizontal=True):
        places.link(
            places.RUNS, "Watch it being sent", icon=":material/monitoring:", run=draft.run_id
        )
        st.button("Prepare another sendout", icon=":material/add:", on_click=start_over)
    st.stop()

sheet = step_sheet.draw(draft, settings)
if sheet is None:
    st.stop()

draft, settled = step_columns.draw(draft, sheet, settings)
if not settled:
    st.stop()

connection = frame.choose_connection(settings, key="sendout_connection")
checked = step_check.draw(draft, sheet, connection, settings)
if checked.plan.entry_count:
    draft = step_preview.draw(draft, checked.plan, sheet, settings)
    step_test.draw(draft, checked.plan, connection, settings)
step_send.draw(draft, checked, connection, settings)
