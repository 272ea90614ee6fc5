"""The contract's request and response, as models.

Outward the models are strict, because the API drops what it does not know in silence: a typo in
an option would act as the default. Inward they are tolerant, because counts come as numbers,
numeric strings or not at all, and new fields and values may come any day.
"""

import json
import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PrivateAttr,
    StrictStr,
    ValidationError,
    field_validator,
)
from pydantic.alias_generators import to_camel

from lib.connectly.errors import InvalidEntry

CALLBACK_MAX_BYTES: Final = 1024


class VersionBehavior(StrEnum):
    """What happens to entries that name no campaign version."""

    REUSE_LAST_ACTIVE = "reuse_last_active"
    CREATE_NEW = "create_new"


class DuplicateBehavior(StrEnum):
    """What happens to a phone that has received the campaign before."""

    ALLOW_ONE = "allow_one"
    ALLOW_MULTIPLE = "allow_multiple"


class _Outward(BaseModel):
    """What we send: nothing unknown, nothing coerced, and no input quoted in an error."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    def __init__(self, **data: Any) -> None:
        """Check the values; raises InvalidEntry, which names fields and never quotes values."""
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise InvalidEntry(_complaints(error)) from None


def _complaints(error: ValidationError) -> list[str]:
    """Say which fields are wrong and why; a variable's or a made-up field's name is not quoted."""
    return [
        f"{each['loc'][0] if each['type'] != 'extra_forbidden' and each['loc'] else 'a field'}: "
        f"{each['msg']}"
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def callback_size(value: JsonValue) -> int:
    """Return how many bytes of UTF-8 a value takes as callback data."""
    return len(_compact(value).encode())


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class CampaignEntry(_Outward):
    """One recipient of one campaign.

    ``client`` is the phone as ``+`` and digits. ``variables`` are strings only: the API turns
    numbers into 64-bit floats, which would eat the digits of long ids. ``callback_data`` may be
    any JSON value of at most 1,024 bytes. There is no ``scheduled_at``: the API has disabled it.
    Raises InvalidEntry where a value breaks one of these rules.
    """

    client: Annotated[StrictStr, Field(min_length=1)]
    campaign_name: Annotated[StrictStr, Field(min_length=1)]
    campaign_version: Annotated[StrictStr, Field(min_length=1)] | None = None
    sender: Annotated[StrictStr, Field(min_length=1)] | None = None
    variables: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    callback_data: JsonValue = None

    @field_validator("callback_data")
    @classmethod
    def _fits(cls, value: JsonValue) -> JsonValue:
        try:
            size = callback_size(value)
        except ValueError:
            raise ValueError("must not hold NaN, Infinity or broken characters") from None
        if size > CALLBACK_MAX_BYTES:
            raise ValueError(f"takes {size:,} bytes; at most {CALLBACK_MAX_BYTES:,} are allowed")
        return value

    @field_validator("client", "campaign_name", "campaign_version", "sender", "variables")
    @classmethod
    def _is_text(cls, value: Any) -> Any:
        texts = [*value, *value.values()] if isinstance(value, Mapping) else [value or ""]
        try:
            for text in texts:
                text.encode()
        except UnicodeEncodeError:
            raise ValueError("must not hold broken characters") from None
        return value


class SendCampaignsOptions(_Outward):
    """The two options of a request; the defaults are the API's own."""

    if_version_unspecified: VersionBehavior = VersionBehavior.REUSE_LAST_ACTIVE
    if_duplicate_check_unspecified: DuplicateBehavior = DuplicateBehavior.ALLOW_ONE


class SendCampaignsRequest(_Outward):
    """The body of one request. Both options are always spelled out."""

    entries: tuple[CampaignEntry, ...]
    options: SendCampaignsOptions = Field(default_factory=SendCampaignsOptions)

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the body as it goes over the wire; fields that are not set are left out."""
        return self.model_dump_json(by_alias=True, exclude_none=True, indent=indent)


def _count(value: Any) -> int:
    """Read a count: a whole number or its text; anything else counts nothing."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() else 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    if isinstance(value, float) and (not math.isfinite(value) or not value.is_integer()):
        return 0
    return max(int(value), 0)


def text_of(value: Any) -> str | None:
    """Read a message: missing, null and empty are one.

    JSON can hold characters that no database takes: halves of a pair, and the one numbered 0.
    They are put into a form that can be kept.
    """
    if not isinstance(value, str):
        return None
    return value.replace("\0", "").encode(errors="replace").decode() or None


def _name(value: Any) -> str | None:
    """Read an id or a name: one that could not be sent back as it came is none."""
    text = text_of(value)
    return text if text == value else None


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) and value else None


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


Count = Annotated[int, BeforeValidator(_count)]
Text = Annotated[str | None, BeforeValidator(text_of)]
Name = Annotated[str | None, BeforeValidator(_name)]


class _Inward(BaseModel):
    """What we receive: unknown fields are passed over, odd values become None or 0."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )


class PartialError(_Inward):
    """Why some entries of a sendout were refused, in the API's own words."""

    message: Text = None
    type: Text = None
    code: Text = None
    user_title: Text = None
    user_message: Text = None


class SubmissionStatus(_Inward):
    """What the API says of one (campaign name, campaign version) of a request."""

    campaign_id: Name = None
    campaign_name: Name = None
    campaign_version: Name = None
    sendout_id: Name = None
    status: Text = None
    accepted_count: Count = 0
    rejected_count: Count = 0
    error: Annotated[PartialError | None, BeforeValidator(_object)] = None


class SendCampaignsResponse(_Inward):
    """The answer to one request: one item for each sendout, in any order."""

    data: Annotated[list[SubmissionStatus], BeforeValidator(_objects)] = Field(default_factory=list)
    _json_text: str = PrivateAttr(default="")

    @property
    def json_text(self) -> str:
        """The answer exactly as it came."""
        return self._json_text

    @classmethod
    def from_json(cls, text: str) -> "SendCampaignsResponse":
        """Read an answer; raises ValueError where it is no JSON object."""
        body = json.loads(text)
        if not isinstance(body, dict):
            raise TypeError("the answer is no JSON object")
        response = cls.model_validate(body)
        response._json_text = text  # noqa: SLF001 - its own private attribute
        return response
