"""Client for Connectly's campaign API. It can be used without the rest of Sendout Studio.

::

    from lib.connectly import CampaignEntry, ConnectlyClient, tally_response

    entry = CampaignEntry(
        client="+16505550123",
        campaign_name="spring_sale",
        variables={"name": "Ana"},
    )
    with ConnectlyClient(business_id="…", api_key="…") as connectly:
        response = connectly.send_campaigns([entry])
    print(tally_response([entry], response).accepted)

A response does not mean that messages were accepted: `tally_response` counts its results. The
clients never repeat a request; `lib.connectly.errors` documents after which exceptions a repeat is
safe. `explain` describes any error code of the API.
"""

from lib.connectly.catalogue import (
    ALL_CODES,
    ALL_TYPES,
    CLASS_LABELS,
    ErrorClass,
    ErrorInfo,
    explain,
    read_descriptions,
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
    UnexpectedFailure,
    UnreadableAnswer,
)
from lib.connectly.exchange import MAX_BODY_BYTES, MAX_RETRY_AFTER, body_size
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
from lib.connectly.response_tally import ResponseTally, tally_response

__all__ = [
    "ALL_CODES",
    "ALL_TYPES",
    "CALLBACK_MAX_BYTES",
    "CLASS_LABELS",
    "MAX_BODY_BYTES",
    "MAX_RETRY_AFTER",
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
    "UnexpectedFailure",
    "UnreadableAnswer",
    "VersionBehavior",
    "body_size",
    "callback_size",
    "explain",
    "read_descriptions",
    "tally_response",
]
