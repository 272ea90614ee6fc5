"""What an answer proves about the entries of one sendout."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lib.connectly.models import CampaignEntry, PartialError, SendCampaignsResponse

_ERROR: Final = "error"


@dataclass(frozen=True)
class ResponseTally:
    """How many of the entries sent were accepted, rejected, or can't be told."""

    accepted: int
    rejected: int
    unknown: int
    error: PartialError | None = None
    campaign_id: str | None = None
    campaign_version: str | None = None
    sendout_id: str | None = None


def tally_response(sent: Sequence[CampaignEntry], response: SendCampaignsResponse) -> ResponseTally:
    """Weigh a response against the entries of one sendout that were sent in its request.

    Items are matched by name and version, never by position; a version that was left out comes
    back filled in. Counts decide, not the HTTP status: what no count covers is unknown, and an
    answer that counts more than was sent proves nothing at all.
    """
    name, version = sent[0].campaign_name.strip(), sent[0].campaign_version
    items = [
        item
        for item in response.data
        if (item.campaign_name or "").strip() == name
        and (version is None or item.campaign_version in {version, None})
    ]
    if not items:
        return ResponseTally(0, 0, len(sent))
    accepted = sum(item.accepted_count for item in items)
    rejected = sum(item.rejected_count for item in items)
    error = next((item.error for item in items if item.error is not None), None)
    if accepted + rejected > len(sent):
        accepted = rejected = 0
    elif accepted == rejected == 0 and error is not None and len(sent) == 1:
        # Some answers leave out counts; an error about a single entry can only mean this one.
        rejected = int(all(item.status == _ERROR for item in items))
    # The version that took somebody is the one to go on with; of two such, neither is.
    took = [item for item in items if item.accepted_count] or items
    versions = {item.campaign_version for item in took}
    first = took[0]
    return ResponseTally(
        accepted,
        rejected,
        len(sent) - accepted - rejected,
        error,
        first.campaign_id,
        first.campaign_version if len(versions) == 1 else None,
        first.sendout_id,
    )
