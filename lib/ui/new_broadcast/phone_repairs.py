"""Phone repairs in step 3: accepted or declined, for a whole kind or row by row."""

import numpy as np
import pandas as pd
import streamlit as st

from lib.campaign import Draft, Plan, before_and_after, repaired_rows
from lib.i18n import _, ngettext
from lib.settings import Settings
from lib.sheet import Sheet
from lib.ui.countries import country_names
from lib.ui.form_state import show
from lib.ui.new_broadcast.draft import latest, save_changes
from lib.ui.new_broadcast.paging import choose_rows


def draw_phone_repair(
    code: str, plan: Plan, sheet: Sheet, draft: Draft, settings: Settings
) -> None:
    """Draw one kind of repair: the choice for all of its rows, and its rows on request."""
    region = draft.answers.region
    if code == "country_added" and region is not None:
        st.caption(_("Country: {country}", country=country_names()[region]))
    with st.container(horizontal=True):
        wanted = _choose_for_all(code, draft, settings)
        shown = st.toggle(_("Show each number"), key=f"repair_shown_{code}_{draft.id}")
    if shown:
        _draw_rows(code, plan, sheet, draft, settings, changeable=wanted)


def _choose_for_all(code: str, draft: Draft, settings: Settings) -> bool:
    """Draw whether this kind of repair is used; the rows of a declined one are held back."""
    key = f"repair_{code}_{draft.id}"

    def save_choice() -> None:
        now = latest(draft, settings)
        refused = now.answers.refused_repairs
        refused = refused - {code} if st.session_state[key] else refused | {code}
        save_changes(
            now, settings, answers=now.answers.model_copy(update={"refused_repairs": refused})
        )

    show(key, code not in draft.answers.refused_repairs)
    return st.toggle(_("Use the fixed numbers"), key=key, on_change=save_choice)


def _draw_rows(
    code: str, plan: Plan, sheet: Sheet, draft: Draft, settings: Settings, *, changeable: bool
) -> None:
    rows = repaired_rows(plan, code)
    shown = choose_rows(len(rows), key=f"repair_page_{code}_{draft.id}")
    rows = rows[shown]
    lines = before_and_after(plan, sheet, rows)
    # A selection is kept by position. The key changes with the ticks, so that rows which have been
    # dealt with are no longer selected.
    ticks = lines["used"].to_numpy().tobytes().hex()
    selected = _select_rows(lines, rows, key=f"repair_rows_{code}_{shown.start}_{ticks}_{draft.id}")
    if changeable:
        _draw_row_buttons(code, selected, draft, settings)


def _select_rows(lines: pd.DataFrame, rows: np.ndarray, *, key: str) -> frozenset[int]:
    """Draw numbers before and after their repair; return the rows that are selected."""
    chosen = st.dataframe(
        lines.rename_axis(_("Row")),
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        alt=_("Phone numbers in your sheet, and as they are sent"),
        column_config={
            "before": _("In your sheet"),
            "after": _("As sent"),
            "used": st.column_config.CheckboxColumn(
                _("Used"), help=_("Rows without a tick are held back.")
            ),
        },
    )
    return frozenset(int(row) for row in rows[chosen["selection"]["rows"]])


def _draw_row_buttons(
    code: str, selected: frozenset[int], draft: Draft, settings: Settings
) -> None:
    hold, use = _("Hold back selected rows"), _("Use selected rows")
    if selected:
        number = len(selected)
        hold = ngettext("Hold back {count} row", "Hold back {count} rows", number)
        use = ngettext("Use {count} row", "Use {count} rows", number)
    with st.container(horizontal=True):
        for label, icon, refused in (
            (hold, ":material/block:", draft.answers.refused_rows | selected),
            (use, ":material/check:", draft.answers.refused_rows - selected),
        ):
            st.button(
                label,
                key=f"{icon}_{code}_{draft.id}",
                icon=icon,
                disabled=not selected or refused == draft.answers.refused_rows,
                on_click=_save_refused_rows,
                args=(refused, draft, settings),
            )
    if not selected:
        st.caption(_("Select rows at their left edge to hold them back or use them again."))


def _save_refused_rows(refused: frozenset[int], draft: Draft, settings: Settings) -> None:
    save_changes(
        draft, settings, answers=draft.answers.model_copy(update={"refused_rows": refused})
    )
