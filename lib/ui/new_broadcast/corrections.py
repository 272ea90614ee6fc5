"""Corrections in step 3: fix rows that are held back, here or in a spreadsheet."""

from typing import Final

import streamlit as st

from lib.campaign import (
    Corrections,
    Draft,
    MissingRowNumbersError,
    Plan,
    correction_list,
    import_corrections,
    with_cells,
)
from lib.i18n import _, ngettext
from lib.settings import Settings
from lib.sheet import Sheet, SheetError, read_sheet
from lib.sheet.file_type import SHEET_TYPES
from lib.ui.errors import draw_error
from lib.ui.formatting import count, literal
from lib.ui.new_broadcast.draft import latest, save_corrections
from lib.ui.new_broadcast.fix_rows import draw_rows_to_fix, is_fixing, show_from_the_start

_IMPORTED: Final = "corrections_imported"
_REFORMATTED: Final = "corrections_reformatted"


def draw_corrections(plan: Plan, sheet: Sheet, draft: Draft, settings: Settings) -> None:
    """Draw the rows held back with fields to fix them, and the list of corrected cells."""
    with st.container():  # what appears and disappears in here does not move the fields
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
    if (plan.held_count or is_fixing(draft)) and st.toggle(
        _("Fix rows here"), key=f"fix_{draft.id}"
    ):
        draw_rows_to_fix(plan, sheet, draft, settings)


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
    """Save corrections that were not typed into the fields, and make the fields show them."""
    show_from_the_start(draft)
    save_corrections(corrections, draft, settings)


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
