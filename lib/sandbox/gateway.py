"""Read a request as the gateway in front of the vendor's API does.

Requests are parsed here and not with the client's models, on purpose: those refuse what is not
in the contract, while the gateway drops unknown keys and unknown enum values in silence, takes
camelCase and snake_case names, and treats null as absent.
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
    """The gateway cannot read the body; the message says what is wrong, without any value."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One recipient of one campaign; "" where the request gives nothing."""

    client: str
    campaign_name: str
    campaign_version: str
    sender: str
    variables: dict[str, JsonValue]
    callback_data: JsonValue


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A request's entries and the two options, defaults filled in."""

    entries: tuple[Entry, ...]
    create_new: bool
    allow_multiple: bool


def read_request(body: bytes) -> SendRequest:
    """Parse a body; one that is empty or names no entries is a request without entries.

    Raises MalformedError for what the gateway refuses: no JSON object, NaN, a repeated key, both
    spellings of one field, a value of the wrong type, text that is not Unicode.
    """
    message = _parse(body) if body.strip() else {}
    options = _object(message, "options")
    return SendRequest(
        entries=tuple(_entry(item) for item in _entries(message)),
        create_new=_enum(options, "ifVersionUnspecified") == "create_new",
        allow_multiple=_enum(options, "ifDuplicateCheckUnspecified") == "allow_multiple",
    )


def _parse(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(
            body.decode(),
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
        if b"\\u" in body:  # an escape may stand for half a character
            json.dumps(message, ensure_ascii=False).encode()
    except MalformedError:
        raise
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not valid JSON") from error
    if not isinstance(message, dict):
        raise MalformedError("the body is not a JSON object")
    return message


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("a key is repeated")
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise MalformedError("NaN and infinity are not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MalformedError("a number is out of range")
    return number


def _field(message: Mapping[str, Any], name: str) -> Any:
    """Return a field under either of its names."""
    value = message.get(name)
    other = message.get(_SNAKE.get(name, name))
    if name in _SNAKE and other is not None:
        if value is not None:
            raise MalformedError(f"duplicate field {name}")
        return other
    return value


def _entries(message: Mapping[str, Any]) -> list[Any]:
    entries = message.get("entries")
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise MalformedError("entries is not an array")
    return entries


def _entry(item: object) -> Entry:
    if not isinstance(item, dict):
        raise MalformedError("an entry is not an object")
    _text(item, "scheduledAt")  # disabled by the contract: checked as the gateway does, unused
    return Entry(
        client=_text(item, "client"),
        campaign_name=_text(item, "campaignName"),
        campaign_version=_text(item, "campaignVersion"),
        sender=_text(item, "sender"),
        variables={key: _struct(value) for key, value in _object(item, "variables").items()},
        callback_data=_struct(_field(item, "callbackData")),
    )


def _text(message: Mapping[str, Any], name: str) -> str:
    value = _field(message, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedError(f"{name} is not a string")
    return value


def _object(message: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = _field(message, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedError(f"{name} is not an object")
    return value


def _enum(message: Mapping[str, Any], name: str) -> str | None:
    """Return an enum's string; numbers pass as the gateway lets them, and mean the default."""
    value = _field(message, name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return None
    raise MalformedError(f"{name} is not an enum value")


def _struct(value: Any) -> JsonValue:
    """Return a value as a protobuf Struct keeps it: every number a float64, long ids rounded."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, dict):
        return {key: _struct(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_struct(each) for each in value]
    try:
        number = float(value)
    except OverflowError as error:
        raise MalformedError("a number is out of range") from error
    return int(number) if number.is_integer() and abs(number) < 1e21 else number
