"""Parse requests as the gateway in front of Connectly's API does.

The client's models are too strict for this: the gateway silently ignores unknown keys and unknown
enum values, accepts camelCase and snake_case names, and treats null as missing.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from pydantic import JsonValue

_SNAKE: Final = {
    "campaignName": "campaign_name",
    "campaignVersion": "campaign_version",
    "scheduledAt": "scheduled_at",
    "callbackData": "callback_data",
    "ifVersionUnspecified": "if_version_unspecified",
    "ifDuplicateCheckUnspecified": "if_duplicate_check_unspecified",
}


class MalformedError(ValueError):
    """The body is malformed. The message describes the problem and contains no values."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One recipient of one campaign. Missing texts are empty."""

    client: str
    campaign_name: str
    campaign_version: str
    sender: str
    variables: dict[str, JsonValue]
    callback_data: JsonValue


@dataclass(frozen=True, slots=True)
class SendRequest:
    """The entries and options of a request, including defaults."""

    entries: tuple[Entry, ...]
    create_new: bool
    allow_multiple: bool


def read_request(body: bytes) -> SendRequest:
    """Return the request of a body. An empty body is a request without entries.

    Raises MalformedError where the gateway refuses a body: not a JSON object, NaN, a repeated key,
    both spellings of one field, a value of the wrong type, or text that is not valid Unicode.
    """
    message = _parse_object(body) if body.strip() else {}
    options = _read_object(message, "options")
    return SendRequest(
        entries=tuple(_read_entry(item) for item in _read_entries(message)),
        create_new=_read_enum(options, "ifVersionUnspecified") == "create_new",
        allow_multiple=_read_enum(options, "ifDuplicateCheckUnspecified") == "allow_multiple",
    )


def _parse_object(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(
            body.decode(),
            object_pairs_hook=_require_unique_keys,
            parse_constant=_refuse_constant,
            parse_float=_parse_finite,
        )
        if b"\\u" in body:  # an escape can be a lone surrogate
            json.dumps(message, ensure_ascii=False).encode()
    except MalformedError:
        raise
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not valid JSON") from error
    if not isinstance(message, dict):
        raise MalformedError("the body is not a JSON object")
    return message


def _require_unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("a key is repeated")
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise MalformedError("NaN and infinity are not JSON")


def _parse_finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MalformedError("a number is out of range")
    return number


def _get_field(message: Mapping[str, Any], name: str) -> Any:
    """Return a field by its camelCase or snake_case name."""
    value = message.get(name)
    other = message.get(_SNAKE.get(name, name))
    if name in _SNAKE and other is not None:
        if value is not None:
            raise MalformedError(f"duplicate field {name}")
        return other
    return value


def _read_entries(message: Mapping[str, Any]) -> list[Any]:
    entries = message.get("entries")
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise MalformedError("entries is not an array")
    return entries


def _read_entry(item: object) -> Entry:
    if not isinstance(item, dict):
        raise MalformedError("an entry is not an object")
    _read_text(item, "scheduledAt")  # only its type is checked: the API has disabled it
    return Entry(
        client=_read_text(item, "client"),
        campaign_name=_read_text(item, "campaignName"),
        campaign_version=_read_text(item, "campaignVersion"),
        sender=_read_text(item, "sender"),
        variables={
            key: _as_struct_value(value) for key, value in _read_object(item, "variables").items()
        },
        callback_data=_as_struct_value(_get_field(item, "callbackData")),
    )


def _read_text(message: Mapping[str, Any], name: str) -> str:
    value = _get_field(message, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedError(f"{name} is not a string")
    return value


def _read_object(message: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = _get_field(message, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedError(f"{name} is not an object")
    return value


def _read_enum(message: Mapping[str, Any], name: str) -> str | None:
    """Return the text of an enum value, or None for a number, which acts as the default."""
    value = _get_field(message, name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return None
    raise MalformedError(f"{name} is not an enum value")


def _as_struct_value(value: Any) -> JsonValue:
    """Return a value as a protobuf Struct stores it: numbers become float64 and may be rounded."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, dict):
        return {key: _as_struct_value(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_struct_value(each) for each in value]
    try:
        number = float(value)
    except OverflowError as error:
        raise MalformedError("a number is out of range") from error
    return int(number) if number.is_integer() and abs(number) < 1e21 else number
