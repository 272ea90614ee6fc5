"""One run in a list: its name, state and counts, and the way to it."""

from typing import Final, Literal

import pandas as pd
import streamlit as st

from lib.delivery import Outcome, RunState, RunSummary
from lib.ui import formatting, navigation
from lib.ui.formatting import OUTCOMES, STATES, literal, moment, several, shortened

_COLOURS: Final[dict[RunState, Literal["blue", "orange", "green", "gray"]]] = {
    RunState.WAITING_FOR_APPROVAL: "orange",
    RunState.SCHEDULED: "blue",
    RunState.RUNNING: "blue",
    RunState.PAUSED: "orange",
    RunState.FINISHED: "green",
    RunState.CANCELLED: "gray",
}
_ICONS: Final = {
    RunState.WAITING_FOR_APPROVAL: ":material/front_hand:",
    RunState.SCHEDULED: ":material/schedule:",
    RunState.RUNNING: ":material/play_arrow:",
    RunState.PAUSED: ":material/pause:",
    RunState.FINISHED: ":material/check:",
    RunState.CANCELLED: ":material/close:",
}

_NAME_LENGTH: Final = 36  # what a phone shows in one line; a link does not break into two


def draw_state(state: RunState) -> None:
    """Draw a run's state as a badge."""
    st.badge(STATES[state.value], icon=_ICONS[state], color=_COLOURS[state])


def draw_run_line(summary: RunSummary) -> None:
    """Draw a run in a list."""
    with st.container(border=True, key=f"run_{summary.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            name = literal(shortened(summary.label, _NAME_LENGTH))
            navigation.link(navigation.BROADCASTS, f"**{name}**", run=summary.id)
            draw_state(summary.state)
        st.caption(f"{moment(summary.created_at)} · {summary.connection} · {counts_text(summary)}")


def counts_text(summary: RunSummary) -> str:
    """Return a run's counts as a sum: ``60 rows = 40 accepted + 20 held back``."""
    parts = [
        f"{formatting.count(count)} {OUTCOMES[outcome.value].lower()}"
        for outcome in Outcome
        if (count := getattr(summary, outcome.value))
    ]
    return f"{several(summary.rows, 'row')} = {' + '.join(parts) or '0'}"


def draw_sendouts(summary: RunSummary) -> None:
    """Draw a line for each sendout of a run."""
    table = pd.DataFrame(
        {
            "Campaign": [each.campaign_name for each in summary.sendouts],
            "Version": [
                each.campaign_version or each.pinned_version or each.reported_version or "not named"
                for each in summary.sendouts
            ],
            "Recipients": [each.entries for each in summary.sendouts],
            **{
                OUTCOMES[outcome.value]: [getattr(each, outcome.value) for each in summary.sendouts]
                for outcome in Outcome
                if outcome is not Outcome.HELD
            },
        }
    )
    st.subheader("Sendouts", anchor=False)
    st.dataframe(
        table,
        hide_index=True,
        alt="The sendouts of this run and their outcomes",
        column_config={
            name: st.column_config.NumberColumn(format="localized")
            for name in table.select_dtypes("number").columns
        },
    )
