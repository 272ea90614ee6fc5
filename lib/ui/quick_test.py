"""A test on the visitor's own phone: the request, its result, and the raw response."""

import secrets
from typing import Final

import streamlit as st

from lib.campaign import single_entry_plan
from lib.connections import Connection
from lib.connectly import (
    CampaignEntry,
    DuplicateBehavior,
    ErrorInfo,
    SendCampaignsOptions,
)
from lib.delivery import RunNotFoundError, RunSummary, run_attempts, run_summary, start_run
from lib.error_catalogue import explain
from lib.i18n import _
from lib.preferences import change_preferences, load_preferences
from lib.settings import Settings
from lib.sheet.phones.messages import explained
from lib.sheet.phones.parse import read_phone
from lib.ui import auth, page
from lib.ui.error_codes import code_advice, code_title, link_to_code
from lib.ui.form_state import shown_in

_TICK_SECONDS: Final = 1.0

# Every test must arrive. If each phone got a campaign only once, a second test would do nothing.
TEST_OPTIONS: Final = SendCampaignsOptions(
    if_duplicate_check_unspecified=DuplicateBehavior.ALLOW_MULTIPLE
)


def ask_own_phone(settings: Settings, *, key: str) -> str | None:
    """Draw the field for the visitor's own phone and return it as ``+`` and digits.

    Returns None if it is empty or no phone number. The number is saved for next time.
    """
    preferences = load_preferences(auth.who(), settings)
    shown = shown_in(key, preferences.own_phone)
    typed = st.text_input(
        _("Your own phone"),
        preferences.own_phone,
        key=key,
        placeholder="+1 650 555 0123",
        help=_("With country code. We remember it for next time."),
    )
    if not typed.strip():
        return None
    phone = read_phone(typed, preferences.region)
    if phone.problem is not None or phone.e164 is None:
        text = explained(phone.problem or "not_a_phone", typed, preferences.region)
        st.error(text, icon=":material/error:")
        return None
    # Only save a change: another tab may have saved a new number since this page was drawn.
    if typed != shown.value and phone.e164 != preferences.own_phone:
        change_preferences(auth.who(), settings, own_phone=phone.e164)
    shown.value = typed
    return phone.e164


def draw_trial(
    entry: CampaignEntry | None, connection: Connection, settings: Settings, *, key: str
) -> None:
    """Draw the button that sends an entry as a test, and the result of the last test.

    A token makes the request idempotent: it is renewed only after a test has finished and been
    drawn, so that a double click sends one test.
    """
    token_key, run_key = f"{key}_token", f"{key}_run"
    token = st.session_state.setdefault(token_key, secrets.token_urlsafe(12))

    def start_test() -> None:
        assert entry is not None
        # The label is stored, so it is not translated.
        plan = single_entry_plan(entry, TEST_OPTIONS, label="Test of " + entry.campaign_name)
        st.session_state[run_key] = start_run(
            plan, connection=connection.name, kind="test", token=token, settings=settings
        )

    run_id: str | None = st.session_state.get(run_key)
    under_way = run_id is not None and _is_under_way(run_id, settings)
    st.button(
        _("Send to my phone"),
        type="primary",
        icon=":material/send_to_mobile:",
        key=f"{key}_button",
        on_click=start_test,
        disabled=entry is None or under_way,
    )
    if run_id is None:
        return
    if not under_way and st.session_state.get(f"{key}_seen") != run_id:
        st.session_state[f"{key}_seen"] = run_id
        st.session_state[token_key] = secrets.token_urlsafe(12)
    watch = auth.fragment(_watch_test, run_every=_TICK_SECONDS if under_way else None)
    watch(run_id, settings, under_way=under_way)


def _is_under_way(run_id: str, settings: Settings) -> bool:
    try:
        return run_summary(run_id, settings=settings).waiting > 0
    except RunNotFoundError:
        return False


def _watch_test(run_id: str, settings: Settings, *, under_way: bool) -> None:
    try:
        summary = run_summary(run_id, settings=settings)
    except RunNotFoundError:
        return
    if under_way and summary.waiting == 0:
        st.rerun()
    draw_answer(summary, settings)


def draw_answer(summary: RunSummary, settings: Settings) -> None:
    """Draw the result of a test, what to do about it, and the raw response."""
    attempts = run_attempts(summary.id, settings=settings)
    last = attempts[-1] if attempts else None
    if summary.waiting and summary.reason:
        info = explain(summary.reason)
        st.warning(f"**{code_title(info)}.** {_(info.action)}", icon=":material/pause_circle:")
    elif summary.waiting:
        st.info(_("On its way…"), icon=":material/hourglass_top:")
    elif summary.accepted:
        st.success(
            _("**Accepted by Connectly.** The message should arrive in a moment."),
            icon=":material/check_circle:",
        )
    elif summary.cancelled:
        st.info(_("Cancelled. Nothing was sent."), icon=":material/cancel:")
    else:
        info = explain(last.error_code if last else None)
        _draw_failure(info, is_unconfirmed=bool(summary.unknown))
    if summary.connection == "sandbox" and summary.accepted:
        st.link_button(_("Open test inbox"), page.inbox_address(settings), icon=":material/inbox:")
    if last is not None and last.answer:
        with st.expander(_("Raw response"), icon=":material/data_object:"):
            st.code(last.answer, language="json", wrap_lines=True)


def _draw_failure(info: ErrorInfo, *, is_unconfirmed: bool) -> None:
    if is_unconfirmed:
        title = _("Unconfirmed: {error}.", error=code_title(info))
    else:
        title = _("Rejected: {error}.", error=code_title(info))
    st.error(f"**{title}** {code_advice(info)}", icon=":material/error:")
    link_to_code(info.code, _("More about {code}", code=info.code))
