"""Tests of the options of a scenario."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from lib.sandbox import Record, Scenario
from lib.sandbox.errors import RefusalError
from lib.sandbox.gateway import Entry, SendRequest
from lib.sandbox.scenario import read_scenario
from lib.sandbox.sendouts import Sendouts
from tests.support.sandbox import SandboxHandle

Factory = Callable[[dict[str, Any] | None], SandboxHandle]

GOOD = ("demo_welcome", "")
BODY = {
    "entries": [
        {"client": "+16505551234", "campaignName": "demo_welcome", "variables": {"name": "Ana"}}
    ]
}


def send(*targets: tuple[str, str], **options: Any) -> list[dict[str, Any]]:
    """Send one entry to each campaign and version with the options of a scenario."""
    entries = tuple(
        Entry(
            client=f"+1650555{number:04}",
            campaign_name=name,
            campaign_version=version,
            sender="",
            variables={"name": "Ana"},
            callback_data=None,
        )
        for number, (name, version) in enumerate(targets)
    )
    record = Record()
    try:
        return Sendouts(Scenario(**options), record).accept(
            SendRequest(entries, create_new=False, allow_multiple=False)
        )
    finally:
        record.close()


@pytest.mark.parametrize(
    ("counts", "accepted", "rejected"),
    [("number", 1, 0), ("string", "1", "0"), ("omit_zero", 1, ...), ("null_zero", 1, None)],
)
def test_counts_have_the_format_of_the_scenario(counts: str, accepted: Any, rejected: Any):
    (item,) = send(GOOD, counts=counts)

    assert item["acceptedCount"] == accepted
    assert item.get("rejectedCount", ...) == rejected


@pytest.mark.parametrize(("form", "written"), [("null", None), ("empty", ""), ("omit", ...)])
def test_missing_ids_have_the_format_of_the_scenario(form: str, written: Any):
    (item,) = send(("nowhere", ""), missing_ids=form)

    for key in ("campaignId", "campaignVersion", "sendoutId"):
        assert item.get(key, ...) == written


@pytest.mark.parametrize(("filled_in", "version"), [(True, "2"), (False, None)])
def test_an_unrequested_version_is_filled_in_depending_on_the_scenario(
    filled_in: bool, version: str | None
):
    (item,) = send(GOOD, version_filled_in=filled_in)

    assert item["campaignVersion"] == version


def test_a_requested_version_is_always_in_the_response():
    (item,) = send(("demo_welcome", "1"), version_filled_in=False)

    assert item["campaignVersion"] == "1"


def test_items_can_be_reversed():
    items = send(GOOD, ("nowhere", ""), reverse_items=True)

    assert [item["campaignName"] for item in items] == ["nowhere", "demo_welcome"]


def test_an_unknown_campaign_refuses_the_whole_request_with_404():
    with pytest.raises(RefusalError) as refusal:
        send(GOOD, ("nowhere", ""), unknown_campaign="404")

    assert refusal.value.status == 404


@pytest.mark.parametrize("status", [400, 413])
def test_too_many_entries_refuse_the_request(status: int):
    with pytest.raises(RefusalError) as refusal:
        send(GOOD, GOOD, entry_limit=1, limit_status=status)

    assert refusal.value.status == status
    assert refusal.value.error.code == "ERROR_CODE_CAMPAIGN_TOO_MANY_ENTRIES"


def test_too_many_entries_are_rejected_with_limit_status_200():
    (item,) = send(GOOD, GOOD, entry_limit=1, limit_status=200)

    assert (item["acceptedCount"], item["rejectedCount"]) == (0, 2)
    assert item["error"]["code"] == "ERROR_CODE_CAMPAIGN_TOO_MANY_ENTRIES"


@pytest.mark.parametrize(("within", "messages"), [("campaign", 1), ("version", 2)])
def test_duplicates_are_found_within_the_scope_of_the_scenario(within: Any, messages: int):
    record = Record()
    sendouts = Sendouts(Scenario(duplicates_within=within), record)
    entries = tuple(
        Entry("+16505551234", "demo_welcome", version, "", {"name": "Ana"}, None)
        for version in ("1", "2", "2")
    )
    sendouts.accept(SendRequest(entries, create_new=False, allow_multiple=False))

    assert record.count() == messages
    record.close()


def test_campaigns_of_the_scenario_are_added():
    mine = {"name": "mine", "aliases": ["also_mine"], "rejections": {"1": "ERROR_CODE_NEW"}}

    accepted, refused = send(("also_mine", ""), ("mine", ""), campaigns=[mine])

    assert (accepted["campaignName"], accepted["status"]) == ("mine", "created")
    assert refused["error"]["code"] == "ERROR_CODE_NEW"


@pytest.mark.parametrize(
    ("form", "type_", "keys"),
    [
        ("google", "application/json", {"code", "message", "details"}),
        (
            "connectly",
            "application/json",
            {"message", "type", "code", "userTitle", "userMessage", "cntTraceId", "details"},
        ),
        ("html", "text/html; charset=utf-8", None),
        ("empty", None, None),
    ],
)
def test_a_refusal_has_the_format_of_the_scenario(
    sandbox_factory: Factory, form: str, type_: str | None, keys: set[str] | None
):
    sandbox = sandbox_factory(
        {"error_body": form, "wrong_key_type": "ERROR_TYPE_AUTHENTICATION", "api_key": "right"}
    )
    response = sandbox.send(BODY, headers={"X-API-Key": "wrong"})

    assert response.status_code == 401
    assert response.headers.get("content-type") == type_
    assert keys is None or response.json().keys() == keys
    assert form != "connectly" or response.json()["type"] == "ERROR_TYPE_AUTHENTICATION"
    assert sandbox.send(BODY).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": ""}, {"X-API-Key": "sandbo"}])
def test_a_wrong_key_is_refused(api: SandboxHandle, headers: dict[str, str]):
    response = httpx.post(api.endpoint, json=BODY, headers=headers, trust_env=False)

    assert (response.status_code, response.json()["code"]) == (401, 16)
    assert api.record() == []


def test_another_business_is_refused_if_the_scenario_has_an_id(sandbox_factory: Factory):
    sandbox = sandbox_factory({"business_id": "acme", "body_limit": 200})

    assert sandbox.send(BODY).status_code == 200
    sandbox.business_id = "other"
    assert sandbox.send(BODY).status_code == 403
    assert sandbox.send({"entries": [], "padding": "x" * 200}).status_code == 413


@pytest.mark.parametrize(
    "text", ["", "[]", '{"unknown": 1}', '{"faults": {"500_before": 0.6, "reset_after": 0.6}}']
)
def test_an_invalid_scenario_file_is_refused(tmp_path: Path, text: str):
    file = tmp_path / "scenario.json"
    file.write_text(text)

    with pytest.raises(ValidationError):
        read_scenario(file)
