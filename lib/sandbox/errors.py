"""Errors of the simulated API, for entries and for whole requests.

Codes and types are those of the API. The texts of the first three errors are quoted from
Connectly's "Send Campaigns" page, because tests compare responses with it. The others are invented.
"""

import json
import uuid
from typing import Final, Literal, NamedTuple

from starlette.responses import HTMLResponse, Response

ErrorBody = Literal["google", "connectly", "empty", "html"]


class ApiError(NamedTuple):
    """An error code with its type and texts."""

    code: str
    type: str
    title: str
    advice: str

    def as_json(self) -> dict[str, object]:
        """Return the contract's ``errorPartialError``."""
        return {
            "message": self.title,
            "type": self.type,
            "code": self.code,
            "userTitle": self.title,
            "userMessage": self.advice,
        }


CAMPAIGN_NOT_FOUND: Final = ApiError(
    "ERROR_CODE_CAMPAIGN_NOT_FOUND",
    "ERROR_TYPE_NOT_FOUND",
    "Campaign not found",
    "Please review the campaign name and/or campaign id.",
)
VERSION_NOT_FOUND: Final = ApiError(
    "ERROR_CODE_CAMPAIGN_VERSION_NOT_FOUND",
    "ERROR_TYPE_NOT_FOUND",
    "Campaign version not found",
    "Please review the campaign version.",
)
ENTRY_INVALID: Final = ApiError(
    "ERROR_CODE_CAMPAIGN_ENTRY_INVALID",
    "ERROR_TYPE_INVALID_REQUEST",
    "Campaign entry is invalid",
    "Please check the inputs to the campaign entry.",
)
CLIENT_INVALID: Final = ApiError(
    "ERROR_CODE_CAMPAIGN_ENTRY_CLIENT_INVALID",
    "ERROR_TYPE_INVALID_REQUEST",
    "Recipient is invalid",
    "Write the phone as + and 7 to 15 digits.",
)
NOT_ON_WHATSAPP: Final = ApiError(
    "ERROR_CODE_MESSAGE_PHONE_NUMBER_NOT_ON_WHATSAPP",
    "ERROR_TYPE_FAILED_PRECONDITION",
    "Phone is not on WhatsApp",
    "Reach this person another way.",
)
OPTED_OUT: Final = ApiError(
    "ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT",
    "ERROR_TYPE_FAILED_PRECONDITION",
    "Recipient has opted out",
    "Do not message this person again.",
)
CAMPAIGN_NOT_FINAL: Final = ApiError(
    "ERROR_CODE_CAMPAIGN_NOT_FINAL",
    "ERROR_TYPE_CONFLICT",
    "Campaign is not published",
    "Publish the campaign and send again.",
)
TOO_MANY_ENTRIES: Final = ApiError(
    "ERROR_CODE_CAMPAIGN_TOO_MANY_ENTRIES",
    "ERROR_TYPE_REQUEST_ENTITY_TOO_LARGE",
    "Too many entries",
    "Send fewer entries in one request.",
)
LARGE_REQUEST: Final = ApiError(
    "ERROR_CODE_CAMPAIGN_LARGE_REQUEST",
    "ERROR_TYPE_REQUEST_ENTITY_TOO_LARGE",
    "Request is too large",
    "Send fewer entries in one request.",
)
UNAUTHENTICATED: Final = ApiError(
    "ERROR_CODE_UNAUTHENTICATED",
    "ERROR_TYPE_UNAUTHENTICATED",
    "API key is not valid",
    "Check the API key.",
)
PERMISSION_DENIED: Final = ApiError(
    "ERROR_CODE_PERMISSION_DENIED",
    "ERROR_TYPE_PERMISSION_DENIED",
    "Not allowed for this business",
    "Check the business id.",
)
THROTTLED: Final = ApiError(
    "ERROR_CODE_THROTTLED",
    "ERROR_TYPE_RATE_LIMIT",
    "Too many requests",
    "Wait a second and send again.",
)
INTERNAL: Final = ApiError(
    "ERROR_CODE_UNSPECIFIED",
    "ERROR_TYPE_INTERNAL",
    "Internal error",
    "Something went wrong on our side.",
)

_ENTRY_ERRORS: Final = {
    error.code: error for error in (ENTRY_INVALID, CLIENT_INVALID, NOT_ON_WHATSAPP, OPTED_OUT)
}

# Codes of google.rpc.Status by HTTP status.
_GOOGLE_CODES: Final = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 409: 10, 413: 8, 429: 8, 500: 13}


def entry_error(code: str) -> ApiError:
    """Return the error for an entry, with generic texts for an unknown code."""
    return _ENTRY_ERRORS.get(code) or ApiError(
        code, "ERROR_TYPE_INVALID_REQUEST", "Entry refused", "The scenario refuses this entry."
    )


class RefusalError(Exception):
    """A whole request is refused, and none of its entries is accepted."""

    def __init__(
        self, status: int, error: ApiError, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(error.code)
        self.status = status
        self.error = error
        self.headers = headers

    def response(self, body: ErrorBody) -> Response:
        """Return the refusal in one of the forms that the API is known to use."""
        if body == "empty":
            return Response(status_code=self.status, headers=self.headers)
        if body == "html":
            page = f"<html><body><h1>{self.status}</h1></body></html>"
            return HTMLResponse(page, status_code=self.status, headers=self.headers)
        if body == "google":
            return google_status(self.status, self.error.title, headers=self.headers)
        content = {**self.error.as_json(), "cntTraceId": uuid.uuid4().hex, "details": []}
        return json_response(content, status=self.status, headers=self.headers)


def google_status(status: int, message: str, *, headers: dict[str, str] | None = None) -> Response:
    """Return a google.rpc.Status, the error format of the gateway in front of the API."""
    content = {"code": _GOOGLE_CODES.get(status, 2), "message": message, "details": []}
    return json_response(content, status=status, headers=headers)


def json_response(
    content: object, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return compact JSON in UTF-8."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, headers, "application/json")
