"""The slots that the ledger deals keep to the rate, whoever asks, whatever the clocks do."""

from datetime import UTC, datetime, timedelta

import pytest

from lib.delivery.ledger import rate_slots
from lib.delivery.ledger.database import Ledger
from lib.delivery.ledger.rate_slots import SlotLease

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def deal(ledger: Ledger, after: float = 0.0, *, number: int = 10, rate: float = 100.0) -> SlotLease:
    with ledger.write() as db:
        now = NOW + timedelta(seconds=after)
        return rate_slots.lease_slots(db, "acme", number, rate=rate, now=now)


def test_all_who_ask_get_slots_of_one_even_row(ledger):
    deal(ledger, number=60)  # the slow start
    assert deal(ledger, 1.2, number=1).spacing == pytest.approx(0.01)
    firsts = [1.2 + deal(ledger, 1.2).first for _ in range(3)]
    assert firsts == pytest.approx([1.21, 1.31, 1.41])


def test_the_first_half_second_after_a_silence_goes_at_half_the_pace(ledger):
    assert deal(ledger).spacing == pytest.approx(0.02)
    assert deal(ledger, 0.3).spacing == pytest.approx(0.02)
    assert deal(ledger, 0.6).spacing == pytest.approx(0.01)
    assert deal(ledger, 5.0).spacing == pytest.approx(0.02)


def test_time_that_nobody_used_is_not_made_up_for(ledger):
    deal(ledger)
    assert deal(ledger, 60.0).first == 0.0


def test_a_pause_holds_for_all_and_a_shorter_one_does_not_end_it(ledger):
    with ledger.write() as db:
        rate_slots.pause_line(db, "acme", 3.0, NOW)
        rate_slots.pause_line(db, "acme", 1.0, NOW)
    assert deal(ledger, 1.0).number == 0
    assert deal(ledger, 1.0).pause == pytest.approx(2.0)
    assert deal(ledger, 3.0).number == 10


@pytest.mark.parametrize("back", [3.0, 3_600.0])
def test_a_clock_that_is_set_back_stops_nobody_for_long(ledger, back):
    deal(ledger, number=60)
    with ledger.write() as db:
        rate_slots.pause_line(db, "acme", 1.0, NOW)
    deal(ledger, 1.5)
    waits = 0.0
    slots = deal(ledger, 1.5 - back)
    if slots.pause:
        waits = slots.pause
        slots = deal(ledger, 1.5 - back + waits)
    assert slots.number == 10
    assert waits + slots.first <= back + 1.0
    assert slots.first <= 2.0


def test_what_a_request_may_hold_is_remembered_and_only_ever_shrinks(ledger):
    with ledger.write() as db:
        assert rate_slots.max_entries(db, "acme", NOW) is None
        rate_slots.lower_max_entries(db, "acme", 250, NOW)
        rate_slots.lower_max_entries(db, "acme", 500, NOW)
        assert rate_slots.max_entries(db, "acme", NOW) == 250
