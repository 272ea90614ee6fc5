"""Pydantic models of the API's request and response.

Request models are strict, because the API silently ignores unknown fields: a typo in an option
would act as the default. Response models are tolerant, because counts come as numbers, as numeric
strings or not at all, and because the API may add fields and values.
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
    """What the API does with entries that have no campaign version."""

    REUSE_LAST_ACTIVE = "reuse_last_active"
    CREATE_NEW = "create_new"


class DuplicateBehavior(StrEnum):
    """What the API does with a phone that has already received the campaign."""

    ALLOW_ONE = "allow_one"
    ALLOW_MULTIPLE = "allow_multiple"


class _RequestModel(BaseModel):
    """Base of request models: unknown fields are refused, and errors contain no input."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    def __init__(self, **data: Any) -> None:
        """Validate the values. Raises InvalidEntry, which names fields and contains no values."""
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise InvalidEntry(_describe_errors(error)) from None


def _describe_errors(error: ValidationError) -> list[str]:
    """Return a text for each wrong field, without names of variables and of unknown fields."""
    return [
        f"{each['loc'][0] if each['type'] != 'extra_forbidden' and each['loc'] else 'a field'}: "
        f"{each['msg']}"
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def callback_size(value: JsonValue) -> int:
    """Return the size of callback data in bytes: compact JSON in UTF-8."""
    return len(_compact_json(value).encode())


def _compact_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class CampaignEntry(_RequestModel):
    """One recipient of one campaign.

    ``client`` is the phone number as ``+`` and digits. ``variables`` are strings only, because the
    API turns numbers into 64-bit floats, which lose digits of long ids. ``callback_data`` is any
    JSON value of at most 1,024 bytes. There is no ``scheduled_at``, because the API has disabled
    it. Raises InvalidEntry if a value breaks one of these rules.
    """

    client: Annotated[StrictStr, Field(min_length=1)]
    campaign_name: Annotated[StrictStr, Field(min_length=1)]
    campaign_version: Annotated[StrictStr, Field(min_length=1)] | None = None
    sender: Annotated[StrictStr, Field(min_length=1)] | None = None
    variables: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    callback_data: JsonValue = None

    @field_validator("callback_data")
    @classmethod
    def _require_callback_size(cls, value: JsonValue) -> JsonValue:
        try:
            size = callback_size(value)
        except ValueError:
            raise ValueError("must not contain NaN, Infinity or invalid characters") from None
        if size > CALLBACK_MAX_BYTES:
            raise ValueError(f"has {size:,} bytes; at most {CALLBACK_MAX_BYTES:,} are allowed")
        return value

    @field_validator("client", "campaign_name", "campaign_version", "sender", "variables")
    @classmethod
    def _require_unicode(cls, value: Any) -> Any:
        texts = [*value, *value.values()] if isinstance(value, Mapping) else [value or ""]
        try:
            for text in texts:
                text.encode()
        except UnicodeEncodeError:
            raise ValueError("must not contain invalid characters") from None
        return value


class SendCampaignsOptions(_RequestModel):
    """The options of a request, with the API's defaults."""

    if_version_unspecified: VersionBehavior = VersionBehavior.REUSE_LAST_ACTIVE
    if_duplicate_check_unspecified: DuplicateBehavior = DuplicateBehavior.ALLOW_ONE


class SendCampaignsRequest(_RequestModel):
    """The body of one request. Both options are always included."""

    entries: tuple[CampaignEntry, ...]
    options: SendCampaignsOptions = Field(default_factory=SendCampaignsOptions)

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the body as it is sent, without the fields that are not set."""
        return self.model_dump_json(by_alias=True, exclude_none=True, indent=indent)


def _read_count(value: Any) -> int:
    """Return a count given as a whole number or its text; 0 for anything else."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() else 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    if isinstance(value, float) and (not math.isfinite(value) or not value.is_integer()):
        return 0
    return max(int(value), 0)


def clean_text(value: Any) -> str | None:
    """Return a text that databases accept, or None if there is none or it is empty.

    JSON can contain lone surrogates and NUL characters. Surrogates become question marks, NUL
    characters are removed.
    """
    if not isinstance(value, str):
        return None
    return value.replace("\0", "").encode(errors="replace").decode() or None


def _read_identifier(value: Any) -> str | None:
    """Return an id or name, or None if it has characters that can't be sent back unchanged."""
    text = clean_text(value)
    return text if text == value else None


def _read_object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) and value else None


def _read_objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


_Count = Annotated[int, BeforeValidator(_read_count)]
_Text = Annotated[str | None, BeforeValidator(clean_text)]
_Identifier = Annotated[str | None, BeforeValidator(_read_identifier)]


class _ResponseModel(BaseModel):
    """Base of response models: unknown fields are ignored, invalid values become None or 0."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )


class PartialError(_ResponseModel):
    """The API's error for the rejected entries of a sendout."""

    message: _Text = None
    type: _Text = None
    code: _Text = None
    user_title: _Text = None
    user_message: _Text = None


class SubmissionStatus(_ResponseModel):
    """The API's result for one (campaign name, campaign version) of a request."""

    campaign_id: _Identifier = None
    campaign_name: _Identifier = None
    campaign_version: _Identifier = None
    sendout_id: _Identifier = None
    status: _Text = None
    accepted_count: _Count = 0
    rejected_count: _Count = 0
    error: Annotated[PartialError | None, BeforeValidator(_read_object)] = None


class SendCampaignsResponse(_ResponseModel):
    """The response to one request: one item for each sendout, in any order."""

    data: Annotated[list[SubmissionStatus], BeforeValidator(_read_objects)] = Field(
        default_factory=list
    )
    _json_text: str = PrivateAttr(default="")

    @property
    def json_text(self) -> str:
        """The response body, unchanged."""
        return self._json_text

    @classmethod
    def from_json(cls, text: str) -> "SendCampaignsResponse":
        """Parse a response body. Raises ValueError or TypeError if it is not a JSON object."""
        body = json.loads(text)
        if not isinstance(body, dict):
            raise TypeError("the response is not a JSON object")
        response = cls.model_validate(body)
        response._json_text = text  # noqa: SLF001 - an attribute of this class
        return response
