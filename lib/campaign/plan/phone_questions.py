"""Questions about phones with two readings: their rows, and both readings of each."""

import dataclasses
from dataclasses import dataclass

import pandas as pd

from lib.campaign.arrow_text import is_empty
from lib.campaign.mapping.model import Mapping
from lib.campaign.plan.corrections import corrected
from lib.campaign.plan.model import Plan
from lib.campaign.values.render import render_field
from lib.sheet import Sheet
from lib.sheet.phones.codes import PhoneProblem, Reading
from lib.sheet.phones.country_cells import read_countries
from lib.sheet.phones.questions import UNREADABLE_COUNTRY, both_readings


@dataclass(frozen=True)
class PhoneExample:
    """A cell with two readings: numbers in E.164, or None if a reading gives no valid number."""

    row: int
    cell: str
    as_code: str | None
    as_local: str | None


@dataclass(frozen=True)
class PhoneQuestion:
    """A question that a person decides for a group of rows.

    ``reading`` is the answer for the group, None while it is open. ``rows`` are the numbers of all
    its rows, and ``exceptions`` counts those that were decided on their own.
    """

    key: str
    rows: tuple[int, ...]
    reading: Reading | None
    exceptions: int
    example: PhoneExample

    @property
    def problem(self) -> PhoneProblem:
        """The problem that the rows have while the question is open."""
        return PhoneProblem(self.key.partition(":")[0])

    @property
    def waiting(self) -> int:
        """The number of rows that are held back until the question is answered."""
        return 0 if self.reading else len(self.rows) - self.exceptions


def phones_and_countries(sheet: Sheet, mapping: Mapping) -> tuple[pd.Series, pd.Series | None]:
    """Return the text of each row's phone, and its country as `read_phones` expects it."""
    texts = render_field(mapping.client, sheet.frame, trim=True).texts
    if mapping.country.is_left_out:
        return texts, None
    cells = render_field(mapping.country, sheet.frame, trim=True).texts
    countries = read_countries(cells)
    return texts, countries.mask(is_empty(countries) & ~is_empty(cells), UNREADABLE_COUNTRY)


def phone_questions(plan: Plan, sheet: Sheet) -> tuple[PhoneQuestion, ...]:
    """Return the questions of a plan, open ones first, then by the number of rows."""
    assert plan.mapping is not None
    keys = plan.table["phone_question"].dropna()
    if keys.empty:
        return ()
    answers, rows = plan.answers, keys.groupby(keys).groups
    found = [
        PhoneQuestion(
            key=str(key),
            rows=tuple(int(row) for row in group),
            reading=answers.phone_readings.get(str(key)),
            exceptions=sum(int(row) in answers.phone_row_readings for row in group),
            example=phone_examples(plan, sheet, [int(group[0])])[0],
        )
        for key, group in rows.items()
    ]
    return tuple(sorted(found, key=lambda each: (each.waiting == 0, -len(each.rows))))


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
