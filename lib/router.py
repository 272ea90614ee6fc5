"""The script that Streamlit runs for each visitor: navigation, titles, the sign-in gate."""

import streamlit as st

from lib.ui import gate, places

page = st.navigation(places.pages())
st.set_page_config(
    page_title=f"{page.title} · Sendout Studio", page_icon=":material/forum:", layout="wide"
)
gate.require_sign_in()
gate.draw_account()
page.run()
