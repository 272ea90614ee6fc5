"""Slots are even, late ones are lost, and pauses are kept."""

from dataclasses import dataclass

import pytest

from lib.delivery.rate import LATENESS, Backoff, Pacer


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def test_slots_are_evenly_spaced():
    clock = Clock()
    pacer = Pacer(200, clock=clock)
    slots = [pacer.reserve() for _ in range(5)]
    assert slots == pytest.approx([100.0, 100.005, 100.010, 100.015, 100.020])


def test_time_that_nobody_used_is_not_made_up_for():
    clock = Clock()
    pacer = Pacer(200, clock=clock)
    pacer.reserve()
    clock.now += 10
    assert [pacer.reserve() for _ in range(3)] == pytest.approx([110.0, 110.005, 110.010])


def test_no_second_holds_more_slots_than_the_limit_whatever_the_demand():
    clock = Clock()
    pacer = Pacer(193.5, clock=clock)
    taken: list[float] = []
    while clock.now < 110.0:
        slot = pacer.reserve()
        clock.now = max(clock.now, slot) + (LATENESS if len(taken) % 7 == 0 else 0)
        if pacer.take(slot):
            taken.append(clock.now)
    busiest = max(sum(start <= each < start + 1 for each in taken) for start in taken)
    assert busiest <= 200


@pytest.mark.parametrize(
    ("late", "may_leave"), [(-0.001, False), (0.0, True), (0.0119, True), (0.0121, False)]
)
def test_a_slot_holds_for_twelve_milliseconds(late, may_leave):
    clock = Clock()
    pacer = Pacer(10, clock=clock)
    pacer.reserve()
    slot = pacer.reserve()
    clock.now = slot + late
    assert pacer.take(slot) is may_leave


def test_a_pause_takes_back_slots_that_were_dealt_before_it():
    clock = Clock()
    pacer = Pacer(200, clock=clock)
    slot = pacer.reserve()
    pacer.pause_until(103.0)
    pacer.pause_until(101.0)
    assert not pacer.take(slot)
    assert pacer.pause_left == pytest.approx(3.0)
    assert pacer.reserve() == pytest.approx(103.0)


def test_pauses_double_up_to_half_a_minute_and_begin_anew_after_success():
    clock = Clock()
    backoff = Backoff(clock=clock)
    waits = []
    for _ in range(7):
        end = backoff.failed(left_at=clock.now)
        waits.append(end - clock.now)
        clock.now = end
    for wait, least in zip(waits, [1, 2, 4, 8, 16, 30, 30], strict=True):
        assert least <= wait <= least * 1.2
    backoff.succeeded(left_at=clock.now)
    assert backoff.failed(left_at=clock.now) - clock.now < 1.3


def test_failures_of_requests_that_left_before_the_pause_do_not_make_it_longer():
    clock = Clock()
    backoff = Backoff(clock=clock)
    first = backoff.failed(left_at=100.0)
    clock.now += 0.5
    assert backoff.failed(left_at=100.0) == first
    backoff.succeeded(left_at=100.0)
    clock.now = first
    assert backoff.failed(left_at=first) - first >= 2.0


@pytest.mark.parametrize(("asked", "kept"), [(3.5, 3.5), (86_400.0, 300.0)])
def test_a_wait_that_the_server_asks_for_is_kept_up_to_five_minutes(asked, kept):
    clock = Clock()
    assert Backoff(clock=clock).failed(left_at=100.0, wait=asked) - clock.now == kept
