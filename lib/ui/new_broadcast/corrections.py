"""Corrections in step 3: rows held back, mended in place or in a spreadsheet."""

import math
from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from lib.campaign import (
    WORDS,
    CheckFailedError,
    Corrections,
    Draft,
    MissingRowNumbersError,
    Plan,
    corrected,
    correction_list,
    import_corrections,
    load_draft,
    with_cells,
)
from lib.connections import Connection
from lib.settings import Settings
from lib.sheet import Sheet, SheetError, read_sheet
from lib.sheet.file_type import SHEET_TYPES
from lib.ui import auth
from lib.ui.cache import plan_for
from lib.ui.errors import draw_error
from lib.ui.formatting import count, several
from lib.ui.new_broadcast.draft import latest, save_changes

_PAGE_ROWS: Final = 25
_NAMED: Final = 8
_WHY: Final = "Why held"
_TOLD: Final = "corrections_told"
_TYPED: Final = "corrections_typed"


def draw(
    plan: Plan, sheet: Sheet, draft: Draft, connection: Connection, settings: Settings
) -> None:
    """Draw the rows held back as a table that can be typed into, and what was typed."""
    with st.container():  # what comes and goes in here does not move the table
        if told := st.session_state.pop(_TOLD, None):
            st.info(told, icon=":material/info:")
        if draft.answers.corrections:
            _draw_list(sheet, draft, settings)
    if plan.held_count or f"mending_{draft.id}" in st.session_state:
        shown = st.toggle("Correct rows here", key=f"mend_{draft.id}")
        if shown:
            _draw_table(sheet, draft, connection, settings)


@auth.fragment
def _draw_table(sheet: Sheet, drawn: Draft, connection: Connection, settings: Settings) -> None:
    """Draw the table and what has come of it, apart from the page.

    While somebody types, nothing but this is drawn again: a page that is drawn anew may swallow
    the word that is being typed. ``drawn`` is the draft as the page around shows it.
    """
    draft = load_draft(drawn.id, settings) or drawn
    assert draft.sheet_id is not None
    assert draft.mapping is not None
    try:
        plan = plan_for(
            draft.sheet_id, draft.mapping, draft.answers, connection=connection, settings=settings
        ).plan
    except CheckFailedError as error:
        st.error(f"**{error.sentence}** {error.action}", icon=":material/error:")
        return
    rows, reasons, before = _rows_in_hand(plan, draft)
    if not rows:
        st.caption("No row is held back any more.")
        return
    columns = draft.mapping.columns
    # The cells as they were when these rows were taken in hand: what is typed lies over them, and
    # is kept for each key as long as the cells underneath stay the same.
    lines = corrected(sheet, before).frame.loc[list(rows), columns]
    lines.insert(0, _WHY, list(reasons), allow_duplicates=True)
    lines.columns = pd.Index([_WHY, *map(str, range(len(columns)))])
    key = f"mend_rows_{hash((rows, str(before)))}_{draft.id}"
    if key not in st.session_state:
        st.session_state[_TYPED] = {}

    def remember() -> None:
        typed: Corrections = {
            rows[int(place)]: {columns[int(at)]: str(text or "") for at, text in cells.items()}
            for place, cells in st.session_state[key]["edited_rows"].items()
        }
        # The table gives all that was ever typed into it. To keep that again would undo what
        # another tab has typed into the same cells since.
        new = _newly_typed(typed, st.session_state[_TYPED])
        st.session_state[_TYPED] = typed
        now = latest(drawn, settings)
        _keep(with_cells(now.answers.corrections, sheet, new), now, settings)

    with st.container(key="mend_table"):
        st.data_editor(
            lines.rename_axis("Row"),
            key=key,
            on_change=remember,
            num_rows="fixed",
            disabled=["Row", _WHY],
            column_config={str(at): name for at, name in enumerate(columns)},
        )
    still_held = [row for row in rows if row in plan.held.index]
    st.caption(
        f"Click a cell and type. Each change is checked at once: {_standing(rows, still_held)} "
        "Your file stays as it is."
    )
    if draft.answers != drawn.answers and st.button(
        "Go on with these corrections", type="primary", icon=":material/check:", key="mend_done"
    ):
        st.rerun()


def _newly_typed(typed: Corrections, before: Corrections) -> Corrections:
    return {
        row: {name: text for name, text in cells.items() if before.get(row, {}).get(name) != text}
        for row, cells in typed.items()
    }


def _standing(rows: Sequence[int], still_held: Sequence[int]) -> str:
    """Say how many of the rows in hand are right by now."""
    mended = len(rows) - len(still_held)
    if not mended:
        return "a row that is right goes out with the others."
    if not still_held:
        return f"all {count(mended)} of these rows go out now."
    named = ", ".join(count(row) for row in still_held[:_NAMED])
    more = " and others" if len(still_held) > _NAMED else ""
    return f"{several(mended, 'row')} right by now, still held back: {named}{more}."


def _rows_in_hand(plan: Plan, draft: Draft) -> tuple[tuple[int, ...], tuple[str, ...], Corrections]:
    """Return the rows of the page, why they were held, and the corrections there were then.

    All of it stays while the rows are worked on: to a table whose cells change under their feet,
    the browser may not add what is being typed just then.
    """
    key = f"mending_{draft.id}"
    held = plan.held.index
    pages = max(math.ceil(len(held) / _PAGE_ROWS), 1)
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    page = 1
    if pages > 1:
        page = left.number_input(f"Page of {count(pages)}", 1, pages, key=f"mend_page_{draft.id}")
    anew = right.button("Show the rows still held back", icon=":material/refresh:")
    page_before, rows, reasons, before = st.session_state.get(key, (0, (), (), {}))
    if anew or page != page_before:
        start = (page - 1) * _PAGE_ROWS
        rows = tuple(int(row) for row in held[start : start + _PAGE_ROWS])
        reasons = tuple(_why(plan.held.loc[row, "reasons"]) for row in rows)
        before = draft.answers.corrections
        st.session_state[key] = (page, rows, reasons, before)
    return rows, reasons, before


def _why(codes: str) -> str:
    return ", ".join(WORDS[code].title for code in codes.split(",") if code)


def _draw_list(sheet: Sheet, draft: Draft, settings: Settings) -> None:
    """Draw what has been corrected, each to be undone."""
    lines = correction_list(sheet, draft.answers.corrections)
    with st.expander(f"{several(len(lines), 'cell')} corrected here", icon=":material/edit:"):
        chosen = st.dataframe(
            lines,
            hide_index=True,
            key=f"corrections_{len(lines)}_{draft.id}",
            on_select="rerun",
            selection_mode="multi-row",
            alt="Corrected cells, before and after",
        )
        picked = lines.iloc[chosen["selection"]["rows"]]
        undone: Corrections = {}
        for row, column, before, _ in picked.itertuples(index=False, name=None):
            undone.setdefault(row, {})[column] = before
        st.button(
            "Undo the chosen ones",
            icon=":material/undo:",
            disabled=picked.empty,
            on_click=_put_in_place,
            args=(with_cells(draft.answers.corrections, sheet, undone), draft, settings),
        )
        if picked.empty:
            st.caption("Choose cells at their left edge to undo them.")


def _put_in_place(corrections: Corrections, draft: Draft, settings: Settings) -> None:
    """Keep corrections that were not typed into the table, which then begins with them."""
    st.session_state.pop(f"mending_{draft.id}", None)
    _keep(corrections, draft, settings)


def _keep(corrections: Corrections, draft: Draft, settings: Settings) -> None:
    save_changes(
        draft, settings, answers=draft.answers.model_copy(update={"corrections": corrections})
    )


def take_back(sheet: Sheet, draft: Draft, settings: Settings) -> None:
    """Take rows that were downloaded and mended in a spreadsheet."""
    turn = st.session_state.setdefault("mended_turn", 0)
    file = st.file_uploader("Mended rows", type=SHEET_TYPES, key=f"mended_{turn}")
    if file is None:
        return
    try:
        with st.spinner("Reading the mended rows"):
            mended = read_sheet(file.getvalue(), filename=file.name, settings=settings)
        found = import_corrections(mended, sheet, draft.answers.corrections)
    except SheetError as error:
        draw_error(error)
        return
    except MissingRowNumbersError as error:
        st.error(f"**{error.sentence}** {error.action}", icon=":material/error:")
        return
    _put_in_place(found.corrections, draft, settings)
    st.session_state[_TOLD] = (
        f"{several(found.rows, 'row')} mended, {count(found.same)} as before, "
        f"{count(found.unknown)} not found in this sheet."
    )
    st.session_state["mended_turn"] = turn + 1
    st.rerun()
