"""Duplicates in step 3: the row that each repeats, and the choice between rows that differ."""

from typing import Final

import streamlit as st

from lib.campaign import (
    Draft,
    DuplicateRows,
    FindingCode,
    FindingGroup,
    Plan,
    duplicate_rows,
    find_duplicates,
)
from lib.i18n import _, ngettext
from lib.settings import Settings
from lib.ui.form_state import show
from lib.ui.formatting import comma_list, literal, row_list, shortened
from lib.ui.new_broadcast.draft import latest, save_changes
from lib.ui.new_broadcast.paging import choose_rows

_CODES: Final = frozenset(
    {FindingCode.DUPLICATE, FindingCode.DUPLICATE_DIFFERS, FindingCode.DUPLICATE_SENT}
)
_VALUE_CHARACTERS: Final = 40


def draw_duplicates(group: FindingGroup, plan: Plan, draft: Draft, settings: Settings) -> None:
    """Draw which rows repeat which, as a choice if they differ; nothing for other findings."""
    if group.code not in _CODES:
        return
    code = FindingCode(group.code)
    numbers = find_duplicates(plan, code)
    shown = choose_rows(int(numbers.max()) + 1, key=f"duplicates_page_{code}_{draft.id}")
    numbers = numbers[numbers.between(shown.start, shown.stop - 1)]
    found = [duplicate_rows(plan, rows.index.tolist()) for _n, rows in numbers.groupby(numbers)]
    if code is FindingCode.DUPLICATE_DIFFERS:
        for each in found:
            _choose_row(each, draft, settings)
    else:
        st.caption(" ".join(_repeated(each) for each in found))


def _repeated(found: DuplicateRows) -> str:
    """Return which rows repeat which row."""
    others = [row for row in found.rows if row != found.kept]
    return ngettext(
        "Row {rows} repeats row {kept}.",
        "Rows {rows} repeat row {kept}.",
        len(others),
        rows=row_list(others),
        kept=found.kept,
    )


def _choose_row(found: DuplicateRows, draft: Draft, settings: Settings) -> None:
    """Draw the rows of one person with the values that differ, as a choice of the one to send."""
    key = f"duplicate_{found.rows[0]}_{draft.id}"

    def save_choice() -> None:
        now = latest(draft, settings)
        preferred = now.answers.preferred_rows.difference(found.rows) | {st.session_state[key]}
        answers = now.answers.model_copy(update={"preferred_rows": preferred})
        save_changes(now, settings, answers=answers)

    show(key, found.kept)
    st.radio(
        _("Which row is right: {rows}?", rows=row_list(found.rows)),
        found.rows,
        format_func=lambda row: _row_text(row, found),
        key=key,
        on_change=save_choice,
    )


def _row_text(row: int, found: DuplicateRows) -> str:
    place = found.rows.index(row)
    values = [
        f"{literal(name)} “{literal(shortened(each[place], _VALUE_CHARACTERS))}”"
        for name, each in found.values.items()
    ]
    return _("Row {row}: {values}", row=row, values=comma_list(values))
