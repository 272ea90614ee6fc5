"""Questions about phones with two readings: their rows, and both readings of each."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd
import phonenumbers

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
    are those that give a valid number for one of the rows that were examined. ``countries`` (ISO
    codes) are those of these numbers, with the first digits as a country code first.
    ``exceptions`` counts the rows that are read differently from the group or held back on their
    own.
    """

    key: str
    rows: tuple[int, ...]
    reading: Reading | None
    waiting: int
    example: PhoneExample
    readings: tuple[Reading, ...]
    countries: tuple[str, ...]
    exceptions: int

    @property
    def problem(self) -> PhoneProblem:
        """The problem that the rows have while the question is open."""
        return PhoneProblem(self.key.partition(":")[0])

    @property
    def prefix(self) -> str:
        """What the numbers begin with, if all begin alike: a country code, ``plus`` or ``00``."""
        return self.key.partition(":")[2].rpartition("@")[0]


def phones_and_countries(sheet: Sheet, mapping: Mapping) -> tuple[pd.Series, pd.Series | None]:
    """Return the text of each row's phone, and its country as `read_phones` expects it."""
    texts = render_field(mapping.client, sheet.frame, trim=True).texts
    if mapping.country.is_left_out:
        return texts, None
    cells = render_field(mapping.country, sheet.frame, trim=True).texts
    countries = read_countries(cells, has_codes=names_code(mapping.country.column))
    return texts, countries.mask(is_empty(countries) & ~is_empty(cells), UNREADABLE_COUNTRY)


def phone_questions(plan: Plan, sheet: Sheet) -> tuple[PhoneQuestion, ...]:
    """Return the questions of a plan, in an order that does not depend on the answers.

    Questions with more rows come first. An answer about numbers of no country adds rows to its
    question, which is therefore always the first.
    """
    assert plan.mapping is not None
    keys = plan.table["phone_question"].dropna()
    if keys.empty:
        return ()
    groups = keys.groupby(keys).groups.items()
    found = [_question(str(key), [int(row) for row in rows], plan, sheet) for key, rows in groups]
    return tuple(sorted(found, key=_place))


def _place(question: PhoneQuestion) -> tuple[bool, int, str]:
    is_first = question.problem is PhoneProblem.NO_COUNTRY
    return not is_first, -len(question.rows), question.key


def _question(key: str, rows: list[int], plan: Plan, sheet: Sheet) -> PhoneQuestion:
    # Rows from the whole sheet: the first ones are often of one country.
    examples = phone_examples(plan, sheet, rows[:: -(-len(rows) // _EXAMPLES)])
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
        countries=_countries(examples),
        exceptions=_count_exceptions(key, plan),
    )


def _countries(examples: Sequence[PhoneExample]) -> tuple[str, ...]:
    """Return the countries of both readings, each once, the most frequent ones first."""
    readings = ([each.as_code for each in examples], [each.as_local for each in examples])
    found: list[str] = []
    for numbers in readings:
        regions = Counter(_region(number) for number in numbers if number)
        found += [region for region, _count in regions.most_common() if region]
    return tuple(dict.fromkeys(found))


def _region(e164: str) -> str | None:
    return phonenumbers.region_code_for_number(phonenumbers.parse(e164))


def _count_exceptions(key: str, plan: Plan) -> int:
    answers = plan.answers
    group = answers.phone_readings.get(key)
    differing = [row for row, each in answers.phone_row_readings.items() if each != group]
    rows = plan.table.index.intersection([*{*differing, *answers.refused_rows}])
    return int(plan.table.loc[rows, "phone_question"].eq(key).sum())


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
