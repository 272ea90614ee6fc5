"""A run that waits: for its time, for the end of quiet hours, or for a person's word."""

import contextlib

import streamlit as st

from lib.campaign import FrozenPlan, RecipientRegion, recipient_regions
from lib.delivery import (
    Reason,
    RunState,
    RunSummary,
    approve_run,
    start_now,
    worker_state,
)
from lib.settings import Settings
from lib.ui.formatting import OUTCOMES, count, several
from lib.ui.schedule_text import countdown, draw_recipients_clocks, moment_in, schedule_lines


def pace_of_waiting(summary: RunSummary) -> str:
    """Say in a line what a run waits for, and how long."""
    if summary.state is RunState.WAITING_FOR_APPROVAL:
        return "Nothing is sent until you say so."
    goes_on = summary.goes_on_at
    assert goes_on is not None
    what = "Goes on" if summary.reason is Reason.QUIET_HOURS else "Starts"
    if goes_on <= summary.seen_at:
        return f"{what} any moment now"
    when = moment_in(goes_on, summary.schedule.zone)
    return f"{what} {when}, in {countdown(goes_on, now=summary.seen_at)}"


def draw_schedule(summary: RunSummary, settings: Settings) -> None:
    """Draw what was chosen for a run, what it waits for, and the way to let it go on."""
    if summary.is_over:
        return
    if summary.to_come:
        st.caption(
            f":material/waves: Wave {summary.wave}: {count(summary.released)} of "
            f"{count(summary.released + summary.to_come)} recipients may go so far."
        )
    if summary.state is RunState.WAITING_FOR_APPROVAL:
        _draw_question(summary, settings)
    elif summary.state is RunState.SCHEDULED and summary.goes_on_at is not None:
        draw_recipients_clocks(_places_of(summary.plan_id, settings), summary.goes_on_at)
        _draw_keeper(settings)
    lines = schedule_lines(summary.schedule, now=summary.seen_at)
    if lines:
        st.caption(":material/tune: " + " · ".join(lines))


def _draw_question(summary: RunSummary, settings: Settings) -> None:
    if summary.reason is Reason.START_MISSED:
        _draw_start_button(summary, settings, primary=True)
        return
    answered = summary.accepted + summary.rejected + summary.unknown
    with st.container(border=True, key="approval"):
        st.markdown(f"**Wave {summary.wave} is done. Shall it go on?**")
        shares = [
            f"{count(number)} {OUTCOMES[name].lower()} ({number / answered:.1%})"
            for name, number in (
                ("accepted", summary.accepted),
                ("rejected", summary.rejected),
                ("unknown", summary.unknown),
            )
            if answered
        ]
        verb = "is" if summary.to_come == 1 else "are"
        st.write(
            f"Of {several(answered, 'recipient')} so far: {', '.join(shares)}. "
            f"{count(summary.to_come)} {verb} still to come."
        )
        with st.container(horizontal=True):
            if summary.next_wave < summary.to_come:
                _draw_approval(summary, settings, everything=False)
            _draw_approval(summary, settings, everything=True)


def _draw_approval(summary: RunSummary, settings: Settings, *, everything: bool) -> None:
    size = summary.to_come if everything else summary.next_wave
    is_only = summary.next_wave == summary.to_come

    def approve() -> None:
        # It names the wave that is on the page: an old page approves nothing unseen.
        approve_run(summary.id, wave=summary.wave, everything=everything, settings=settings)

    rest = "the rest" if everything else "the next wave"
    st.button(
        f"Send {rest}: {several(size, 'recipient')}",
        type="primary" if is_only or not everything else "secondary",
        icon=":material/play_arrow:",
        key=f"approve_{rest}",
        on_click=approve,
    )


def draw_start_button(summary: RunSummary, settings: Settings) -> None:
    """Draw the button that starts a scheduled run before its time."""
    if summary.state is RunState.SCHEDULED and summary.reason is None:
        _draw_start_button(summary, settings, primary=False)


def _draw_start_button(summary: RunSummary, settings: Settings, *, primary: bool) -> None:
    def start() -> None:
        start_now(summary.id, settings=settings)

    st.button(
        "Start now",
        type="primary" if primary else "secondary",
        icon=":material/play_arrow:",
        key="start_now",
        on_click=start,
    )


def _draw_keeper(settings: Settings) -> None:
    worker = worker_state(settings)
    if not worker.alive:
        st.warning(
            "The part that keeps the time is not running right now. It starts by itself; if the "
            "start is missed by more than an hour, you are asked here.",
            icon=":material/hourglass_top:",
        )
    elif not worker.scheduler_ok:
        st.warning(
            "The part that keeps the time can't start, so this run stays where it is. Whoever "
            "looks after this app finds the cause in the worker's log; until then you can start "
            "it by hand.",
            icon=":material/hourglass_disabled:",
        )


def _places_of(plan_id: str, settings: Settings) -> tuple[RecipientRegion, ...]:
    with contextlib.suppress(OSError, ValueError):
        return _cached_places(plan_id, _settings=settings)
    return ()


@st.cache_data(max_entries=32, show_spinner=False)
def _cached_places(plan_id: str, *, _settings: Settings) -> tuple[RecipientRegion, ...]:
    rows = FrozenPlan.open(plan_id, _settings).frame("position", "client")
    return recipient_regions(rows.loc[rows["position"].notna(), "client"].tolist())
