"""Example requests of Connectly's documentation get the documented responses, except ids."""

import re
from typing import Any

import pytest

from tests.support.sandbox import SandboxHandle

V3 = "018c5c51-8631-28b5-3c81-b70ecf14faef"
UNKNOWN_VERSION = "018c4a55-f3df-580c-1629-602f3b14d190"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SOME_ID = object()


def entry(name: str, **more: Any) -> dict[str, Any]:
    variables = {"client": "pablo", "name": "test2"}
    return {"client": "+123456789", "campaignName": name, "variables": variables, **more}


def item(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "campaignId": SOME_ID,
        "campaignName": name,
        "campaignVersion": SOME_ID,
        "sendoutId": SOME_ID,
        "status": status,
        "acceptedCount": 0 if status == "error" else 1,
        "rejectedCount": 1 if status == "error" else 0,
        "error": None,
        **more,
    }


def error(code: str, kind: str, title: str, advice: str) -> dict[str, str]:
    return {
        "message": title,
        "type": f"ERROR_TYPE_{kind}",
        "code": f"ERROR_CODE_{code}",
        "userTitle": title,
        "userMessage": advice,
    }


NOT_FOUND = error(
    "CAMPAIGN_NOT_FOUND",
    "NOT_FOUND",
    "Campaign not found",
    "Please review the campaign name and/or campaign id.",
)
VERSION_NOT_FOUND = error(
    "CAMPAIGN_VERSION_NOT_FOUND",
    "NOT_FOUND",
    "Campaign version not found",
    "Please review the campaign version.",
)
ENTRY_INVALID = error(
    "CAMPAIGN_ENTRY_INVALID",
    "INVALID_REQUEST",
    "Campaign entry is invalid",
    "Please check the inputs to the campaign entry.",
)

MULTIPLE = [
    {
        "client": "+14155558234",
        "campaignName": "campaign_A",
        "campaignVersion": "v1.0",
        "variables": {"key1": "value1", "key2": "value2"},
    },
    {
        "client": "+14155559345",
        "campaignName": "campaign_A",
        "variables": {"key1": "value3", "key2": "value4"},
    },
    {
        "client": "+14155550456",
        "campaignName": "campaign_B",
        "campaignVersion": "v1.0",
        "variables": {"Date": "value5", "Name": "value6", "Price": "value7"},
    },
]

ELSEWHERE = {
    "sender": "+14151111234",
    "number": "+1(604) 585 2331",
    "templateName": "tempalte",
    "language": "en",
    "parameters": [],
    "campaignName": "template123",
}
BASIC = {"client": "+16505551236", "campaignName": "campaign_basic"}
WITH_VARIABLES = {
    "client": "+16505551237",
    "campaignName": "campaign_with_variables",
    "variables": {"username": "JaneDoe", "product": "Smart Watch"},
}
WITH_OPTIONS = {
    "options": {"if_duplicate_check_unspecified": "allow_multiple"},
    "entries": [
        {"client": "+14155558234", "campaignName": "campaign", "variables": {"key": "value"}}
    ],
}

FIRST = {"entries": [entry("campaign_test")]}
CREATED = [item("campaignv3", "created", campaignVersion=V3)]
UPDATED = [item("campaignv3", "updated", campaignVersion=V3)]

# Requests of the documentation, in order, and the items of the response to the last one.
EXAMPLES: dict[str, tuple[list[Any], list[dict[str, Any]]]] = {
    "another endpoint's message": ([ELSEWHERE], []),
    "basic entry": ([{"entries": [BASIC]}], [item("campaign_basic", "created")]),
    "entry with variables": (
        [{"entries": [WITH_VARIABLES]}],
        [item("campaign_with_variables", "created")],
    ),
    "option in snake case": ([WITH_OPTIONS], [item("campaign", "created")]),
    "multiple campaigns": (
        [{"entries": MULTIPLE}],
        [
            item("campaign_A", "created", campaignVersion="v1.0"),
            item("campaign_A", "created"),
            item("campaign_B", "created", campaignVersion="v1.0"),
        ],
    ),
    "simple body": ([FIRST], CREATED),
    "sent again": ([FIRST, FIRST], UPDATED),
    "no entries": ([entry("campaignv3", campaignVersion=UNKNOWN_VERSION)], []),
    "wrong campaign name": (
        [{"entries": [entry("campaña")]}],
        [
            item(
                "campaña",
                "error",
                campaignId=None,
                campaignVersion=None,
                sendoutId=None,
                error=NOT_FOUND,
            )
        ],
    ),
    "wrong campaign version": (
        [{"entries": [entry("campaignv3", campaignVersion=UNKNOWN_VERSION)]}],
        [
            item(
                "campaignv3",
                "error",
                campaignVersion=UNKNOWN_VERSION,
                sendoutId=None,
                error=VERSION_NOT_FOUND,
            )
        ],
    ),
    "missing variable": (
        [{"entries": [entry("campaignv3", variables={"client": "pablo"})]}],
        [item("campaignv3", "error", campaignVersion=V3, error=ENTRY_INVALID)],
    ),
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_gets_the_documented_response(api: SandboxHandle, example: str):
    requests, expected = EXAMPLES[example]

    responses = [api.send(request) for request in requests]

    assert [response.status_code for response in responses] == [200] * len(requests)
    assert list(responses[-1].json()) == ["data"]
    items = responses[-1].json()["data"]
    assert len(items) == len(expected)
    for got, wanted in zip(items, expected, strict=True):
        assert list(got) == list(wanted)
        for key, value in wanted.items():
            assert got[key] if value is SOME_ID else got[key] == value, key


def test_ids_are_stable_uuids(api: SandboxHandle):
    first, again = (api.send(FIRST).json()["data"][0] for _ in range(2))

    for key in ("campaignId", "sendoutId"):
        assert UUID.fullmatch(first[key])
        assert first[key] == again[key]
    assert first["campaignId"] != first["sendoutId"]


def test_the_message_of_an_example_is_recorded(api: SandboxHandle):
    api.send(FIRST)

    (message,) = api.record()
    assert message["client"] == "+123456789"
    assert message["campaignName"] == "campaignv3"
    assert message["text"] == "Hello pablo, this is test2."
