"""Outcomes: accepted and rejected recipients as charts, each with its numbers."""

from datetime import datetime, time, timedelta

import streamlit as st

from lib.delivery import Outcome, RunKind
from lib.error_catalogue import explain
from lib.i18n import _, ngettext
from lib.outcomes import Filter, charts_of, offered_runs, outcome_summary
from lib.ui import navigation, page
from lib.ui.chart import draw_chart
from lib.ui.error_codes import link_to_code
from lib.ui.formatting import OUTCOME_HELP, OUTCOMES, count, moment, visitor_zone

RUNS_OFFERED = 200
CODES_LINKED = 8

settings = page.begin_page(
    _("Outcomes"), _("See the results of your broadcasts by campaign and error code.")
)


def save_runs_in_address() -> None:
    """Put the chosen broadcasts into the address, so that a reload restores them."""
    st.query_params[navigation.RUN] = st.session_state["chosen_runs"]


linked = st.query_params.get_all(navigation.RUN)
runs = offered_runs(linked, limit=RUNS_OFFERED, settings=settings)
with st.container(border=True, key="filters"):
    left, middle, right = st.columns([3, 2, 2])
    chosen_runs = left.multiselect(
        _("Broadcasts"),
        list(runs),
        default=[run_id for run_id in linked if run_id in runs],
        format_func=lambda run_id: f"{runs[run_id].label} · {moment(runs[run_id].created_at)}",
        placeholder=_("All broadcasts"),
        key="chosen_runs",
        on_change=save_runs_in_address,
    )
    campaigns = sorted({each.campaign_name for run in runs.values() for each in run.sendouts})
    campaign = middle.selectbox(
        _("Campaign"),
        campaigns,
        index=None,
        placeholder=_("All campaigns"),
        key="campaign",
        bind="query-params",
    )
    days = right.date_input(_("Dates"), value=[], help=_("Leave empty for all dates."))
    tests_too = st.toggle(_("Include tests on my own phone"), key="tests", bind="query-params")

if any(run_id not in runs for run_id in linked):
    st.warning(
        _("There is no broadcast at this address, so it isn't included."),
        icon=":material/search_off:",
    )
if not runs:
    st.info(
        _("Nothing has been sent yet. Results for every recipient appear here once you send."),
        icon=":material/bar_chart:",
    )
    navigation.link(navigation.NEW_BROADCAST, _("New broadcast"), icon=":material/upload_file:")
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
            _(OUTCOMES[outcome.value]),
            count(summary.totals[outcome]),
            help=_(OUTCOME_HELP[outcome.value]),
            border=True,
        )
if summary.reconciles:
    rows = ngettext("{count} row in total.", "{count} rows in total.", summary.rows)
    meaning = _("Accepted means accepted by Connectly. WhatsApp may still fail to deliver.")
    st.caption(f":material/check: {rows} {meaning}")
else:
    st.error(
        ngettext(
            "These numbers don't add up to {count} row. Please report this.",
            "These numbers don't add up to {count} rows. Please report this.",
            summary.rows,
        ),
        icon=":material/error:",
    )
if not summary.rows:
    st.info(
        _("No recipients found. Remove a filter, or wait for the first responses."),
        icon=":material/filter_alt_off:",
    )
    st.stop()

for chart in charts_of(summary, zone=zone):
    draw_chart(chart)
    if chart.key == "codes" and chart.figure is not None:
        with st.container(horizontal=True):
            for code in chart.table["Code"].head(CODES_LINKED):
                link_to_code(code, _(explain(code).title))
