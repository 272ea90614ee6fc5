"""Step 4 of a sendout: the preview. What goes out, to how many, how, and in which formatting."""

import secrets
from typing import Final

import pandas as pd
import streamlit as st

from lib.campaign import Draft, Plan, VariablePreview, random_row, variable_previews
from lib.connectly import (
    CampaignEntry,
    DuplicateBehavior,
    SendCampaignsOptions,
    SendCampaignsRequest,
    VersionBehavior,
)
from lib.settings import Settings
from lib.sheet import Sheet
from lib.ui.form_state import show
from lib.ui.formatting import count, duration, literal, roughly, several
from lib.ui.new_broadcast.draft import latest, save_changes

_VERSIONS: Final = {
    VersionBehavior.REUSE_LAST_ACTIVE: (
        "Use the version that is live",
        "Where a row names no version, the last active one is used. The usual choice.",
    ),
    VersionBehavior.CREATE_NEW: (
        "Open a new version",
        (
            "One message goes out first and opens the new version; all others of that campaign "
            "follow with the same version."
        ),
    ),
}
_DUPLICATES: Final = {
    DuplicateBehavior.ALLOW_ONE: (
        "Each phone once",
        (
            "Whoever has had this campaign before does not get it again. If an answer is lost on "
            "the way, asking again is safe."
        ),
    ),
    DuplicateBehavior.ALLOW_MULTIPLE: (
        "Again, even if they had it before",
        (
            "For alerts that must repeat. If an answer is lost on the way, the row stays in doubt: "
            "asking again could message that person twice."
        ),
    ),
}


def draw(draft: Draft, plan: Plan, sheet: Sheet, settings: Settings) -> Draft:
    """Draw the step; return the draft as it is now."""
    title = f"**4 · Preview** · {several(len(plan.sendouts), 'sendout')}, {roughly(plan.seconds)}"
    with st.expander(title, expanded=True, icon=":material/visibility:"):
        _draw_sendouts(plan)
        left, right = st.columns(2)
        with left:
            _draw_version_choice(draft, settings)
        with right:
            _draw_duplicate_choice(draft, settings)
        draw_variable_previews(plan, sheet, key=f"glimpse_{draft.id}")
        entry = choose_entry(plan, draft, key="preview_row")
        if entry is not None:
            st.caption("The request for this row, exactly as it is sent")
            st.code(request_text(entry, draft), language="json", wrap_lines=True)
    return draft


def _draw_sendouts(plan: Plan) -> None:
    table = pd.DataFrame(
        {
            "Campaign": [each.campaign_name for each in plan.sendouts],
            "Version": [each.campaign_version or "not named" for each in plan.sendouts],
            "Recipients": [each.entries for each in plan.sendouts],
            "Requests": [each.requests for each in plan.sendouts],
            "Takes about": [duration(each.seconds) for each in plan.sendouts],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        alt="One line for each sendout, with its recipients, requests and duration",
        column_config={
            name: st.column_config.NumberColumn(format="localized")
            for name in ("Recipients", "Requests")
        },
    )


def _draw_version_choice(draft: Draft, settings: Settings) -> None:
    key = f"version_{draft.id}"
    unnamed = list(_VERSIONS)

    def remember() -> None:
        now = latest(draft, settings)
        answers = now.answers.model_copy(update={"if_version_unspecified": st.session_state[key]})
        save_changes(now, settings, answers=answers)

    show(key, draft.answers.if_version_unspecified)
    st.radio(
        "If a row names no version",
        unnamed,
        format_func=lambda option: _VERSIONS[option][0],
        captions=[caption for _, caption in _VERSIONS.values()],
        key=key,
        on_change=remember,
    )


def _draw_duplicate_choice(draft: Draft, settings: Settings) -> None:
    key = f"duplicates_{draft.id}"
    options = list(_DUPLICATES)

    def remember() -> None:
        now = latest(draft, settings)
        answers = now.answers.model_copy(
            update={"if_duplicate_check_unspecified": st.session_state[key]}
        )
        save_changes(now, settings, answers=answers)

    show(key, draft.answers.if_duplicate_check_unspecified)
    st.radio(
        "If somebody has had this campaign before",
        options,
        format_func=lambda option: _DUPLICATES[option][0],
        captions=[caption for _, caption in _DUPLICATES.values()],
        key=key,
        on_change=remember,
    )


def choose_entry(plan: Plan, draft: Draft, *, key: str) -> CampaignEntry | None:
    """Let the person choose a row by its number in the sheet; return its entry, if it has one."""
    first = plan.first_row_to_send
    if first is None:
        return None
    row = st.number_input(
        "Row to look at",
        min_value=1,
        value=first,
        step=1,
        key=f"{key}_{draft.id}",
        help="The row's number in your spreadsheet.",
    )
    entry = plan.entry_for_row(row)
    if entry is None:
        st.info(f"Row {count(row)} is not sent: it is held back or not in the sheet.")
    return entry


def request_text(entry: CampaignEntry, draft: Draft) -> str:
    """Return the request for one entry as it goes over the wire."""
    options = SendCampaignsOptions(
        if_version_unspecified=draft.answers.if_version_unspecified,
        if_duplicate_check_unspecified=draft.answers.if_duplicate_check_unspecified,
    )
    request = SendCampaignsRequest(entries=(entry,), options=options)
    return request.to_json(indent=2)


_SEEDS: Final = 1_000_000


def draw_variable_previews(plan: Plan, sheet: Sheet, *, key: str) -> None:
    """Draw the rows side by side, each variable as it is sent beside its cells in the sheet."""
    first, longest = plan.first_row_to_send, plan.longest_row_to_send
    if first is None or longest is None:
        return
    seed_key = f"{key}_seed"
    chance = random_row(plan, st.session_state.setdefault(seed_key, secrets.randbelow(_SEEDS)))
    assert chance is not None

    def another() -> None:
        st.session_state[seed_key] += 1

    st.markdown("**What people will read** in the places of the campaign's text")
    titles = {"First row": first, "Random row": chance, "Longest row": longest}
    for place, (title, row) in zip(st.columns(3), titles.items(), strict=True):
        name = title.split()[0].lower()
        with place.container(border=True, gap="xsmall", key=f"{key}_{name}"):
            st.markdown(f"**{title}** · {count(row)}")
            variables = variable_previews(plan, sheet, row)
            if not variables:
                st.caption("No variables: everybody reads the same.")
            for each in variables:
                _draw_variable(each)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Another random row", icon=":material/shuffle:", key=f"{key}_another", on_click=another
        )
        st.caption(
            "Only the values: the text around them is the campaign's, and this app can't read it. "
            "Step 5 shows you the whole message on your own phone.",
            width="stretch",
        )


def _draw_variable(variable: VariablePreview) -> None:
    st.caption(literal(variable.name))
    st.text(variable.text)
    cells = variable.cells
    if cells and list(cells.values()) != [variable.text]:
        parts = (f"{column}: “{cell}”" for column, cell in cells.items())
        st.caption(literal(f"In your sheet: {', '.join(parts)}"))
