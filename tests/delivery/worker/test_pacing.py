"""Slots are even, late ones are lost, and pauses are kept."""

import asyncio
from dataclasses import dataclass

import pytest

from lib.delivery.worker.pacing import LATENESS, Backoff, LocalSlotLease, Pacer


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


class Dealer:
    """Deals slots of a clock as the ledger does, ten at a time."""

    def __init__(self, clock: Clock, rate: float) -> None:
        self._clock = clock
        self._spacing = 1 / rate
        self._next = clock.now
        self.pause = 0.0

    async def __call__(self) -> LocalSlotLease:
        if self.pause:
            return LocalSlotLease((), self.pause)
        first = max(self._next, self._clock.now)
        self._next = first + 10 * self._spacing
        return LocalSlotLease(tuple(first + number * self._spacing for number in range(10)))


def pacer_of(rate: float) -> tuple[Pacer, Clock, Dealer]:
    clock = Clock()
    dealer = Dealer(clock, rate)
    return Pacer(dealer, clock=clock), clock, dealer


def reserve(pacer: Pacer) -> float:
    slot = asyncio.run(pacer.reserve())
    assert slot is not None
    return slot


def test_slots_are_handed_out_in_their_order():
    pacer, _, _ = pacer_of(200)

    async def reserve_many() -> list[float | None]:
        return list(await asyncio.gather(*(pacer.reserve() for _ in range(25))))

    assert asyncio.run(reserve_many()) == pytest.approx([100 + n * 0.005 for n in range(25)])


def test_slots_that_nobody_took_in_time_are_lost():
    pacer, clock, _ = pacer_of(200)
    reserve(pacer)
    clock.now += 10
    assert reserve(pacer) == pytest.approx(110.0)


def test_no_second_holds_more_slots_than_the_limit_whatever_the_demand():
    pacer, clock, _ = pacer_of(193.5)
    taken: list[float] = []

    async def take_all() -> None:
        while clock.now < 110.0:
            slot = await pacer.reserve()
            assert slot is not None
            clock.now = max(clock.now, slot) + (LATENESS if len(taken) % 7 == 0 else 0)
            if pacer.take(slot):
                taken.append(clock.now)

    asyncio.run(take_all())
    busiest = max(sum(start <= each < start + 1 for each in taken) for start in taken)
    assert 150 < busiest <= 200


@pytest.mark.parametrize(
    ("late", "may_leave"), [(-0.001, False), (0.0, True), (0.0119, True), (0.0121, False)]
)
def test_a_slot_holds_for_twelve_milliseconds(late, may_leave):
    pacer, clock, _ = pacer_of(10)
    slot = reserve(pacer)
    clock.now = slot + late
    assert pacer.take(slot) is may_leave


def test_a_pause_takes_back_slots_that_were_dealt_before_it():
    pacer, clock, _ = pacer_of(200)
    slot = reserve(pacer)
    pacer.pause_until(103.0)
    pacer.pause_until(101.0)
    assert not pacer.take(slot)
    assert pacer.pause_left == pytest.approx(3.0)
    assert asyncio.run(pacer.reserve()) is None
    clock.now = 103.0
    assert reserve(pacer) == pytest.approx(103.0)


def test_a_pause_that_another_worker_was_asked_for_is_kept_too():
    pacer, clock, dealer = pacer_of(200)
    dealer.pause = 2.0
    assert asyncio.run(pacer.reserve()) is None
    assert pacer.pause_left == pytest.approx(2.0)
    dealer.pause = 0.0
    clock.now += 2.0
    assert reserve(pacer) == pytest.approx(102.0)


def test_pauses_double_up_to_half_a_minute_and_begin_anew_after_success():
    clock = Clock()
    backoff = Backoff(clock=clock)
    waits = []
    for _ in range(7):
        end = backoff.failed(sent_at=clock.now)
        waits.append(end - clock.now)
        clock.now = end
    for wait, least in zip(waits, [1, 2, 4, 8, 16, 30, 30], strict=True):
        assert least <= wait <= least * 1.2
    backoff.succeeded(sent_at=clock.now)
    assert backoff.failed(sent_at=clock.now) - clock.now < 1.3


def test_failures_of_requests_that_left_before_the_pause_do_not_make_it_longer():
    clock = Clock()
    backoff = Backoff(clock=clock)
    first = backoff.failed(sent_at=100.0)
    clock.now += 0.5
    assert backoff.failed(sent_at=100.0) == first
    backoff.succeeded(sent_at=100.0)
    clock.now = first
    assert backoff.failed(sent_at=first) - first >= 2.0


def test_a_wait_that_the_server_asks_for_is_kept():
    clock = Clock()
    assert Backoff(clock=clock).failed(sent_at=100.0, wait=3.5) - clock.now == 3.5
