"""Start: what is connected, what is running, and the one next step."""

import streamlit as st

from lib.connections import list_connections
from lib.delivery import RunState, list_runs, worker_state
from lib.error_catalogue import explain
from lib.ui import navigation, page
from lib.ui.broadcasts.row import draw_run_line
from lib.ui.formatting import literal, several

RUNS_SHOWN = 5
RUNS_LOOKED_AT = 50  # so that one that waits for a person is told of, however many came after it

settings = page.begin_page("Sendout Studio", "From your recipient sheet to a proven sendout.")
runs = list_runs(limit=RUNS_LOOKED_AT, offset=0, kind="sheet", settings=settings)
running = [each for each in runs if each.state in {RunState.RUNNING, RunState.SCHEDULED}]
paused = [each for each in runs if each.state is RunState.PAUSED]
asking = [each for each in runs if each.state is RunState.WAITING_FOR_APPROVAL]

if not worker_state(settings=settings).alive:
    st.warning(
        "The part that sends is not running right now. It starts by itself within seconds; "
        "whatever is waiting goes on then.",
        icon=":material/hourglass_top:",
    )

for summary in paused[:RUNS_SHOWN]:
    with st.container(border=True, key=f"paused_{summary.id}"):
        st.markdown(f"#### {literal(summary.label)} is paused")
        if summary.reason is not None:
            st.write(explain(summary.reason.value).meaning)
        st.write(f"{several(summary.waiting, 'row')} still to be sent. Resume it or cancel it.")
        navigation.link(
            navigation.BROADCASTS, "Look at it", icon=":material/pause:", run=summary.id
        )

with st.container(border=True, key="next_step"):
    if asking:
        st.markdown("#### A sendout waits for your word")
        st.write("Look at what became of its recipients so far, then let it go on or cancel it.")
        navigation.link(
            navigation.BROADCASTS, "Decide", icon=":material/front_hand:", run=asking[0].id
        )
    elif running:
        st.markdown("#### A sendout is on its way")
        st.write("You can close this page: sending goes on without it.")
        navigation.link(
            navigation.BROADCASTS, "Watch it", icon=":material/monitoring:", run=running[0].id
        )
    elif runs:
        st.markdown("#### What next?")
        st.write("Look at what became of your last sendout, or prepare the next one.")
        with st.container(horizontal=True):
            navigation.link(
                navigation.OUTCOMES, "See its outcomes", icon=":material/bar_chart:", run=runs[0].id
            )
            navigation.link(
                navigation.NEW_BROADCAST, "Prepare another", icon=":material/upload_file:"
            )
    else:
        st.markdown("#### Send your first campaign")
        st.write(
            "Upload a recipient sheet, or try it with a sample sheet. You see every row "
            "before anything is sent."
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("New sendout", type="primary", icon=":material/upload_file:"):
                st.switch_page(navigation.NEW_BROADCAST)
            navigation.link(
                navigation.QUICK_TEST, "Test on my phone", icon=":material/phone_iphone:"
            )

st.subheader("Last sendouts", anchor=False)
if not runs:
    st.caption("None yet. Each sendout is listed here with what became of every recipient.")
for summary in runs[:RUNS_SHOWN]:
    draw_run_line(summary)

st.subheader("Connections", anchor=False)
for connection in list_connections(settings):
    st.markdown(
        f":material/link: {page.describe_connection(connection)} · "
        f"{connection.rate:g} requests a second"
    )
navigation.link(navigation.SETTINGS, "Change or test connections", icon=":material/settings:")
