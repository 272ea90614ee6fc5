"""Step 3 of a sendout: the check. What is wrong or odd, in which rows, and what to do."""

from typing import Final

import streamlit as st

from lib.campaign import CheckFailedError, Draft, FindingGroup, Plan, held_sheet
from lib.connections import Connection
from lib.outcomes import csv_bytes, xlsx_bytes
from lib.settings import Settings
from lib.sheet import Sheet
from lib.sheet.phones.messages import PROBLEMS, REPAIRS, explained
from lib.ui import exclude_lists
from lib.ui.cache import CheckedPlan, plan_for
from lib.ui.formatting import count, literal, several
from lib.ui.new_broadcast import (
    consent,
    corrections,
    default_country,
    phone_repairs,
    previous_recipients,
)

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def draw(draft: Draft, sheet: Sheet, connection: Connection, settings: Settings) -> CheckedPlan:
    """Draw the step; return the plan that follows from the draft."""
    assert draft.sheet_id is not None
    assert draft.mapping is not None
    try:
        found = plan_for(
            draft.sheet_id, draft.mapping, draft.answers, connection=connection, settings=settings
        )
    except CheckFailedError as error:
        st.error(f"**{error.sentence}** {error.action}", icon=":material/error:")
        st.stop()
    plan = found.plan
    title = f"**3 · Check** · {count(plan.entry_count)} to send"
    if plan.held_count:
        title += f", {count(plan.held_count)} held back"
    worth_a_look = _is_worth_a_look(found) or bool(draft.answers.corrections)
    with st.expander(title, expanded=worth_a_look, icon=_icon(plan)):
        _draw_country(draft, settings)
        exclude_lists.choose(draft, settings)
        with st.container():
            previous_recipients.draw(found, draft, settings)
        _draw_sum(plan)
        # Findings come and go as rows are mended. In a place of their own, they do not move the
        # table below: the browser would build it anew, and lose the word that is being typed.
        with st.container():
            if not plan.finding_groups:
                st.success("Nothing is wrong with any row.", icon=":material/check_circle:")
            for group in plan.finding_groups:
                _draw_group(group, plan, sheet, draft, settings)
            consent.draw_decided(draft, settings)
        corrections.draw(plan, sheet, draft, connection, settings)
        if plan.held_count:
            _draw_downloads(plan, sheet, draft)
            corrections.take_back(sheet, draft, settings)
    return found


def _is_worth_a_look(found: CheckedPlan) -> bool:
    told = found.reached.campaigns or found.reached.unreadable
    return bool(len(found.plan.findings) or told)


def _icon(plan: Plan) -> str:
    return ":material/warning:" if plan.held_count else ":material/check_circle:"


def _draw_country(draft: Draft, settings: Settings) -> None:
    label = "Numbers without a country code are from"
    default_country.choose(draft, settings, label, place="check")
    if draft.answers.region is not None and draft.region_evidence in default_country.WHY:
        st.caption(
            f"{default_country.WHY[draft.region_evidence]} Below you see how many numbers were "
            "read this way."
        )


def _draw_sum(plan: Plan) -> None:
    with st.container(horizontal=True, key="check_sum"):
        st.metric("Rows", count(plan.rows), border=True)
        st.metric("To send", count(plan.entry_count), border=True)
        st.metric("Held back", count(plan.held_count), border=True)
    st.caption(
        f"{several(plan.rows, 'row')} = {count(plan.entry_count)} to send + "
        f"{count(plan.held_count)} held back. Rows held back are not sent."
    )


def _draw_group(
    group: FindingGroup, plan: Plan, sheet: Sheet, draft: Draft, settings: Settings
) -> None:
    holds = group.severity == "hold"
    with st.container(border=True, key=f"finding_{group.code}_{group.column or 'row'}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(
                f"{several(group.count, 'row')} {'held back' if holds else 'to look at'}",
                icon=":material/block:" if holds else ":material/visibility:",
                color="red" if holds else "orange",
            )
            st.markdown(f"**{group.title}**", width="stretch")
        st.write(f"{group.sentence} {group.action}")
        st.caption(_where(group))
        if group.code in PROBLEMS and group.column in sheet.frame.columns:
            st.caption(literal(_example(group, sheet, draft)))
        if group.code in REPAIRS:
            phone_repairs.draw(group.code, plan, sheet, draft, settings)
        consent.draw(group, draft, sheet, settings)


def _where(group: FindingGroup) -> str:
    """Say in which column and rows the findings are."""
    shown = ", ".join(count(row) for row in group.example_rows)
    more = group.count - len(group.example_rows)
    column = f"Column “{literal(group.column)}” · " if group.column else ""
    noun = "row" if group.count == 1 else "rows"
    rest = f" and {count(more)} more" if more else ""
    return f"{column}{noun} {shown}{rest}"


def _example(group: FindingGroup, sheet: Sheet, draft: Draft) -> str:
    """Say what is wrong with the first of these cells, with its own facts."""
    row, column = group.example_rows[0], group.column or ""
    mended = draft.answers.corrections.get(row, {})
    cell = mended.get(column, str(sheet.frame.loc[row, column]))
    shown = f"“{cell}”" if cell.strip() else "an empty cell"
    return f"Row {count(row)} has {shown}. {explained(group.code, cell)}"


def _draw_downloads(plan: Plan, sheet: Sheet, draft: Draft) -> None:
    stem = f"{draft.filename.rsplit('.', 1)[0]} - held back"
    st.write("Or mend the rows held back in your spreadsheet, and upload them again below.")
    with st.container(horizontal=True):
        st.download_button(
            "Rows held back, as XLSX",
            lambda: xlsx_bytes(held_sheet(plan, sheet)),
            file_name=f"{stem}.xlsx",
            mime=_XLSX,
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "as CSV",
            lambda: csv_bytes(held_sheet(plan, sheet)),
            file_name=f"{stem}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
