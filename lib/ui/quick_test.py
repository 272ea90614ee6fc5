"""A test on one's own phone: asked for by one idempotent row, answered in words and as JSON."""

import secrets
from typing import Final

import streamlit as st

from lib.campaign import single_entry_plan
from lib.connections import Connection
from lib.connectly import CampaignEntry, DuplicateBehavior, SendCampaignsOptions
from lib.delivery import RunNotFoundError, RunSummary, run_attempts, run_summary, start_run
from lib.error_catalogue import explain
from lib.preferences import change_preferences, load_preferences
from lib.settings import Settings
from lib.sheet.phones.messages import explained
from lib.sheet.phones.parse import read_phone
from lib.ui import auth, navigation, page
from lib.ui.form_state import shown_in
from lib.ui.formatting import literal

_TICK_SECONDS: Final = 1.0

# A test must arrive each time; under "each phone once" the second would do nothing.
TEST_OPTIONS: Final = SendCampaignsOptions(
    if_duplicate_check_unspecified=DuplicateBehavior.ALLOW_MULTIPLE
)


def ask_own_phone(settings: Settings, *, key: str) -> str | None:
    """Ask for the person's own phone, remembered from last time; return it as ``+`` and digits."""
    preferences = load_preferences(auth.who(), settings)
    shown = shown_in(key, preferences.own_phone)
    typed = st.text_input(
        "Your own phone",
        preferences.own_phone,
        key=key,
        placeholder="+1 650 555 0123",
        help="With its country code. It is remembered for next time.",
    )
    if not typed.strip():
        return None
    phone = read_phone(typed, preferences.region)
    if phone.problem is not None or phone.e164 is None:
        st.error(explained(phone.problem or "not_a_phone", typed), icon=":material/error:")
        return None
    # What this page merely shows may have been changed in another tab.
    if typed != shown.value and phone.e164 != preferences.own_phone:
        change_preferences(auth.who(), settings, own_phone=phone.e164)
    shown.value = typed
    return phone.e164


def draw_trial(
    entry: CampaignEntry | None, connection: Connection, settings: Settings, *, key: str
) -> None:
    """Draw the button that sends this entry as a test, and below it what became of the last one.

    The token is renewed only when a test has been asked for and drawn, so a double click asks once.
    """
    token_key, run_key = f"{key}_token", f"{key}_run"
    token = st.session_state.setdefault(token_key, secrets.token_urlsafe(12))

    def ask() -> None:
        assert entry is not None
        plan = single_entry_plan(entry, TEST_OPTIONS, label=f"Test of {entry.campaign_name}")
        st.session_state[run_key] = start_run(
            plan, connection=connection.name, kind="test", token=token, settings=settings
        )

    run_id: str | None = st.session_state.get(run_key)
    under_way = run_id is not None and _is_under_way(run_id, settings)
    st.button(
        "Send to my phone",
        type="primary",
        icon=":material/send_to_mobile:",
        key=f"{key}_button",
        on_click=ask,
        disabled=entry is None or under_way,
    )
    if run_id is None:
        return
    if not under_way and st.session_state.get(f"{key}_seen") != run_id:
        st.session_state[f"{key}_seen"] = run_id
        st.session_state[token_key] = secrets.token_urlsafe(12)
    watch = auth.fragment(_watch, run_every=_TICK_SECONDS if under_way else None)
    watch(run_id, settings, under_way=under_way)


def _is_under_way(run_id: str, settings: Settings) -> bool:
    try:
        return run_summary(run_id, settings=settings).waiting > 0
    except RunNotFoundError:
        return False


def _watch(run_id: str, settings: Settings, *, under_way: bool) -> None:
    try:
        summary = run_summary(run_id, settings=settings)
    except RunNotFoundError:
        return
    if under_way and summary.waiting == 0:
        st.rerun()
    draw_answer(summary, settings)


def draw_answer(summary: RunSummary, settings: Settings) -> None:
    """Draw what became of one test: in words, with what to do, and the answer as JSON."""
    attempts = run_attempts(summary.id, settings=settings)
    last = attempts[-1] if attempts else None
    if summary.waiting:
        if summary.reason:
            info = explain(summary.reason)
            st.warning(f"**{info.title}.** {info.action}", icon=":material/pause_circle:")
        else:
            st.info("On its way…", icon=":material/hourglass_top:")
    elif summary.accepted:
        st.success(
            "**Accepted by Connectly.** Your phone should buzz in a moment.",
            icon=":material/check_circle:",
        )
    elif summary.cancelled:
        st.info("Cancelled. Nothing was sent.", icon=":material/cancel:")
    else:
        info = explain(last.error_code if last else None)
        title = "In doubt" if summary.unknown else "Rejected"
        st.error(
            f"**{title}: {literal(info.title)}.** {info.meaning} {info.action}",
            icon=":material/error:",
        )
        navigation.link(
            navigation.ERROR_GUIDE,
            f"More about {literal(info.code)}",
            icon=":material/help:",
            code=info.code,
        )
    if summary.connection == "sandbox" and summary.accepted:
        st.link_button("See it on the phone", page.inbox_address(settings), icon=":material/inbox:")
    if last is not None and last.answer:
        with st.expander("The answer as JSON", icon=":material/data_object:"):
            st.code(last.answer, language="json", wrap_lines=True)
