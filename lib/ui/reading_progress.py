"""A sheet that is being read: how far it is, and a way to stop it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from lib.ui import words


@contextmanager
def shown(filename: str, *, on_cancel: Callable[[], None]) -> Iterator[Callable[[float], None]]:
    """Show progress while a sheet is read; yield what has to be told the share that is done.

    A click on anything, and leaving the page, make the next telling raise: that ends the reading,
    and nothing of it is left.
    """
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        text = f"Reading {words.literal(filename)}"
        bar = st.progress(0.0, text=text)
        st.button("Stop reading", icon=":material/close:", key="stop_reading", on_click=on_cancel)

    def tell(share: float) -> None:
        done = f": {share:.0%}" if share else ""
        bar.progress(min(max(share, 0.0), 1.0), text=f"{text}{done}")

    try:
        yield tell
    finally:
        place.empty()
