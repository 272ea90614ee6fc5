"""Which column, or fixed value, feeds which field of an entry; and the person's other answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from lib.campaign.mapping.templates import columns_of
from lib.campaign.mapping.value_format import Style
from lib.connectly import DuplicateBehavior, VersionBehavior
from lib.sheet import Sheet

Corrections = dict[int, dict[str, str]]
"""Texts that a person has put into cells: by row, as its owner sees it, and column."""


class _Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, serialize_by_alias=True
    )


class FieldSource(_Frozen):
    """Where a field's value comes from, and how it is written.

    A column, a template with column names in braces ("{first} {last}", see
    `lib.campaign.mapping.templates`), both with a fallback for empty cells, or a fixed value.
    Without any of them, the field is left out.
    """

    column: str | None = None
    value: str | None = None
    template: str | None = None
    fallback: str = ""
    style: Style = Style()

    @model_validator(mode="after")
    def _is_one_or_none(self) -> Self:
        if [self.column, self.value, self.template].count(None) < 2:
            raise ValueError("a source is a column, a fixed value or a template: only one of them")
        return self

    @property
    def is_left_out(self) -> bool:
        """Tell whether nothing feeds the field."""
        return self.column is None and self.value is None and self.template is None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose cells go into the value."""
        if self.template is not None:
            return columns_of(self.template)
        return () if self.column is None else (self.column,)


class ConsentUse(StrEnum):
    """What a column is for that may say who has agreed to messages.

    ``HOLD`` holds the rows that say no, ``IGNORE`` neither holds nor sends anything, and ``OTHER``
    is a column like all others.
    """

    HOLD = "hold"
    IGNORE = "ignore"
    OTHER = "other"


class Mapping(_Frozen):
    """What feeds each field of an entry.

    ``channel`` is no field: its column says which rows are for WhatsApp. All others are held.
    ``consent`` has the columns that may say who has agreed to messages, and what each is for. A
    column of consent that is not among them is used as `lib.campaign.consent` suggests.
    """

    client: FieldSource = FieldSource()
    channel: FieldSource = FieldSource()
    campaign_name: FieldSource = FieldSource()
    campaign_version: FieldSource = FieldSource()
    sender: FieldSource = FieldSource()
    variables: dict[str, FieldSource] = Field(default_factory=dict)
    callback_data: FieldSource = FieldSource()
    consent: dict[str, ConsentUse] = Field(default_factory=dict)

    def named_sources(self) -> dict[str, FieldSource]:
        """Return every field that something feeds, variables by their own names in braces."""
        fields = {
            "client": self.client,
            "channel": self.channel,
            "campaign_name": self.campaign_name,
            "campaign_version": self.campaign_version,
            "sender": self.sender,
            "callback_data": self.callback_data,
            **{f"{{{name}}}": source for name, source in self.variables.items()},
        }
        return {name: source for name, source in fields.items() if not source.is_left_out}

    @property
    def columns(self) -> list[str]:
        """The columns that feed anything, each once, the phone's first."""
        sources = self.named_sources().values()
        return list(dict.fromkeys(name for source in sources for name in source.columns))


class Answers(_Frozen):
    """What a person has decided besides the mapping.

    ``region`` is the country of phone numbers without one; ``refused_repairs`` are kinds of phone
    repair that must not be made, and ``refused_rows`` the rows whose phone must not be repaired;
    ``trim`` takes spaces off both ends of each value; ``ignored_lists`` are ids of exclude lists
    that do not count for this sendout; ``corrections`` stand in for cells of the sheet.
    ``only_new`` leaves out who has had the campaign before, None where nobody has said;
    ``include_unknown`` then sends to those of whom that is in doubt. ``send_blank_consent`` and
    ``send_unclear_consent`` send to rows whose consent is blank or not understood, None where
    nobody has said; ``email_consent`` tells of columns about e-mail whether they count.
    """

    region: str | None = None
    if_version_unspecified: VersionBehavior = VersionBehavior.REUSE_LAST_ACTIVE
    if_duplicate_check_unspecified: DuplicateBehavior = DuplicateBehavior.ALLOW_ONE
    refused_repairs: frozenset[str] = frozenset()
    refused_rows: frozenset[int] = frozenset()
    trim: bool = True
    ignored_lists: frozenset[str] = frozenset()
    only_new: bool | None = None
    include_unknown: bool = Field(
        default=False,
        validation_alias=AliasChoices("include_unknown", "with_doubtful"),
        serialization_alias="with_doubtful",
    )
    send_blank_consent: bool | None = None
    send_unclear_consent: bool | None = None
    email_consent: dict[str, bool] = Field(default_factory=dict)
    corrections: Corrections = Field(default_factory=dict)


@dataclass(frozen=True)
class MappingProblem:
    """One reason why no plan can be made yet."""

    code: str
    field: str
    sentence: str


class MappingIncompleteError(ValueError):
    """No plan can be made from this mapping; ``problems`` says why."""

    def __init__(self, problems: tuple[MappingProblem, ...]) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


_FIELD_NAMES: Final = {
    "client": "the phone",
    "channel": "the channel",
    "campaign_name": "the campaign name",
    "campaign_version": "the campaign version",
    "sender": "the sender",
    "callback_data": "the callback data",
}


def mapping_problems(sheet: Sheet, mapping: Mapping) -> tuple[MappingProblem, ...]:
    """Return what is still missing before a plan can be made from the sheet."""
    problems = []
    if mapping.client.column is None:
        problems.append(
            MappingProblem(
                "no_phone_column", "client", "Choose the column that holds the phone numbers."
            )
        )
    campaign = mapping.campaign_name
    if not campaign.columns and not (campaign.value or campaign.template or "").strip():
        problems.append(
            MappingProblem(
                "no_campaign",
                "campaign_name",
                "Choose the column with the campaign name, or enter one name for all rows.",
            )
        )
    for name, source in mapping.named_sources().items():
        gone = [column for column in source.columns if column not in sheet.frame.columns]
        if gone:
            problems.append(MappingProblem("column_gone", name, _what_is_gone(name, source, gone)))
    if any(not name.strip() for name in mapping.variables):
        problems.append(MappingProblem("variable_unnamed", "", "Give each variable a name."))
    return tuple(problems)


def _what_is_gone(name: str, source: FieldSource, gone: list[str]) -> str:
    field = _FIELD_NAMES.get(name, name)
    if source.template is None:
        return f"The column for {field} is not in this sheet. Choose another one."
    missing = " and ".join(f"“{{{column}}}”" for column in gone)
    return f"In the text for {field}, {missing} is no column of this sheet. Correct the text."
