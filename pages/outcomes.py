"""Outcomes: accepted and rejected recipients as charts, each with its numbers beside it."""

from datetime import datetime, time, timedelta

import streamlit as st

from lib.delivery import Outcome, RunNotFoundError, list_runs
from lib.outcomes import Filter, charts, summarise
from lib.ui import frame, places, words
from lib.ui.chart import draw_chart
from lib.ui.codes import link_to_code

RUNS_OFFERED = 200
CODES_LINKED = 8

settings = frame.begin("Outcomes", "What became of your recipients, by campaign and by error code.")

tests_too = st.session_state.get("tests_too", False)
runs = {
    run.id: run
    for run in list_runs(limit=RUNS_OFFERED, kind=None if tests_too else "sheet", settings=settings)
}
linked = st.query_params.get_all(places.RUN)
unknown = [run_id for run_id in linked if run_id not in runs]

with st.container(border=True, key="filters"):
    left, middle, right = st.columns([3, 2, 2])
    chosen_runs = left.multiselect(
        "Runs",
        list(runs),
        default=[run_id for run_id in linked if run_id in runs],
        format_func=lambda run_id: (
            f"{runs[run_id].label} · {words.moment(runs[run_id].created_at)}"
        ),
        placeholder="All runs",
        key="chosen_runs",
    )
    campaigns = sorted({each.campaign_name for run in runs.values() for each in run.sendouts})
    campaign = middle.selectbox(
        "Campaign", [None, *campaigns], format_func=lambda name: name or "All campaigns"
    )
    days = right.date_input("Days", value=(), help="Leave it empty for all days.")
    st.toggle("Include tests on my own phone", key="tests_too")

if unknown:
    st.warning(
        "There is no run with this address, so all runs are shown.", icon=":material/search_off:"
    )
if not runs:
    st.info(
        "Nothing has been sent yet. Once you send, every recipient's outcome is shown here.",
        icon=":material/bar_chart:",
    )
    places.link(places.NEW_SENDOUT, "New sendout", icon=":material/upload_file:")
    st.stop()

zone = words.visitor_zone()
chosen = Filter(
    run_ids=tuple(chosen_runs) or None,
    campaign=campaign,
    since=datetime.combine(days[0], time(), zone) if days else None,
    until=datetime.combine(days[-1], time(), zone) + timedelta(days=1) if days else None,
    include_tests=tests_too,
)
try:
    summary = summarise(chosen, settings=settings)
except RunNotFoundError:
    st.warning("One of these runs is no longer there.", icon=":material/search_off:")
    st.stop()

with st.grid(6, min_column_width=130):
    for outcome in Outcome:
        if outcome in {Outcome.HELD, Outcome.WAITING} and not chosen.is_whole:
            continue
        st.metric(
            words.OUTCOMES[outcome.value],
            words.count(summary.totals[outcome]),
            help=words.OUTCOME_HELP[outcome.value],
            border=True,
        )
if not summary.reconciles:
    st.error(
        f"These numbers do not add up to the {words.several(summary.rows, 'row')} of the sheets. "
        "Please report this.",
        icon=":material/error:",
    )
elif chosen.is_whole:
    st.caption(
        f":material/check: Together {words.several(summary.rows, 'row')} in "
        f"{words.several(len(summary.runs), 'run')}. Accepted means accepted by Connectly: "
        "whether WhatsApp delivers is decided later."
    )
if not summary.lines:
    st.info(
        "No recipient matches. Take a filter away, or wait until the first answers are in.",
        icon=":material/filter_alt_off:",
    )
    st.stop()

draw_chart(
    "Accepted and rejected by sendout",
    charts.by_sendout(summary.by_sendout),
    summary.by_sendout,
    key="by_sendout",
    alt="Recipients of each sendout by outcome",
)
if summary.by_code.empty:
    st.success("Nobody was rejected.", icon=":material/check_circle:")
else:
    draw_chart(
        "Error codes",
        charts.by_code(summary.by_code),
        summary.by_code,
        key="error_codes",
        alt="Rejected recipients and recipients in doubt by error code",
    )
    with st.container(horizontal=True):
        for code in summary.by_code["Code"].head(CODES_LINKED):
            link_to_code(code, code)
if not summary.by_class.empty:
    draw_chart(
        "Rejections by what to do",
        charts.by_class(summary.by_class),
        summary.by_class,
        key="by_class",
        alt="Rejected recipients by what is to be done about them",
    )
draw_chart(
    "Over time",
    charts.over_time(words.localised(summary.over_time)),
    words.localised(summary.over_time),
    key="over_time",
    alt="Recipients by outcome over time",
)
draw_chart(
    "Campaign, version, outcome",
    charts.by_campaign_and_code(summary.by_campaign_and_code),
    summary.by_campaign_and_code,
    key="by_campaign_and_code",
    alt="Recipients by campaign, version and what happened",
)
