"""Corrections in step 3: fix rows that are held back, here or in a spreadsheet."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

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
from lib.i18n import _, ngettext
from lib.settings import Settings
from lib.sheet import Sheet, SheetError, read_sheet
from lib.sheet.file_type import SHEET_TYPES
from lib.ui import auth
from lib.ui.cache import plan_for
from lib.ui.errors import draw_error
from lib.ui.formatting import comma_list, count, literal, row_list
from lib.ui.new_broadcast.draft import latest, save_changes

_PAGE_ROWS: Final = 25
_MAX_ROWS_NAMED: Final = 8
_IMPORTED: Final = "corrections_imported"
_REFORMATTED: Final = "corrections_reformatted"
_TYPED: Final = "corrections_typed"


class _TablePage(NamedTuple):
    """The rows in the table, the codes of their reasons, and the corrections at that time.

    All three stay the same while rows are edited: if the cells of the table changed underneath,
    the browser could drop what is being typed.
    """

    rows: tuple[int, ...]
    reasons: tuple[str, ...]
    corrections: Corrections


def draw_corrections(
    plan: Plan, sheet: Sheet, draft: Draft, connection: Connection, settings: Settings
) -> None:
    """Draw the rows held back as an editable table, and the list of corrected cells."""
    with st.container():  # what appears and disappears in here does not move the table
        if (imported := st.session_state.pop(_IMPORTED, None)) is not None:
            updated, unchanged, unknown = map(count, imported)
            st.info(
                _(
                    "{updated} updated, {unchanged} unchanged, {unknown} not found in this sheet.",
                    updated=updated,
                    unchanged=unchanged,
                    unknown=unknown,
                ),
                icon=":material/info:",
            )
        if draft.answers.corrections:
            _draw_corrected_cells(sheet, draft, settings)
    if plan.held_count or f"fixing_{draft.id}" in st.session_state:
        shown = st.toggle(_("Fix rows here"), key=f"fix_{draft.id}")
        if shown:
            _draw_table(sheet, draft, connection, settings)


@auth.fragment
def _draw_table(sheet: Sheet, drawn: Draft, connection: Connection, settings: Settings) -> None:
    """Draw the table and the result of its corrections as a fragment of the page.

    While someone types, only this fragment runs again: a full rerun of the page may lose the word
    that is being typed. ``drawn`` is the draft that the page shows.
    """
    draft = load_draft(drawn.id, settings) or drawn
    assert draft.sheet_id is not None
    assert draft.mapping is not None
    try:
        plan = plan_for(
            draft.sheet_id, draft.mapping, draft.answers, connection=connection, settings=settings
        ).plan
    except CheckFailedError as error:
        draw_error(error)
        return
    page = _choose_page(plan, draft)
    if not page.rows:
        st.caption(_("No rows are held back any more."))
        return
    _draw_editor(page, sheet, draft.mapping.columns, drawn, settings)
    still_held = [row for row in page.rows if row in plan.held.index]
    st.caption(_progress(page.rows, still_held))
    st.caption(_("Click a cell and type. Each change is checked at once. Your file isn't changed."))
    if draft.answers != drawn.answers and st.button(
        _("Apply corrections"), type="primary", icon=":material/check:", key="fix_done"
    ):
        st.rerun()


def _draw_editor(
    page: _TablePage, sheet: Sheet, columns: Sequence[str], drawn: Draft, settings: Settings
) -> None:
    """Draw the editable cells of a page; save what is typed into them."""
    reason_label, row_label = _("Why held back"), _("Row")
    # The cells as they were when this page was opened. The browser keeps what is typed over them
    # for each key, as long as the cells underneath stay the same.
    lines = corrected(sheet, page.corrections).frame.loc[list(page.rows), list(columns)]
    reasons = [_reason_titles(codes) for codes in page.reasons]
    lines.insert(0, reason_label, reasons, allow_duplicates=True)
    lines.columns = pd.Index([reason_label, *map(str, range(len(columns)))])
    key = f"fixed_cells_{hash((page.rows, str(page.corrections)))}_{drawn.id}"
    if key not in st.session_state:
        st.session_state[_TYPED] = {}

    def save_typed() -> None:
        typed: Corrections = {
            page.rows[int(place)]: {
                columns[int(position)]: str(text or "") for position, text in cells.items()
            }
            for place, cells in st.session_state[key]["edited_rows"].items()
        }
        # The table returns everything that was ever typed into it. To save all of it again would
        # undo what another tab has typed into the same cells since.
        new = _newly_typed(typed, st.session_state[_TYPED])
        st.session_state[_TYPED] = typed
        now = latest(drawn, settings)
        _save_corrections(with_cells(now.answers.corrections, sheet, new), now, settings)

    with st.container(key="fix_table"):
        st.data_editor(
            lines.rename_axis(row_label),
            key=key,
            on_change=save_typed,
            num_rows="fixed",
            disabled=[row_label, reason_label],
            column_config={str(position): name for position, name in enumerate(columns)},
        )


def _newly_typed(typed: Corrections, before: Corrections) -> Corrections:
    return {
        row: {name: text for name, text in cells.items() if before.get(row, {}).get(name) != text}
        for row, cells in typed.items()
    }


def _progress(rows: Sequence[int], still_held: Sequence[int]) -> str:
    """Return how many of these rows are fixed, and which are still held back."""
    fixed = len(rows) - len(still_held)
    if not fixed:
        return _("Rows that you fix are sent with the others.")
    if not still_held:
        return ngettext(
            "{count} row fixed. It will be sent.",
            "All {count} rows fixed. They will be sent.",
            fixed,
        )
    named = row_list(still_held[:_MAX_ROWS_NAMED])
    if len(still_held) > _MAX_ROWS_NAMED:
        return ngettext(
            "{count} row fixed. Still held back: {rows} and {more} more.",
            "{count} rows fixed. Still held back: {rows} and {more} more.",
            fixed,
            rows=named,
            more=count(len(still_held) - _MAX_ROWS_NAMED),
        )
    return ngettext(
        "{count} row fixed. Still held back: {rows}.",
        "{count} rows fixed. Still held back: {rows}.",
        fixed,
        rows=named,
    )


def _choose_page(plan: Plan, draft: Draft) -> _TablePage:
    """Draw the choice of the page and return its rows."""
    key = f"fixing_{draft.id}"
    held = plan.held.index
    pages = max(math.ceil(len(held) / _PAGE_ROWS), 1)
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    number = 1
    if pages > 1:
        number = left.number_input(
            _("Page (of {pages})", pages=count(pages)), 1, pages, key=f"fix_page_{draft.id}"
        )
    is_refreshed = right.button(_("Show rows still held back"), icon=":material/refresh:")
    number_before, page = st.session_state.get(key, (0, None))
    if page is None or is_refreshed or number != number_before:
        start = (number - 1) * _PAGE_ROWS
        rows = tuple(int(row) for row in held[start : start + _PAGE_ROWS])
        reasons = tuple(str(plan.held.loc[row, "reasons"]) for row in rows)
        page = _TablePage(rows, reasons, draft.answers.corrections)
        st.session_state[key] = (number, page)
    return _TablePage(*page)


def _reason_titles(codes: str) -> str:
    """Return the titles of findings whose codes are separated by commas."""
    return comma_list([_(WORDS[code].title) for code in codes.split(",") if code])


def _draw_corrected_cells(sheet: Sheet, draft: Draft, settings: Settings) -> None:
    """Draw the corrected cells; selected ones can be undone."""
    lines = correction_list(sheet, draft.answers.corrections)
    title = ngettext("{count} cell corrected here", "{count} cells corrected here", len(lines))
    with st.expander(title, icon=":material/edit:"):
        chosen = st.dataframe(
            lines,
            hide_index=True,
            key=f"corrections_{len(lines)}_{draft.id}",
            on_select="rerun",
            selection_mode="multi-row",
            alt=_("Corrected cells, before and after"),
            column_config={
                "Row": st.column_config.NumberColumn(_("Row"), format="plain"),
                "Column": _("Column"),
                "Before": _("Before"),
                "After": _("After"),
            },
        )
        picked = lines.iloc[chosen["selection"]["rows"]]
        undone: Corrections = {}
        for row, column, before, *_after in picked.itertuples(index=False, name=None):
            undone.setdefault(row, {})[column] = before
        st.button(
            _("Undo selected"),
            icon=":material/undo:",
            disabled=picked.empty,
            on_click=_replace_corrections,
            args=(with_cells(draft.answers.corrections, sheet, undone), draft, settings),
        )
        if picked.empty:
            st.caption(_("Select cells at their left edge to undo them."))


def _replace_corrections(corrections: Corrections, draft: Draft, settings: Settings) -> None:
    """Save corrections that were not typed into the table, and reset the table to show them."""
    st.session_state.pop(f"fixing_{draft.id}", None)
    _save_corrections(corrections, draft, settings)


def _save_corrections(corrections: Corrections, draft: Draft, settings: Settings) -> None:
    save_changes(
        draft, settings, answers=draft.answers.model_copy(update={"corrections": corrections})
    )


def draw_corrections_upload(sheet: Sheet, draft: Draft, settings: Settings) -> None:
    """Draw the upload of rows that were downloaded and fixed in a spreadsheet; import them."""
    _draw_reformatted(sheet, draft, settings)
    turn = st.session_state.setdefault("fixed_upload_turn", 0)
    file = st.file_uploader(_("Upload fixed rows"), type=SHEET_TYPES, key=f"fixed_{turn}")
    if file is None:
        return
    try:
        with st.spinner(_("Reading the fixed rows")):
            fixed = read_sheet(file.getvalue(), filename=file.name, settings=settings)
        found = import_corrections(fixed, sheet, draft.answers.corrections)
    except (SheetError, MissingRowNumbersError) as error:
        draw_error(error)
        return
    _replace_corrections(found.corrections, draft, settings)
    st.session_state[_IMPORTED] = (found.rows, found.same, found.unknown)
    st.session_state[f"{_REFORMATTED}_{draft.id}"] = found.reformatted
    st.session_state["fixed_upload_turn"] = turn + 1
    st.rerun()


def _draw_reformatted(sheet: Sheet, draft: Draft, settings: Settings) -> None:
    """Draw the imported cells that a spreadsheet program may have changed, and the decision."""
    key = f"{_REFORMATTED}_{draft.id}"
    found: Corrections = st.session_state.get(key, {})
    if not found:
        return
    cells = sum(map(len, found.values()))
    row, changed = next(iter(found.items()))
    column, text = next(iter(changed.items()))
    with st.container(border=True, key="reformatted"):
        st.write(
            ngettext(
                "**{count} cell was probably changed by the spreadsheet program, not by you.** We "
                "kept it as it was.",
                "**{count} cells were probably changed by the spreadsheet program, not by you.** "
                "We kept them as they were.",
                cells,
            )
        )
        st.caption(
            _(
                "For example, row {row}, column “{column}”: “{before}” became “{after}”.",
                row=row,
                column=literal(column),
                before=literal(str(sheet.frame.loc[row, column])),
                after=literal(text),
            )
        )
        with st.container(horizontal=True):
            st.button(
                _("Use the changed cells"),
                icon=":material/check:",
                on_click=_use_reformatted,
                args=(found, sheet, draft, settings),
            )
            st.button(
                _("Keep the original cells"),
                icon=":material/undo:",
                on_click=st.session_state.pop,
                args=(key,),
            )


def _use_reformatted(found: Corrections, sheet: Sheet, draft: Draft, settings: Settings) -> None:
    st.session_state.pop(f"{_REFORMATTED}_{draft.id}", None)
    now = latest(draft, settings)
    _replace_corrections(with_cells(now.answers.corrections, sheet, found), now, settings)
