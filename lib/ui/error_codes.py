"""An error code wherever one is shown: in words, with what to do and the way to the guide."""

from typing import Final, Literal

import streamlit as st

from lib.connectly import CLASS_LABELS, ErrorClass, ErrorInfo
from lib.i18n import _
from lib.ui import navigation
from lib.ui.formatting import literal

CLASS_COLOURS: Final[dict[ErrorClass, Literal["blue", "orange", "green", "red", "gray"]]] = {
    ErrorClass.FIX_SHEET: "blue",
    ErrorClass.FIX_CAMPAIGN: "blue",
    ErrorClass.FIX_ACCOUNT: "orange",
    ErrorClass.WAIT_AND_RETRY: "green",
    ErrorClass.NEVER_RETRY: "red",
    ErrorClass.REPORT_IT: "gray",
}


def draw_code(info: ErrorInfo) -> None:
    """Draw an entry of the guide."""
    with st.container(border=True, key=f"code_{info.code}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{literal(_(info.title))}**", width="stretch")
            st.badge(_(CLASS_LABELS[info.error_class]), color=CLASS_COLOURS[info.error_class])
        st.write(_(info.meaning))
        st.markdown(f":material/arrow_forward: {_(info.action)}")
        st.code(info.code, language=None)


def link_to_code(code: str, label: str) -> None:
    """Draw a link to a code's entry in the guide."""
    navigation.link(navigation.ERROR_GUIDE, literal(label), icon=":material/help:", code=code)
