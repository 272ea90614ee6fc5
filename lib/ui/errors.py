"""Show an error: what happened, what to do, and the button that does it."""

import streamlit as st

from lib.errors import StudioError
from lib.ui.formatting import literal


def error_text(error: StudioError) -> str:
    """Return an error as Markdown: its sentence in bold, then what to do."""
    return f"**{literal(error.translated_sentence)}** {literal(error.translated_action)}"


def draw_error(error: StudioError) -> None:
    """Draw an error. The caller draws the button that `error.action` speaks of below it."""
    st.error(error_text(error), icon=":material/error:")
