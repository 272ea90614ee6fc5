"""Quick test: one campaign, with variables entered by hand, to the visitor's own phone."""

import streamlit as st

from lib.connectly import CampaignEntry, InvalidEntry
from lib.delivery import list_runs
from lib.i18n import _
from lib.ui import page
from lib.ui.formatting import literal, moment
from lib.ui.quick_test import ask_own_phone, draw_answer, draw_trial

ROWS = "quick_test_rows"
HISTORY_LENGTH = 20

settings = page.begin_page(
    _("Quick test"), _("Send one campaign to your own phone and see the result.")
)
repeats = _("Tests are always sent, even if this phone already got the campaign.")
st.caption(f":material/repeat: {repeats}")


def add_row() -> None:
    """Add fields for one more variable."""
    st.session_state[ROWS] += 1


connection = page.choose_connection(settings, key="quick_test_connection")
phone = ask_own_phone(settings, key="quick_test_phone")
left, right = st.columns(2)
campaign = left.text_input(
    _("Campaign name"),
    key="quick_test_campaign",
    placeholder="demo_welcome",
    help=_("Exactly as in Connectly's Flow Builder. In the sandbox, try demo_welcome."),
).strip()
version = right.text_input(
    _("Version (optional)"),
    key="quick_test_version",
    help=_("Leave empty to use the live version."),
).strip()

st.markdown(f"**{_('Variables')}**")
st.session_state.setdefault(ROWS, 1)
variables = {}
for number in range(1, st.session_state[ROWS] + 1):
    left, right = st.columns(2)
    name = left.text_input(
        _("Name of variable {number}", number=number), placeholder="name"
    ).strip()
    value = right.text_input(_("Value of variable {number}", number=number), placeholder="Ana")
    if name:
        variables[name] = value
st.button(_("Add variable"), icon=":material/add:", on_click=add_row)

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
        st.error(_(str(error)), icon=":material/error:")
else:
    st.caption(_("Enter your phone number and a campaign name to send a test."))
draw_trial(entry, connection, settings, key="quick_test")

st.subheader(_("Your last tests"), anchor=False)
history = list_runs(limit=HISTORY_LENGTH, offset=0, kind="test", settings=settings)
if not history:
    st.caption(_("None yet. Tests that you send are listed here with their results."))
for summary in history:
    with st.expander(f"{moment(summary.created_at)} · {literal(summary.label)}"):
        draw_answer(summary, settings)
