"""The form for schedule and pace: waves, start, quiet hours, automatic pause and retries."""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
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
from lib.i18n import N_, _, ngettext
from lib.settings import Settings
from lib.ui.form_state import reset_form, shown_in
from lib.ui.formatting import duration, visitor_zone
from lib.ui.new_broadcast.draft import save_changes
from lib.ui.schedule_text import draw_recipients_clocks, moment_in

_STOP_SHARE: Final = 0.5
_TOLERANCE: Final = 0.05
_GROWTH: Final = 3
_QUIET: Final = (22 * 60, 8 * 60)
_START: Final = time(9)

_BATCH_SIZES: Final = (1, 10, 50, 100, 250, 500)


class _Pace(StrEnum):
    """Whether a broadcast is sent in waves."""

    AT_ONCE = "at_once"
    ONE_WAVE = "one_wave"
    RAMP = "ramp"


_PACES: Final = {
    _Pace.AT_ONCE: N_("All at once"),
    _Pace.ONE_WAVE: N_("A first wave, then the rest"),
    _Pace.RAMP: N_("Ramp up"),
}


def draw_schedule_form(draft: Draft, plan: Plan, settings: Settings) -> Draft:
    """Draw the form, closed at first; return the draft with the chosen schedule.

    A schedule that is only suggested is not saved: another sheet may need another suggestion.
    """
    known = draft.schedule or suggested_schedule(plan.entry_count)
    form = f"schedule_{draft.id}_{plan.entry_count > WAVES_ABOVE}"
    shown = shown_in(form, known)
    with st.expander(_("Schedule and pace"), icon=":material/tune:"):
        schedule = _choose_schedule(shown.value, plan, f"{form}_{shown.turn}")
    if schedule != shown.value:
        drawn = draft.model_copy(update={"schedule": shown.value})
        draft = save_changes(drawn, settings, schedule=schedule)
        shown.value = schedule
    stored = draft.schedule or known
    if stored != schedule:
        # Another tab has chosen something that these widgets do not show yet.
        reset_form(form, stored)
        st.rerun()
    return draft.model_copy(update={"schedule": stored})


def suggested_schedule(recipients: int) -> SendSchedule:
    """Return the suggested schedule for a number of recipients, in the visitor's time zone."""
    return SendSchedule(
        first_wave=FIRST_WAVE if recipients > WAVES_ABOVE else None,
        stop_share=_STOP_SHARE,
        zone=visitor_zone().key,
    )


def _choose_schedule(known: SendSchedule, plan: Plan, key: str) -> SendSchedule:
    chosen: dict[str, Any] = {
        **_choose_waves(known, plan.entry_count, key),
        **_choose_times(known, key),
        **_choose_automatic_pause(known, key),
        "batch_size": _choose_batch_size(known, plan, key),
        "retries": _choose_retries(known, key),
    }
    schedule = SendSchedule(**chosen)
    if schedule.opens_at is not None:
        draw_recipients_clocks(_recipient_regions(plan.id, _plan=plan), schedule.opens_at)
    return schedule


def _choose_waves(known: SendSchedule, recipients: int, key: str) -> dict[str, Any]:
    paces = list(_PACES)
    pace = st.radio(
        _("How many at a time?"),
        paces,
        index=0 if known.first_wave is None else 1 if known.wave_growth is None else 2,
        format_func=lambda each: _(_PACES[each]),
        horizontal=True,
        help=_(
            "A first wave shows whether everything works before everyone gets a message. It "
            "includes recipients of every campaign in your sheet."
        ),
        key=f"waves_{key}",
    )
    if pace == _Pace.AT_ONCE:
        return {}
    left, right = st.columns(2)
    first = left.number_input(
        _("Recipients in the first wave"),
        min_value=1,
        max_value=max(recipients, 1),
        value=min(known.first_wave or FIRST_WAVE, max(recipients, 1)),
        key=f"first_{key}",
    )
    growth = None
    if pace == _Pace.RAMP:
        growth = right.number_input(
            _("Multiply each following wave by"),
            min_value=1,
            max_value=100,
            value=int(known.wave_growth or _GROWTH),
            key=f"growth_{key}",
        )
    tolerance = _choose_tolerance(known, key)
    return {"first_wave": first, "wave_growth": growth, "wave_tolerance": tolerance}


def _choose_tolerance(known: SendSchedule, key: str) -> float | None:
    """Return the share of rejected rows up to which waves continue, None to ask after each."""
    if not st.checkbox(
        _("Continue automatically after a wave if few are rejected"),
        value=known.wave_tolerance is not None,
        help=_("Otherwise, you approve each wave. Unconfirmed rows count as rejected."),
        key=f"by_itself_{key}",
    ):
        return None
    share = _TOLERANCE if known.wave_tolerance is None else known.wave_tolerance
    return _choose_share(_("Continue up to (% rejected)"), share, f"tolerance_{key}", least=0)


def _choose_times(known: SendSchedule, key: str) -> dict[str, Any]:
    """Draw the start and the quiet hours, and the time zone of both."""
    is_later = st.radio(
        _("When does it start?"),
        [False, True],
        index=int(known.starts_at is not None),
        format_func={False: _("Now"), True: _("At a set time")}.__getitem__,
        horizontal=True,
        key=f"start_{key}",
    )
    is_quiet = st.checkbox(
        _("Pause during quiet hours"),
        value=known.quiet_from is not None,
        key=f"quiet_{key}",
    )
    chosen: dict[str, Any] = {"zone": known.zone}
    if is_later or is_quiet:
        names = sorted(available_timezones() | {known.zone})
        chosen["zone"] = st.selectbox(
            _("Time zone"), names, index=names.index(known.zone), key=f"zone_{key}"
        )
    if is_later:
        chosen["starts_at"] = _choose_start(known, ZoneInfo(chosen["zone"]), key)
    if is_quiet:
        chosen |= _choose_quiet_hours(known, key)
    return chosen


def _choose_automatic_pause(known: SendSchedule, key: str) -> dict[str, float]:
    if not st.checkbox(
        _("Pause automatically if too many are rejected"),
        value=known.stop_share is not None,
        help=_(
            "Counts rejected and unconfirmed rows, after the first 20 results. You then decide "
            "whether to continue."
        ),
        key=f"stop_{key}",
    ):
        return {}
    share = known.stop_share or _STOP_SHARE
    return {"stop_share": _choose_share(_("Pause at (% rejected)"), share, f"at_{key}")}


def _choose_retries(known: SendSchedule, key: str) -> int:
    is_wanted = st.checkbox(
        _("Retry when Connectly says “try later”"),
        value=known.retries > 0,
        help=_(
            "Some rejections only mean that WhatsApp is busy. These rows are tried again after 1, "
            "5 and 30 minutes. They were not sent before, so nobody gets a message twice."
        ),
        key=f"later_{key}",
    )
    return MAX_RETRIES if is_wanted else 0


def _choose_batch_size(known: SendSchedule, plan: Plan, key: str) -> int:
    """Draw how many recipients go into one request, and the cost of more than one."""
    sizes = sorted({*_BATCH_SIZES, known.batch_size})
    size = st.selectbox(
        _("Recipients per request"),
        sizes,
        index=sizes.index(known.batch_size),
        help=_("With one recipient per request, every row gets its own exact result."),
        key=f"batch_{key}",
    )
    if size == 1:
        return 1
    requests, seconds = plan.cost(size)
    if plan.answers.if_duplicate_check_unspecified is DuplicateBehavior.ALLOW_MULTIPLE:
        cost = _(
            "If part of a request is rejected, we can't tell which rows. All of its rows stay "
            "unconfirmed, because resending could message people twice."
        )
    else:
        cost = _(
            "If part of a request is rejected, we resend it in smaller parts to find the rejected "
            "rows. This is safe, because each phone gets a campaign only once."
        )
    effort = ngettext(
        "{count} request, at least {duration}.",
        "{count} requests, at least {duration}.",
        requests,
        duration=duration(seconds),
    )
    st.caption(f":material/bolt: {effort} {cost}")
    return int(size)


def _choose_share(label: str, known: float, key: str, *, least: int = 1) -> float:
    """Draw a share as a percentage and return it as a fraction."""
    share = st.number_input(
        label, min_value=least, max_value=100, value=round(known * 100), key=key
    )
    return share / 100


def _choose_quiet_hours(known: SendSchedule, key: str) -> dict[str, int]:
    begin = _QUIET[0] if known.quiet_from is None else known.quiet_from
    end = _QUIET[1] if known.quiet_until is None else known.quiet_until
    left, right = st.columns(2)
    chosen_begin = left.time_input(_("Pause from"), time(*divmod(begin, 60)), key=f"from_{key}")
    chosen_end = right.time_input(_("Continue at"), time(*divmod(end, 60)), key=f"until_{key}")
    if chosen_begin == chosen_end:
        st.warning(
            _("Choose different times for the start and the end of quiet hours."),
            icon=":material/schedule:",
        )
        return {}
    return {"quiet_from": _minutes(chosen_begin), "quiet_until": _minutes(chosen_end)}


def _choose_start(known: SendSchedule, zone: ZoneInfo, key: str) -> datetime:
    today = datetime.now(zone).date()
    proposed = datetime.combine(today + timedelta(days=1), _START)
    if known.starts_at is not None:
        proposed = known.starts_at.astimezone(zone).replace(tzinfo=None)
    wall = st.datetime_input(
        _("Start at"),
        proposed,
        min_value=min(proposed, datetime.combine(today, time())),
        step=timedelta(minutes=5),
        key=f"at_time_{key}",
    )
    moments = moments_of(wall.date(), wall.time(), zone)
    start = moments[0]
    note = None
    if len(moments) == 2:
        note = _("This time occurs twice that night. The first one is used.")
    elif start.astimezone(zone).replace(tzinfo=None) != wall:
        note = _(
            "The clocks go forward past this time. The broadcast starts {moment}.",
            moment=moment_in(start, zone.key),
        )
    if note is not None:
        st.caption(f":material/schedule: {note}")
    if start <= datetime.now(UTC):
        st.warning(
            _("This time has passed. The broadcast would start at once."),
            icon=":material/schedule:",
        )
    return start


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


@st.cache_data(max_entries=32, show_spinner=False)
def _recipient_regions(plan_id: str, *, _plan: Plan) -> tuple[RecipientRegion, ...]:
    del plan_id  # It is the cache key.
    sent = _plan.table["position"].notna()
    return recipient_regions(_plan.table.loc[sent, "client"].tolist())
