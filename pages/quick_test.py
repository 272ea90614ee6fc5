"""Quick test: one campaign, with variables typed by hand, to one's own phone."""

import streamlit as st

from lib.connectly import CampaignEntry, InvalidEntry
from lib.delivery import list_runs
from lib.ui import page
from lib.ui.formatting import literal, moment
from lib.ui.quick_test import ask_own_phone, draw_answer, draw_trial

ROWS = "quick_test_rows"
HISTORY_LENGTH = 20

settings = page.begin_page("Quick test", "Send one campaign to your own phone and see the answer.")
st.caption(
    ":material/repeat: A test goes out even if this phone has had the campaign before. Under the "
    "usual rule, each phone once, a second test would do nothing."
)


def add_row() -> None:
    """Make room for one more variable."""
    st.session_state[ROWS] += 1


connection = page.choose_connection(settings, key="quick_test_connection")
phone = ask_own_phone(settings, key="quick_test_phone")
left, right = st.columns(2)
campaign = left.text_input(
    "Campaign name",
    key="quick_test_campaign",
    placeholder="demo_welcome",
    help="Exactly as in Connectly's Flow Builder. In the sandbox, try demo_welcome.",
).strip()
version = right.text_input(
    "Version (optional)",
    key="quick_test_version",
    help="Leave it empty to use the version that is live.",
).strip()

st.markdown("**Variables**")
st.session_state.setdefault(ROWS, 1)
variables = {}
for number in range(1, st.session_state[ROWS] + 1):
    left, right = st.columns(2)
    name = left.text_input(f"Name of variable {number}", placeholder="name").strip()
    value = right.text_input(f"Value of variable {number}", placeholder="Ana")
    if name:
        variables[name] = value
st.button("Add a variable", icon=":material/add:", on_click=add_row)

entry = None
if phone is not None and campaign:
    try:
        entry = CampaignEntry(
            client=phone,
            campaign_name=campaign,
            campaign_version=version or None,
            variables=variables,
        )
    except InvalidEntry as error:
        st.error(str(error), icon=":material/error:")
else:
    st.caption("Fill in your phone and a campaign name to send the test.")
draw_trial(entry, connection, settings, key="quick_test")

st.subheader("Your last tests", anchor=False)
history = list_runs(limit=HISTORY_LENGTH, offset=0, kind="test", settings=settings)
if not history:
    st.caption("None yet. What you send from here is listed here, with its answer.")
for summary in history:
    with st.expander(f"{moment(summary.created_at)} · {literal(summary.label)}"):
        draw_answer(summary, settings)
