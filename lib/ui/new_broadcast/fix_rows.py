"""Rows held back as fields to type into, each saved and checked at once."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import streamlit as st

from lib.campaign import (
    WORDS,
    Corrections,
    Draft,
    Plan,
    Severity,
    with_cells,
)
from lib.i18n import _, ngettext
from lib.settings import Settings
from lib.sheet import Sheet
from lib.ui.formatting import comma_list, count, literal, row_list, shortened
from lib.ui.new_broadcast.draft import latest, save_corrections
from lib.ui.new_broadcast.paging import choose_rows

_MAX_ROWS_NAMED: Final = 8
_CONTEXT_CHARACTERS: Final = 80


class _OpenRows(NamedTuple):
    """The rows that are shown, their columns at fault, and the corrections at that time.

    All stay the same while rows are fixed: a row that is fixed keeps its place.
    """

    rows: tuple[int, ...]
    at_fault: tuple[str, ...]
    corrections: Corrections


class _Fields(NamedTuple):
    """What the fields of every row need."""

    shown: _OpenRows
    plan: Plan
    sheet: Sheet
    draft: Draft
    settings: Settings


def draw_rows_to_fix(plan: Plan, sheet: Sheet, draft: Draft, settings: Settings) -> None:
    """Draw one page of the rows held back, with a field for each cell that can be corrected."""
    assert draft.mapping is not None
    shown = _choose_page(plan, draft)
    if not shown.rows:
        st.caption(_("No rows are held back any more."))
        return
    columns: list[str] = st.multiselect(
        _("Columns to fix"),
        draft.mapping.columns,
        default=shown.at_fault,
        key=f"fix_columns_{_turn(shown)}_{draft.id}",
    )
    still_held = [row for row in shown.rows if row in plan.held.index]
    fields = _Fields(shown, plan, sheet, draft, settings)
    with st.container(key="fix_rows", gap="small"):
        _draw_header(columns)
        for row in shown.rows:
            _draw_row(row, columns, fields)
    st.caption(_progress(shown.rows, still_held))
    st.caption(_("Each cell is saved and checked when you leave it. Your file isn't changed."))


def show_from_the_start(draft: Draft) -> None:
    """Make the fields show the rows that are held back now, with their cells as they are now."""
    st.session_state.pop(_key(draft), None)


def is_fixing(draft: Draft) -> bool:
    """Return whether rows are shown that may all be fixed by now."""
    return _key(draft) in st.session_state


def _key(draft: Draft) -> str:
    return f"fixing_{draft.id}"


def _choose_page(plan: Plan, draft: Draft) -> _OpenRows:
    """Draw the choice of the page and return what it shows."""
    held = plan.held.index
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left:
        places = choose_rows(len(held), key=f"fix_page_{draft.id}")
    is_refreshed = right.button(_("Show rows still held back"), icon=":material/refresh:")
    start, shown = st.session_state.get(_key(draft), (0, None))
    if shown is None or is_refreshed or start != places.start:
        rows = tuple(int(row) for row in held[places])
        shown = _OpenRows(rows, _columns_at_fault(plan, rows), draft.answers.corrections)
        st.session_state[_key(draft)] = (places.start, shown)
    return _OpenRows(*shown)


def _columns_at_fault(plan: Plan, rows: Sequence[int]) -> tuple[str, ...]:
    """Return the columns for which these rows are held back; the phone's where none is known."""
    assert plan.mapping is not None
    findings = plan.findings
    is_here = findings["row"].isin(rows) & (findings["severity"] == Severity.HOLD)
    named = set(findings.loc[is_here, "column"].dropna())
    found = tuple(name for name in plan.mapping.columns if name in named)
    return found or plan.mapping.client.columns


def _turn(shown: _OpenRows) -> int:
    """Return a part for the keys of the fields, which changes when they have to start anew."""
    return hash((shown.rows, str(shown.corrections)))


def _widths(columns: Sequence[str]) -> list[int]:
    return [1, 4, *[3] * len(columns)]


def _draw_header(columns: Sequence[str]) -> None:
    row, reason, *fields = st.columns(_widths(columns))
    row.caption(_("Row"))
    reason.caption(_("Why held back"))
    for place, name in zip(fields, columns, strict=True):
        place.caption(literal(name))


def _draw_row(row: int, columns: Sequence[str], fields: _Fields) -> None:
    number, reason, *places = st.columns(_widths(columns), vertical_alignment="center")
    number.write(f"**{row}**")
    reason.write(_status(row, fields.plan))
    reason.caption(_other_cells(row, columns, fields))
    for place, column in zip(places, columns, strict=True):
        key = f"fix_{_turn(fields.shown)}_{row}_{column}_{fields.draft.id}"
        place.text_input(
            _("Row {row}, {column}", row=row, column=literal(column)),
            _cell(row, column, fields.sheet, fields.shown.corrections),
            key=key,
            placeholder=column,
            label_visibility="collapsed",
            on_change=_save_cell,
            args=(row, column, key, fields),
        )


def _status(row: int, plan: Plan) -> str:
    if row not in plan.held.index:
        return _(":green[:material/check_circle: Will be sent]")
    codes = str(plan.held.loc[row, "reasons"]).split(",")
    return comma_list([_(WORDS[code].title) for code in codes if code])


def _other_cells(row: int, columns: Sequence[str], fields: _Fields) -> str:
    """Return the cells of a row that have no field here, to know whose row it is."""
    assert fields.draft.mapping is not None
    others = [name for name in fields.draft.mapping.columns if name not in columns]
    cells = [_cell(row, name, fields.sheet, fields.draft.answers.corrections) for name in others]
    return literal(shortened(" · ".join(filter(None, cells)), _CONTEXT_CHARACTERS))


def _cell(row: int, column: str, sheet: Sheet, corrections: Corrections) -> str:
    if column in corrections.get(row, {}):
        return corrections[row][column]
    return str(sheet.frame.loc[row, column])


def _save_cell(row: int, column: str, key: str, fields: _Fields) -> None:
    now = latest(fields.draft, fields.settings)
    typed: Corrections = {row: {column: st.session_state[key]}}
    corrections = with_cells(now.answers.corrections, fields.sheet, typed)
    save_corrections(corrections, now, fields.settings)


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
