"""What can go wrong with a request, sorted by what the caller may do next.

::

    ConnectlyError
    ├── NotSentError              nothing was taken, for certain
    │   ├── ConnectionFailed      refused, name not found, no TLS, no connection in time
    │   ├── BadRequest            400, 422 and other 4xx: the request itself is wrong
    │   ├── AuthenticationFailed  401: the key is wrong
    │   ├── PermissionDenied      403: the key may not do this
    │   ├── NotFound              404: no such campaign or business
    │   ├── Conflict              409: the campaign is in the wrong state
    │   ├── RequestTooLarge       413: too much in one request
    │   ├── RateLimited           429: too many requests; `retry_after` says how long to wait
    │   └── RedirectRefused       3xx: somebody else would get the key
    └── OutcomeUnknownError       the request may have been taken
        ├── ReadTimedOut          no answer in time
        ├── ConnectionLost        the connection broke once the request was under way
        ├── ServerError           5xx
        └── UnreadableAnswer      2xx with a body that is cut off or no JSON object

    InvalidEntry (ValueError)     the caller's own values break a rule; nothing was asked
    InsecureAddress (ValueError)  the key would travel unencrypted

A NotSentError may be repeated without anybody being messaged twice. An OutcomeUnknownError may
not: there is no idempotency key.

No message, repr or argument of these ever holds a key, a phone number or the text of an answer.
What the API said is in `vendor_message`, for places that may show it.
"""

from typing import ClassVar


class ConnectlyError(Exception):
    """A request that did not end in a readable answer of success.

    ``status`` is the HTTP status where there was one; ``code`` and ``error_type`` are the API's, or
    a ``STUDIO_…`` code of the catalogue where it gave none; ``trace_id`` is what its support asks
    for.
    """

    code_without_answer: ClassVar[str] = "STUDIO_UNEXPECTED_ANSWER"
    sentence: ClassVar[str] = "The request failed."

    def __init__(
        self,
        *,
        status: int | None = None,
        code: str | None = None,
        error_type: str | None = None,
        trace_id: str | None = None,
        vendor_message: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(self.sentence)
        self.status = status
        self.code = code or self.code_without_answer
        self.error_type = error_type
        self.trace_id = trace_id
        self.vendor_message = vendor_message
        self.retry_after = retry_after

    @property
    def user_message(self) -> str:
        """Say to people what happened, in a sentence that is safe anywhere."""
        return self.sentence

    def __repr__(self) -> str:
        return f"<{type(self).__name__} status={self.status} code={self.code}>"


class NotSentError(ConnectlyError):
    """Nothing was taken, for certain."""


class ConnectionFailed(NotSentError):  # noqa: N818 - named for what happened, as its kin below
    """No connection came about: refused, name not found, no TLS, not in time."""

    code_without_answer = "STUDIO_UNREACHABLE"
    sentence = "Connectly could not be reached. Check the address and the network."


class BadRequest(NotSentError):  # noqa: N818
    """The request itself is wrong (400, 422 and other 4xx)."""

    code_without_answer = "STUDIO_BAD_REQUEST"
    sentence = "Connectly did not understand the request."


class AuthenticationFailed(NotSentError):  # noqa: N818
    """The key is wrong (401)."""

    code_without_answer = "STUDIO_KEY_REFUSED"
    sentence = "Connectly does not accept this key. Check the key and the business id."


class PermissionDenied(NotSentError):  # noqa: N818
    """The key may not do this (403)."""

    code_without_answer = "STUDIO_NOT_PERMITTED"
    sentence = "This key may not send for this business."


class NotFound(NotSentError):  # noqa: N818
    """There is no such campaign or business (404)."""

    code_without_answer = "STUDIO_NOT_FOUND"
    sentence = "Connectly does not know this business or campaign."


class Conflict(NotSentError):  # noqa: N818
    """The campaign is in the wrong state (409), for example not published."""

    code_without_answer = "STUDIO_CAMPAIGN_STATE"
    sentence = "The campaign is not ready to be sent."


class RequestTooLarge(NotSentError):  # noqa: N818
    """There is too much in one request (413)."""

    code_without_answer = "STUDIO_REQUEST_TOO_LARGE"
    sentence = "The request is too large for Connectly."


class RateLimited(NotSentError):  # noqa: N818
    """There were too many requests (429); wait ``retry_after`` seconds where it is given."""

    code_without_answer = "STUDIO_TOO_FAST"
    sentence = "Connectly asks to send more slowly."


class RedirectRefused(NotSentError):  # noqa: N818
    """The address leads elsewhere (3xx); it was not followed, since the key would travel along."""

    code_without_answer = "STUDIO_REDIRECTED"
    sentence = "This address leads somewhere else, so nothing was sent. Check the address."


class OutcomeUnknownError(ConnectlyError):
    """The request may have been taken; nothing proves it either way."""


class ReadTimedOut(OutcomeUnknownError):  # noqa: N818
    """No answer came in time."""

    code_without_answer = "STUDIO_NO_ANSWER"
    sentence = "Connectly did not answer in time."


class ConnectionLost(OutcomeUnknownError):  # noqa: N818
    """The connection broke once the request was under way."""

    code_without_answer = "STUDIO_CONNECTION_LOST"
    sentence = "The connection broke before the answer was complete."


class ServerError(OutcomeUnknownError):
    """Connectly, or something before it, failed (5xx)."""

    code_without_answer = "STUDIO_SERVER_ERROR"
    sentence = "Connectly had a problem of its own."


class UnreadableAnswer(OutcomeUnknownError):  # noqa: N818
    """The answer says success, but is cut off or no JSON object."""

    code_without_answer = "STUDIO_UNREADABLE_ANSWER"
    sentence = "Connectly's answer could not be read."


class InvalidEntry(ValueError):  # noqa: N818 - reads as the others do
    """The caller's own values break a rule of the API; the message names fields, never values."""

    def __init__(self, complaints: list[str]) -> None:
        super().__init__("; ".join(complaints))
        self.complaints = tuple(complaints)


class InsecureAddress(ValueError):  # noqa: N818 - reads as the others do
    """The address is neither https nor on this machine, so the key would travel unencrypted."""
