import json
from typing import Any

import pytest

from lib.connectly import (
    CampaignEntry,
    DuplicateBehavior,
    InvalidEntry,
    SendCampaignsOptions,
    SendCampaignsRequest,
    SendCampaignsResponse,
    VersionBehavior,
)

PHONE = "+16505550123"


def test_a_request_has_the_apis_names_and_both_options() -> None:
    entry = CampaignEntry(
        client=PHONE,
        campaign_name="spring",
        campaign_version="v1",
        variables={"code": "007"},
        callback_data={"id": 1},
    )
    options = SendCampaignsOptions(
        if_version_unspecified=VersionBehavior.CREATE_NEW,
        if_duplicate_check_unspecified=DuplicateBehavior.ALLOW_MULTIPLE,
    )

    body = json.loads(SendCampaignsRequest(entries=(entry,), options=options).to_json())

    assert body == {
        "entries": [
            {
                "client": PHONE,
                "campaignName": "spring",
                "campaignVersion": "v1",
                "variables": {"code": "007"},
                "callbackData": {"id": 1},
            }
        ],
        "options": {
            "ifVersionUnspecified": "create_new",
            "ifDuplicateCheckUnspecified": "allow_multiple",
        },
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"client": ""},
        {"client": 16505550123},
        {"campaign_name": ""},
        {"campaign_version": ""},
        {"variables": {"n": 1}},
        {"variables": {"n": True}},
        {"variables": {"n": None}},
        {"variables": {1: "x"}},
        {"variables": {"n": "\ud800"}},
        {"scheduled_at": "2026-01-01T00:00:00Z"},
        {"scheduledAt": "2026-01-01T00:00:00Z"},
        {"campaing_name": "typo"},
        {"callback_data": float("nan")},
        {"callback_data": {"a": float("inf")}},
        {"callback_data": "é" * 512},
    ],
)
def test_an_entry_that_breaks_a_rule_of_the_api_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidEntry):
        CampaignEntry(**{"client": PHONE, "campaign_name": "spring", **wrong})


def test_an_invalid_entry_names_the_field_and_not_the_value() -> None:
    values: dict[str, Any] = {"variables": {"secret": 4242}, PHONE: 1}

    with pytest.raises(InvalidEntry) as caught:
        CampaignEntry(client=PHONE, campaign_name="", **values)

    said = str(caught.value) + repr(caught.value)
    assert "campaignName" in said or "campaign_name" in said
    assert PHONE not in said
    assert "4242" not in said


@pytest.mark.parametrize(("length", "fits"), [(1022, True), (1023, False)])
def test_callback_data_has_at_most_1024_bytes_as_json(length: int, fits: bool) -> None:
    def make() -> CampaignEntry:
        return CampaignEntry(client=PHONE, campaign_name="x", callback_data="a" * length)

    if fits:
        make()
    else:
        with pytest.raises(InvalidEntry):
            make()


@pytest.mark.parametrize(
    ("count", "expected"),
    [(3, 3), ("3", 3), (3.0, 3), (None, 0), ("", 0), ("x", 0), (-1, 0), (True, 0), ([], 0),
     (1.5, 0), ("٣", 0)],
)  # fmt: skip
def test_a_count_is_read_from_numbers_and_texts(count: object, expected: int) -> None:
    body = json.dumps({"data": [{"acceptedCount": count}]})

    assert SendCampaignsResponse.from_json(body).data[0].accepted_count == expected


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"campaignId": "", "sendoutId": None, "campaignVersion": 7},
        {"status": "from_next_year", "error": {}, "unknown": {"deep": []}},
        {"error": "text", "status": None},
        {"error": {"code": 5, "message": None}},
    ],
)
def test_an_item_of_any_shape_is_accepted(item: dict[str, object]) -> None:
    response = SendCampaignsResponse.from_json(json.dumps({"data": [item]}))

    assert response.data[0].campaign_id is None


@pytest.mark.parametrize("data", [None, "text", 7, {}, [None, 1, "x"]])
def test_items_that_are_not_objects_are_ignored(data: object) -> None:
    assert SendCampaignsResponse.from_json(json.dumps({"data": data})).data == []


def test_invalid_characters_are_replaced_in_texts_and_refused_in_ids() -> None:
    ids = r'"campaignVersion": "v\ud800", "sendoutId": "\u0000"'
    error = r'"error": {"message": "a\ud800\u0000b"}'

    found = SendCampaignsResponse.from_json(f'{{"data": [{{{ids}, {error}}}]}}').data[0]

    assert (found.campaign_version, found.sendout_id) == (None, None)
    assert found.error is not None
    assert found.error.message == "a?b"
