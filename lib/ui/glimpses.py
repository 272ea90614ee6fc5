"""Three rows as their people will see them: the first, one by chance, and the longest."""

import secrets
from typing import Final

import streamlit as st

from lib.campaign import Glimpse, Plan, glimpses, random_row
from lib.sheet import Sheet
from lib.ui import words

_SEEDS: Final = 1_000_000


def draw(plan: Plan, sheet: Sheet, *, key: str) -> None:
    """Draw the rows side by side, each variable as it is sent beside its cells in the sheet."""
    first, longest = plan.first_row_to_send, plan.longest_row_to_send
    if first is None or longest is None:
        return
    seed_key = f"{key}_seed"
    chance = random_row(plan, st.session_state.setdefault(seed_key, secrets.randbelow(_SEEDS)))
    assert chance is not None

    def another() -> None:
        st.session_state[seed_key] += 1

    st.markdown("**What people will read** in the places of the campaign's text")
    titles = {"First row": first, "Random row": chance, "Longest row": longest}
    for place, (title, row) in zip(st.columns(3), titles.items(), strict=True):
        name = title.split()[0].lower()
        with place.container(border=True, gap="xsmall", key=f"{key}_{name}"):
            st.markdown(f"**{title}** · {words.count(row)}")
            variables = glimpses(plan, sheet, row)
            if not variables:
                st.caption("No variables: everybody reads the same.")
            for each in variables:
                _draw_variable(each)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Another random row", icon=":material/shuffle:", key=f"{key}_another", on_click=another
        )
        st.caption(
            "Only the values: the text around them is the campaign's, and this app can't read it. "
            "Step 5 shows you the whole message on your own phone.",
            width="stretch",
        )


def _draw_variable(variable: Glimpse) -> None:
    st.caption(words.literal(variable.name))
    st.text(variable.text)
    cells = variable.cells
    if cells and list(cells.values()) != [variable.text]:
        parts = (f"{column}: “{cell}”" for column, cell in cells.items())
        st.caption(words.literal(f"In your sheet: {', '.join(parts)}"))
