"""Step 3 of a broadcast: the check. Findings, the rows they concern, and what to do about them."""

from typing import Final

import streamlit as st

from lib.campaign import (
    QUESTION_CODES,
    CheckFailedError,
    Draft,
    FindingCode,
    FindingGroup,
    Plan,
    consent_questions,
    held_sheet,
    phone_questions,
    released_rows,
    repaired_rows,
)
from lib.connections import Connection
from lib.i18n import _, ngettext
from lib.outcomes import csv_bytes, xlsx_bytes
from lib.settings import Settings
from lib.sheet import Sheet
from lib.sheet.phones.codes import PhoneProblem, PhoneRepair
from lib.sheet.phones.messages import PROBLEMS, REPAIRS, explained
from lib.ui.cache import CheckedPlan, plan_for
from lib.ui.errors import draw_error
from lib.ui.formatting import count, literal, row_location
from lib.ui.new_broadcast.consent import draw_released_columns, draw_use_of_refusing_column
from lib.ui.new_broadcast.consent_questions import draw_consent_questions
from lib.ui.new_broadcast.corrections import draw_corrections, draw_corrections_upload
from lib.ui.new_broadcast.default_country import WHY, draw_country_choice
from lib.ui.new_broadcast.duplicates import draw_duplicates
from lib.ui.new_broadcast.exclude_lists import choose_exclude_lists
from lib.ui.new_broadcast.phone_questions import draw_phone_questions
from lib.ui.new_broadcast.phone_repairs import draw_phone_repair
from lib.ui.new_broadcast.previous_recipients import draw_previous_recipients
from lib.ui.new_broadcast.value_questions import draw_value_question

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def draw_check_step(
    draft: Draft, sheet: Sheet, connection: Connection, settings: Settings
) -> CheckedPlan:
    """Draw the step and return the plan that follows from the draft."""
    assert draft.sheet_id is not None
    assert draft.mapping is not None
    try:
        checked = plan_for(
            draft.sheet_id, draft.mapping, draft.answers, connection=connection, settings=settings
        )
    except CheckFailedError as error:
        draw_error(error)
        st.stop()
    plan = checked.plan
    released, consent = released_rows(plan, sheet), consent_questions(plan, sheet)
    needs_review = _needs_review(checked) or bool(draft.answers.corrections or released or consent)
    with st.expander(_title(plan), expanded=needs_review, icon=_icon(plan)):
        _draw_country(plan, draft, sheet, settings)
        with st.container():
            draw_phone_questions(plan, sheet, draft, settings)
        with st.container():
            draw_released_columns(released, draft, sheet, settings)
            draw_consent_questions(consent, draft, settings)
        choose_exclude_lists(draft, settings)
        with st.container():
            draw_previous_recipients(checked, draft, settings)
        _draw_totals(plan)
        # Findings appear and disappear as rows are fixed. In a separate container they do not move
        # the fields below: the browser would rebuild them and lose the word that is being typed.
        with st.container():
            if not plan.finding_groups and not released:
                st.success(_("No problems found."), icon=":material/check_circle:")
            questions = {each.problem for each in phone_questions(plan, sheet) if each.waiting}
            for group in plan.finding_groups:
                if group.code in questions and group.code != PhoneProblem.NO_COUNTRY:
                    continue  # the question shows these rows
                if group.code in QUESTION_CODES:
                    continue  # as above
                _draw_group(group, plan, sheet, draft, settings)
        draw_corrections(plan, sheet, draft, settings)
        if plan.held_count:
            _draw_downloads(plan, sheet, draft)
            draw_corrections_upload(sheet, draft, settings)
    return checked


def _title(plan: Plan) -> str:
    sending = count(plan.entry_count)
    if not plan.held_count:
        return _("**3 · Check** · {sending} to send", sending=sending)
    return _(
        "**3 · Check** · {sending} to send, {held} held back",
        sending=sending,
        held=count(plan.held_count),
    )


def _needs_review(checked: CheckedPlan) -> bool:
    has_history = checked.reached.campaigns or checked.reached.unreadable
    return bool(len(checked.plan.findings) or has_history)


def _icon(plan: Plan) -> str:
    return ":material/warning:" if plan.held_count else ":material/check_circle:"


def _draw_country(plan: Plan, draft: Draft, sheet: Sheet, settings: Settings) -> None:
    """Draw the default country; if it was added to any numbers, to how many and why."""
    draw_country_choice(draft, sheet, settings, place="check")
    if draft.answers.region is None:
        return
    number = len(repaired_rows(plan, PhoneRepair.COUNTRY_ADDED))
    if not number:
        st.caption(_("Not added to any number."))
        return
    text = ngettext("Added to {count} number.", "Added to {count} numbers.", number)
    if draft.region_evidence in WHY:
        text = f"{_(WHY[draft.region_evidence])} {text}"
    st.caption(text)


def _draw_totals(plan: Plan) -> None:
    with st.container(horizontal=True, key="check_sum"):
        st.metric(_("Rows"), count(plan.rows), border=True)
        st.metric(_("To send"), count(plan.entry_count), border=True)
        st.metric(_("Held back"), count(plan.held_count), border=True)
    st.caption(_("Rows that are held back are not sent.") if plan.held_count else "")


def _draw_group(
    group: FindingGroup, plan: Plan, sheet: Sheet, draft: Draft, settings: Settings
) -> None:
    with st.container(border=True, key=f"finding_{group.code}_{group.column or 'row'}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            _draw_badge(group)
            st.markdown(f"**{_(group.title)}**", width="stretch")
        cell = _example_cell(group, sheet, draft)
        st.write(_meaning(group, cell, draft.answers.region))
        st.caption(_location(group, sheet))
        if cell is not None and cell.strip():
            st.caption(
                _(
                    "For example, row {row}: “{cell}”",
                    row=group.example_rows[0],
                    cell=literal(cell),
                )
            )
        draw_duplicates(group, plan, draft, settings)
        if group.code in REPAIRS:
            draw_phone_repair(group.code, plan, sheet, draft, settings)
        if group.code == FindingCode.SAID_NO and group.column is not None:
            draw_use_of_refusing_column(group.column, plan, draft, sheet, settings)
        draw_value_question(group, draft, sheet, settings)


def _draw_badge(group: FindingGroup) -> None:
    if group.severity == "hold":
        text = ngettext("{count} row held back", "{count} rows held back", group.count)
        st.badge(text, icon=":material/block:", color="red")
    else:
        text = ngettext("{count} row to review", "{count} rows to review", group.count)
        st.badge(text, icon=":material/visibility:", color="orange")


def _example_cell(group: FindingGroup, sheet: Sheet, draft: Draft) -> str | None:
    """Return the first cell with a phone problem, as corrected; None for other findings."""
    column = group.column
    if column is None or group.code not in PROBLEMS or column not in sheet.frame.columns:
        return None
    row = group.example_rows[0]
    fixed = draft.answers.corrections.get(row, {})
    return fixed.get(column, str(sheet.frame.loc[row, column]))


def _meaning(group: FindingGroup, cell: str | None, region: str | None) -> str:
    """Return what a finding means and what to do; for a single phone cell, with its values."""
    if cell is not None and group.count == 1:
        return literal(explained(group.code, cell, region))
    # The empty message is the header of a catalogue.
    return f"{_(group.sentence)} {_(group.action) if group.action else ''}".strip()


def _location(group: FindingGroup, sheet: Sheet) -> str:
    """Return the column, or the variable that is made of several, and the first rows of a group."""
    text = row_location(group.example_rows, group.count)
    if not group.column:
        return text
    name = literal(group.column)
    if group.column in sheet.frame.columns:
        return f"{_('Column “{column}”', column=name)} · {text}"
    return f"{_('Variable “{variable}”', variable=name)} · {text}"


def _draw_downloads(plan: Plan, sheet: Sheet, draft: Draft) -> None:
    name = _("{name} - held back", name=draft.filename.rsplit(".", 1)[0])
    st.write(_("Or fix them in a spreadsheet: download the rows and upload them again below."))
    _draw_refusals(plan)
    with st.container(horizontal=True):
        st.download_button(
            _("Download XLSX"),
            lambda: xlsx_bytes(held_sheet(plan, sheet)),
            file_name=f"{name}.xlsx",
            mime=_XLSX,
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            _("Download CSV"),
            lambda: csv_bytes(held_sheet(plan, sheet)),
            file_name=f"{name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )


def _draw_refusals(plan: Plan) -> None:
    """Draw how many of the rows held back are not to be fixed, because people want no messages."""
    found = plan.findings
    codes = (FindingCode.SAID_NO, FindingCode.EXCLUDED)
    if refused := found.loc[found["code"].isin(codes), "row"].nunique():
        st.caption(
            ngettext(
                "{count} of them is of a person who doesn't want messages. Leave it as it is.",
                "{count} of them are of people who don't want messages. Leave them as they are.",
                refused,
            )
        )
