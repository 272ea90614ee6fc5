"""The script that Streamlit runs for each visitor: navigation, titles, the sign-in auth."""

from typing import Final

import streamlit as st

from lib.delivery import LedgerError
from lib.settings import ROOT
from lib.storage import StorageError
from lib.ui import auth, navigation

# A file of ours, named before the navigation: the browser would else fetch the icon of the page
# that is open from another host.
ICON: Final = ROOT / "lib" / "ui" / "icon.svg"

st.set_page_config(page_icon=str(ICON), layout="wide")
# Who may not come in sees no navigation either.
page = st.navigation(navigation.pages(), position="sidebar" if auth.is_open() else "hidden")
st.set_page_config(page_title=f"{page.title} · Sendout Studio")
auth.require_sign_in()
auth.draw_account()
try:
    page.run()
except (LedgerError, StorageError) as error:
    # What no page can do without.
    st.error(f"**{error.sentence}** {error.action}", icon=":material/error:")
