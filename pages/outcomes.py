"""Outcomes: accepted and rejected recipients as charts, each with its numbers beside it."""

from datetime import datetime, time, timedelta

import streamlit as st

from lib.delivery import Outcome, RunKind
from lib.error_catalogue import explain
from lib.outcomes import Filter, charts_of, offered_runs, outcome_summary
from lib.ui import navigation, page
from lib.ui.chart import draw_chart
from lib.ui.error_codes import link_to_code
from lib.ui.formatting import OUTCOME_HELP, OUTCOMES, count, moment, several, visitor_zone

RUNS_OFFERED = 200
CODES_LINKED = 8

settings = page.begin_page(
    "Outcomes", "What became of your recipients, by campaign and by error code."
)


def remember_runs() -> None:
    """Keep the runs that are chosen in the address, so that they come back after a reload."""
    st.query_params[navigation.RUN] = st.session_state["chosen_runs"]


linked = st.query_params.get_all(navigation.RUN)
runs = offered_runs(linked, limit=RUNS_OFFERED, settings=settings)
with st.container(border=True, key="filters"):
    left, middle, right = st.columns([3, 2, 2])
    chosen_runs = left.multiselect(
        "Runs",
        list(runs),
        default=[run_id for run_id in linked if run_id in runs],
        format_func=lambda run_id: f"{runs[run_id].label} · {moment(runs[run_id].created_at)}",
        placeholder="All runs",
        key="chosen_runs",
        on_change=remember_runs,
    )
    campaigns = sorted({each.campaign_name for run in runs.values() for each in run.sendouts})
    campaign = middle.selectbox(
        "Campaign",
        campaigns,
        index=None,
        placeholder="All campaigns",
        key="campaign",
        bind="query-params",
    )
    days = right.date_input("Days", value=[], help="Leave it empty for all days.")
    tests_too = st.toggle("Include tests on my own phone", key="tests", bind="query-params")

if any(run_id not in runs for run_id in linked):
    st.warning(
        "There is no run with this address, so it is left out here.", icon=":material/search_off:"
    )
if not runs:
    st.info(
        "Nothing has been sent yet. Once you send, every recipient's outcome is shown here.",
        icon=":material/bar_chart:",
    )
    navigation.link(navigation.NEW_BROADCAST, "New sendout", icon=":material/upload_file:")
    st.stop()

zone = visitor_zone()
chosen = Filter(
    run_ids=tuple(chosen_runs) or None,
    campaign=campaign,
    since=datetime.combine(days[0], time(), zone) if days else None,
    until=datetime.combine(days[-1], time(), zone) + timedelta(days=1) if days else None,
    include_tests=tests_too or any(runs[each].kind is RunKind.TEST for each in chosen_runs),
)
summary = outcome_summary(chosen, settings=settings)

with st.grid(3, min_column_width=140):
    for outcome in Outcome:
        st.metric(
            OUTCOMES[outcome.value],
            count(summary.totals[outcome]),
            help=OUTCOME_HELP[outcome.value],
            border=True,
        )
if summary.reconciles:
    st.caption(
        f":material/check: Together {several(summary.rows, 'row')} in "
        f"{several(summary.runs, 'run')}. Accepted means accepted by Connectly: "
        "whether WhatsApp delivers is decided later."
    )
else:
    st.error(
        f"These numbers do not add up to {several(summary.rows, 'row')}. Please report this.",
        icon=":material/error:",
    )
if not summary.rows:
    st.info(
        "No recipient matches. Take a filter away, or wait until the first answers are in.",
        icon=":material/filter_alt_off:",
    )
    st.stop()

for chart in charts_of(summary, zone=zone):
    draw_chart(chart)
    if chart.key == "codes" and chart.figure is not None:
        with st.container(horizontal=True):
            for code in chart.table["Code"].head(CODES_LINKED):
                link_to_code(code, explain(code).title)
