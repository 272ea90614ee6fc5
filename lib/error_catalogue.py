"""Descriptions of all error codes: those of Connectly's API and those of Sendout Studio.

Sendout Studio's codes start with ``STUDIO_``. They cover cases for which the API has no code, such
as a request without a response or a paused broadcast. The texts are English; translate them with
`lib.i18n._` where they are shown.
"""

from pathlib import Path
from typing import Final

from lib import connectly
from lib.connectly import ConnectlyError, ErrorInfo

STUDIO_CODES: Final[dict[str, ErrorInfo]] = connectly.read_descriptions(
    Path(__file__).with_name("studio_codes.toml")
)
"""Descriptions of Sendout Studio's codes."""

_CODES_BY_CLASS: Final[dict[type[ConnectlyError], str]] = {
    connectly.ConnectionFailed: "STUDIO_UNREACHABLE",
    connectly.BadRequest: "STUDIO_BAD_REQUEST",
    connectly.AuthenticationFailed: "STUDIO_KEY_REFUSED",
    connectly.PermissionDenied: "STUDIO_NOT_PERMITTED",
    connectly.NotFound: "STUDIO_NOT_FOUND",
    connectly.Conflict: "STUDIO_CAMPAIGN_STATE",
    connectly.RequestTooLarge: "STUDIO_REQUEST_TOO_LARGE",
    connectly.RateLimited: "STUDIO_TOO_FAST",
    connectly.RedirectRefused: "STUDIO_REDIRECTED",
    connectly.ReadTimedOut: "STUDIO_NO_ANSWER",
    connectly.ConnectionLost: "STUDIO_CONNECTION_LOST",
    connectly.ServerError: "STUDIO_SERVER_ERROR",
    connectly.UnreadableAnswer: "STUDIO_UNREADABLE_ANSWER",
    connectly.UnexpectedFailure: "STUDIO_UNEXPECTED_ERROR",
}


def error_code(error: ConnectlyError) -> str:
    """Return the API's code of an error, or the code of Sendout Studio if the API gave none."""
    return error.code or _CODES_BY_CLASS.get(type(error), "STUDIO_UNEXPECTED_ANSWER")


def explain(code: str | None) -> ErrorInfo:
    """Return the description of a code, as `lib.connectly.explain` does for the API's codes."""
    return STUDIO_CODES.get(code or "") or connectly.explain(code)
