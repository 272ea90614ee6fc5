import json

import pytest

from lib.connectly import CampaignEntry, ResponseTally, SendCampaignsResponse, tally_response


def _item(**changes: object) -> dict[str, object]:
    return {
        "campaignName": "spring",
        "campaignVersion": "v9",
        "status": "created",
        "acceptedCount": 1,
        "rejectedCount": 0,
        **changes,
    }


def _tally(*items: dict[str, object], sent: int = 1, version: str | None = None) -> ResponseTally:
    entries = [
        CampaignEntry(
            client=f"+1650555{number:04d}", campaign_name="spring", campaign_version=version
        )
        for number in range(sent)
    ]
    return tally_response(entries, SendCampaignsResponse.from_json(json.dumps({"data": items})))


ERROR = {"code": "ERROR_CODE_CAMPAIGN_NOT_FOUND"}
OTHER = _item(campaignName="autumn", acceptedCount=5)


@pytest.mark.parametrize(
    ("tally", "expected"),
    [
        pytest.param(_tally(_item()), (1, 0, 0), id="accepted"),
        pytest.param(_tally(_item(acceptedCount=0, rejectedCount=1)), (0, 1, 0), id="rejected"),
        pytest.param(_tally(), (0, 0, 1), id="no item covers it"),
        pytest.param(_tally(_item(acceptedCount=0)), (0, 0, 1), id="no count covers it"),
        pytest.param(_tally(_item(acceptedCount=2)), (0, 0, 1), id="counts more than was sent"),
        pytest.param(_tally(_item(), sent=3), (1, 0, 2), id="counts fewer than were sent"),
        pytest.param(_tally(_item(acceptedCount=2, rejectedCount=1), sent=3), (2, 1, 0), id="both"),
        pytest.param(_tally(OTHER), (0, 0, 1), id="another campaign"),
        pytest.param(_tally(OTHER, _item()), (1, 0, 0), id="in another order"),
        pytest.param(_tally(_item(), version="v1"), (0, 0, 1), id="another version"),
        pytest.param(_tally(_item(), version="v9"), (1, 0, 0), id="the requested version"),
        pytest.param(
            _tally(_item(campaignVersion=None), version="v9"), (1, 0, 0), id="version left out"
        ),
        pytest.param(
            _tally(_item(acceptedCount=0, status="error", error=ERROR)),
            (0, 1, 0),
            id="an error about the only entry",
        ),
        pytest.param(
            _tally(_item(acceptedCount=0, rejectedCount=1, status="error", error=ERROR)),
            (0, 1, 0),
            id="error and count are not counted twice",
        ),
        pytest.param(
            _tally(_item(acceptedCount=0, status="error", error=ERROR), sent=2),
            (0, 0, 2),
            id="an error without counts for several entries",
        ),
        pytest.param(
            _tally(_item(acceptedCount=0, status="created", error=ERROR)),
            (0, 0, 1),
            id="an error with another status",
        ),
    ],
)
def test_entries_without_a_plausible_count_are_unknown(
    tally: ResponseTally, expected: tuple[int, int, int]
) -> None:
    assert (tally.accepted, tally.rejected, tally.unknown) == expected


def test_the_version_is_that_of_the_item_that_accepted_entries() -> None:
    not_accepted = _item(campaignVersion="v8", acceptedCount=0)

    assert _tally(not_accepted, _item()).campaign_version == "v9"


def test_two_accepting_items_give_no_version() -> None:
    assert _tally(_item(campaignVersion="v8"), _item(), sent=2).campaign_version is None
