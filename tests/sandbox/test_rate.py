"""Tests of the rate limit."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from lib.sandbox.rate import SlidingWindow
from tests.support.sandbox import SandboxHandle


@given(st.lists(st.floats(0, 0.4, allow_nan=False), max_size=200), st.integers(1, 5))
def test_no_second_admits_more_than_the_limit(gaps: list[float], limit: int):
    window, now, passed = SlidingWindow(limit), 100.0, []
    for gap in gaps:
        now += gap
        if window.admit(now):
            passed.append(now)

    for first, last in zip(passed, passed[limit:], strict=False):
        assert last - first >= 1.0 or last - 1.0 >= first


def test_a_refused_request_does_not_count():
    window = SlidingWindow(1)

    assert window.admit(0.0)
    assert not any(window.admit(moment / 10) for moment in range(1, 10))
    assert window.admit(1.0)


def test_requests_over_the_rate_get_429_and_accept_nothing(api: SandboxHandle):
    async def burst() -> list[httpx.Response]:
        headers = {"X-API-Key": api.api_key}
        limits = httpx.Limits(max_connections=16)
        async with httpx.AsyncClient(headers=headers, limits=limits, timeout=30) as client:
            return await asyncio.gather(
                *(client.post(api.endpoint, json=body(number)) for number in range(260))
            )

    def body(number: int) -> dict[str, Any]:
        return {"entries": [{"client": f"+1650555{number:04}", "campaignName": "campaign_basic"}]}

    started = time.monotonic()
    responses = asyncio.run(burst())
    seconds = time.monotonic() - started

    passed = [response for response in responses if response.status_code == 200]
    refused = [response for response in responses if response.status_code == 429]
    assert len(passed) + len(refused) == 260
    assert len(passed) <= 200 * (1 + int(seconds))
    assert seconds > 1 or refused
    assert all("retry-after" not in response.headers for response in refused)
    assert len(api.record()) == len(passed)
    health = api.http.get("/sandbox/health").json()
    assert health == {
        "status": "ok",
        "requests": 260,
        "throttled": len(refused),
        "messages": len(passed),
    }


def test_the_scenario_sets_rate_and_retry_after(
    sandbox_factory: Callable[[dict[str, Any] | None], SandboxHandle],
):
    sandbox = sandbox_factory({"rate": 1, "retry_after": "2"})

    responses = [sandbox.send({"entries": []}) for _ in range(5)]

    assert responses[0].status_code == 200
    assert {response.headers["retry-after"] for response in responses if response.is_error} == {"2"}
