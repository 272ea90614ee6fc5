"""One run, live: what has become of how many, and what can be done about it.

Nothing here sends. Buttons write a word into the ledger, which the worker obeys; they may be
pressed twice, in two tabs, or on a page that is no longer up to date.
"""

import contextlib
from collections.abc import Callable
from typing import Final

import streamlit as st

from lib.connectly import ErrorClass
from lib.delivery import (
    NothingToSendError,
    Outcome,
    RunNotFoundError,
    RunState,
    RunSummary,
    cancel_run,
    pause_run,
    resume_run,
    retry_offers,
    retry_run,
    run_summary,
    worker_state,
)
from lib.error_catalogue import explain
from lib.settings import Settings
from lib.ui import auth, formatting, navigation
from lib.ui.broadcasts.row import counts_text, draw_sendouts, draw_state
from lib.ui.broadcasts.schedule import draw_schedule, draw_start_button, pace_of_waiting
from lib.ui.error_codes import link_to_code
from lib.ui.formatting import OUTCOME_HELP, OUTCOMES, literal, moment, roughly, several

_RETRY_ERROR: Final = "retry_error"
_TICK_SECONDS: Final = 2.0


def watch_run(run_id: str, settings: Settings) -> RunSummary | None:
    """Draw a run and keep it up to date while it moves; return it, or None for a wrong id."""
    try:
        summary = run_summary(run_id, settings=settings)
    except RunNotFoundError:
        return None
    st.subheader(literal(summary.label), anchor=False)
    st.caption(f"Confirmed {moment(summary.created_at)} · sent with {summary.connection}")
    moves = not summary.is_over and summary.state is not RunState.PAUSED
    every = _TICK_SECONDS if moves else None
    auth.fragment(_tick, run_every=every)(run_id, summary.state, settings)
    return summary


def _tick(run_id: str, drawn_state: RunState, settings: Settings) -> None:
    summary = run_summary(run_id, settings=settings)
    if summary.state is not drawn_state:
        st.rerun()  # the rest of the page depends on the state
    _draw_progress(summary, settings)
    _draw_buttons(summary, settings)
    draw_sendouts(summary)


def _draw_progress(summary: RunSummary, settings: Settings) -> None:
    is_stuck = summary.state is RunState.RUNNING and not worker_state(settings).alive
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_state(summary.state)
        st.markdown(_pace(summary, is_stuck=is_stuck), width="stretch")
    _draw_reason(summary, is_stuck=is_stuck)
    draw_schedule(summary, settings)
    to_send = summary.rows - summary.held
    done = to_send - summary.waiting
    share = done / to_send if to_send else 1.0
    st.progress(share, text=f"{formatting.count(done)} of {formatting.count(to_send)} done")
    with st.grid(3, min_column_width=140):
        for outcome in Outcome:
            st.metric(
                OUTCOMES[outcome.value],
                formatting.count(getattr(summary, outcome.value)),
                help=OUTCOME_HELP[outcome.value],
                border=True,
            )
    if summary.reconciles:
        st.caption(f":material/check: {counts_text(summary)}")
    else:
        st.error(
            f"These numbers do not add up: {counts_text(summary)}. Please report this with the "
            f"run's id, {summary.id}.",
            icon=":material/error:",
        )


def _pace(summary: RunSummary, *, is_stuck: bool) -> str:
    match summary.state:
        case RunState.RUNNING if is_stuck or summary.reason is not None:
            return "Waiting. Nothing is sent at the moment."
        case RunState.RUNNING if summary.per_second and summary.seconds_left is not None:
            left = roughly(summary.seconds_left)
            of_what = " of this wave" if summary.to_come else ""
            return f"{summary.per_second:,.0f} a second, {left} left{of_what}"
        case RunState.RUNNING if summary.started_at is not None:
            return "Waiting for answers…"
        case RunState.RUNNING:
            return "Starting…"
        case RunState.PAUSED:
            return "Nothing is sent until you resume."
        case RunState.SCHEDULED | RunState.WAITING_FOR_APPROVAL:
            return pace_of_waiting(summary)
        case RunState.FINISHED:
            return f"Finished {moment(summary.finished_at)}"
        case _:
            return f"Cancelled {moment(summary.finished_at)}"


def _draw_reason(summary: RunSummary, *, is_stuck: bool) -> None:
    if summary.reason is not None and not summary.is_over:
        info = explain(summary.reason.value)
        st.warning(
            f"**{info.title}.** {info.meaning} {info.action}", icon=":material/pause_circle:"
        )
        if info.error_class is ErrorClass.FIX_ACCOUNT:
            navigation.link(navigation.SETTINGS, "Open the settings", icon=":material/settings:")
    if is_stuck:
        st.warning(
            "The part that sends is not running right now. It starts by itself, and goes on here. "
            "If it is still not running in a minute, tell whoever runs this machine.",
            icon=":material/hourglass_top:",
        )


def _draw_buttons(summary: RunSummary, settings: Settings) -> None:
    with st.container(horizontal=True):
        draw_start_button(summary, settings)
        if summary.state in {RunState.RUNNING, RunState.SCHEDULED}:
            st.button(
                "Pause",
                icon=":material/pause:",
                on_click=_callback(pause_run, summary.id, settings),
            )
        if summary.state is RunState.PAUSED:
            st.button(
                "Resume",
                type="primary",
                icon=":material/play_arrow:",
                on_click=_callback(resume_run, summary.id, settings),
            )
        if not summary.is_over and st.button("Cancel the run", icon=":material/close:"):
            _ask_cancel(summary, settings)


def _callback(door: Callable[..., bool], run_id: str, settings: Settings) -> Callable[[], None]:
    """Make a callback of a door: it writes one word into the ledger and returns nothing."""

    def write() -> None:
        # A page may be old: whatever the run is by now, the ledger has the last word.
        with contextlib.suppress(RunNotFoundError):
            door(run_id, settings=settings)

    return write


@st.dialog("Cancel this run?")
def _ask_cancel(summary: RunSummary, settings: Settings) -> None:
    auth.require_sign_in()  # a dialog runs without the router, as fragments do
    st.write(
        f"{several(summary.waiting, 'recipient')} still waiting will not be messaged. What "
        "has been sent stays sent. A cancelled run can't be resumed."
    )
    with st.container(horizontal=True):
        if st.button("Cancel the run", type="primary", key="cancel_for_good"):
            cancel_run(summary.id, settings=settings)
            st.rerun()
        if st.button("Keep the run"):
            st.rerun()


def draw_doubt(summary: RunSummary) -> None:
    """Say that rows of a run are in doubt, and lead to the page where they are decided."""
    if not summary.unknown:
        return
    with st.container(border=True, key="in_doubt"):
        st.markdown(f"**{several(summary.unknown, 'row')} in doubt**")
        st.write(
            "These were sent, but no answer proves what became of them. Look at what is known of "
            "each, and decide whether to send it again, to mark it as sent, or to leave it."
        )
        navigation.link(
            navigation.UNCONFIRMED,
            "Look at the rows in doubt",
            icon=":material/help:",
            run=summary.id,
        )


def draw_retry(summary: RunSummary, settings: Settings) -> None:
    """Offer to send rejected rows of a finished run again, as a run of its own."""
    if summary.retry_of is not None:
        navigation.link(
            navigation.BROADCASTS,
            "These are rows of an earlier run",
            icon=":material/history:",
            run=summary.retry_of,
        )
    if not summary.is_over or not summary.rejected:
        return
    offers = {each.code: each for each in retry_offers(summary.id, settings=settings)}
    if not offers:
        return
    with st.expander("Send rejected rows again", icon=":material/replay:"):
        st.write(
            "A rejected row was not sent, so sending it again messages nobody twice. It becomes a "
            "run of its own. People who are on an exclude list by now are left out."
        )
        chosen = st.multiselect(
            "Rows rejected because of",
            list(offers),
            default=[code for code, offer in offers.items() if offer.is_advised],
            format_func=lambda code: (
                f"{explain(code).title} ({several(offers[code].rows, 'row')}, "
                f"{offers[code].error_class.value})"
            ),
            key=f"retry_{summary.id}",
            help="Waiting alone helps with some. Others fail again until their cause is mended.",
        )
        rows = sum(offers[code].rows for code in chosen)

        def send_again() -> None:
            try:
                run_id = retry_run(summary.id, chosen, settings=settings)
            except NothingToSendError as error:
                st.session_state[_RETRY_ERROR] = f"**{error.sentence}** {error.action}"
            else:
                st.query_params[navigation.RUN] = run_id

        if (problem := st.session_state.pop(_RETRY_ERROR, None)) is not None:
            st.warning(problem, icon=":material/block:")
        st.button(
            f"Send {several(rows, 'row')} again",
            icon=":material/replay:",
            on_click=send_again,
            disabled=not rows,
        )


def draw_codes(run_id: str, codes: list[tuple[str, int]]) -> None:
    """Draw the most frequent error codes of a run, each with the way to the guide."""
    navigation.link(
        navigation.OUTCOMES, "See all outcomes as charts", icon=":material/bar_chart:", run=run_id
    )
    if not codes:
        return
    st.subheader("Why rows were rejected or are in doubt", anchor=False)
    for code, count in codes:
        info = explain(code)
        with st.container(border=True, key=f"why_{code}"):
            st.markdown(f"**{several(count, 'row')}: {literal(info.title)}**")
            st.write(f"{info.meaning} {info.action}")
            link_to_code(info.code, "More in the error guide")
