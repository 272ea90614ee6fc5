"""Runs: all of them, or one live. The run's id is in the address."""

import math
from typing import Literal

import streamlit as st

from lib.delivery import count_runs, list_runs
from lib.outcomes import Filter, outcome_summary
from lib.ui import navigation, page
from lib.ui.broadcasts.detail import draw_codes, draw_doubt, draw_retry, watch_run
from lib.ui.broadcasts.report_downloads import draw_report_buttons
from lib.ui.broadcasts.row import draw_run_line

PAGE_SIZE = 20
CODES_SHOWN = 5

settings = page.begin_page(
    "Broadcasts", "What is being sent, what has been sent, and what became of it."
)
run_id = st.query_params.get(navigation.RUN)

if run_id is None:
    tests_too = st.toggle("Show tests on my own phone", key="tests", bind="query-params")
    kind: Literal["sheet"] | None = None if tests_too else "sheet"
    total = count_runs(kind=kind, settings=settings)
    if total == 0:
        st.info("No run yet. Prepare your first sendout.", icon=":material/send:")
        navigation.link(navigation.NEW_BROADCAST, "New sendout", icon=":material/upload_file:")
        st.stop()
    number_of_pages = math.ceil(total / PAGE_SIZE)
    page_number = st.pagination(number_of_pages, key="page") if number_of_pages > 1 else 1
    offset = (page_number - 1) * PAGE_SIZE
    for summary in list_runs(limit=PAGE_SIZE, offset=offset, kind=kind, settings=settings):
        draw_run_line(summary)
    st.stop()

navigation.link(navigation.BROADCASTS, "All runs", icon=":material/arrow_back:")
run = watch_run(run_id, settings)
if run is None:
    st.warning(
        "There is no run with this address. It may belong to another data folder, or the address "
        "was not copied as a whole. All runs are one click away.",
        icon=":material/search_off:",
    )
    st.stop()

draw_doubt(run)
draw_retry(run, settings)
if run.is_over:
    draw_report_buttons(run, settings)
else:
    st.caption("The report with every row can be downloaded here once the run is over.")

outcomes = outcome_summary(Filter(run_ids=(run_id,), include_tests=True), settings=settings)
reasons = outcomes.by_code.head(CODES_SHOWN)
draw_codes(run_id, list(zip(reasons["Code"], reasons["Recipients"], strict=True)))
