"""The mapping of columns and fixed values to an entry's fields, and a person's other answers."""

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import StrEnum
from typing import Final, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from lib.campaign.mapping.templates import columns_of
from lib.campaign.mapping.value_format import Style
from lib.connectly import DuplicateBehavior, VersionBehavior
from lib.i18n import N_, _
from lib.sheet import Sheet
from lib.sheet.phones.codes import Reading

Corrections = dict[int, dict[str, str]]
"""Texts that a person entered into cells, by the row number that its owner sees, and by column."""


class _Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, serialize_by_alias=True
    )


class FieldSource(_Frozen):
    """Where a field's value comes from, and how it is formatted.

    A source is a column, a template with column names in braces ("{first} {last}", see
    `lib.campaign.mapping.templates`), or a fixed value. The first two may have a fallback for empty
    cells. Without any of them, the field is left out.
    """

    column: str | None = None
    value: str | None = None
    template: str | None = None
    fallback: str = ""
    style: Style = Style()

    @model_validator(mode="after")
    def _is_one_or_none(self) -> Self:
        if [self.column, self.value, self.template].count(None) < 2:
            raise ValueError("a source has only one of a column, a fixed value and a template")
        return self

    @property
    def is_left_out(self) -> bool:
        """Whether the field has no source."""
        return self.column is None and self.value is None and self.template is None

    @property
    def is_blank(self) -> bool:
        """Whether the value is an empty text in every row."""
        text = self.value if self.template is None else self.template
        return text is not None and not text.strip()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the value is made from."""
        if self.template is not None:
            return columns_of(self.template)
        return () if self.column is None else (self.column,)


class ConsentUse(StrEnum):
    """How a column that may record consent is used.

    ``HOLD`` holds the rows that say no back, ``IGNORE`` neither holds rows nor sends the values,
    and ``OTHER`` marks a column that is not about consent.
    """

    HOLD = "hold"
    IGNORE = "ignore"
    OTHER = "other"


class Mapping(_Frozen):
    """The source of each field of an entry.

    ``country`` and ``channel`` are not sent. A row's phone is read for its country. Rows whose
    channel is not WhatsApp are held back. ``consent`` has the
    columns that may record consent and their uses. A consent column without an entry is used as
    `lib.campaign.mapping.consent` suggests.
    """

    client: FieldSource = FieldSource()
    country: FieldSource = FieldSource()
    channel: FieldSource = FieldSource()
    campaign_name: FieldSource = FieldSource()
    campaign_version: FieldSource = FieldSource()
    sender: FieldSource = FieldSource()
    variables: dict[str, FieldSource] = Field(default_factory=dict)
    callback_data: FieldSource = FieldSource()
    consent: dict[str, ConsentUse] = Field(default_factory=dict)

    def named_sources(self) -> dict[str, FieldSource]:
        """Return every field that has a source; variables under their names in braces."""
        fields = {
            "client": self.client,
            "country": self.country,
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
        """The columns that are used, each once, the phone's first."""
        sources = self.named_sources().values()
        return list(dict.fromkeys(name for source in sources for name in source.columns))


class Answers(_Frozen):
    """What a person decided besides the mapping.

    ``region``: the country of phone numbers without a country code, as two letters.
    ``refused_repairs``: codes of phone repairs that hold their rows back instead.
    ``refused_rows``: rows whose phone was repaired, or has two readings, to hold back.
    ``preferred_rows``: rows to send instead of other rows with the same recipient.
    ``phone_readings``: how phones with two readings are read, by their question (see
    `lib.sheet.phones.questions`); unanswered questions hold their rows back.
    ``phone_row_readings``: exceptions from them, by row number.
    ``trim``: whether to remove spaces at both ends of each value.
    ``ignored_lists``: ids of exclude lists that do not apply to this plan.
    ``only_new``: whether to hold people back who already got the campaign; None if undecided.
    ``include_unknown``: with ``only_new``, whether to send if it is unknown that they got it.
    ``send_blank_consent``, ``send_unclear_consent``: whether to send to rows whose consent is blank
    or unclear; None if undecided, which holds them back.
    ``resend_reported``: if the sheet is a report of this app, whether to send to rows that it shows
    as accepted or unconfirmed; None if undecided, which holds them back.
    ``email_consent``: for columns about email, whether they apply to WhatsApp too.
    ``corrections``: texts that replace cells of the sheet.
    """

    region: str | None = None
    if_version_unspecified: VersionBehavior = VersionBehavior.REUSE_LAST_ACTIVE
    if_duplicate_check_unspecified: DuplicateBehavior = DuplicateBehavior.ALLOW_ONE
    refused_repairs: frozenset[str] = frozenset()
    refused_rows: frozenset[int] = frozenset()
    preferred_rows: frozenset[int] = frozenset()
    phone_readings: dict[str, Reading] = Field(default_factory=dict)
    phone_row_readings: dict[int, Reading] = Field(default_factory=dict)
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
    resend_reported: bool | None = None
    email_consent: dict[str, bool] = Field(default_factory=dict)
    corrections: Corrections = Field(default_factory=dict)


class MappingProblemCode(StrEnum):
    """Why no plan can be made from a mapping."""

    NO_PHONE_COLUMN = "no_phone_column"
    NO_CAMPAIGN = "no_campaign"
    COLUMN_GONE = "column_gone"
    VARIABLE_UNNAMED = "variable_unnamed"


@dataclass(frozen=True)
class MappingProblem:
    """One reason why no plan can be made yet.

    ``field`` is named as in `Mapping.named_sources`, and empty where no single field is concerned.
    ``sentence`` is an English source text whose placeholders are in ``values``.
    """

    code: MappingProblemCode
    field: str
    sentence: str
    values: dict[str, str] = dataclass_field(default_factory=dict)

    @property
    def translated_sentence(self) -> str:
        """What to do, in the reader's language."""
        return _(self.sentence, **self.values)


class MappingIncompleteError(ValueError):
    """No plan can be made from this mapping; ``problems`` are the reasons."""

    def __init__(self, problems: tuple[MappingProblem, ...]) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


_COLUMN_GONE: Final = {
    "client": N_("The phone column “{column}” is not in this sheet. Choose another one."),
    "country": N_("The country column “{column}” is not in this sheet. Choose another one."),
    "channel": N_("The channel column “{column}” is not in this sheet. Choose another one."),
    "campaign_name": N_(
        "The column of campaign names, “{column}”, is not in this sheet. Choose another one."
    ),
    "campaign_version": N_(
        "The column of campaign versions, “{column}”, is not in this sheet. Choose another one."
    ),
    "sender": N_("The sender column “{column}” is not in this sheet. Choose another one."),
    "callback_data": N_(
        "The column of callback data, “{column}”, is not in this sheet. Choose another one."
    ),
}
_VARIABLE_COLUMN_GONE: Final = N_(
    "The column “{column}” for the variable {variable} is not in this sheet. Choose another one."
)
_TEMPLATE_COLUMN_GONE: Final = N_(
    "A combined text uses “{column}”, which is not a column of this sheet. Correct the text."
)


def mapping_problems(sheet: Sheet, mapping: Mapping) -> tuple[MappingProblem, ...]:
    """Return what has to be changed before a plan can be made from the sheet."""
    problems = []
    if not mapping.client.columns:
        problems.append(
            MappingProblem(
                MappingProblemCode.NO_PHONE_COLUMN,
                "client",
                N_("Choose the column with the phone numbers."),
            )
        )
    if mapping.campaign_name.is_left_out or mapping.campaign_name.is_blank:
        problems.append(
            MappingProblem(
                MappingProblemCode.NO_CAMPAIGN,
                "campaign_name",
                N_("Choose the column with the campaign name, or enter one name for every row."),
            )
        )
    for name, source in mapping.named_sources().items():
        problems += [
            _column_gone(name, source, column)
            for column in source.columns
            if column not in sheet.frame.columns
        ]
    if any(not name.strip() for name in mapping.variables):
        problems.append(
            MappingProblem(
                MappingProblemCode.VARIABLE_UNNAMED, "", N_("Give each variable a name.")
            )
        )
    return tuple(problems)


def unused_columns(sheet: Sheet, mapping: Mapping) -> list[str]:
    """Return the columns of a sheet that feed no field and are not about consent."""
    used = {*mapping.columns, *mapping.consent}
    return [column for column in sheet.frame.columns if column not in used]


def _column_gone(name: str, source: FieldSource, column: str) -> MappingProblem:
    values = {"column": column}
    if source.template is not None:
        sentence = _TEMPLATE_COLUMN_GONE
    elif name in _COLUMN_GONE:
        sentence = _COLUMN_GONE[name]
    else:
        sentence, values = _VARIABLE_COLUMN_GONE, {"column": column, "variable": name}
    return MappingProblem(MappingProblemCode.COLUMN_GONE, name, sentence, values)
