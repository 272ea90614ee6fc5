"""New sendout: from a recipient sheet to a confirmed run, in steps that open one by one."""

import streamlit as st

from lib.ui import navigation, page
from lib.ui.new_broadcast import check, columns, preview, send, trial_step
from lib.ui.new_broadcast import sheet as step_sheet
from lib.ui.new_broadcast.draft import current_draft, start_over

settings = page.begin_page(
    "New broadcast",
    "From your recipient sheet to a confirmed sendout. Nothing goes out before step 6.",
)
draft = current_draft(settings)

if draft.run_id is not None:
    st.success(
        "**Your sendout is on its way.** It goes on by itself: you can close this page.",
        icon=":material/send:",
    )
    with st.container(horizontal=True):
        navigation.link(
            navigation.BROADCASTS,
            "Watch it being sent",
            icon=":material/monitoring:",
            run=draft.run_id,
        )
        st.button("Prepare another sendout", icon=":material/add:", on_click=start_over)
    st.stop()

sheet = step_sheet.draw(draft, settings)
if sheet is None:
    st.stop()

draft, settled = columns.draw(draft, sheet, settings)
if not settled:
    st.stop()

connection = page.choose_connection(settings, key="sendout_connection")
checked = check.draw(draft, sheet, connection, settings)
if checked.plan.entry_count:
    draft = preview.draw(draft, checked.plan, sheet, settings)
    trial_step.draw(draft, checked.plan, connection, settings)
send.draw(draft, checked, connection, settings)
