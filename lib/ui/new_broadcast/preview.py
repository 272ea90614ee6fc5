"""Step 4 of a broadcast: the preview. What is sent, to how many people, and with which options."""

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
from lib.i18n import N_, _, ngettext
from lib.settings import Settings
from lib.sheet import Sheet
from lib.ui.form_state import show
from lib.ui.formatting import duration, literal, roughly
from lib.ui.new_broadcast.draft import latest, save_changes

# The source texts of each option: its label and its caption.
_VERSIONS: Final = {
    VersionBehavior.REUSE_LAST_ACTIVE: (
        N_("Use the live version"),
        N_("Rows without a version get the live version in Connectly. This is the usual choice."),
    ),
    VersionBehavior.CREATE_NEW: (
        N_("Create a new version"),
        N_(
            "One message is sent first and creates the new version. All others of that campaign "
            "follow with the same version."
        ),
    ),
}
_DUPLICATES: Final = {
    DuplicateBehavior.ALLOW_ONE: (
        N_("Skip people who already got it"),
        N_("Connectly sends each phone a campaign once. If a response is lost, resending is safe."),
    ),
    DuplicateBehavior.ALLOW_MULTIPLE: (
        N_("Send again to everyone"),
        N_(
            "For alerts that repeat. If a response is lost, the row stays unconfirmed, because "
            "resending could message that person twice."
        ),
    ),
}
_SEEDS: Final = 1_000_000


def draw_preview_step(draft: Draft, plan: Plan, sheet: Sheet, settings: Settings) -> Draft:
    """Draw the step and return the draft."""
    title = ngettext(
        "**4 · Preview** · {count} sendout, {duration}",
        "**4 · Preview** · {count} sendouts, {duration}",
        len(plan.sendouts),
        duration=roughly(plan.seconds),
    )
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
            st.caption(_("Exact request for this row"))
            st.code(request_text(entry, draft), language="json", wrap_lines=True)
    return draft


def _draw_sendouts(plan: Plan) -> None:
    recipients, requests = _("Recipients"), _("Requests")
    table = pd.DataFrame(
        {
            _("Campaign"): [each.campaign_name for each in plan.sendouts],
            _("Version"): [each.campaign_version or _("not set") for each in plan.sendouts],
            recipients: [each.entries for each in plan.sendouts],
            requests: [each.requests for each in plan.sendouts],
            _("Estimated time"): [duration(each.seconds) for each in plan.sendouts],
        }
    )
    st.caption(_("Sendouts, grouped by campaign and version"))
    st.dataframe(
        table,
        hide_index=True,
        alt=_("Sendouts with their recipients, requests and estimated time"),
        column_config={
            name: st.column_config.NumberColumn(format="localized")
            for name in (recipients, requests)
        },
    )


def _draw_version_choice(draft: Draft, settings: Settings) -> None:
    key = f"version_{draft.id}"

    def save_choice() -> None:
        now = latest(draft, settings)
        answers = now.answers.model_copy(update={"if_version_unspecified": st.session_state[key]})
        save_changes(now, settings, answers=answers)

    show(key, draft.answers.if_version_unspecified)
    st.radio(
        _("Version to send"),
        list(_VERSIONS),
        format_func=lambda option: _(_VERSIONS[option][0]),
        captions=[_(caption) for label, caption in _VERSIONS.values()],
        key=key,
        help=_("Applies to rows that name no version."),
        on_change=save_choice,
    )


def _draw_duplicate_choice(draft: Draft, settings: Settings) -> None:
    key = f"duplicates_{draft.id}"

    def save_choice() -> None:
        now = latest(draft, settings)
        answers = now.answers.model_copy(
            update={"if_duplicate_check_unspecified": st.session_state[key]}
        )
        save_changes(now, settings, answers=answers)

    show(key, draft.answers.if_duplicate_check_unspecified)
    st.radio(
        _("If someone already got this campaign"),
        list(_DUPLICATES),
        format_func=lambda option: _(_DUPLICATES[option][0]),
        captions=[_(caption) for label, caption in _DUPLICATES.values()],
        key=key,
        on_change=save_choice,
    )


def choose_entry(plan: Plan, draft: Draft, *, key: str) -> CampaignEntry | None:
    """Draw the choice of a row by its number; return its entry, or None if it is not sent."""
    first = plan.first_row_to_send
    if first is None:
        return None
    row = st.number_input(
        _("Row"),
        min_value=1,
        value=first,
        step=1,
        key=f"{key}_{draft.id}",
        help=_("The row number in your spreadsheet."),
    )
    entry = plan.entry_for_row(row)
    if entry is None:
        st.info(_("Row {row} is not sent. It is held back or not in the sheet.", row=row))
    return entry


def request_text(entry: CampaignEntry, draft: Draft) -> str:
    """Return the JSON body of the request for one entry, indented."""
    options = SendCampaignsOptions(
        if_version_unspecified=draft.answers.if_version_unspecified,
        if_duplicate_check_unspecified=draft.answers.if_duplicate_check_unspecified,
    )
    request = SendCampaignsRequest(entries=(entry,), options=options)
    return request.to_json(indent=2)


def draw_variable_previews(plan: Plan, sheet: Sheet, *, key: str) -> None:
    """Draw the first, a random and the longest row: their variables beside their cells."""
    first, longest = plan.first_row_to_send, plan.longest_row_to_send
    if first is None or longest is None:
        return
    seed_key = f"{key}_seed"
    chance = random_row(plan, st.session_state.setdefault(seed_key, secrets.randbelow(_SEEDS)))
    assert chance is not None

    def change_seed() -> None:
        st.session_state[seed_key] += 1

    st.markdown(_("**Values your recipients will see**"))
    rows = {
        "first": (_("**First** (row {row})", row=first), first),
        "random": (_("**Random** (row {row})", row=chance), chance),
        "longest": (_("**Longest** (row {row})", row=longest), longest),
    }
    for place, (name, (title, row)) in zip(st.columns(3), rows.items(), strict=True):
        with place.container(border=True, gap="xsmall", key=f"{key}_{name}"):
            st.markdown(title)
            variables = variable_previews(plan, sheet, row)
            if not variables:
                st.caption(_("No variables. Everyone gets the same text."))
            for each in variables:
                _draw_variable(each)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("Another random row"),
            icon=":material/shuffle:",
            key=f"{key}_another",
            on_click=change_seed,
        )
        st.caption(
            _(
                "These are only the values. This app can't read the text of the campaign. In step "
                "5, you can send the whole message to your own phone."
            ),
            width="stretch",
        )


def _draw_variable(variable: VariablePreview) -> None:
    st.caption(literal(variable.name))
    st.text(variable.text)
    cells = variable.cells
    if cells and list(cells.values()) != [variable.text]:
        parts = (f"{column}: “{cell}”" for column, cell in cells.items())
        st.caption(_("In your sheet: {cells}", cells=literal(", ".join(parts))))
