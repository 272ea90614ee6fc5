"""The pages, and the ways between them."""

from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from lib.settings import ROOT

_FOLDER: Final = ROOT / "pages"

START: Final = _FOLDER / "start.py"
NEW_BROADCAST: Final = _FOLDER / "new_broadcast.py"
QUICK_TEST: Final = _FOLDER / "quick_test.py"
BROADCASTS: Final = _FOLDER / "broadcasts.py"
UNCONFIRMED: Final = _FOLDER / "unconfirmed.py"
OUTCOMES: Final = _FOLDER / "outcomes.py"
EXCLUDE_LISTS: Final = _FOLDER / "exclude_lists.py"
ERROR_GUIDE: Final = _FOLDER / "error_guide.py"
SETTINGS: Final = _FOLDER / "settings.py"

ALL: Final = (
    *(START, NEW_BROADCAST, QUICK_TEST, BROADCASTS, UNCONFIRMED),
    *(OUTCOMES, EXCLUDE_LISTS, ERROR_GUIDE, SETTINGS),
)

FORMER_ADDRESSES: Final = {
    "new_sendout": NEW_BROADCAST,
    "runs": BROADCASTS,
    "in_doubt": UNCONFIRMED,
}
"""Pages by the addresses that they had in earlier releases, which bookmarks still use."""

# Names in the address, so that a page comes back after a reload or a restart.
RUN: Final = "run"
DRAFT: Final = "draft"
CODE: Final = "code"


def pages() -> list[StreamlitPage]:
    """Return the navigation, made anew for each visitor: Streamlit keeps state in a page."""
    return [
        st.Page(
            START,
            title="Start",
            icon=":material/home:",
            default=True,
            help="What is connected, what is running, and what to do next.",
        ),
        st.Page(
            NEW_BROADCAST,
            title="New broadcast",
            icon=":material/upload_file:",
            help="From a recipient sheet to a confirmed sendout, step by step.",
        ),
        st.Page(
            QUICK_TEST,
            title="Quick test",
            icon=":material/phone_iphone:",
            help="Send one campaign to your own phone.",
        ),
        st.Page(
            BROADCASTS,
            title="Broadcasts",
            icon=":material/send:",
            help="What is being sent and what has been sent, row by row.",
        ),
        st.Page(
            UNCONFIRMED,
            title="Unconfirmed rows",
            icon=":material/help:",
            visibility="hidden",
            help="What is known of rows whose outcome nothing proves, and what to do with them.",
        ),
        st.Page(
            OUTCOMES,
            title="Outcomes",
            icon=":material/bar_chart:",
            help="Accepted and rejected recipients by campaign and error code.",
        ),
        st.Page(
            EXCLUDE_LISTS,
            title="Exclude lists",
            icon=":material/block:",
            help="People who must not get campaigns.",
        ),
        st.Page(
            ERROR_GUIDE,
            title="Error guide",
            icon=":material/help:",
            help="What each error code means and what to do about it.",
        ),
        st.Page(
            SETTINGS,
            title="Settings",
            icon=":material/settings:",
            help="Connections, your own phone, the default country and where data is kept.",
        ),
    ]


def link(page: Path, label: str, *, icon: str | None = None, **parameters: str) -> None:
    """Draw a link to a page, with ids for its address."""
    st.page_link(page, label=label, icon=icon, query_params=parameters or None)
