"""Changes that a spreadsheet program makes automatically are told apart from corrections."""

import pytest

from lib.campaign.plan.reformatting import is_reformatted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("0012", "12"), ("007", "7"), ("1.10", "1.1"), ("1,50", "1,5"),
        ("+16505550101", "16505550101"),
        ("0445512345681", "445512345681"), ("5215512345678", "5.21551E+12"),
        ("5215512345678", "5,21551E+12"), ("2025-12-24", "24/12/2025"),
        ("24.12.2025", "12/24/2025"),
        ("01/02/2025", "1/2/25"), ("1-2", "01-feb"), ("3/4", "04-Mar"), ("true", "TRUE"),
        ("Verdadero", "VERDADERO"),
    ],
)  # fmt: skip
def test_a_spreadsheet_program_may_have_made_this_change(before: str, after: str) -> None:
    assert is_reformatted(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("12", "0012"), ("16505550101", "+16505550101"), ("1.1", "1.10"), ("0012", "13"),
        ("Ana", "Anna"), ("ana", "Ana"), ("", "12"), ("12", ""), ("5.21551E+12", "5215512345678"),
        ("24/12/2025", "25/12/2025"), ("x", "5E+3"), ("650555", "6505550101"),
        ("01/02/2026", "02/01/2026"), ("2026-01-02", "2026-02-01"), ("1/2", "15-dic"),
        ("5512345678", "6.6E+9"), ("12345", "9E+3"),
    ],
)  # fmt: skip
def test_a_person_made_this_change(before: str, after: str) -> None:
    assert not is_reformatted(before, after)
