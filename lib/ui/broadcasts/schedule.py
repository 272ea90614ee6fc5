"""A broadcast that waits for its start, the end of quiet hours, or an approval."""

import contextlib

import streamlit as st

from lib.campaign import FrozenPlan, RecipientRegion, recipient_regions
from lib.delivery import (
    Outcome,
    Reason,
    RunState,
    RunSummary,
    approve_run,
    start_now,
    worker_state,
)
from lib.i18n import _, ngettext
from lib.settings import Settings
from lib.ui.formatting import comma_list, count, outcome_count, percent
from lib.ui.schedule_text import countdown, draw_recipients_clocks, moment_in, schedule_lines


def pace_of_waiting(summary: RunSummary) -> str:
    """Return what a broadcast waits for, and how long."""
    if summary.state is RunState.WAITING_FOR_APPROVAL:
        return _("Nothing is sent until you approve.")
    goes_on = summary.goes_on_at
    assert goes_on is not None
    is_resuming = summary.reason is Reason.QUIET_HOURS
    if goes_on <= summary.seen_at:
        return _("Continues any moment now") if is_resuming else _("Starts any moment now")
    when = moment_in(goes_on, summary.schedule.zone)
    left = countdown(goes_on, now=summary.seen_at)
    if is_resuming:
        return _("Continues {moment}, in {time}", moment=when, time=left)
    return _("Starts {moment}, in {time}", moment=when, time=left)


def draw_schedule(summary: RunSummary, settings: Settings) -> None:
    """Draw the schedule of a broadcast, what it waits for, and the buttons to continue."""
    if summary.is_over:
        return
    if summary.to_come:
        wave = _(
            "Wave {number}: {released} of {total} recipients released.",
            number=summary.wave,
            released=count(summary.released),
            total=count(summary.released + summary.to_come),
        )
        st.caption(f":material/waves: {wave}")
    if summary.state is RunState.WAITING_FOR_APPROVAL:
        _draw_approval(summary, settings)
    elif summary.state is RunState.SCHEDULED and summary.goes_on_at is not None:
        draw_recipients_clocks(_regions_of(summary.plan_id, settings), summary.goes_on_at)
        _draw_scheduler_warning(settings)
    lines = schedule_lines(summary.schedule, now=summary.seen_at)
    if lines:
        st.caption(f":material/tune: {' · '.join(lines)}")


def _draw_approval(summary: RunSummary, settings: Settings) -> None:
    """Draw the results so far, and the buttons that release the next wave or the rest."""
    if summary.reason is Reason.START_MISSED:
        _draw_start_now(summary, settings, primary=True)
        return
    answered = summary.accepted + summary.rejected + summary.unknown
    with st.container(border=True, key="approval"):
        question = _("Wave {number} is done. Continue?", number=summary.wave)
        st.markdown(f"**{question}**")
        shares = [
            f"{outcome_count(outcome, number)} ({percent(number / answered, places=1)})"
            for outcome, number in (
                (Outcome.ACCEPTED, summary.accepted),
                (Outcome.REJECTED, summary.rejected),
                (Outcome.UNKNOWN, summary.unknown),
            )
            if answered
        ]
        so_far = ngettext(
            "{count} recipient so far: {outcomes}.",
            "{count} recipients so far: {outcomes}.",
            answered,
            outcomes=comma_list(shares),
        )
        to_come = ngettext("{count} still to send.", "{count} still to send.", summary.to_come)
        st.write(f"{so_far} {to_come}")
        with st.container(horizontal=True):
            if summary.next_wave < summary.to_come:
                _draw_next_wave_button(summary, settings)
            _draw_rest_button(summary, settings)


def _draw_next_wave_button(summary: RunSummary, settings: Settings) -> None:
    def approve_wave() -> None:
        # An old page approves nothing else: the wave on the page is named.
        approve_run(summary.id, wave=summary.wave, everything=False, settings=settings)

    st.button(
        ngettext(
            "Send the next wave: {count} recipient",
            "Send the next wave: {count} recipients",
            summary.next_wave,
        ),
        type="primary",
        icon=":material/play_arrow:",
        key="approve_wave",
        on_click=approve_wave,
    )


def _draw_rest_button(summary: RunSummary, settings: Settings) -> None:
    def approve_rest() -> None:
        approve_run(summary.id, wave=summary.wave, everything=True, settings=settings)

    st.button(
        ngettext(
            "Send the rest: {count} recipient",
            "Send the rest: {count} recipients",
            summary.to_come,
        ),
        type="primary" if summary.next_wave == summary.to_come else "secondary",
        icon=":material/play_arrow:",
        key="approve_rest",
        on_click=approve_rest,
    )


def draw_start_button(summary: RunSummary, settings: Settings) -> None:
    """Draw the button that starts a scheduled broadcast early."""
    if summary.state is RunState.SCHEDULED and summary.reason is None:
        _draw_start_now(summary, settings, primary=False)


def _draw_start_now(summary: RunSummary, settings: Settings, *, primary: bool) -> None:
    def start() -> None:
        start_now(summary.id, settings=settings)

    st.button(
        _("Start now"),
        type="primary" if primary else "secondary",
        icon=":material/play_arrow:",
        key="start_now",
        on_click=start,
    )


def _draw_scheduler_warning(settings: Settings) -> None:
    """Draw a warning if the scheduled start may not happen."""
    worker = worker_state(settings)
    if not worker.alive:
        st.warning(
            _(
                "The scheduler isn't running. It starts automatically. If the start is more than "
                "an hour late, you are asked here before anything is sent."
            ),
            icon=":material/hourglass_top:",
        )
    elif not worker.scheduler_ok:
        st.warning(
            _(
                "The scheduler can't start, so this broadcast stays scheduled. Your administrator "
                "can find the cause in the worker's log. Until then, you can start the broadcast "
                "here."
            ),
            icon=":material/hourglass_disabled:",
        )


def _regions_of(plan_id: str, settings: Settings) -> tuple[RecipientRegion, ...]:
    """Return the countries of a plan's recipients; nothing if the plan cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        return _cached_regions(plan_id, _settings=settings)
    return ()


@st.cache_data(max_entries=32, show_spinner=False)
def _cached_regions(plan_id: str, *, _settings: Settings) -> tuple[RecipientRegion, ...]:
    rows = FrozenPlan.open(plan_id, _settings).frame("position", "client")
    return recipient_regions(rows.loc[rows["position"].notna(), "client"].tolist())
