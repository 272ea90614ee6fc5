"""Property: nobody on an exclude list is sent, in any spelling of their number."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pandas as pd
import phonenumbers
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from lib.campaign import Answers, FieldSource, Mapping, add_exclude_list, make_plan, pasted_cells
from lib.campaign.exclusions import load_exclusions
from lib.settings import Settings
from tests.support.sheets import make_sheet

REGIONS: Final = ("MX", "AR", "BR", "US", "DE", "ES", "CO", "IN", "ID", "GB", "PE", "PT")


def _phone(region: str, last: int) -> str:
    """Return a valid mobile number of a country that ends in the two digits of ``last``."""
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example is not None
    digits = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    return f"{digits[:-2]}{last:02d}"


def _other_spelling(phone: str) -> str:
    """Return the other spelling that WhatsApp has for numbers of Mexico, Argentina and Brazil."""
    if phone.startswith("+52"):
        return f"+521{phone[3:]}"
    if phone.startswith("+549"):
        return f"+54{phone[4:]}"
    if phone.startswith("+55") and len(phone) == 14 and phone[6] in "6789":
        return f"{phone[:5]}{phone[6:]}"
    return phone


def _national(phone: str) -> str:
    return phonenumbers.format_number(phonenumbers.parse(phone), PhoneNumberFormat.NATIONAL)


FORMS: Final[tuple[Callable[[str], str], ...]] = (
    lambda phone: phone,
    lambda phone: phone[1:],
    _other_spelling,
    lambda phone: _other_spelling(phone)[1:],
    _national,
    lambda phone: _national(phone).replace(" ", "").replace("-", ""),
    lambda phone: f"\u202a{phone}\u202c",
    lambda phone: f"\u200e{_national(phone)}\u200b",
    lambda phone: phonenumbers.format_number(
        phonenumbers.parse(phone), PhoneNumberFormat.INTERNATIONAL
    ),
    lambda phone: f"tel:{phone}",
)

people = st.builds(_phone, st.sampled_from(REGIONS), st.integers(0, 99))
entries = st.tuples(people, st.sampled_from(FORMS))
cells = st.one_of(
    st.tuples(entries),
    st.tuples(entries, entries),
)
between = st.sampled_from([" / ", "; ", " ::: ", "\n", " o ", ", ", " y "])


@given(
    recipients=st.lists(people, min_size=1, max_size=6),
    listed=st.lists(st.tuples(cells, between), min_size=1, max_size=4),
    among=st.data(),
    is_pasted=st.booleans(),
)
@limits(max_examples=25, deadline=None)
def test_nobody_on_a_list_is_sent(
    recipients: list[str],
    listed: list[tuple[tuple[tuple[str, Callable[[str], str]], ...], str]],
    among: st.DataObject,
    is_pasted: bool,
) -> None:
    on_list: set[str] = set()
    texts = []
    for cell, separator in listed:
        written = []
        for phone, form in cell:
            # Some of the people on the list are recipients.
            person = among.draw(st.sampled_from([phone, *recipients]))
            on_list.add(person)
            written.append(form(person))
        texts.append(separator.join(written))
    # The chosen country may be wrong for some or all of the list.
    region = among.draw(st.sampled_from([None, *REGIONS]))
    spelled = [among.draw(st.sampled_from([each, _other_spelling(each)])) for each in recipients]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        given_cells = (
            pasted_cells("\n".join(texts))
            if is_pasted
            else pd.Series(texts, dtype="string[pyarrow]")
        )
        added = add_exclude_list(
            given_cells, name="list", region=region, added_by="me", settings=settings
        )
        exclusions = load_exclusions([added.id], settings)
    sheet = make_sheet({"phone": spelled})
    mapping = Mapping(client=FieldSource(column="phone"), campaign_name=FieldSource(value="spring"))
    plan = make_plan(sheet, mapping, answers=Answers(), excluded=exclusions)
    sent = {entry.client for entry in plan.entries()}
    forbidden = {each for person in on_list for each in (person, _other_spelling(person))}
    assert not sent & forbidden
