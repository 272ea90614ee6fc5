"""The pages and the links between them."""

from pathlib import Path
from typing import Final, Literal, NamedTuple

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from lib.i18n import N_, _
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
"""Pages by their addresses in earlier releases, which bookmarks still use."""

# Query parameters that restore a page after a reload or a restart.
RUN: Final = "run"
DRAFT: Final = "draft"
CODE: Final = "code"


class _PageEntry(NamedTuple):
    """A page in the navigation; ``title`` and ``help`` are English, translated when shown."""

    path: Path
    title: str
    icon: str
    help: str
    visibility: Literal["visible", "hidden"] = "visible"


_PAGES: Final = (
    _PageEntry(
        START,
        N_("Start"),
        ":material/home:",
        N_("See what is connected and running, and what to do next."),
    ),
    _PageEntry(
        NEW_BROADCAST,
        N_("New broadcast"),
        ":material/upload_file:",
        N_("Prepare and send a broadcast from a recipient sheet, step by step."),
    ),
    _PageEntry(
        QUICK_TEST,
        N_("Quick test"),
        ":material/phone_iphone:",
        N_("Send one campaign to your own phone."),
    ),
    _PageEntry(
        BROADCASTS,
        N_("Broadcasts"),
        ":material/send:",
        N_("Follow your broadcasts and see the result for every recipient."),
    ),
    _PageEntry(
        UNCONFIRMED,
        N_("Unconfirmed rows"),
        ":material/help:",
        N_("Review rows without a confirmed outcome and decide what to do."),
        visibility="hidden",
    ),
    _PageEntry(
        OUTCOMES,
        N_("Outcomes"),
        ":material/bar_chart:",
        N_("See accepted and rejected recipients by campaign and error code."),
    ),
    _PageEntry(
        EXCLUDE_LISTS,
        N_("Exclude lists"),
        ":material/block:",
        N_("Manage the people who must not get campaigns."),
    ),
    _PageEntry(
        ERROR_GUIDE,
        N_("Error guide"),
        ":material/help:",
        N_("Look up what an error code means and what to do about it."),
    ),
    _PageEntry(
        SETTINGS,
        N_("Settings"),
        ":material/settings:",
        N_("Set up connections, your own phone and the default country."),
    ),
)


def pages() -> list[StreamlitPage]:
    """Return new page objects for the navigation, since Streamlit keeps a visitor's state in them.

    Titles are in the visitor's language; addresses are the names of the files.
    """
    return [
        st.Page(
            entry.path,
            title=_(entry.title),
            icon=entry.icon,
            default=entry.path == START,
            visibility=entry.visibility,
            help=_(entry.help),
        )
        for entry in _PAGES
    ]


def link(page: Path, label: str, *, icon: str | None = None, **parameters: str) -> None:
    """Draw a link to a page with these query parameters."""
    st.page_link(page, label=label, icon=icon, query_params=parameters or None)
