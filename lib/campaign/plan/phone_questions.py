"""Questions about phones with two readings: their rows, and both readings of each."""

import dataclasses
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from lib.campaign.arrow_text import is_empty
from lib.campaign.mapping.model import Mapping
from lib.campaign.mapping.phone_columns import names_code
from lib.campaign.plan.corrections import corrected
from lib.campaign.plan.model import Plan
from lib.campaign.values.render import render_field
from lib.sheet import Sheet
from lib.sheet.phones.codes import PhoneProblem, Reading
from lib.sheet.phones.country_cells import read_countries
from lib.sheet.phones.questions import UNREADABLE_COUNTRY, both_readings

_EXAMPLES: Final = 25


@dataclass(frozen=True)
class PhoneExample:
    """A cell with two readings: numbers in E.164, or None if a reading gives no valid number."""

    row: int
    cell: str = field(repr=False)
    as_code: str | None = field(repr=False)
    as_local: str | None = field(repr=False)


@dataclass(frozen=True)
class PhoneQuestion:
    """A question that a person decides for a group of rows.

    ``reading`` is the answer for the group, None while it is open. ``rows`` are the numbers of all
    its rows, and ``waiting`` counts those that are held back until someone decides. ``readings``
    are those that give a valid number for one of the first rows.
    """

    key: str
    rows: tuple[int, ...]
    reading: Reading | None
    waiting: int
    example: PhoneExample
    readings: tuple[Reading, ...]

    @property
    def problem(self) -> PhoneProblem:
        """The problem that the rows have while the question is open."""
        return PhoneProblem(self.key.partition(":")[0])


def phones_and_countries(sheet: Sheet, mapping: Mapping) -> tuple[pd.Series, pd.Series | None]:
    """Return the text of each row's phone, and its country as `read_phones` expects it."""
    texts = render_field(mapping.client, sheet.frame, trim=True).texts
    if mapping.country.is_left_out:
        return texts, None
    cells = render_field(mapping.country, sheet.frame, trim=True).texts
    countries = read_countries(cells, has_codes=names_code(mapping.country.column))
    return texts, countries.mask(is_empty(countries) & ~is_empty(cells), UNREADABLE_COUNTRY)


def phone_questions(plan: Plan, sheet: Sheet) -> tuple[PhoneQuestion, ...]:
    """Return the questions of a plan, open ones first, then by the number of rows."""
    assert plan.mapping is not None
    keys = plan.table["phone_question"].dropna()
    if keys.empty:
        return ()
    groups = keys.groupby(keys).groups.items()
    found = [_question(str(key), [int(row) for row in rows], plan, sheet) for key, rows in groups]
    return tuple(sorted(found, key=lambda each: (each.waiting == 0, -len(each.rows))))


def _question(key: str, rows: list[int], plan: Plan, sheet: Sheet) -> PhoneQuestion:
    examples = phone_examples(plan, sheet, rows[:_EXAMPLES])
    valid = {
        Reading.CODE: any(each.as_code for each in examples),
        Reading.LOCAL: any(each.as_local for each in examples),
    }
    problem = key.partition(":")[0]
    is_held = plan.table.loc[rows, "held_codes"].str.split(",").map(lambda codes: problem in codes)
    return PhoneQuestion(
        key=key,
        rows=tuple(rows),
        reading=plan.answers.phone_readings.get(key),
        waiting=int(is_held.sum()),
        # An example with both readings shows best what the question is about.
        example=max(examples, key=lambda each: bool(each.as_code) + bool(each.as_local)),
        readings=tuple(reading for reading, is_valid in valid.items() if is_valid),
    )


def phone_examples(plan: Plan, sheet: Sheet, rows: list[int]) -> list[PhoneExample]:
    """Return the cells of these rows, which have a question, with both readings."""
    assert plan.mapping is not None
    answers = plan.answers
    part = dataclasses.replace(sheet, frame=sheet.frame.loc[rows])
    corrections = {row: answers.corrections[row] for row in rows if row in answers.corrections}
    texts, countries = phones_and_countries(corrected(part, corrections), plan.mapping)
    return [
        PhoneExample(
            row,
            str(texts[row]),
            *both_readings(
                str(texts[row]), answers.region, "" if countries is None else str(countries[row])
            ),
        )
        for row in rows
    ]
