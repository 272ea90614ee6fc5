"""Error codes as pages show them: title, meaning, next step and a link to the error guide."""

from typing import Final, Literal

import streamlit as st

from lib.connectly import CLASS_LABELS, ErrorClass, ErrorInfo
from lib.i18n import _
from lib.ui import navigation
from lib.ui.formatting import literal

_COLOURS: Final[dict[ErrorClass, Literal["blue", "orange", "green", "red", "gray"]]] = {
    ErrorClass.FIX_SHEET: "blue",
    ErrorClass.FIX_CAMPAIGN: "blue",
    ErrorClass.FIX_ACCOUNT: "orange",
    ErrorClass.WAIT_AND_RETRY: "green",
    ErrorClass.NEVER_RETRY: "red",
    ErrorClass.REPORT_IT: "gray",
}


def code_title(info: ErrorInfo) -> str:
    """Return the title of a code as Markdown, in the visitor's language."""
    return literal(_(info.title))


def code_advice(info: ErrorInfo) -> str:
    """Return what a code means and what to do, in the visitor's language."""
    return f"{_(info.meaning)} {_(info.action)}"


def draw_code(info: ErrorInfo) -> None:
    """Draw an entry of the error guide."""
    with st.container(border=True, key=f"code_{info.code}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{code_title(info)}**", width="stretch")
            st.badge(_(CLASS_LABELS[info.error_class]), color=_COLOURS[info.error_class])
        st.write(_(info.meaning))
        st.markdown(f":material/arrow_forward: {_(info.action)}")
        st.code(info.code, language=None)


def link_to_code(code: str, label: str) -> None:
    """Draw a link to a code's entry in the error guide; the label is shown as it is."""
    navigation.link(navigation.ERROR_GUIDE, literal(label), icon=":material/help:", code=code)
