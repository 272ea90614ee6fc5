"""A broadcast in a list: its name, state and counts."""

from typing import Final, Literal

import pandas as pd
import streamlit as st

from lib.delivery import Outcome, RunState, RunSummary, SendoutSummary
from lib.error_catalogue import explain
from lib.i18n import _, ngettext
from lib.ui import navigation
from lib.ui.error_codes import code_advice, code_title
from lib.ui.formatting import OUTCOMES, STATES, literal, moment, outcome_count, shortened

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

_NAME_LENGTH: Final = 36  # fits one line of a phone, since links do not wrap


def draw_state(state: RunState) -> None:
    """Draw the state of a broadcast as a badge."""
    st.badge(_(STATES[state.value]), icon=_ICONS[state], color=_COLOURS[state])


def draw_run_line(summary: RunSummary) -> None:
    """Draw a broadcast in a list."""
    with st.container(border=True, key=f"run_{summary.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            name = literal(shortened(summary.label, _NAME_LENGTH))
            navigation.link(navigation.BROADCASTS, f"**{name}**", run=summary.id)
            draw_state(summary.state)
        st.caption(f"{moment(summary.created_at)} · {summary.connection} · {counts_text(summary)}")


def counts_text(summary: RunSummary) -> str:
    """Return the counts of a broadcast as a sum: ``60 rows = 40 accepted + 20 held back``."""
    counts = {outcome: getattr(summary, outcome.value) for outcome in Outcome}
    parts = [outcome_count(outcome, number) for outcome, number in counts.items() if number]
    rows = ngettext("{count} row", "{count} rows", summary.rows)
    return f"{rows} = {' + '.join(parts) or '0'}"


def _draw_stopped(sendout: SendoutSummary) -> None:
    info = explain(sendout.stopped_code)
    waiting = ngettext(
        "**“{campaign}” is stopped.** {count} recipient waits. {reason}: {advice}",
        "**“{campaign}” is stopped.** {count} recipients wait. {reason}: {advice}",
        sendout.waiting,
        campaign=literal(sendout.campaign_name),
        reason=code_title(info),
        advice=code_advice(info),
    )
    st.warning(waiting, icon=":material/block:")


def draw_sendouts(summary: RunSummary) -> None:
    """Draw a table with a line for each sendout of a broadcast."""
    table = pd.DataFrame(
        {
            _("Campaign"): [each.campaign_name for each in summary.sendouts],
            _("Version"): [
                each.campaign_version
                or each.pinned_version
                or each.reported_version
                or _("not known")
                for each in summary.sendouts
            ],
            _("Recipients"): [each.entries for each in summary.sendouts],
            **{
                _(OUTCOMES[outcome.value]): [
                    getattr(each, outcome.value) for each in summary.sendouts
                ]
                for outcome in Outcome
                if outcome is not Outcome.HELD
            },
        }
    )
    st.subheader(_("Sendouts, grouped by campaign and version"), anchor=False)
    for each in summary.sendouts:
        if each.stopped_code is not None and each.waiting:
            _draw_stopped(each)
    st.dataframe(
        table,
        hide_index=True,
        alt=_("Sendouts of this broadcast and their outcomes"),
        column_config={
            name: st.column_config.NumberColumn(format="localized")
            for name in table.select_dtypes("number").columns
        },
    )
