"""Limits on the size and duration of uploads."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from starlette.types import Message

from lib.front_door import UploadBudget, UploadLimits
from lib.front_door.uploads import UploadAbortedError

LIMITS = UploadLimits(session_bytes=300, total_bytes=500, seconds=60, stall_seconds=60)


@dataclass
class Held:
    """What the server holds, of open tabs and of tabs that are gone."""

    open: dict[str, int] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)

    def budget(self, limits: UploadLimits = LIMITS) -> UploadBudget:
        return UploadBudget(
            limits, held=lambda: {**self.open, **self.gone}, release=self.gone.clear
        )


async def upload(
    budget: UploadBudget, session: str, parts: Iterable[int], declared: int | None = None
) -> None:
    bodies = iter(parts)

    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"x" * next(bodies), "more_body": True}

    with budget.upload(session, declared) as under_way:
        for _ in parts:
            await under_way.receive(receive)


def test_a_tab_may_send_as_much_as_its_limit_and_no_more() -> None:
    budget = Held().budget()

    asyncio.run(upload(budget, "a", [100, 200]))
    with pytest.raises(UploadAbortedError) as error:
        asyncio.run(upload(budget, "a", [100, 201]))

    assert error.value.status == 413
    assert not budget.under_way


def test_what_is_declared_counts_before_it_arrives() -> None:
    with pytest.raises(UploadAbortedError):
        asyncio.run(upload(Held().budget(), "a", [], declared=301))


def test_a_body_larger_than_declared_is_counted_as_it_is() -> None:
    with pytest.raises(UploadAbortedError):
        asyncio.run(upload(Held().budget(), "a", [200, 200], declared=10))


def test_what_the_server_holds_counts_and_comes_back_when_it_is_dropped() -> None:
    held = Held(open={"a": 250})
    budget = held.budget()
    with pytest.raises(UploadAbortedError):
        asyncio.run(upload(budget, "a", [100]))

    held.open.clear()

    asyncio.run(upload(budget, "a", [100]))


def test_all_tabs_share_a_limit_and_tabs_that_are_gone_give_theirs_back() -> None:
    asyncio.run(upload(Held(open={"a": 200, "b": 200}).budget(), "c", [100]))
    with pytest.raises(UploadAbortedError):
        asyncio.run(upload(Held(open={"a": 200, "b": 200}).budget(), "c", [101]))

    asyncio.run(upload(Held(open={"a": 200}, gone={"b": 200}).budget(), "c", [250]))


def test_uploads_at_the_same_time_share_the_limits() -> None:
    budget = Held().budget()

    async def all_at_once() -> list[BaseException | None]:
        uploads = (upload(budget, "a", [50, 50], declared=100) for _ in range(4))
        return await asyncio.gather(*uploads, return_exceptions=True)

    done = asyncio.run(all_at_once())

    assert [type(each) for each in done].count(UploadAbortedError) == 1
    assert not budget.under_way


@pytest.mark.parametrize(("seconds", "stall_seconds"), [(60, 0.01), (0.01, 60)])
def test_an_upload_that_takes_too_long_is_cut_off(seconds: float, stall_seconds: float) -> None:
    budget = Held().budget(UploadLimits(300, 500, seconds, stall_seconds))

    async def never() -> Message:
        return await asyncio.Future()

    async def stalled() -> None:
        with budget.upload("a", 100) as under_way:
            await under_way.receive(never)

    with pytest.raises(UploadAbortedError) as error:
        asyncio.run(stalled())
    assert error.value.status == 408
    assert not budget.under_way
