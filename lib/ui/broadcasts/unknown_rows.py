"""Unconfirmed rows: what is known of them, the risk of resending, and three decisions."""

from collections.abc import Callable, Sequence
from typing import Final

import pandas as pd
import streamlit as st

from lib.delivery import (
    Outcome,
    ResolutionChoice,
    RunState,
    RunSummary,
    UnknownRows,
    resolve_unknown_rows,
)
from lib.error_catalogue import explain
from lib.i18n import N_, _, ngettext
from lib.settings import Settings
from lib.ui import auth
from lib.ui.formatting import decimal, moment, outcome_count

PAGE_SIZE: Final = 25

_DECISIONS: Final = {
    ResolutionChoice.REPEAT: N_("Resent by {person}, {moment}"),
    ResolutionChoice.SENT: N_("Marked as sent by {person}, {moment}"),
    ResolutionChoice.LEFT: N_("Left unconfirmed by {person}, {moment}"),
}


def draw_risk(run: RunSummary) -> None:
    """Draw how many rows are unconfirmed, and the risk of resending them."""
    title = ngettext("{count} row unconfirmed.", "{count} rows unconfirmed.", run.unknown)
    if run.allows_repeats:
        risk = _(
            "This broadcast may reach people more than once. If you resend, anyone who already got "
            "the message gets it again. Look these people up in Connectly's inbox first."
        )
        st.warning(f"**{title}** {risk}", icon=":material/warning:")
    elif run.repeats_may_reach_twice:
        risk = _(
            "This broadcast creates a new version of a campaign, and we don't know whether it was "
            "created. Resending creates another one, so anyone who already got the message may get "
            "it again. Look these people up in Connectly's inbox first."
        )
        st.warning(f"**{title}** {risk}", icon=":material/warning:")
    else:
        risk = _(
            "Resending is safe. This broadcast reaches each phone once, and Connectly doesn't "
            "message anyone again who already got it."
        )
        st.info(f"**{title}** {risk}", icon=":material/verified_user:")


def draw_unknown_table(unknown: Sequence[UnknownRows], *, key: str) -> list[UnknownRows]:
    """Draw a table of unconfirmed rows and return the selected ones."""
    table = pd.DataFrame(
        [
            {
                _("Row"): _rows_of(each),
                _("Phone"): each.recipients[0][1] if each.size == 1 else "",
                _("What we know"): _known(each),
                _("Attempts"): len(each.attempts),
                _("Last attempt"): moment(each.attempts[-1].started_at) if each.attempts else "",
                _("Decision"): _decision(each),
            }
            for each in unknown
        ]
    )
    event = st.dataframe(
        table,
        hide_index=True,
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        alt=_("Unconfirmed rows and what we know about each"),
    )
    selected = event["selection"]["rows"]
    return [unknown[index] for index in selected if index < len(unknown)]


def _rows_of(unknown: UnknownRows) -> str:
    """Return the row number, or the first one of several rows in one request."""
    first = str(unknown.recipients[0][0])
    if unknown.size == 1:
        return first
    return ngettext("{row} and {count} more", "{row} and {count} more", unknown.size - 1, row=first)


def _known(unknown: UnknownRows) -> str:
    title = _(explain(unknown.code).title)
    if unknown.said_accepted is None or unknown.said_rejected is None:
        return title
    accepted = outcome_count(Outcome.ACCEPTED, unknown.said_accepted)
    rejected = outcome_count(Outcome.REJECTED, unknown.said_rejected)
    return f"{title}: {accepted}, {rejected}"


def _decision(unknown: UnknownRows) -> str:
    """Return the last decision about these rows; empty if there is none."""
    if not unknown.resolutions:
        return ""
    last = unknown.resolutions[-1]
    return _(
        _DECISIONS[last.verdict], person=auth.display_name(last.person), moment=moment(last.at)
    )


def draw_attempts(chosen: Sequence[UnknownRows]) -> None:
    """Draw the attempts to send the selected row, if exactly one is selected."""
    if len(chosen) != 1:
        return
    [unknown] = chosen
    title = _("Attempts to send row {row}", row=_rows_of(unknown))
    st.markdown(f"**{title}**")
    st.dataframe(
        pd.DataFrame(
            [
                {
                    _("Attempt"): each.number,
                    _("Sent"): moment(each.started_at),
                    _("Response time"): (
                        _("no response")
                        if each.ended_at is None
                        else _(
                            "{seconds} s",
                            seconds=decimal(
                                (each.ended_at - each.started_at).total_seconds(), places=1
                            ),
                        )
                    ),
                    _("Result"): _(explain(each.error_code).title),
                    _("HTTP status"): "" if each.http_status is None else str(each.http_status),
                    _("Trace ID for Connectly support"): each.trace_id or "",
                }
                for each in unknown.attempts
            ]
        ),
        hide_index=True,
        alt=_("Attempts to send this row"),
    )


def choose_resolution(run: RunSummary, chosen: Sequence[UnknownRows], settings: Settings) -> None:
    """Draw the decisions about the selected rows, or about all if none is selected."""
    st.caption(
        _(
            "Select rows in the table, or decide about all at once. Each decision is saved with "
            "your name and the time. Select one row to see its attempts."
        )
    )
    can_resend = run.state is not RunState.CANCELLED
    confirmed = True
    if can_resend and run.repeats_may_reach_twice:
        confirmed = st.checkbox(
            _("I accept that some people may be messaged twice"), key="accept_twice"
        )
    _draw_resolution_buttons(run, chosen, settings, can_resend=can_resend, confirmed=confirmed)
    if not can_resend:
        st.caption(_("This broadcast was cancelled, so its rows can't be resent."))


def _draw_resolution_buttons(
    run: RunSummary,
    chosen: Sequence[UnknownRows],
    settings: Settings,
    *,
    can_resend: bool,
    confirmed: bool,
) -> None:
    batch_ids = [each.batch_id for each in chosen] or None
    labels = _button_labels(run, chosen)

    def resolve(choice: ResolutionChoice) -> Callable[[], None]:
        def write() -> None:
            resolve_unknown_rows(
                run.id,
                choice,
                batch_ids=batch_ids,
                person=auth.name(),
                confirmed=run.repeats_may_reach_twice and confirmed,
                settings=settings,
            )

        return write

    with st.container(horizontal=True):
        if can_resend:
            st.button(
                labels[ResolutionChoice.REPEAT],
                icon=":material/replay:",
                type="primary",
                on_click=resolve(ResolutionChoice.REPEAT),
                disabled=not confirmed,
            )
        st.button(
            labels[ResolutionChoice.SENT],
            icon=":material/done_all:",
            on_click=resolve(ResolutionChoice.SENT),
        )
        st.button(
            labels[ResolutionChoice.LEFT],
            icon=":material/bookmark:",
            on_click=resolve(ResolutionChoice.LEFT),
        )


def _button_labels(run: RunSummary, chosen: Sequence[UnknownRows]) -> dict[ResolutionChoice, str]:
    """Return the label of each decision: about the selected rows, or about all."""
    if chosen or run.unknown == 1:
        rows = sum(each.size for each in chosen) or run.unknown
        return {
            ResolutionChoice.REPEAT: ngettext("Resend {count} row", "Resend {count} rows", rows),
            ResolutionChoice.SENT: ngettext(
                "Mark {count} row as sent", "Mark {count} rows as sent", rows
            ),
            ResolutionChoice.LEFT: ngettext(
                "Leave {count} row unconfirmed", "Leave {count} rows unconfirmed", rows
            ),
        }
    rows = run.unknown
    return {
        ResolutionChoice.REPEAT: ngettext(
            "Resend all {count} rows", "Resend all {count} rows", rows
        ),
        ResolutionChoice.SENT: ngettext(
            "Mark all {count} rows as sent", "Mark all {count} rows as sent", rows
        ),
        ResolutionChoice.LEFT: ngettext(
            "Leave all {count} rows unconfirmed", "Leave all {count} rows unconfirmed", rows
        ),
    }
