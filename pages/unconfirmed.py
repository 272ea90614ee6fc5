"""Rows in doubt: what is known of each, and what a person decides. The address names the run."""

import math

import streamlit as st

from lib.delivery import RunNotFoundError, count_unknown_rows, run_summary, unknown_rows
from lib.ui import navigation, page
from lib.ui.broadcasts.unknown_rows import (
    PAGE_SIZE,
    choose_verdict,
    draw_attempts,
    draw_risk,
    draw_table,
)
from lib.ui.formatting import literal

settings = page.begin_page(
    "Unconfirmed rows",
    "These were sent, but no answer proves what became of them.",
)
run_id = st.query_params.get(navigation.RUN)
try:
    run = None if run_id is None else run_summary(run_id, settings=settings)
except RunNotFoundError:
    run = None
if run is None:
    st.warning(
        "There is no run with this address. Open the list of runs and choose one there.",
        icon=":material/search_off:",
    )
    navigation.link(navigation.BROADCASTS, "All runs", icon=":material/arrow_back:")
    st.stop()

navigation.link(navigation.BROADCASTS, "Back to the run", icon=":material/arrow_back:", run=run.id)
st.subheader(literal(run.label), anchor=False)
total = count_unknown_rows(run.id, settings=settings)
if total == 0:
    st.success(
        "No row of this run is in doubt. Its page and its report say what became of each.",
        icon=":material/check_circle:",
    )
    st.stop()

draw_risk(run)
number_of_pages = math.ceil(total / PAGE_SIZE)
page_number = st.pagination(number_of_pages, key="page") if number_of_pages > 1 else 1
doubts = unknown_rows(
    run.id, limit=PAGE_SIZE, offset=(page_number - 1) * PAGE_SIZE, settings=settings
)
chosen = draw_table(doubts, key=f"doubts_{run.id}_{page_number}")
draw_attempts(chosen)
choose_verdict(run, chosen, settings)
