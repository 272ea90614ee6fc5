"""Plans of any list: each person is sent once, on the own phone, and nobody on an exclude list."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.campaign import Answers, Exclusions, FieldSource, Mapping, make_plan
from lib.sheet.phones.codes import Reading
from lib.sheet.phones.country_cells import country_of
from lib.sheet.phones.questions import both_readings
from tests.support.phone_lists import Recipient, recipient_lists
from tests.support.sheets import make_sheet

MAPPING = Mapping(
    client=FieldSource(column="phone"),
    country=FieldSource(column="country"),
    campaign_name=FieldSource(value="spring"),
)


def _other_spelling(e164: str) -> str:
    """Return another number that reaches the same person, or the same one if there is none."""
    if e164.startswith("+52"):
        return f"+521{e164[3:]}"
    if e164.startswith("+549"):
        return f"+54{e164[4:]}"
    if e164.startswith("+55") and len(e164) == 14 and e164[6] in "6789":
        return e164[:5] + e164[6:]
    return e164


def _answers(home: str, recipients: list[Recipient]) -> Answers:
    """Answer each row's question with the reading that gives the number that is meant."""
    readings = {}
    for row, each in enumerate(recipients, 2):
        found = both_readings(each.cell, home, country_of(each.country) or "")
        if each.e164 in found:
            readings[row] = list(Reading)[found.index(each.e164)]
    return Answers(region=home, phone_row_readings=readings)


@given(recipient_lists(), st.data())
@settings(deadline=None, max_examples=25)
def test_everybody_is_sent_once_and_nobody_on_a_list(
    case: tuple[str, list[Recipient]], data: st.DataObject
) -> None:
    home, recipients = case
    # Some rows are repeated in the other spelling of their phone, and one person is excluded so.
    twice = data.draw(st.lists(st.sampled_from(recipients), max_size=2))
    excluded = data.draw(st.sampled_from(recipients)).e164
    rows = [*recipients, *(Recipient(_other_spelling(each.e164), "", each.e164) for each in twice)]
    sheet = make_sheet(
        {"phone": [each.cell for each in rows], "country": [each.country for each in rows]}
    )
    listed = np.array([int(_other_spelling(excluded)[1:])], dtype="int64")

    plan = make_plan(
        sheet, MAPPING, answers=_answers(home, recipients), excluded=Exclusions.of(listed)
    )

    sent = [each.client for each in plan.entries()]
    assert sorted(sent) == sorted({each.e164 for each in recipients} - {excluded})
    held = set(plan.findings.loc[plan.findings["severity"] == "hold", "code"])
    assert held <= {"duplicate", "excluded"}


@given(recipient_lists())
@settings(deadline=None, max_examples=25)
def test_without_answers_everybody_is_sent_on_the_own_phone_or_held(
    case: tuple[str, list[Recipient]],
) -> None:
    home, recipients = case
    sheet = make_sheet(
        {
            "phone": [each.cell for each in recipients],
            "country": [each.country for each in recipients],
        }
    )
    for region in (None, home):
        plan = make_plan(sheet, MAPPING, answers=Answers(region=region))

        for row, each in enumerate(recipients, 2):
            entry = plan.entry_for_row(row)
            assert entry is None or entry.client == each.e164
