"""Descriptions of the error codes and error types of Connectly's API.

The texts are English and come from ``catalogue.toml``. `explain` also describes codes that are
newer than the catalogue.
"""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final


class ErrorClass(StrEnum):
    """What an error calls for. `CLASS_LABELS` has the labels to show."""

    FIX_SHEET = "fix the sheet"
    FIX_CAMPAIGN = "fix the campaign"
    FIX_ACCOUNT = "fix the account"
    WAIT_AND_RETRY = "wait and retry"
    NEVER_RETRY = "never retry"
    REPORT_IT = "report it"


@dataclass(frozen=True)
class ErrorInfo:
    """The description of one error code, in English."""

    code: str
    title: str
    meaning: str
    action: str
    error_class: ErrorClass


def read_descriptions(path: Path) -> dict[str, ErrorInfo]:
    """Return the descriptions of a TOML file by code.

    The file has one table for each code, ``[codes.CODE]``, with ``title``, ``meaning``, ``action``
    and ``class``, which is a value of `ErrorClass`.
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["codes"]
    return {code: _description(code, table) for code, table in tables.items()}


def _description(code: str, table: dict[str, Any]) -> ErrorInfo:
    return ErrorInfo(
        code=code,
        title=table["title"],
        meaning=table["meaning"],
        action=table["action"],
        error_class=ErrorClass(table["class"]),
    )


_PATH: Final = Path(__file__).with_name("catalogue.toml")
_CATALOGUE: Final = tomllib.loads(_PATH.read_text(encoding="utf-8"))

ALL_CODES: Final[dict[str, ErrorInfo]] = read_descriptions(_PATH)
"""Descriptions of the API's error codes."""

ALL_TYPES: Final[dict[str, str]] = dict(_CATALOGUE["types"])
"""Short descriptions of the API's error types, which are spelled as the API spells them."""

CLASS_LABELS: Final[dict[ErrorClass, str]] = {
    ErrorClass(value): label for value, label in _CATALOGUE["classes"].items()
}
"""Labels of the error classes."""


def explain(code: str | None) -> ErrorInfo:
    """Return the description of an error code.

    None is described as ``ERROR_CODE_UNSPECIFIED``. A code that is not in the catalogue gets a
    generic description, with its own words as the title.
    """
    if code is None:
        return ALL_CODES["ERROR_CODE_UNSPECIFIED"]
    if code in ALL_CODES:
        return ALL_CODES[code]
    unknown = _CATALOGUE["unknown_code"]
    words = code.removeprefix("ERROR_CODE_").replace("_", " ").strip().capitalize()
    return _description(code, {**unknown, "title": words or unknown["title"]})
