"""The language of the interface: that of the visitor's browser, if it is available.

Importing this module sets the source of the language.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lib.i18n import set_language_source


def visitor_language() -> str | None:
    """Return the language tag of the visitor's browser, or None outside a visitor's session."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    return st.context.locale


set_language_source(visitor_language)
