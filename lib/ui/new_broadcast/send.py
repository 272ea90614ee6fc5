"""Step 6 of a broadcast: sending. A summary, a confirmation, and one row in the ledger."""

from enum import StrEnum
from typing import Final

import streamlit as st

from lib.campaign import Draft, Plan, load_draft, released_rows
from lib.connections import Connection
from lib.connectly import DuplicateBehavior
from lib.delivery import ConcurrentSendoutError, RunSummary, runs_of_plan, start_run
from lib.i18n import N_, _, ngettext
from lib.settings import Settings
from lib.sheet import Sheet
from lib.storage import StorageError
from lib.ui import navigation, page
from lib.ui.cache import CheckedPlan, plan_for
from lib.ui.errors import error_text
from lib.ui.formatting import count, literal, moment, roughly
from lib.ui.new_broadcast.consent import released_text
from lib.ui.new_broadcast.draft import save_changes
from lib.ui.new_broadcast.schedule_form import draw_schedule_form
from lib.ui.schedule_text import schedule_lines

_NOT_SENT: Final = "plan_changed"
_NOT_STORED: Final = "plan_not_stored"


class _Change(StrEnum):
    """What has changed between drawing the page and its confirmation."""

    SHEET = "sheet"
    MAPPING = "mapping"
    ANSWERS = "answers"
    SCHEDULE = "schedule"
    EXCLUSIONS = "exclusions"
    RECIPIENTS = "recipients"
    CONCURRENT = "concurrent"


_CHANGES: Final = {
    _Change.SHEET: N_("Nothing was sent, because another tab replaced the sheet."),
    _Change.MAPPING: N_("Nothing was sent, because the columns were changed in another tab."),
    _Change.ANSWERS: N_(
        "Nothing was sent, because corrections or options were changed in another tab."
    ),
    _Change.SCHEDULE: N_(
        "Nothing was sent, because the schedule or pace was changed in another tab."
    ),
    _Change.EXCLUSIONS: N_("Nothing was sent, because exclude lists or opt-outs have changed."),
    _Change.RECIPIENTS: N_(
        "Nothing was sent, because another broadcast has changed who already got this campaign."
    ),
    _Change.CONCURRENT: N_(
        "Nothing was sent, because another broadcast of this campaign was just confirmed."
    ),
}


def draw_send_step(
    draft: Draft, checked: CheckedPlan, sheet: Sheet, connection: Connection, settings: Settings
) -> None:
    """Draw the step: what will be sent, its confirmation, and the button."""
    plan = checked.plan
    with st.container(border=True, key="send_step"):
        st.markdown(_("**6 · Send**"))
        if plan.entry_count == 0:
            st.info(
                _("There is nobody to send to: every row is held back. Step 3 shows why."),
                icon=":material/block:",
            )
            return
        earlier = runs_of_plan(plan.fingerprint, connection.name, settings=settings)
        draft = draw_schedule_form(draft, plan, settings)
        st.markdown(_summary(draft, checked, connection))
        _warn_of_refusals(plan, sheet)
        resend_number = _ask_to_resend(draft, earlier) if earlier else 0
        if checked.is_undecided:
            st.info(
                _(
                    "Some people already got their campaign. Choose in step 3 whether to send to "
                    "new people only or to everyone."
                ),
                icon=":material/history:",
            )
            resend_number = None
        _draw_confirmation(draft, checked, connection, settings, resend_number=resend_number)


def _warn_of_refusals(plan: Plan, sheet: Sheet) -> None:
    """Draw which people are messaged because a consent column is not used."""
    for each in released_rows(plan, sheet):
        if not each.is_empty:
            st.warning(
                f"{released_text(each)} {_('You can change this in step 3.')}",
                icon=":material/campaign:",
            )


def _summary(draft: Draft, checked: CheckedPlan, connection: Connection) -> str:
    plan = checked.plan
    lines = [
        ngettext(
            "**{count} recipient**, {duration}",
            "**{count} recipients**, {duration}",
            plan.entry_count,
            duration=roughly(plan.seconds),
        ),
        _(
            "Sent with **{connection}**",
            connection=literal(page.describe_connection(connection)),
        ),
    ]
    if plan.held_count:
        lines.append(
            ngettext(
                "{count} row is held back and not sent",
                "{count} rows are held back and not sent",
                plan.held_count,
            )
        )
    if left_out := checked.full_plan.entry_count - plan.entry_count:
        lines.append(
            ngettext(
                "{count} of these is held back because the person already got it, or may have",
                "{count} of these are held back because people already got it, or may have",
                left_out,
            )
        )
    if plan.answers.if_duplicate_check_unspecified is DuplicateBehavior.ALLOW_MULTIPLE:
        lines.append(_("Sent **again** to people who already got a campaign"))
    if draft.schedule is not None:
        lines += schedule_lines(draft.schedule)
    return "\n".join(f"- {line}" for line in lines)


def _ask_to_resend(draft: Draft, earlier: list[RunSummary]) -> int | None:
    """Warn about earlier runs of this plan; return the resend number, None if it is not wanted."""
    last = earlier[0]
    st.warning(
        _(
            "**You already sent this exact list** on {moment}: {accepted} accepted, {rejected} "
            "rejected.",
            moment=moment(last.created_at),
            accepted=count(last.accepted),
            rejected=count(last.rejected),
        ),
        icon=":material/history:",
    )
    navigation.link(
        navigation.BROADCASTS, _("Open that broadcast"), icon=":material/send:", run=last.id
    )
    if any(not each.is_over for each in earlier):
        return None
    wanted = st.checkbox(_("Send again"), key=f"again_{draft.id}")
    return len(earlier) if wanted else None


def _draw_confirmation(
    draft: Draft,
    checked: CheckedPlan,
    connection: Connection,
    settings: Settings,
    *,
    resend_number: int | None,
) -> None:
    """Draw the confirmation and the button; without a resend number, both are disabled."""
    plan = checked.plan
    is_confirmed = st.checkbox(
        _("I have checked the numbers above"),
        key=f"sure_{draft.id}_{plan.fingerprint[:12]}",
        disabled=resend_number is None,
    )

    def send() -> None:
        assert resend_number is not None
        try:
            change = _confirm(draft, checked, connection, settings, resend_number=resend_number)
        except ConcurrentSendoutError:
            change = _Change.CONCURRENT
        except StorageError as error:
            error.__cause__ = error.__context__ = None
            st.session_state[_NOT_STORED] = error.with_traceback(None)
            return
        if change is not None:
            st.session_state[_NOT_SENT] = change

    _draw_failure()
    st.button(
        _button_label(draft, plan.entry_count),
        type="primary",
        icon=":material/send:",
        key="send",
        on_click=send,
        disabled=resend_number is None or not is_confirmed,
    )


def _draw_failure() -> None:
    """Draw why the last confirmation sent nothing."""
    if (change := st.session_state.pop(_NOT_SENT, None)) is not None:
        st.warning(
            f"{_(_CHANGES[change])} {_('Check the numbers again.')}", icon=":material/block:"
        )
    if (error := st.session_state.pop(_NOT_STORED, None)) is not None:
        st.error(f"{_('Nothing was sent.')} {error_text(error)}", icon=":material/error:")


def _confirm(
    draft: Draft,
    checked: CheckedPlan,
    connection: Connection,
    settings: Settings,
    *,
    resend_number: int,
) -> _Change | None:
    """Start the run unless something has changed since the page was drawn; return what changed.

    This writes one idempotent row: a second click, tab or reload finds the existing run. Raises
    ConcurrentSendoutError and StorageError.
    """
    assert draft.sheet_id is not None
    assert draft.mapping is not None
    kept = load_draft(draft.id, settings)
    if kept is not None:
        if kept.run_id is not None:
            # Another tab has sent this draft, perhaps with other answers.
            return None
        if (change := _changed_elsewhere(draft, kept)) is not None:
            return change
    current = plan_for(
        draft.sheet_id, draft.mapping, draft.answers, connection=connection, settings=settings
    )
    if current.plan.id != checked.plan.id or current.is_undecided:
        is_same_list = current.full_plan.id == checked.full_plan.id
        return _Change.RECIPIENTS if is_same_list else _Change.EXCLUSIONS
    run_id = start_run(
        checked.plan,
        connection=connection.name,
        label=draft.filename,
        resend_number=resend_number,
        schedule=draft.schedule,
        seen_sendouts=current.earlier,
        settings=settings,
    )
    save_changes(draft, settings, run_id=run_id)
    return None


def _button_label(draft: Draft, recipients: int) -> str:
    """Return the label of the button, which says what it sends at once."""
    schedule = draft.schedule
    if schedule is not None and schedule.starts_at is not None:
        return ngettext(
            "Schedule for {count} recipient", "Schedule for {count} recipients", recipients
        )
    if schedule is not None and (schedule.first_wave or recipients) < recipients:
        return _(
            "Send first {first} of {total}",
            first=count(schedule.first_wave or 0),
            total=count(recipients),
        )
    return ngettext("Send to {count} recipient", "Send to {count} recipients", recipients)


def _changed_elsewhere(drawn: Draft, kept: Draft) -> _Change | None:
    """Return what another tab has changed in a draft since it was drawn."""
    if kept.sheet_id != drawn.sheet_id:
        return _Change.SHEET
    if kept.mapping != drawn.mapping:
        return _Change.MAPPING
    if kept.answers != drawn.answers:
        return _Change.ANSWERS
    # A schedule that is only suggested is not saved.
    if kept.schedule is not None and kept.schedule != drawn.schedule:
        return _Change.SCHEDULE
    return None
