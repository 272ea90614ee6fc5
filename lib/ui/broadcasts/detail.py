"""One broadcast, updated while it is sent: its outcomes so far and the buttons to control it.

Nothing here sends. Buttons write to the ledger, which the worker follows. They are safe to press
twice, in two tabs, or on a page that is out of date.
"""

import contextlib
from collections.abc import Callable
from typing import Final

import streamlit as st

from lib.campaign import PlanUnreadableError
from lib.connectly import CLASS_LABELS, ErrorClass
from lib.delivery import (
    Outcome,
    RetryOffer,
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
from lib.errors import StudioError
from lib.i18n import _, ngettext
from lib.settings import Settings
from lib.ui import auth, navigation
from lib.ui.broadcasts.row import counts_text, draw_sendouts, draw_state
from lib.ui.broadcasts.schedule import draw_schedule, draw_start_button, pace_of_waiting
from lib.ui.error_codes import code_advice, code_title, link_to_code
from lib.ui.errors import draw_error, error_text
from lib.ui.formatting import OUTCOME_HELP, OUTCOMES, count, literal, moment, roughly

_RETRY_ERROR: Final = "retry_error"
_TICK_SECONDS: Final = 2.0


def watch_run(run_id: str, settings: Settings) -> RunSummary | None:
    """Draw a broadcast, update it while it is sent, and return it; None if it does not exist."""
    try:
        summary = run_summary(run_id, settings=settings)
    except RunNotFoundError:
        return None
    st.subheader(literal(summary.label), anchor=False)
    st.caption(
        _(
            "Confirmed {moment} · Sent with {connection}",
            moment=moment(summary.created_at),
            connection=summary.connection,
        )
    )
    changes = not summary.is_over and summary.state is not RunState.PAUSED
    every = _TICK_SECONDS if changes else None
    auth.fragment(_draw_run, run_every=every)(run_id, summary.state, settings)
    return summary


def _draw_run(run_id: str, drawn_state: RunState, settings: Settings) -> None:
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
    st.progress(
        done / to_send if to_send else 1.0,
        text=_("{done} of {total} done", done=count(done), total=count(to_send)),
    )
    with st.grid(3, min_column_width=140):
        for outcome in Outcome:
            st.metric(
                _(OUTCOMES[outcome.value]),
                count(getattr(summary, outcome.value)),
                help=_(OUTCOME_HELP[outcome.value]),
                border=True,
            )
    if summary.reconciles:
        st.caption(f":material/check: {counts_text(summary)}")
    else:
        st.error(
            _(
                "These numbers don't add up: {sum}. Please report this with the broadcast ID {id}.",
                sum=counts_text(summary),
                id=summary.id,
            ),
            icon=":material/error:",
        )


def _pace(summary: RunSummary, *, is_stuck: bool) -> str:
    """Return how fast a broadcast is sent, or why it is not."""
    match summary.state:
        case RunState.RUNNING if is_stuck or summary.reason is not None:
            return _("Waiting. Nothing is being sent right now.")
        case RunState.RUNNING if summary.per_second and summary.seconds_left is not None:
            return _speed(summary.per_second, summary.seconds_left, of_wave=bool(summary.to_come))
        case RunState.RUNNING if summary.started_at is not None:
            return _("Waiting for responses…")
        case RunState.RUNNING:
            return _("Starting…")
        case RunState.PAUSED:
            return _("Nothing is sent until you resume.")
        case RunState.SCHEDULED | RunState.WAITING_FOR_APPROVAL:
            return pace_of_waiting(summary)
        case RunState.FINISHED:
            return _("Finished {moment}", moment=moment(summary.finished_at))
        case _:
            return _("Cancelled {moment}", moment=moment(summary.finished_at))


def _speed(per_second: float, seconds_left: float, *, of_wave: bool) -> str:
    speed, left = count(round(per_second)), roughly(seconds_left)
    if of_wave:
        return _("{speed} per second, {time} left in this wave", speed=speed, time=left)
    return _("{speed} per second, {time} left", speed=speed, time=left)


def _draw_reason(summary: RunSummary, *, is_stuck: bool) -> None:
    """Draw why a broadcast waits or is paused, and what to do about it."""
    if summary.reason is not None and not summary.is_over:
        info = explain(summary.reason.value)
        st.warning(f"**{code_title(info)}.** {code_advice(info)}", icon=":material/pause_circle:")
        if info.error_class is ErrorClass.FIX_ACCOUNT:
            navigation.link(navigation.SETTINGS, _("Open settings"), icon=":material/settings:")
    if is_stuck:
        st.warning(
            _(
                "The sender isn't running. It starts automatically, and this broadcast then "
                "continues. If it isn't running in a minute, contact your administrator."
            ),
            icon=":material/hourglass_top:",
        )


def _draw_buttons(summary: RunSummary, settings: Settings) -> None:
    with st.container(horizontal=True):
        draw_start_button(summary, settings)
        if summary.state in {RunState.RUNNING, RunState.SCHEDULED}:
            st.button(
                _("Pause"),
                icon=":material/pause:",
                on_click=_callback(pause_run, summary.id, settings),
            )
        if summary.state is RunState.PAUSED:
            st.button(
                _("Resume"),
                type="primary",
                icon=":material/play_arrow:",
                on_click=_callback(resume_run, summary.id, settings),
            )
        if not summary.is_over and st.button(_("Cancel broadcast"), icon=":material/close:"):
            # The title is translated, so the dialog can't be a decorator.
            st.dialog(_("Cancel this broadcast?"))(_draw_cancel_dialog)(summary, settings)


def _callback(
    operation: Callable[..., bool], run_id: str, settings: Settings
) -> Callable[[], None]:
    """Return a callback that applies an operation of `lib.delivery` to a run."""

    def write() -> None:
        # The page may be out of date. The ledger ignores what the run's state does not allow.
        with contextlib.suppress(RunNotFoundError):
            operation(run_id, settings=settings)

    return write


def _draw_cancel_dialog(summary: RunSummary, settings: Settings) -> None:
    auth.require_sign_in()  # like fragments, dialogs run without the router
    waiting = ngettext(
        "{count} waiting recipient won't be messaged.",
        "{count} waiting recipients won't be messaged.",
        summary.waiting,
    )
    sent = _(
        "Messages that were already sent can't be recalled. A cancelled broadcast can't be resumed."
    )
    st.write(f"{waiting} {sent}")
    with st.container(horizontal=True):
        if st.button(_("Cancel broadcast"), type="primary", key="cancel_for_good"):
            cancel_run(summary.id, settings=settings)
            st.rerun()
        if st.button(_("Keep broadcast")):
            st.rerun()


def draw_unconfirmed(summary: RunSummary) -> None:
    """Draw how many rows are unconfirmed and a link to the page where they are decided."""
    if not summary.unknown:
        return
    with st.container(border=True, key="unconfirmed"):
        title = ngettext("{count} row unconfirmed", "{count} rows unconfirmed", summary.unknown)
        st.markdown(f"**{title}**")
        st.write(
            _(
                "These may have been sent, but we never got confirmation. Review what we know "
                "about each row, then resend it, mark it as sent or leave it unconfirmed."
            )
        )
        navigation.link(
            navigation.UNCONFIRMED,
            _("Review unconfirmed rows"),
            icon=":material/help:",
            run=summary.id,
        )


def draw_retry(summary: RunSummary, settings: Settings) -> None:
    """Draw the form that resends rejected rows of a finished broadcast as a new broadcast."""
    if summary.retry_of is not None:
        navigation.link(
            navigation.BROADCASTS,
            _("Resent from an earlier broadcast"),
            icon=":material/history:",
            run=summary.retry_of,
        )
    if not summary.is_over or not summary.rejected:
        return
    try:
        offers = {each.code: each for each in retry_offers(summary.id, settings=settings)}
    except PlanUnreadableError as error:
        draw_error(error)
        return
    if offers:
        _draw_retry_form(summary, offers, settings)


def _draw_retry_form(
    summary: RunSummary, offers: dict[str, RetryOffer], settings: Settings
) -> None:
    with st.expander(_("Resend rejected rows"), icon=":material/replay:"):
        st.write(
            _(
                "Rejected rows were not sent, so nobody is messaged twice. They become a new "
                "broadcast. People who are on an exclude list now are held back."
            )
        )
        chosen = st.multiselect(
            _("Rows rejected with"),
            list(offers),
            default=[code for code, offer in offers.items() if offer.is_advised],
            format_func=lambda code: _describe_offer(offers[code]),
            key=f"retry_{summary.id}",
            help=_("Some errors go away after a while. Others need a fix first."),
        )
        rows = sum(offers[code].rows for code in chosen)

        def start_retry() -> None:
            try:
                run_id = retry_run(summary.id, chosen, settings=settings)
            except StudioError as error:
                st.session_state[_RETRY_ERROR] = error.with_traceback(None)
            else:
                st.query_params[navigation.RUN] = run_id

        if (failure := st.session_state.pop(_RETRY_ERROR, None)) is not None:
            st.warning(error_text(failure), icon=":material/block:")
        st.button(
            ngettext("Resend {count} row", "Resend {count} rows", rows),
            icon=":material/replay:",
            on_click=start_retry,
            disabled=not rows,
        )


def _describe_offer(offer: RetryOffer) -> str:
    """Return an error with its rows and next step: ``Daily limit (3 rows, Wait and retry)``."""
    title = _(explain(offer.code).title)
    rows = ngettext("{count} row", "{count} rows", offer.rows)
    return f"{title} ({rows}, {_(CLASS_LABELS[offer.error_class])})"


def draw_codes(run_id: str, codes: list[tuple[str, int]]) -> None:
    """Draw the most frequent error codes of a broadcast, with links to the error guide."""
    navigation.link(
        navigation.OUTCOMES, _("View outcomes as charts"), icon=":material/bar_chart:", run=run_id
    )
    if not codes:
        return
    st.subheader(_("Why rows were rejected or are unconfirmed"), anchor=False)
    for code, recipients in codes:
        info = explain(code)
        with st.container(border=True, key=f"why_{code}"):
            rows = ngettext("{count} row", "{count} rows", recipients)
            st.markdown(f"**{rows}: {code_title(info)}**")
            st.write(code_advice(info))
            link_to_code(info.code, _("More in the error guide"))
