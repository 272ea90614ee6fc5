"""Tests of accepting and rejecting entries."""

from typing import Any

import pytest

from tests.support.sandbox import SandboxHandle

ANA, BEN, CLEO = "+16505551230", "+16505551231", "+16505551232"


def welcome(phone: str = ANA, **more: Any) -> dict[str, Any]:
    return {
        "client": phone,
        "campaignName": "demo_welcome",
        "variables": {"name": "Ana"},
        **more,
    }


def send(api: SandboxHandle, *entries: dict[str, Any], **options: str) -> list[dict[str, Any]]:
    response = api.send({"entries": list(entries), "options": options})
    assert response.status_code == 200
    items: list[dict[str, Any]] = response.json()["data"]
    return items


def counts(item: dict[str, Any]) -> tuple[str, int, int, str | None]:
    code = item["error"] and item["error"]["code"].removeprefix("ERROR_CODE_")
    return item["status"], item["acceptedCount"], item["rejectedCount"], code


def test_allow_one_accepts_a_repeat_without_delivering_it(api: SandboxHandle):
    (first,) = send(api, welcome())
    (again,) = send(api, welcome(variables={"name": "Anna"}))

    assert counts(first) == ("created", 1, 0, None)
    assert counts(again) == ("updated", 1, 0, None)
    (message,) = api.record()
    assert message["text"].startswith("Hi Ana,")
    assert message["submissions"] == 2


def test_allow_one_applies_within_a_request_and_across_versions(api: SandboxHandle):
    items = send(api, welcome(), welcome(), welcome(campaignVersion="1"))

    assert [counts(item) for item in items] == [("created", 2, 0, None), ("created", 1, 0, None)]
    assert len(api.record()) == 1


def test_allow_multiple_delivers_again(api: SandboxHandle):
    for _ in range(2):
        send(api, welcome(), ifDuplicateCheckUnspecified="allow_multiple")

    assert [message["submissions"] for message in api.record()] == [1, 1]


def test_a_phone_receives_several_campaigns(api: SandboxHandle):
    promo = welcome(campaignName="demo_promo", variables={"name": "Ana", "code": "A1"})

    items = send(api, welcome(), promo)

    assert [item["campaignName"] for item in items] == ["demo_welcome", "demo_promo"]
    assert [message["campaignName"] for message in api.record()] == ["demo_welcome", "demo_promo"]


def test_create_new_opens_a_sendout_whose_version_can_be_reused(api: SandboxHandle):
    (first,) = send(api, welcome(ANA), ifVersionUnspecified="create_new")
    (second,) = send(api, welcome(BEN), ifVersionUnspecified="create_new")
    (pinned,) = send(
        api,
        welcome(CLEO, campaignVersion=first["campaignVersion"]),
        ifVersionUnspecified="create_new",
    )

    assert first["campaignVersion"] != second["campaignVersion"]
    assert first["sendoutId"] != second["sendoutId"]
    assert [first["status"], second["status"], pinned["status"]] == ["created"] * 2 + ["updated"]
    assert pinned["sendoutId"] == first["sendoutId"]


def test_a_missing_version_reuses_the_sendout_opened_last(api: SandboxHandle):
    (before,) = send(api, welcome(ANA))
    (opened,) = send(api, welcome(BEN), ifVersionUnspecified="create_new")
    (reused,) = send(api, welcome(CLEO))

    assert before["campaignVersion"] == "2"
    assert reused["campaignVersion"] == opened["campaignVersion"]


def test_an_item_has_both_counts_and_one_error(api: SandboxHandle):
    (item,) = send(api, welcome(ANA), welcome("650 555 1231"), welcome(BEN, variables={}))

    assert counts(item) == ("error", 1, 2, "CAMPAIGN_ENTRY_CLIENT_INVALID")
    assert [message["client"] for message in api.record()] == [ANA]


@pytest.mark.parametrize(
    "phone",
    ["", "16505551234", "+165055", "+1650555123456789", "+1 650 555 1234", "+１６５０５５５"],
)
def test_an_invalid_phone_is_rejected(api: SandboxHandle, phone: str):
    (item,) = send(api, welcome(phone))

    assert counts(item) == ("error", 0, 1, "CAMPAIGN_ENTRY_CLIENT_INVALID")


@pytest.mark.parametrize(
    ("callback", "status"),
    [("x" * 1022, "created"), ("x" * 1023, "error"), ("ñ" * 511, "created"), ("ñ" * 512, "error")],
)
def test_callback_data_has_at_most_1024_bytes(api: SandboxHandle, callback: str, status: str):
    (item,) = send(api, welcome(callbackData=callback))

    assert item["status"] == status
    assert [message["callbackData"] for message in api.record()] == [callback][: status != "error"]


@pytest.mark.parametrize("variables", [{}, {"name": None}, {"Name": "Ana"}])
def test_a_missing_variable_rejects_the_entry(api: SandboxHandle, variables: dict[str, Any]):
    (item,) = send(api, welcome(variables=variables))

    assert counts(item) == ("error", 0, 1, "CAMPAIGN_ENTRY_INVALID")


@pytest.mark.parametrize(
    ("digit", "code"),
    [
        ("6", None),
        ("7", "CAMPAIGN_ENTRY_CLIENT_INVALID"),
        ("8", "MESSAGE_PHONE_NUMBER_NOT_ON_WHATSAPP"),
        ("9", "MESSAGE_CUSTOMER_OPTED_OUT"),
    ],
)
def test_demo_invalid_phones_rejects_by_the_last_digit(
    api: SandboxHandle, digit: str, code: str | None
):
    (item,) = send(api, welcome(ANA[:-1] + digit, campaignName="demo_invalid_phones"))

    assert counts(item)[3] == code


def test_an_unpublished_campaign_refuses_the_whole_request(api: SandboxHandle):
    response = api.send({"entries": [welcome(), welcome(campaignName="demo_unpublished")]})

    assert (response.status_code, response.json()["code"]) == (409, 10)
    assert api.record() == []


def test_the_record_has_the_values_unchanged(api: SandboxHandle):
    send(api, welcome(sender="+14155550000", variables={"name": "José 007"}, callbackData={"r": 2}))

    (message,) = api.record()
    assert (
        message.items()
        >= {
            "client": ANA,
            "campaignName": "demo_welcome",
            "campaignVersion": "2",
            "sender": "+14155550000",
            "variables": {"name": "José 007"},
            "callbackData": {"r": 2},
        }.items()
    )


def test_the_record_is_complete_beyond_one_page(api: SandboxHandle):
    phones = [f"+1650{number:07}" for number in range(2345)]
    send(api, *map(welcome, phones))

    assert [message["client"] for message in api.record()] == phones
