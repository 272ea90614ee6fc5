"""Unconfirmed rows of the broadcast whose run id is in the address, and decisions about them."""

import math

import streamlit as st

from lib.delivery import RunNotFoundError, count_unknown_rows, run_summary, unknown_rows
from lib.i18n import _
from lib.ui import navigation, page
from lib.ui.broadcasts.unknown_rows import (
    PAGE_SIZE,
    choose_resolution,
    draw_attempts,
    draw_risk,
    draw_unknown_table,
)
from lib.ui.formatting import literal

settings = page.begin_page(
    _("Unconfirmed rows"),
    _("Rows that may have been sent, but we never got confirmation."),
)
run_id = st.query_params.get(navigation.RUN)
try:
    run = None if run_id is None else run_summary(run_id, settings=settings)
except RunNotFoundError:
    run = None
if run is None:
    st.warning(
        _("There is no broadcast at this address. Choose one among all broadcasts."),
        icon=":material/search_off:",
    )
    navigation.link(navigation.BROADCASTS, _("All broadcasts"), icon=":material/arrow_back:")
    st.stop()

navigation.link(
    navigation.BROADCASTS, _("Back to the broadcast"), icon=":material/arrow_back:", run=run.id
)
st.subheader(literal(run.label), anchor=False)
total = count_unknown_rows(run.id, settings=settings)
if total == 0:
    st.success(
        _(
            "No rows of this broadcast are unconfirmed. See its page and its report for the "
            "results."
        ),
        icon=":material/check_circle:",
    )
    st.stop()

draw_risk(run)
number_of_pages = math.ceil(total / PAGE_SIZE)
page_number = st.pagination(number_of_pages, key="page") if number_of_pages > 1 else 1
unknown = unknown_rows(
    run.id, limit=PAGE_SIZE, offset=(page_number - 1) * PAGE_SIZE, settings=settings
)
chosen = draw_unknown_table(unknown, key=f"unknown_{run.id}_{page_number}")
draw_attempts(chosen)
choose_resolution(run, chosen, settings)
