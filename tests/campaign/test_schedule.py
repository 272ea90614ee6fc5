"""Quiet hours in any time zone, and the sizes of waves."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lib.campaign import SendSchedule, apportion, moments_of, wave_size

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = SendSchedule(zone="Europe/Berlin", quiet_from=22 * 60, quiet_until=8 * 60)
NOON = SendSchedule(zone="America/Sao_Paulo", quiet_from=12 * 60, quiet_until=13 * 60 + 30)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "at", "end"),
    [
        (NIGHT, "2026-11-24T20:59", None),
        (NIGHT, "2026-11-24T21:00", "2026-11-25T07:00"),
        (NIGHT, "2026-11-24T23:30", "2026-11-25T07:00"),
        (NIGHT, "2026-11-25T06:59", "2026-11-25T07:00"),
        (NIGHT, "2026-11-25T07:00", None),
        # The night is an hour shorter when clocks are set forward, and longer when set back.
        (NIGHT, "2026-03-28T21:00", "2026-03-29T06:00"),
        (NIGHT, "2026-10-24T20:00", "2026-10-25T07:00"),
        (NOON, "2026-11-24T14:59", None),
        (NOON, "2026-11-24T15:00", "2026-11-24T16:30"),
        (NOON, "2026-11-24T16:30", None),
    ],
)
def test_quiet_hours_follow_the_time_zone(schedule, at, end):
    assert schedule.rest_ends(utc(at)) == (utc(end) if end else None)


@pytest.mark.parametrize(
    ("at", "end"),
    [
        # Clocks go from 02:00 to 03:00 that night, so 02:30 does not exist.
        ("2026-03-29T00:10", "2026-03-29T01:00"),
        ("2026-03-29T01:00", None),
        # 02:15 and 02:30 exist twice that night.
        ("2026-10-25T00:15", "2026-10-25T00:30"),
        ("2026-10-25T00:45", None),
        ("2026-10-25T01:15", "2026-10-25T01:30"),
        ("2026-10-25T01:30", None),
    ],
)
def test_quiet_hours_may_end_in_the_hour_of_a_clock_change(at, end):
    schedule = SendSchedule(zone="Europe/Berlin", quiet_from=23 * 60, quiet_until=2 * 60 + 30)
    assert schedule.rest_ends(utc(at)) == (utc(end) if end else None)


def test_moments_of_a_time_around_clock_changes():
    assert moments_of(date(2026, 7, 1), time(2, 30), BERLIN) == (utc("2026-07-01T00:30"),)
    assert moments_of(date(2026, 3, 29), time(2, 30), BERLIN) == (utc("2026-03-29T01:00"),)
    assert moments_of(date(2026, 10, 25), time(2, 30), BERLIN) == (
        utc("2026-10-25T00:30"),
        utc("2026-10-25T01:30"),
    )


@given(
    at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia"]),
    begin=st.integers(0, 1439),
    length=st.integers(1, 1439),
)
def test_quiet_hours_end_within_a_day_and_are_then_over(at, zone, begin, length):
    schedule = SendSchedule(zone=zone, quiet_from=begin, quiet_until=(begin + length) % 1440)
    end = schedule.rest_ends(at)
    if end is not None:
        assert 0 < (end - at).total_seconds() <= 26 * 3600
        assert schedule.rest_ends(end) is None
        assert schedule.next_change(at) == end


def test_a_start_in_quiet_hours_is_delayed_until_they_end():
    schedule = NIGHT.model_copy(update={"starts_at": utc("2026-11-24T22:00")})
    assert schedule.opens_at == utc("2026-11-25T07:00")
    assert schedule.next_change(utc("2026-11-24T21:00")) == utc("2026-11-24T22:00")


def test_unknown_zones_and_incomplete_quiet_hours_are_refused():
    for wrong in ({"zone": "Europe/Nowhere"}, {"zone": "../x"}, {"quiet_from": 60}):
        with pytest.raises(ValidationError):
            SendSchedule.model_validate(wrong)


@given(
    sizes=st.lists(st.integers(0, 400), max_size=12),
    wanted=st.integers(0, 3_000),
    each=st.integers(0, 2),
)
def test_apportion_keeps_minimums_maximums_and_the_sum(sizes, wanted, each):
    shares = apportion(sizes, wanted, each=each)
    least = [min(size, each) for size in sizes]
    assert all(low <= share <= size for low, share, size in zip(least, shares, sizes, strict=True))
    assert sum(shares) == max(min(wanted, sum(sizes)), sum(least))


def test_waves_grow_by_a_factor_and_without_one_the_second_is_the_rest():
    ramp = SendSchedule(first_wave=50, wave_growth=3)
    assert [wave_size(ramp, wave, 10_000) for wave in (1, 2, 3)] == [50, 150, 450]
    assert wave_size(ramp, 3, 20) == 20
    assert wave_size(SendSchedule(first_wave=50), 2, 10_000) == 10_000
    assert wave_size(SendSchedule(), 1, 10_000) == 10_000
