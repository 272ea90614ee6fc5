"""Questions about ambiguous dates and decimals: one decision for each variable's column."""

from typing import Any, Final

import streamlit as st

from lib.campaign import DateOrder, DecimalMark, Draft, FieldSource, FindingGroup, render_field
from lib.i18n import N_, _
from lib.settings import Settings
from lib.sheet import Sheet
from lib.ui.formatting import literal
from lib.ui.new_broadcast.draft import latest, save_changes
from lib.ui.new_broadcast.saved_mappings import keep_mapping

_ANSWERS: Final[dict[str, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "date_unsure": (
        (N_("Day first: {value}"), {"date_order": DateOrder.DAY_FIRST}),
        (N_("Month first: {value}"), {"date_order": DateOrder.MONTH_FIRST}),
    ),
    "number_unsure": (
        (N_("Decimal comma: {value}"), {"decimal_mark": DecimalMark.COMMA}),
        (N_("Decimal point: {value}"), {"decimal_mark": DecimalMark.POINT}),
    ),
}


def draw_value_question(
    group: FindingGroup, draft: Draft, sheet: Sheet, settings: Settings
) -> None:
    """Draw both readings of ambiguous dates or numbers as buttons; nothing for other findings."""
    assert draft.mapping is not None
    column = group.column
    if group.code not in _ANSWERS or column is None or column not in sheet.frame.columns:
        return
    sources = [each for each in draft.mapping.variables.values() if each.column == column]
    if not sources:
        return
    row = group.example_rows[0]
    cell = str(sheet.frame.loc[row, column])
    st.caption(_("For example, row {row}: “{cell}”", row=row, cell=literal(cell)))
    with st.container(horizontal=True):
        for label, change in _ANSWERS[group.code]:
            st.button(
                _(label, value=literal(_rendered(sources[0], change, sheet, row))),
                key=f"{group.code}_{group.column}_{next(iter(change.values()))}_{draft.id}",
                on_click=_save_style,
                args=(column, change, draft, sheet, settings),
            )


def _rendered(source: FieldSource, change: dict[str, Any], sheet: Sheet, row: int) -> str:
    """Return how a cell is sent in one of its readings."""
    style = source.style.model_copy(update=change)
    changed = source.model_copy(update={"style": style})
    return str(render_field(changed, sheet.frame.loc[[row]], trim=True).texts.iloc[0])


def _save_style(
    column: str, change: dict[str, Any], draft: Draft, sheet: Sheet, settings: Settings
) -> None:
    now = latest(draft, settings)
    assert now.mapping is not None
    variables = {
        name: source
        if source.column != column
        else source.model_copy(update={"style": source.style.model_copy(update=change)})
        for name, source in now.mapping.variables.items()
    }
    mapping = now.mapping.model_copy(update={"variables": variables})
    turn = now.mapping_turn + 1
    keep_mapping(save_changes(now, settings, mapping=mapping, mapping_turn=turn), sheet, settings)
