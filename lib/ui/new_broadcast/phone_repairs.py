"""Phone repairs in step 3: taken or left, for a whole kind and number by number."""

import math

import streamlit as st

from lib.campaign import PAGE_ROWS, Draft, Plan, before_and_after, repaired_rows
from lib.settings import Settings
from lib.sheet import Sheet
from lib.ui.countries import country_names
from lib.ui.form_state import show
from lib.ui.formatting import count, several
from lib.ui.new_broadcast.draft import latest, save_changes


def draw(code: str, plan: Plan, sheet: Sheet, draft: Draft, settings: Settings) -> None:
    """Draw one kind of repair: the choice for all of its rows, and each row on demand."""
    region = draft.answers.region
    if code == "country_added" and region is not None:
        st.caption(f"The country they are read as: {country_names()[region]}.")
    with st.container(horizontal=True):
        wanted = _choose_all(code, draft, settings)
        shown = st.toggle("Show each number", key=f"repair_shown_{code}_{draft.id}")
    if shown:
        _draw_rows(code, plan, sheet, draft, settings, changeable=wanted)


def _choose_all(code: str, draft: Draft, settings: Settings) -> bool:
    """Let the person take or leave a kind of repair; a repair left holds its rows back."""
    key = f"repair_{code}_{draft.id}"

    def remember() -> None:
        now = latest(draft, settings)
        refused = now.answers.refused_repairs
        refused = refused - {code} if st.session_state[key] else refused | {code}
        save_changes(
            now, settings, answers=now.answers.model_copy(update={"refused_repairs": refused})
        )

    show(key, code not in draft.answers.refused_repairs)
    return st.toggle("Use the repaired numbers", key=key, on_change=remember)


def _draw_rows(
    code: str, plan: Plan, sheet: Sheet, draft: Draft, settings: Settings, *, changeable: bool
) -> None:
    rows = repaired_rows(plan, code)
    pages = math.ceil(len(rows) / PAGE_ROWS)
    page = 1
    if pages > 1:
        page = st.number_input(
            f"Page of {count(pages)}",
            min_value=1,
            max_value=pages,
            key=f"repair_page_{code}_{draft.id}",
        )
    rows = rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    lines = before_and_after(plan, sheet, rows)
    # Chosen rows are kept by place; another key for other ticks forgets those that have been done.
    key = f"repair_rows_{code}_{page}_{lines['used'].to_numpy().tobytes().hex()}_{draft.id}"
    chosen = st.dataframe(
        lines.rename_axis("Row"),
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        alt="Phone numbers as they stand in the sheet, and as they are sent",
        column_config={
            "before": "In your sheet",
            "after": "As it is sent",
            "used": st.column_config.CheckboxColumn("Used", help="Without a tick it is held back."),
        },
    )
    if not changeable:
        return
    places = chosen["selection"]["rows"]
    picked = frozenset(int(row) for row in rows[places])
    noun = several(len(picked), "row") if picked else "chosen rows"
    with st.container(horizontal=True):
        for label, icon, refused in (
            (f"Hold {noun} back", ":material/block:", draft.answers.refused_rows | picked),
            (f"Use {noun}", ":material/check:", draft.answers.refused_rows - picked),
        ):
            st.button(
                label,
                key=f"{icon}_{code}_{draft.id}",
                icon=icon,
                disabled=not picked or refused == draft.answers.refused_rows,
                on_click=_keep_refused,
                args=(refused, draft, settings),
            )
    if not picked:
        st.caption("Choose rows at their left edge to hold them back, or to use them again.")


def _keep_refused(refused: frozenset[int], draft: Draft, settings: Settings) -> None:
    save_changes(
        draft, settings, answers=draft.answers.model_copy(update={"refused_rows": refused})
    )
