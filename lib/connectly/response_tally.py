"""Count what a response says about the entries of one sendout."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lib.connectly.models import (
    CampaignEntry,
    PartialError,
    SendCampaignsResponse,
    SubmissionStatus,
)

_ERROR: Final = "error"


@dataclass(frozen=True)
class ResponseTally:
    """Numbers of entries that were accepted, rejected, or have no known outcome."""

    accepted: int
    rejected: int
    unknown: int
    error: PartialError | None = None
    campaign_id: str | None = None
    campaign_version: str | None = None
    sendout_id: str | None = None


def tally_response(sent: Sequence[CampaignEntry], response: SendCampaignsResponse) -> ResponseTally:
    """Compare a response with the entries of one sendout that were sent in its request.

    Items are matched by campaign name and version, not by position. If the entries have no version,
    the API fills it in. The counts decide, not the HTTP status: entries that no count covers are
    unknown, and if more are counted than were sent, all of them are unknown.
    """
    items = _matching_items(sent[0], response)
    if not items:
        return ResponseTally(0, 0, len(sent))
    accepted = sum(item.accepted_count for item in items)
    rejected = sum(item.rejected_count for item in items)
    error = next((item.error for item in items if item.error is not None), None)
    if accepted + rejected > len(sent):
        accepted = rejected = 0
    elif accepted == rejected == 0 and error is not None and len(sent) == 1:
        # Some responses leave out the counts. With a single entry, the error is that entry's.
        rejected = int(all(item.status == _ERROR for item in items))
    # The version that accepted entries is the one to use from here on, unless there are several.
    accepting = [item for item in items if item.accepted_count] or items
    versions = {item.campaign_version for item in accepting}
    first = accepting[0]
    return ResponseTally(
        accepted,
        rejected,
        len(sent) - accepted - rejected,
        error,
        first.campaign_id,
        first.campaign_version if len(versions) == 1 else None,
        first.sendout_id,
    )


def _matching_items(
    entry: CampaignEntry, response: SendCampaignsResponse
) -> list[SubmissionStatus]:
    """Return the items of a response that are about an entry's campaign and version."""
    name, version = entry.campaign_name.strip(), entry.campaign_version
    return [
        item
        for item in response.data
        if (item.campaign_name or "").strip() == name
        and (version is None or item.campaign_version in {version, None})
    ]
