"""The pages, and the ways between them."""

from typing import Final

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from lib.settings import ROOT

_FOLDER: Final = ROOT / "pages"

START: Final = st.Page(
    _FOLDER / "start.py",
    title="Start",
    icon=":material/home:",
    default=True,
    help="What is connected, what is running, and what to do next.",
)
NEW_SENDOUT: Final = st.Page(
    _FOLDER / "new_sendout.py",
    title="New sendout",
    icon=":material/upload_file:",
    help="From a recipient sheet to a confirmed sendout, step by step.",
)
QUICK_TEST: Final = st.Page(
    _FOLDER / "quick_test.py",
    title="Quick test",
    icon=":material/phone_iphone:",
    help="Send one campaign to your own phone.",
)
RUNS: Final = st.Page(
    _FOLDER / "runs.py",
    title="Runs",
    icon=":material/send:",
    help="What is being sent and what has been sent, row by row.",
)
OUTCOMES: Final = st.Page(
    _FOLDER / "outcomes.py",
    title="Outcomes",
    icon=":material/bar_chart:",
    help="Accepted and rejected recipients by campaign and error code.",
)
ERROR_GUIDE: Final = st.Page(
    _FOLDER / "error_guide.py",
    title="Error guide",
    icon=":material/help:",
    help="What each error code means and what to do about it.",
)
SETTINGS: Final = st.Page(
    _FOLDER / "settings.py",
    title="Settings",
    icon=":material/settings:",
    help="Connections, your own phone, the default country and where data is kept.",
)

PAGES: Final[list[StreamlitPage]] = [
    START,
    NEW_SENDOUT,
    QUICK_TEST,
    RUNS,
    OUTCOMES,
    ERROR_GUIDE,
    SETTINGS,
]

# Names in the address, so that a page comes back after a reload or a restart.
RUN: Final = "run"
DRAFT: Final = "draft"
CODE: Final = "code"
CONNECTION: Final = "connection"


def link(page: StreamlitPage, label: str, *, icon: str | None = None, **parameters: str) -> None:
    """Draw a link to a page, with ids for its address."""
    st.page_link(page, label=label, icon=icon, query_params=parameters or None)
