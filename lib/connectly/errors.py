"""Exceptions of the client, grouped by whether the request may be repeated.

::

    ConnectlyError
    ├── NotSentError              nothing was accepted
    │   ├── ConnectionFailed      refused, host not found, TLS failure, connect timeout
    │   ├── BadRequest            400, 422 and other 4xx: the request is wrong
    │   ├── AuthenticationFailed  401: the key is wrong
    │   ├── PermissionDenied      403: the key isn't allowed to do this
    │   ├── NotFound              404: no such campaign or business
    │   ├── Conflict              409: the campaign is in the wrong state
    │   ├── RequestTooLarge       413: the request is too large
    │   ├── RateLimited           429: too many requests; see `retry_after`
    │   └── RedirectRefused       another 3xx: not followed, because it would disclose the key
    └── OutcomeUnknownError       the request may have been accepted
        ├── ReadTimedOut          no response in time
        ├── ConnectionLost        the connection was lost after the request was started
        ├── ServerError           5xx
        └── UnreadableAnswer      303, 304, or 2xx with a body that isn't a whole JSON object

    InvalidEntry (ValueError)     a value breaks a rule of the API; no request was made
    InsecureAddress (ValueError)  the key would travel unencrypted

A request may be repeated after a NotSentError. After an OutcomeUnknownError, a repeat can message
people twice, because the API has no idempotency key.

Messages, reprs and arguments of these exceptions contain no key, no phone number and no text of a
response. `ConnectlyError.vendor_message` has what the API said.
"""

from typing import ClassVar


def N_(message: str, /) -> str:  # noqa: N802 - the name that extraction tools look for
    """Mark a text for translation and return it unchanged. The client itself is English."""
    return message


class ConnectlyError(Exception):
    """Base class: a request that did not end in a readable successful response.

    ``status`` is the HTTP status. ``code``, ``error_type`` and ``trace_id`` are the API's;
    Connectly's support asks for the trace id. ``vendor_message`` is the API's own text.
    ``retry_after`` is the number of seconds that the API asked to wait. Each is None if the
    response did not have it.
    """

    sentence: ClassVar[str] = N_("The request failed.")

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
        self.code = code
        self.error_type = error_type
        self.trace_id = trace_id
        self.vendor_message = vendor_message
        self.retry_after = retry_after

    @property
    def user_message(self) -> str:
        """What happened, as an English sentence without any value of the request or response."""
        return self.sentence

    def __repr__(self) -> str:
        return f"<{type(self).__name__} status={self.status} code={self.code}>"


class NotSentError(ConnectlyError):
    """Nothing was accepted."""


class ConnectionFailed(NotSentError):  # noqa: N818 - named for what happened, like those below
    """The connection could not be opened: refused, host not found, TLS failure or timeout."""

    sentence = N_("Connectly can't be reached. Check the address and the network.")


class BadRequest(NotSentError):  # noqa: N818
    """The request is wrong (400, 422 and other 4xx)."""

    sentence = N_("Connectly didn't understand the request.")


class AuthenticationFailed(NotSentError):  # noqa: N818
    """The key is wrong (401)."""

    sentence = N_("Connectly doesn't accept this key. Check the key and the business ID.")


class PermissionDenied(NotSentError):  # noqa: N818
    """The key isn't allowed to do this (403)."""

    sentence = N_("This key isn't allowed to send for this business.")


class NotFound(NotSentError):  # noqa: N818
    """There is no such campaign or business (404)."""

    sentence = N_("Connectly has no such business or campaign.")


class Conflict(NotSentError):  # noqa: N818
    """The campaign is in the wrong state (409), for example not published."""

    sentence = N_("The campaign is not ready to be sent.")


class RequestTooLarge(NotSentError):  # noqa: N818
    """The request is too large (413)."""

    sentence = N_("The request is too large for Connectly.")


class RateLimited(NotSentError):  # noqa: N818
    """There were too many requests (429); wait for ``retry_after`` seconds if it is given."""

    sentence = N_("Connectly asks to send more slowly.")


class RedirectRefused(NotSentError):  # noqa: N818
    """The address redirects elsewhere (3xx). Following it would disclose the key."""

    sentence = N_("This address redirects elsewhere, so nothing was sent. Check the address.")


class OutcomeUnknownError(ConnectlyError):
    """The request may or may not have been accepted."""


class ReadTimedOut(OutcomeUnknownError):  # noqa: N818
    """There was no response in time."""

    sentence = N_("Connectly didn't respond in time.")


class ConnectionLost(OutcomeUnknownError):  # noqa: N818
    """The connection was lost after the request was started."""

    sentence = N_("The connection was lost before the response was complete.")


class ServerError(OutcomeUnknownError):
    """Connectly, or a gateway in front of it, failed (5xx)."""

    sentence = N_("Connectly had an internal problem.")


class UnreadableAnswer(OutcomeUnknownError):  # noqa: N818
    """The response has a success status but is incomplete or not a JSON object."""

    sentence = N_("Connectly's response couldn't be read.")


class UnexpectedFailure(OutcomeUnknownError):  # noqa: N818
    """An error in the code that used the client, after the request may have been sent."""

    sentence = N_("The request failed with an unexpected error. It may have been accepted.")


class InvalidEntry(ValueError):  # noqa: N818 - named like the others
    """A value breaks a rule of the API. The message names fields, never values.

    ``complaints`` has one text for each field.
    """

    def __init__(self, complaints: list[str]) -> None:
        super().__init__("; ".join(complaints))
        self.complaints = tuple(complaints)


class InsecureAddress(ValueError):  # noqa: N818 - named like the others
    """The address is neither https nor on this machine, so the key would travel unencrypted."""
