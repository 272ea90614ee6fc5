"""Rows in doubt as a person sees them: what is known, what repeating risks, and three ways out."""

from collections.abc import Callable, Sequence
from typing import Final

import pandas as pd
import streamlit as st

from lib.delivery import ResolutionChoice, RunState, RunSummary, UnknownRows, resolve_unknown_rows
from lib.error_catalogue import explain
from lib.settings import Settings
from lib.ui import auth
from lib.ui.formatting import count, moment, several

PAGE_SIZE: Final = 25

_VERDICTS: Final = {
    ResolutionChoice.REPEAT: "sent again",
    ResolutionChoice.SENT: "marked as sent",
    ResolutionChoice.LEFT: "left in doubt",
}


def draw_risk(run: RunSummary) -> None:
    """Say what is in doubt, and what sending it again would risk under the run's rule."""
    rows = several(run.unknown, "row")
    if run.allows_repeats:
        st.warning(
            f"**{rows} in doubt.** This run lets people get a campaign more than once: whoever did "
            "get the message gets it a second time if you send again. Look these people up in "
            "Connectly's inbox first.",
            icon=":material/warning:",
        )
    elif run.repeats_may_reach_twice:
        st.warning(
            f"**{rows} in doubt.** This run asks for a new version of a campaign, and it is not "
            "known whether it was opened. Sending again opens another one: whoever did get the "
            "message may get it a second time. Look these people up in Connectly's inbox first.",
            icon=":material/warning:",
        )
    else:
        st.info(
            f"**{rows} in doubt.** This run lets each phone get a campaign once: Connectly does "
            "not message again whoever did get it, so sending again is safe.",
            icon=":material/verified_user:",
        )


def draw_table(unknown_attempts: Sequence[UnknownRows], *, key: str) -> list[UnknownRows]:
    """Draw what is known of each; return those that are chosen."""
    table = pd.DataFrame(
        [
            {
                "Row": _rows_of(each),
                "Phone": each.recipients[0][1] if each.size == 1 else "",
                "What is known": _known(each),
                "Asked": len(each.attempts),
                "Last asked": moment(each.attempts[-1].started_at) if each.attempts else "",
                "Decided": _decided(each),
            }
            for each in unknown_attempts
        ]
    )
    event = st.dataframe(
        table,
        hide_index=True,
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        alt="The rows in doubt, and what is known of each",
    )
    places = event["selection"]["rows"]
    return [unknown_attempts[place] for place in places if place < len(unknown_attempts)]


def _rows_of(doubt: UnknownRows) -> str:
    first = count(doubt.recipients[0][0])
    return first if doubt.size == 1 else f"{first} and {count(doubt.size - 1)} more"


def _known(doubt: UnknownRows) -> str:
    title = explain(doubt.code).title
    if doubt.said_accepted is None or doubt.said_rejected is None:
        return title
    return f"{title}: {count(doubt.said_accepted)} accepted, {count(doubt.said_rejected)} rejected"


def _decided(doubt: UnknownRows) -> str:
    if not doubt.judgements:
        return ""
    last = doubt.judgements[-1]
    return f"{_VERDICTS[last.verdict].capitalize()} by {last.person}, {moment(last.at)}"


def draw_attempts(chosen: Sequence[UnknownRows]) -> None:
    """Draw each attempt of the one row that is chosen: when it was made, and what came back."""
    if len(chosen) != 1:
        return
    [doubt] = chosen
    st.markdown(f"**What was tried for row {_rows_of(doubt)}**")
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Try": each.number,
                    "Sent": moment(each.started_at),
                    "Answer after": (
                        "no answer"
                        if each.ended_at is None
                        else f"{(each.ended_at - each.started_at).total_seconds():.1f} s"
                    ),
                    "What came back": explain(each.error_code).title,
                    "HTTP status": "" if each.http_status is None else str(each.http_status),
                    "Trace id for Connectly's support": each.trace_id or "",
                }
                for each in doubt.attempts
            ]
        ),
        hide_index=True,
        alt="The attempts to send this row",
    )


def choose_verdict(run: RunSummary, chosen: Sequence[UnknownRows], settings: Settings) -> None:
    """Draw the three ways out, for the chosen rows or for all."""
    batch_ids = [each.batch_id for each in chosen] or None
    rows = sum(each.size for each in chosen) or run.unknown
    what = f"{'these' if chosen else 'all'} {several(rows, 'row')}"
    st.caption(
        "Choose rows in the table, or decide about all at once. Each decision is kept, with who "
        "made it and when. Choose one row to see what was tried."
    )
    sure = True
    repeats = run.state is not RunState.CANCELLED
    if repeats and run.repeats_may_reach_twice:
        sure = st.checkbox("I accept that some people may be messaged twice", key="accept_twice")

    def decide(verdict: ResolutionChoice) -> Callable[[], None]:
        def write() -> None:
            resolve_unknown_rows(
                run.id,
                verdict,
                batch_ids=batch_ids,
                person=auth.name(),
                confirmed=run.repeats_may_reach_twice and sure,
                settings=settings,
            )

        return write

    with st.container(horizontal=True):
        if repeats:
            st.button(
                f"Send {what} again",
                icon=":material/replay:",
                type="primary",
                on_click=decide(ResolutionChoice.REPEAT),
                disabled=not sure,
            )
        st.button(
            f"Mark {what} as sent",
            icon=":material/done_all:",
            on_click=decide(ResolutionChoice.SENT),
        )
        st.button(
            f"Leave {what} in doubt",
            icon=":material/bookmark:",
            on_click=decide(ResolutionChoice.LEFT),
        )
    if not repeats:
        st.caption("The run was cancelled, so nothing is sent again from here.")
