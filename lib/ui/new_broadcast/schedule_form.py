"""Choosing how a sendout goes out: at once or in waves, when it starts, rests and stops."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from lib.campaign import (
    FIRST_WAVE,
    MAX_RETRIES,
    WAVES_ABOVE,
    Draft,
    Plan,
    RecipientRegion,
    SendSchedule,
    moments_of,
    recipient_regions,
)
from lib.connectly import DuplicateBehavior
from lib.settings import Settings
from lib.ui.form_state import show_anew, shown_in
from lib.ui.formatting import duration, several, visitor_zone
from lib.ui.new_broadcast.draft import save_changes
from lib.ui.schedule_text import draw_recipients_clocks, moment_in

_STOP_SHARE: Final = 0.5
_TOLERANCE: Final = 0.05
_GROWTH: Final = 3
_QUIET: Final = (22 * 60, 8 * 60)
_START: Final = time(9)

_BATCH_SIZES: Final = (1, 10, 50, 100, 250, 500)

_AT_ONCE: Final = "All at once"
_ONE_WAVE: Final = "A first wave, then the rest"
_RAMP: Final = "Growing waves"


def choose(draft: Draft, plan: Plan, settings: Settings) -> Draft:
    """Draw the choice, closed at first; return the draft with what was chosen.

    What is only suggested is not kept: another sheet may call for another suggestion.
    """
    known = draft.schedule or suggested_schedule(plan.entry_count)
    form = f"schedule_{draft.id}_{plan.entry_count > WAVES_ABOVE}"
    shown = shown_in(form, known)
    with st.expander("How it goes out", icon=":material/tune:"):
        schedule = _ask(shown.value, plan, f"{form}_{shown.turn}")
    if schedule != shown.value:
        drawn = draft.model_copy(update={"schedule": shown.value})
        draft = save_changes(drawn, settings, schedule=schedule)
        shown.value = schedule
    stored = draft.schedule or known
    if stored != schedule:
        # Another tab has chosen something that these widgets do not show yet.
        show_anew(form, stored)
        st.rerun()
    return draft.model_copy(update={"schedule": stored})


def suggested_schedule(recipients: int) -> SendSchedule:
    """Return what is suggested for so many recipients, by the visitor's clock."""
    return SendSchedule(
        first_wave=FIRST_WAVE if recipients > WAVES_ABOVE else None,
        stop_share=_STOP_SHARE,
        zone=visitor_zone().key,
    )


def _ask(known: SendSchedule, plan: Plan, key: str) -> SendSchedule:
    chosen: dict[str, Any] = {**_ask_waves(known, plan.entry_count, key)}
    starts = st.radio(
        "When does it start?",
        ["Now", "At a time"],
        index=0 if known.starts_at is None else 1,
        horizontal=True,
        key=f"start_{key}",
    )
    quiet = st.checkbox(
        "Rest in quiet hours, and go on after them",
        value=known.quiet_from is not None,
        key=f"quiet_{key}",
    )
    zone = known.zone
    if starts != "Now" or quiet:
        names = sorted(available_timezones() | {zone})
        zone = st.selectbox("On the clocks of", names, index=names.index(zone), key=f"zone_{key}")
    if starts != "Now":
        chosen["starts_at"] = _ask_start(known, ZoneInfo(zone), key)
    if quiet:
        chosen |= _ask_quiet_hours(known, key)
    if st.checkbox(
        "Stop by itself if too many are not accepted",
        value=known.stop_share is not None,
        help="Rejected recipients and those in doubt count, once 20 are answered. "
        "You decide then whether it goes on.",
        key=f"stop_{key}",
    ):
        chosen["stop_share"] = _ask_share("Stop at", known.stop_share or _STOP_SHARE, f"at_{key}")
    chosen["batch_size"] = _ask_batch_size(known, plan, key)
    if st.checkbox(
        "Send again by itself what Connectly asks to send later",
        value=known.retries > 0,
        help="Some refusals only say that WhatsApp is busy. Such a row is tried again after 1, 5 "
        "and 30 minutes. It was not sent before, so nobody gets it twice.",
        key=f"later_{key}",
    ):
        chosen["retries"] = MAX_RETRIES
    schedule = SendSchedule(**chosen, zone=zone)
    if schedule.opens_at is not None:
        draw_recipients_clocks(_places_of(plan.id, _plan=plan), schedule.opens_at)
    return schedule


def _ask_waves(known: SendSchedule, recipients: int, key: str) -> dict[str, Any]:
    ways = [_AT_ONCE, _ONE_WAVE, _RAMP]
    number = 0 if known.first_wave is None else 1 if known.wave_growth is None else 2
    way = st.radio(
        "How many at a time?",
        ways,
        index=number,
        horizontal=True,
        help="A first wave shows you whether all is well before everybody is messaged. "
        "It takes from every campaign of your sheet.",
        key=f"waves_{key}",
    )
    if way == _AT_ONCE:
        return {}
    left, right = st.columns(2)
    first = left.number_input(
        "Recipients in the first wave",
        min_value=1,
        max_value=max(recipients, 1),
        value=min(known.first_wave or FIRST_WAVE, max(recipients, 1)),
        key=f"first_{key}",
    )
    growth = None
    if way == _RAMP:
        growth = right.number_input(
            "Each next wave is so many times larger",
            min_value=1,
            max_value=100,
            value=int(known.wave_growth or _GROWTH),
            key=f"growth_{key}",
        )
    by_itself = st.checkbox(
        "Go on by itself after a wave if few enough were not accepted",
        value=known.wave_tolerance is not None,
        help="Otherwise you are asked after each wave. Rows in doubt count as not accepted.",
        key=f"by_itself_{key}",
    )
    tolerance = None
    if by_itself:
        known_share = _TOLERANCE if known.wave_tolerance is None else known.wave_tolerance
        tolerance = _ask_share("At most", known_share, f"tolerance_{key}", least=0)
    return {"first_wave": first, "wave_growth": growth, "wave_tolerance": tolerance}


def _ask_batch_size(known: SendSchedule, plan: Plan, key: str) -> int:
    """Ask how many recipients go in one request, and say what more than one costs."""
    sizes = sorted({*_BATCH_SIZES, known.batch_size})
    size = st.selectbox(
        "Recipients in one request",
        sizes,
        index=sizes.index(known.batch_size),
        help="With one each, every answer says exactly what became of whom.",
        key=f"batch_{key}",
    )
    if size == 1:
        return 1
    requests, seconds = plan.cost(size)
    if plan.answers.if_duplicate_check_unspecified is DuplicateBehavior.ALLOW_MULTIPLE:
        cost = (
            "Where some of a request are rejected, nothing can say who: all of its rows stay in "
            "doubt, since asking again could message people twice."
        )
    else:
        cost = (
            "Where some of a request are rejected, it is sent again in parts to find out who, "
            "which is safe since each phone gets a campaign once."
        )
    st.caption(
        f":material/bolt: {several(requests, 'request')}, at least {duration(seconds)}. {cost}"
    )
    return int(size)


def _ask_share(label: str, known: float, key: str, *, least: int = 1) -> float:
    share = st.number_input(
        f"{label} (percent not accepted)",
        min_value=least,
        max_value=100,
        value=round(known * 100),
        key=key,
    )
    return share / 100


def _ask_quiet_hours(known: SendSchedule, key: str) -> dict[str, int]:
    begin = _QUIET[0] if known.quiet_from is None else known.quiet_from
    end = _QUIET[1] if known.quiet_until is None else known.quiet_until
    left, right = st.columns(2)
    chosen_begin = left.time_input("Rest from", time(*divmod(begin, 60)), key=f"from_{key}")
    chosen_end = right.time_input("Go on at", time(*divmod(end, 60)), key=f"until_{key}")
    if chosen_begin == chosen_end:
        st.warning("Quiet hours that end when they begin are none.", icon=":material/schedule:")
        return {}
    return {"quiet_from": _minutes(chosen_begin), "quiet_until": _minutes(chosen_end)}


def _ask_start(known: SendSchedule, zone: ZoneInfo, key: str) -> datetime:
    today = datetime.now(zone).date()
    proposed = datetime.combine(today + timedelta(days=1), _START)
    if known.starts_at is not None:
        proposed = known.starts_at.astimezone(zone).replace(tzinfo=None)
    wall = st.datetime_input(
        "Start at",
        proposed,
        min_value=min(proposed, datetime.combine(today, time())),
        step=timedelta(minutes=5),
        key=f"at_time_{key}",
    )
    moments = moments_of(wall.date(), wall.time(), zone)
    start = moments[0]
    if len(moments) == 2:
        st.caption(":material/schedule: That time comes twice that night; the first one counts.")
    elif start.astimezone(zone).replace(tzinfo=None) != wall:
        st.caption(
            ":material/schedule: The clocks are put forward over that time; it starts "
            f"{moment_in(start, zone.key)}."
        )
    if start <= datetime.now(UTC):
        st.warning("That time has passed: it would start at once.", icon=":material/schedule:")
    return start


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


@st.cache_data(max_entries=32, show_spinner=False)
def _places_of(plan_id: str, *, _plan: Plan) -> tuple[RecipientRegion, ...]:
    del plan_id  # It is the key.
    sent = _plan.table["position"].notna()
    return recipient_regions(_plan.table.loc[sent, "client"].tolist())
