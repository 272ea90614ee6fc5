"""Broadcasts: a list, or the one whose run id is in the address."""

import math
from typing import Literal

import streamlit as st

from lib.delivery import count_runs, list_runs
from lib.i18n import _
from lib.outcomes import Filter, outcome_summary
from lib.ui import navigation, page
from lib.ui.broadcasts.detail import draw_codes, draw_retry, draw_unconfirmed, watch_run
from lib.ui.broadcasts.report_downloads import draw_report_buttons
from lib.ui.broadcasts.row import draw_run_line

PAGE_SIZE = 20
CODES_SHOWN = 5

settings = page.begin_page(
    _("Broadcasts"), _("Follow your broadcasts and see the result for every recipient.")
)
run_id = st.query_params.get(navigation.RUN)

if run_id is None:
    tests_too = st.toggle(_("Show tests on my own phone"), key="tests", bind="query-params")
    kind: Literal["sheet"] | None = None if tests_too else "sheet"
    total = count_runs(kind=kind, settings=settings)
    if total == 0:
        st.info(_("No broadcasts yet. Prepare your first one."), icon=":material/send:")
        navigation.link(navigation.NEW_BROADCAST, _("New broadcast"), icon=":material/upload_file:")
        st.stop()
    number_of_pages = math.ceil(total / PAGE_SIZE)
    page_number = st.pagination(number_of_pages, key="page") if number_of_pages > 1 else 1
    offset = (page_number - 1) * PAGE_SIZE
    for summary in list_runs(limit=PAGE_SIZE, offset=offset, kind=kind, settings=settings):
        draw_run_line(summary)
    st.stop()

navigation.link(navigation.BROADCASTS, _("All broadcasts"), icon=":material/arrow_back:")
run = watch_run(run_id, settings)
if run is None:
    st.warning(
        _(
            "There is no broadcast at this address. Check that the address is complete, or choose "
            "a broadcast from the list."
        ),
        icon=":material/search_off:",
    )
    st.stop()

draw_unconfirmed(run)
draw_retry(run, settings)
if run.is_over:
    draw_report_buttons(run, settings)
else:
    st.caption(_("You can download the full report here once the broadcast is finished."))

outcomes = outcome_summary(Filter(run_ids=(run_id,), include_tests=True), settings=settings)
reasons = outcomes.by_code.head(CODES_SHOWN)
draw_codes(run_id, list(zip(reasons["Code"], reasons["Recipients"], strict=True)))
