"""Pages of long tables."""

import math

import streamlit as st

from lib.campaign import PAGE_ROWS
from lib.i18n import _
from lib.ui.formatting import count


def choose_rows(rows: int, *, key: str) -> slice:
    """Draw the choice of a page if there are several; return the rows on it as a slice."""
    pages, page = math.ceil(rows / PAGE_ROWS), 1
    if pages > 1:
        page = st.number_input(
            _("Page (of {pages})", pages=count(pages)), min_value=1, max_value=pages, key=key
        )
    return slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS)
