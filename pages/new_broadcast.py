"""New broadcast: from a recipient sheet to a confirmed run, in steps that open one by one."""

import streamlit as st

from lib.i18n import _
from lib.ui import navigation, page
from lib.ui.new_broadcast.check import draw_check_step
from lib.ui.new_broadcast.columns import draw_columns_step
from lib.ui.new_broadcast.draft import current_draft, start_over
from lib.ui.new_broadcast.preview import draw_preview_step
from lib.ui.new_broadcast.send import draw_send_step
from lib.ui.new_broadcast.sheet import draw_sheet_step
from lib.ui.new_broadcast.trial_step import draw_test_step

settings = page.begin_page(
    _("New broadcast"),
    _("Prepare a broadcast step by step. Your recipients get nothing before you confirm it."),
)
draft = current_draft(settings)

# The script has no st.stop(): after it, Streamlit keeps the state of widgets that are no longer
# drawn. A widget that is drawn again would then return another value than it shows.
if draft.run_id is not None:
    st.success(
        _(
            "**Your broadcast is on its way.** Sending continues automatically: you can close this "
            "page."
        ),
        icon=":material/send:",
    )
    with st.container(horizontal=True):
        navigation.link(
            navigation.BROADCASTS,
            _("View progress"),
            icon=":material/monitoring:",
            run=draft.run_id,
        )
        st.button(_("New broadcast"), icon=":material/add:", on_click=start_over)
elif (sheet := draw_sheet_step(draft, settings)) is not None:
    draft, is_settled = draw_columns_step(draft, sheet, settings)
    if is_settled:
        connection = page.choose_connection(settings, key="sendout_connection")
        checked = draw_check_step(draft, sheet, connection, settings)
        if checked.plan.entry_count:
            draft = draw_preview_step(draft, checked.plan, sheet, settings)
            draw_test_step(draft, checked.plan, connection, settings)
        draw_send_step(draft, checked, sheet, connection, settings)
