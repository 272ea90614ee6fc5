"""Step 6 of a sendout: sending. A summary, a confirmation, and one row in the ledger."""

from typing import Final

import streamlit as st

from lib.campaign import Draft, load_draft
from lib.connections import Connection
from lib.connectly import DuplicateBehavior
from lib.delivery import ConcurrentSendoutError, RunSummary, runs_of_plan, start_run
from lib.settings import Settings
from lib.storage import StorageError
from lib.ui import navigation, page
from lib.ui.cache import CheckedPlan, plan_for
from lib.ui.formatting import count, moment, roughly, several
from lib.ui.new_broadcast import schedule_form
from lib.ui.new_broadcast.draft import save_changes
from lib.ui.schedule_text import schedule_lines

_CHANGED: Final = "plan_changed"
_STORAGE: Final = "plan_not_stored"


def draw(draft: Draft, found: CheckedPlan, connection: Connection, settings: Settings) -> None:
    """Draw the step: what will happen, the person's word for it, and the button."""
    plan = found.plan
    with st.container(border=True, key="send_step"):
        st.markdown("**6 · Send**")
        if plan.entry_count == 0:
            st.info(
                "There is nobody to send to: every row is held back. Step 3 says why.",
                icon=":material/block:",
            )
            return
        earlier = runs_of_plan(plan.fingerprint, connection.name, settings=settings)
        draft = schedule_form.choose(draft, plan, settings)
        st.markdown(_summary(draft, found, connection))
        again = _ask_again(draft, earlier) if earlier else 0
        if found.is_undecided:
            st.info(
                "Some people have had their campaign before. Choose in step 3 whether it goes to "
                "the new ones only, or to all.",
                icon=":material/history:",
            )
            again = None
        _draw_confirmation(draft, found, connection, settings, resend_number=again)


def _summary(draft: Draft, found: CheckedPlan, connection: Connection) -> str:
    plan = found.plan
    recipients = several(plan.entry_count, "recipient")
    sendouts = several(len(plan.sendouts), "sendout")
    lines = [
        f"- **{recipients}** in {sendouts}, {roughly(plan.seconds)}",
        f"- With **{page.describe_connection(connection)}**",
    ]
    if plan.held_count:
        lines.append(f"- {several(plan.held_count, 'row')} held back and not sent")
    if left_out := found.full_plan.entry_count - plan.entry_count:
        lines.append(
            f"- {count(left_out)} of these are left out because they have had the campaign "
            "before, or may have"
        )
    if plan.answers.if_duplicate_check_unspecified is DuplicateBehavior.ALLOW_MULTIPLE:
        lines.append("- Goes out **again** to people who have had a campaign before")
    if draft.schedule is not None:
        lines += [f"- {line}" for line in schedule_lines(draft.schedule)]
    return "\n".join(lines)


def _ask_again(draft: Draft, earlier: list[RunSummary]) -> int | None:
    """Tell of earlier runs of this very plan; return the number of a repeat the person wants."""
    last = earlier[0]
    st.warning(
        f"This very list has been sent before, on {moment(last.created_at)}: "
        f"{count(last.accepted)} accepted, {count(last.rejected)} rejected.",
        icon=":material/history:",
    )
    navigation.link(navigation.BROADCASTS, "See that run", icon=":material/send:", run=last.id)
    if any(not each.is_over for each in earlier):
        return None
    wanted = st.checkbox("Send it once more, as a run of its own", key=f"again_{draft.id}")
    return len(earlier) if wanted else None


def _draw_confirmation(
    draft: Draft,
    found: CheckedPlan,
    connection: Connection,
    settings: Settings,
    *,
    resend_number: int | None,
) -> None:
    plan = found.plan
    noun = "recipient" if plan.entry_count == 1 else "recipients"
    sure = st.checkbox(
        "I have checked the numbers above",
        key=f"sure_{draft.id}_{plan.fingerprint[:12]}",
        disabled=resend_number is None,
    )

    def send() -> None:
        try:
            confirm()
        except ConcurrentSendoutError:
            st.session_state[_CHANGED] = "another sendout of this campaign has been confirmed"
        except StorageError as error:
            st.session_state[_STORAGE] = f"**{error.sentence}** {error.action}"

    def confirm() -> None:
        # One idempotent row: a second click, tab or reload finds the run that is there.
        assert resend_number is not None
        assert draft.sheet_id is not None
        assert draft.mapping is not None
        kept = load_draft(draft.id, settings)
        if kept is not None and kept.run_id is not None:
            # Another tab has sent this draft, perhaps with other answers.
            return
        if kept is not None and (what := _changed_elsewhere(draft, kept)) is not None:
            st.session_state[_CHANGED] = what
            return
        as_of_now = plan_for(
            draft.sheet_id, draft.mapping, draft.answers, connection=connection, settings=settings
        )
        if as_of_now.plan.id != plan.id or as_of_now.is_undecided:
            st.session_state[_CHANGED] = _what_changed(found, as_of_now)
            return
        run_id = start_run(
            plan,
            connection=connection.name,
            label=draft.filename,
            resend_number=resend_number,
            schedule=draft.schedule,
            seen_sendouts=as_of_now.earlier,
            settings=settings,
        )
        save_changes(draft, settings, run_id=run_id)

    if what := st.session_state.pop(_CHANGED, None):
        st.warning(
            f"Nothing was sent: {what} since you looked. Check the numbers once more.",
            icon=":material/block:",
        )
    if (told := st.session_state.pop(_STORAGE, None)) is not None:
        st.error(f"Nothing was sent. {told}", icon=":material/error:")
    st.button(
        _label(draft, f"{count(plan.entry_count)} {noun}"),
        type="primary",
        icon=":material/send:",
        key="send",
        on_click=send,
        disabled=resend_number is None or not sure,
    )


def _label(draft: Draft, recipients: str) -> str:
    """Name the button by what it does: nothing goes out before the time that was chosen."""
    waits = draft.schedule is not None and draft.schedule.starts_at is not None
    return f"Schedule for {recipients}" if waits else f"Send to {recipients}"


def _changed_elsewhere(drawn: Draft, kept: Draft) -> str | None:
    """Say what another tab has changed of a draft since it was drawn; None where nothing."""
    if kept.sheet_id != drawn.sheet_id:
        return "another sheet has been taken"
    if kept.mapping != drawn.mapping:
        return "columns have been changed"
    if kept.answers != drawn.answers:
        return "rows have been corrected"
    # A course that is only suggested is not kept.
    if kept.schedule is not None and kept.schedule != drawn.schedule:
        return "how it goes out has been changed"
    return None


def _what_changed(before: CheckedPlan, now: CheckedPlan) -> str:
    if now.full_plan.id != before.full_plan.id:
        return "an exclude list has changed"
    return "another sendout has reached some of these people, or no longer does,"
