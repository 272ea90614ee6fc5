"""The script that Streamlit runs for each visitor: navigation, titles, the sign-in gate."""

from typing import Final

import streamlit as st

from lib.delivery import LedgerError
from lib.settings import ROOT
from lib.storage import StorageError
from lib.ui import gate, places

# A file of ours: the browser would fetch Streamlit's own icons and emoji from elsewhere.
ICON: Final = ROOT / "lib" / "ui" / "icon.svg"

page = st.navigation(places.pages())
st.set_page_config(page_title=f"{page.title} · Sendout Studio", page_icon=str(ICON), layout="wide")
gate.require_sign_in()
gate.draw_account()
try:
    page.run()
except (LedgerError, StorageError) as error:
    # What no page can do without.
    st.error(f"**{error.sentence}** {error.action}", icon=":material/error:")
