"""Start: what is connected, what is being sent, and the next step."""

import streamlit as st

from lib.connections import list_connections
from lib.delivery import RunState, RunSummary, list_runs, worker_state
from lib.error_catalogue import explain
from lib.i18n import _, ngettext
from lib.ui import navigation, page
from lib.ui.broadcasts.row import draw_run_line
from lib.ui.formatting import decimal, literal

RUNS_SHOWN = 5
RUNS_READ = 50  # enough to find a broadcast that waits for approval behind newer ones

settings = page.begin_page(
    _("Sendout Studio"),
    _("Send WhatsApp campaigns from a spreadsheet and see the result for every recipient."),
)
runs = list_runs(limit=RUNS_READ, offset=0, kind="sheet", settings=settings)
running = [each for each in runs if each.state in {RunState.RUNNING, RunState.SCHEDULED}]
paused = [each for each in runs if each.state is RunState.PAUSED]
waiting = [each for each in runs if each.state is RunState.WAITING_FOR_APPROVAL]


def draw_paused(summary: RunSummary) -> None:
    """Draw a paused broadcast, why it is paused and a link to it."""
    with st.container(border=True, key=f"paused_{summary.id}"):
        title = _("{broadcast} is paused", broadcast=literal(summary.label))
        st.markdown(f"#### {title}")
        if summary.reason is not None:
            st.write(_(explain(summary.reason.value).meaning))
        rows = ngettext(
            "{count} row still to send.", "{count} rows still to send.", summary.waiting
        )
        st.write(f"{rows} {_('Resume or cancel the broadcast.')}")
        navigation.link(navigation.BROADCASTS, _("Open"), icon=":material/pause:", run=summary.id)


def draw_approval(summary: RunSummary) -> None:
    """Draw that a broadcast waits for approval."""
    st.markdown(f"#### {_('A broadcast needs your approval')}")
    st.write(_("Review its results so far, then continue or cancel it."))
    navigation.link(
        navigation.BROADCASTS, _("Review"), icon=":material/front_hand:", run=summary.id
    )


def draw_running(summary: RunSummary) -> None:
    """Draw that a broadcast is scheduled or being sent."""
    st.markdown(f"#### {_('A broadcast is in progress')}")
    st.write(_("You can close this page. Sending continues without it."))
    navigation.link(
        navigation.BROADCASTS, _("View progress"), icon=":material/monitoring:", run=summary.id
    )


def draw_finished(summary: RunSummary) -> None:
    """Draw the links to the last broadcast's outcomes and to a new broadcast."""
    st.markdown(f"#### {_('What next?')}")
    st.write(_("See the results of your last broadcast, or prepare a new one."))
    with st.container(horizontal=True):
        navigation.link(
            navigation.OUTCOMES, _("View outcomes"), icon=":material/bar_chart:", run=summary.id
        )
        navigation.link(navigation.NEW_BROADCAST, _("New broadcast"), icon=":material/upload_file:")


def draw_first_step() -> None:
    """Draw the links for visitors who have not sent a broadcast yet."""
    st.markdown(f"#### {_('Send your first campaign')}")
    st.write(
        _(
            "Upload a recipient sheet, or try a sample sheet. You can check every row before "
            "anything is sent."
        )
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("New broadcast"), type="primary", icon=":material/upload_file:"):
            st.switch_page(navigation.NEW_BROADCAST)
        navigation.link(
            navigation.QUICK_TEST, _("Test on my phone"), icon=":material/phone_iphone:"
        )


if not worker_state(settings=settings).alive:
    st.warning(
        _(
            "The sender isn't running. It starts automatically within seconds, and your broadcasts "
            "then continue."
        ),
        icon=":material/hourglass_top:",
    )

for each in paused[:RUNS_SHOWN]:
    draw_paused(each)

with st.container(border=True, key="next_step"):
    if waiting:
        draw_approval(waiting[0])
    elif running:
        draw_running(running[0])
    elif runs:
        draw_finished(runs[0])
    else:
        draw_first_step()

st.subheader(_("Recent broadcasts"), anchor=False)
if not runs:
    st.caption(_("None yet. Broadcasts are listed here with the result for every recipient."))
for each in runs[:RUNS_SHOWN]:
    draw_run_line(each)

st.subheader(_("Connections"), anchor=False)
for connection in list_connections(settings):
    rate = _("{rate} requests per second", rate=decimal(connection.rate))
    st.markdown(f":material/link: {page.describe_connection(connection)} · {rate}")
navigation.link(navigation.SETTINGS, _("Change or test connections"), icon=":material/settings:")
