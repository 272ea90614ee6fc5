"""The script that Streamlit runs for each visitor: sign-in gate, navigation and page titles."""

from typing import Final

import streamlit as st

from lib.errors import StudioError
from lib.i18n import _
from lib.settings import ROOT
from lib.ui import (
    auth,
    language,  # noqa: F401 - sets the language of the interface
    navigation,
)
from lib.ui.errors import draw_error

# Set before the navigation: otherwise the browser fetches the icon of the open page from another
# host.
ICON: Final = ROOT / "lib" / "ui" / "icon.svg"

st.set_page_config(page_icon=str(ICON), layout="wide")
page = st.navigation(navigation.pages(), position="sidebar" if auth.is_open() else "hidden")
st.set_page_config(page_title=_("{page} · Sendout Studio", page=page.title))
auth.require_sign_in()
auth.draw_account()
try:
    page.run()
except StudioError as error:
    # Errors that a page cannot continue after, such as an unavailable ledger.
    draw_error(error)
