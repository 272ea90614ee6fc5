"""Questions about phones with two readings: their order, their countries, and single rows."""

from typing import Any

import pytest

from lib.campaign import Answers, FieldSource, Mapping, PhoneQuestion, make_plan, phone_questions
from lib.sheet.phones.codes import Reading
from tests.support.sheets import make_sheet

MAPPING = Mapping(client=FieldSource(column="phone"), campaign_name=FieldSource(value="may"))
PERU = [f"51991234{number:03}" for number in range(6)]
THAILAND = [f"66911234{number:03}" for number in range(3)]
ANSWERS = [
    {},
    {"two_readings:51@BR": Reading.LOCAL},
    {"two_readings:66@BR": Reading.CODE},
    {"two_readings:51@BR": Reading.CODE, "two_readings:66@BR": Reading.CODE},
]


def _questions(phones: list[str], answers: Answers) -> tuple[PhoneQuestion, ...]:
    sheet = make_sheet({"phone": phones})
    return phone_questions(make_plan(sheet, MAPPING, answers=answers), sheet)


@pytest.mark.parametrize("readings", ANSWERS)
def test_the_order_of_questions_does_not_depend_on_the_answers(
    readings: dict[str, Reading],
) -> None:
    found = _questions([*THAILAND, *PERU], Answers(region="BR", phone_readings=readings))

    assert [(each.countries, len(each.rows)) for each in found] == [
        (("PE", "BR"), 6),
        (("TH", "BR"), 3),
    ]


def test_the_countries_of_a_question_are_those_of_rows_in_the_whole_sheet() -> None:
    phones = [f"525512345{number:03}" for number in range(60)]
    phones += [f"5731012345{number:02}" for number in range(20)]

    (question,) = _questions(phones, Answers(region="BR"))

    assert question.countries == ("MX", "CO")


@pytest.mark.parametrize(
    ("answers", "held", "exceptions"),
    [
        ({"phone_row_readings": {3: Reading.CODE}}, [], 0),
        ({"phone_row_readings": {3: Reading.LOCAL}}, [], 1),
        ({"refused_rows": {2, 4}}, [2, 4], 2),
        ({"refused_rows": {2, 4}, "phone_row_readings": {4: Reading.LOCAL}}, [2, 4], 2),
        ({"refused_rows": {99}, "phone_row_readings": {98: Reading.LOCAL}}, [], 0),
    ],
)
def test_single_rows_can_differ_from_a_group_that_is_decided(
    answers: dict[str, Any], held: list[int], exceptions: int
) -> None:
    sheet = make_sheet({"phone": PERU})
    group: dict[str, Any] = {"region": "BR", "phone_readings": {"two_readings:51@BR": Reading.CODE}}
    plan = make_plan(sheet, MAPPING, answers=Answers(**group, **answers))

    (question,) = phone_questions(plan, sheet)

    assert list(plan.held.index) == held
    assert (question.waiting, question.exceptions) == (0, exceptions)


def test_a_row_with_a_plus_is_held_back_although_nothing_was_repaired() -> None:
    sheet = make_sheet({"phone": ["+16505550123"], "country": ["MX"]})
    mapping = MAPPING.model_copy(update={"country": FieldSource(column="country")})
    decided = {"country_conflict": Reading.CODE}

    plan = make_plan(
        sheet, mapping, answers=Answers(phone_readings=decided, refused_rows=frozenset({2}))
    )

    assert plan.held["reasons"].to_dict() == {2: "repair_refused"}
