"""A client for Connectly's campaign API, to be used alone or within Sendout Studio.

::

    from lib.connectly import CampaignEntry, ConnectlyClient, judge

    entry = CampaignEntry(
        client="+16505550123",
        campaign_name="spring_sale",
        variables={"name": "Ana"},
    )
    with ConnectlyClient(business_id="…", api_key="…") as connectly:
        response = connectly.send_campaigns([entry])
    print(judge([entry], response).accepted)

An answer is no proof of success: `tally_response` weighs its counts. Nothing is repeated by itself;
`errors` says after which exception a repeat is safe. `explain` puts any error code into words.
"""

from lib.connectly.catalogue import (
    ALL_CODES,
    ALL_TYPES,
    STUDIO_CODES,
    ErrorClass,
    ErrorInfo,
    explain,
)
from lib.connectly.client import AsyncConnectlyClient, ConnectlyClient
from lib.connectly.errors import (
    AuthenticationFailed,
    BadRequest,
    Conflict,
    ConnectionFailed,
    ConnectionLost,
    ConnectlyError,
    InsecureAddress,
    InvalidEntry,
    NotFound,
    NotSentError,
    OutcomeUnknownError,
    PermissionDenied,
    RateLimited,
    ReadTimedOut,
    RedirectRefused,
    RequestTooLarge,
    ServerError,
    UnreadableAnswer,
)
from lib.connectly.exchange import MAX_BODY_BYTES, body_size
from lib.connectly.models import (
    CALLBACK_MAX_BYTES,
    CampaignEntry,
    DuplicateBehavior,
    PartialError,
    SendCampaignsOptions,
    SendCampaignsRequest,
    SendCampaignsResponse,
    SubmissionStatus,
    VersionBehavior,
    callback_size,
)
from lib.connectly.verdict import ResponseTally, tally_response

__all__ = [
    "ALL_CODES",
    "ALL_TYPES",
    "CALLBACK_MAX_BYTES",
    "MAX_BODY_BYTES",
    "STUDIO_CODES",
    "AsyncConnectlyClient",
    "AuthenticationFailed",
    "BadRequest",
    "CampaignEntry",
    "Conflict",
    "ConnectionFailed",
    "ConnectionLost",
    "ConnectlyClient",
    "ConnectlyError",
    "DuplicateBehavior",
    "ErrorClass",
    "ErrorInfo",
    "InsecureAddress",
    "InvalidEntry",
    "NotFound",
    "NotSentError",
    "OutcomeUnknownError",
    "PartialError",
    "PermissionDenied",
    "RateLimited",
    "ReadTimedOut",
    "RedirectRefused",
    "RequestTooLarge",
    "ResponseTally",
    "SendCampaignsOptions",
    "SendCampaignsRequest",
    "SendCampaignsResponse",
    "ServerError",
    "SubmissionStatus",
    "UnreadableAnswer",
    "VersionBehavior",
    "body_size",
    "callback_size",
    "explain",
    "tally_response",
]
