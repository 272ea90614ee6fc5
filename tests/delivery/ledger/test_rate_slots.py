"""Leased slots keep to the rate, with several workers and with clock changes."""

from datetime import UTC, datetime, timedelta

import pytest

from lib.delivery.ledger import rate_slots
from lib.delivery.ledger.database import Ledger
from lib.delivery.ledger.rate_slots import SlotLease

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def lease(
    ledger: Ledger, after: float = 0.0, *, number: int = 10, rate: float = 100.0
) -> SlotLease:
    with ledger.write() as db:
        now = NOW + timedelta(seconds=after)
        return rate_slots.lease_slots(db, "acme", number, rate=rate, now=now)


def test_leases_are_evenly_spaced_across_workers(ledger):
    lease(ledger, number=60)  # the slow start
    assert lease(ledger, 1.2, number=1).spacing == pytest.approx(0.01)
    firsts = [1.2 + lease(ledger, 1.2).first for _ in range(3)]
    assert firsts == pytest.approx([1.21, 1.31, 1.41])


def test_the_first_half_second_after_a_silence_has_half_the_rate(ledger):
    assert lease(ledger).spacing == pytest.approx(0.02)
    assert lease(ledger, 0.3).spacing == pytest.approx(0.02)
    assert lease(ledger, 0.6).spacing == pytest.approx(0.01)
    assert lease(ledger, 5.0).spacing == pytest.approx(0.02)


def test_unused_slots_are_forfeited(ledger):
    lease(ledger)
    assert lease(ledger, 60.0).first == 0.0


def test_a_shorter_pause_does_not_end_a_longer_one(ledger):
    with ledger.write() as db:
        rate_slots.pause_line(db, "acme", 3.0, NOW)
        rate_slots.pause_line(db, "acme", 1.0, NOW)
    assert lease(ledger, 1.0).number == 0
    assert lease(ledger, 1.0).pause == pytest.approx(2.0)
    assert lease(ledger, 3.0).number == 10


@pytest.mark.parametrize("back", [3.0, 3_600.0])
def test_a_clock_set_back_delays_sending_only_briefly(ledger, back):
    lease(ledger, number=60)
    with ledger.write() as db:
        rate_slots.pause_line(db, "acme", 1.0, NOW)
    lease(ledger, 1.5)
    waits = 0.0
    slots = lease(ledger, 1.5 - back)
    if slots.pause:
        waits = slots.pause
        slots = lease(ledger, 1.5 - back + waits)
    assert slots.number == 10
    assert waits + slots.first <= back + 1.0
    assert slots.first <= 2.0


def test_a_rejection_lowers_the_entry_limit_of_a_request_and_never_raises_it(ledger):
    with ledger.write() as db:
        assert rate_slots.max_entries(db, "acme", NOW) is None
        rate_slots.lower_max_entries(db, "acme", 250, NOW)
        rate_slots.lower_max_entries(db, "acme", 500, NOW)
        assert rate_slots.max_entries(db, "acme", NOW) == 250


def test_requests_that_pass_at_the_entry_limit_raise_it_again(ledger):
    with ledger.write() as db:
        rate_slots.lower_max_entries(db, "acme", 2, NOW)
        rate_slots.raise_max_entries(db, "acme", 1, NOW)
        assert rate_slots.max_entries(db, "acme", NOW) == 2
        for _ in range(200):
            limit = rate_slots.max_entries(db, "acme", NOW)
            assert limit is not None
            rate_slots.raise_max_entries(db, "acme", limit, NOW)
        raised = rate_slots.max_entries(db, "acme", NOW)
        assert raised is not None
        assert raised > 150


def test_without_an_entry_limit_no_request_sets_one(ledger):
    with ledger.write() as db:
        rate_slots.raise_max_entries(db, "acme", 100, NOW)
        assert rate_slots.max_entries(db, "acme", NOW) is None
