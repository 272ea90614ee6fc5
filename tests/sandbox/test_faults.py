"""Tests of simulated failures, scripted and by seeded chance."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from lib.sandbox.faults import Fault, FaultPicker
from tests.support.sandbox import SandboxHandle

Factory = Callable[[dict[str, Any] | None], SandboxHandle]


def body(number: int, campaign: str = "demo_welcome") -> dict[str, Any]:
    phone = f"+1650555{number:04}"
    return {"entries": [{"client": phone, "campaignName": campaign, "variables": {"name": "Ana"}}]}


def outcome(sandbox: SandboxHandle, number: int, campaign: str = "demo_welcome") -> str:
    """Send one entry and describe the response or the error."""
    try:
        response = sandbox.send(body(number, campaign), timeout=httpx.Timeout(5.0, read=0.5))
    except httpx.TransportError as error:
        return type(error).__name__
    wait = response.headers.get("retry-after", "")
    kind = response.headers.get("content-type", "nothing").partition(";")[0]
    return f"{response.status_code} {kind} {wait}".strip()


# Each fault, its effect at the client, and whether the entry was accepted.
FAULTS = [
    ("none", "200 application/json", True),
    ("500_before", "500 application/json", False),
    ("500_after", "500 application/json", True),
    ("reset_before", "ReadError", False),
    ("reset_after", "ReadError", True),
    ("hang_before", "ReadTimeout", False),
    ("hang_after", "ReadTimeout", True),
    ("cut_body", "RemoteProtocolError", True),
    ("empty_body", "200 nothing", True),
    ("html_body", "200 text/html", True),
    ("html_502", "502 text/html", False),
    ("redirect_307", "307 nothing", False),
    ("429", "429 application/json", False),
    ("429_retry_after", "429 application/json 1", False),
    ("none", "200 application/json", True),
]


def test_scripted_faults_occur_in_order_before_or_after_acceptance(sandbox_factory: Factory):
    assert {fault for fault, _, _ in FAULTS} == set(Fault)
    sandbox = sandbox_factory({"script": [fault for fault, _, _ in FAULTS]})

    seen = [outcome(sandbox, number) for number in range(len(FAULTS))]

    accepted = {message["client"] for message in sandbox.record()}
    assert [
        (fault, result, f"+1650555{number:04}" in accepted)
        for number, ((fault, _, _), result) in enumerate(zip(FAULTS, seen, strict=True))
    ] == FAULTS
    assert "Error" not in sandbox.log


def test_faults_depend_on_the_seed_and_have_the_given_shares():
    rates = {Fault.ERROR_BEFORE: 0.1, Fault.RESET_AFTER: 0.2}

    one, same, other = (
        [picker.pick(rates) for _ in range(5000)]
        for picker in (FaultPicker(1, ()), FaultPicker(1, ()), FaultPicker(2, ()))
    )

    assert one == same
    assert one != other
    shares = Counter(one)
    assert shares[Fault.ERROR_BEFORE] / 5000 == pytest.approx(0.1, abs=0.02)
    assert shares[Fault.RESET_AFTER] / 5000 == pytest.approx(0.2, abs=0.02)


def test_the_delay_is_between_minimum_and_maximum():
    picker = FaultPicker(0, ())

    for _ in range(100):
        before, after = picker.delay(10, 20)
        assert 0 <= before <= before + after
        assert 0.01 <= before + after <= 0.02


def test_demo_throttled_sometimes_responds_429(api: SandboxHandle):
    seen = Counter(outcome(api, number, "demo_throttled") for number in range(60))

    assert seen.keys() == {"200 application/json", "429 application/json 1"}
    assert len(api.record()) == seen["200 application/json"]


def test_demo_flaky_sometimes_fails(api: SandboxHandle):
    async def outcomes() -> list[httpx.Response | BaseException]:
        headers = {"X-API-Key": api.api_key}
        async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
            requests = [
                client.post(api.endpoint, json=body(number, "demo_flaky")) for number in range(60)
            ]
            return await asyncio.gather(*requests, return_exceptions=True)

    seen = asyncio.run(outcomes())

    lost = [each for each in seen if isinstance(each, httpx.TransportError)]
    answered = Counter(each.status_code for each in seen if isinstance(each, httpx.Response))
    assert len(lost) + answered.total() == 60
    assert lost
    assert answered[200] > 30
    assert answered[500] > 0


def test_the_faults_of_a_campaign_do_not_affect_others(sandbox_factory: Factory):
    broken = {"name": "broken", "variables": ["name"], "faults": {"500_before": 1}}
    sandbox = sandbox_factory({"campaigns": [broken]})

    assert outcome(sandbox, 1, "broken") == "500 application/json"
    assert outcome(sandbox, 1, "demo_welcome") == "200 application/json"
