"""Every error code and type of the API: what it means to the person who sends, and what to do.

The words stand in ``catalogue.toml``, beside this file. A code that came after it was written
still gets a sensible answer.
"""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final


class ErrorClass(StrEnum):
    """What kind of thing is to be done about an error."""

    FIX_SHEET = "fix the sheet"
    FIX_CAMPAIGN = "fix the campaign"
    FIX_ACCOUNT = "fix the account"
    WAIT_AND_RETRY = "wait and retry"
    NEVER_RETRY = "never retry"
    REPORT_IT = "report it"


@dataclass(frozen=True)
class ErrorInfo:
    """One code, in words for people."""

    code: str
    title: str
    meaning: str
    action: str
    error_class: ErrorClass


def _read() -> dict[str, ErrorInfo]:
    text = Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    return {
        code: ErrorInfo(
            code=code,
            title=words["title"],
            meaning=words["meaning"],
            action=words["action"],
            error_class=ErrorClass(words["class"]),
        )
        for code, words in tomllib.loads(text).items()
    }


_CATALOGUE: Final = _read()

ALL_CODES: Final[dict[str, ErrorInfo]] = {
    code: info for code, info in _CATALOGUE.items() if code.startswith("ERROR_CODE_")
}
"""The API's own codes."""

STUDIO_CODES: Final[dict[str, ErrorInfo]] = {
    code: info for code, info in _CATALOGUE.items() if code.startswith("STUDIO_")
}
"""Ours, for what the API has no code for: no answer, an answer that can't be read, and so on."""

ALL_TYPES: Final[dict[str, str]] = {
    "ERROR_TYPE_UNSPECIFIED": "No kind given",
    "ERROR_TYPE_CANCELLED": "Broken off before it was done",
    "ERROR_TYPE_UNKNOWN": "Of unknown kind",
    "ERROR_TYPE_INVALID_ARGUMENT": "A value is wrong",
    "ERROR_TYPE_DEADLINE_EXCEEDED": "Took too long",
    "ERROR_TYPE_NOT_FOUND": "Not found",
    "ERROR_TYPE_ALREADY_EXISTS": "Exists already",
    "ERROR_TYPE_PERMISSION_DENIED": "Not allowed",
    "ERROR_TYPE_RESOURCE_EXHAUSTED": "A limit is reached",
    "ERROR_TYPE_FAILED_PRECONDITION": "Not possible in the present state",
    "ERROR_TYPE_ABORTED": "Given up because of a clash",
    "ERROR_TYPE_OUT_OF_RANGE": "A value is out of range",
    "ERROR_TYPE_UNIMPLEMENTED": "Not offered",
    "ERROR_TYPE_INTERNAL": "A failure inside Connectly",
    "ERROR_TYPE_UNAVAILABLE": "Not available for the moment",
    "ERROR_TYPE_DATA_LOSS": "Data was lost",
    "ERROR_TYPE_UNAUTHENTICATED": "The key is not accepted",
    "ERROR_TYPE_REQUEST_ENTITY_TOO_LARGE": "The request is too large",
    "ERROR_TYPE_AUTHENTICATION": "The key is not accepted",
    "ERROR_TYPE_AUTHORIZATION": "Not allowed",
    "ERROR_TYPE_RATE_LIMIT": "Too fast",
    "ERROR_TYPE_INVALID_REQUEST": "The request is wrong",
    "ERROR_TYPE_CONFLICT": "In the way of something else",
    "ERROR_TYPE_CONTEXT_CANCLED": "Broken off before it was done",
    "ERROR_TYPE_BUSINESS_LIMIT": "A limit of the business is reached",
    "ERROR_TYPE_WEBHOOK_DELIVERY_FAILED": "A webhook was not reached",
    "ERROR_TYPE_FAILED_TO_PERSIST": "Could not be saved",
}
"""The API's broad kinds of error, spelled as it spells them."""


def explain(code: str | None) -> ErrorInfo:
    """Return the words for a code; also for none, and for one that nobody has described yet."""
    if code is None:
        return _CATALOGUE["ERROR_CODE_UNSPECIFIED"]
    if code in _CATALOGUE:
        return _CATALOGUE[code]
    plain = code.removeprefix("ERROR_CODE_").replace("_", " ").strip().capitalize()
    return ErrorInfo(
        code=code,
        title=plain or "Unknown code",
        meaning="Connectly gave a code that this app does not know yet.",
        action="Try one recipient as a test. If it fails again, ask Connectly's support.",
        error_class=ErrorClass.REPORT_IT,
    )
