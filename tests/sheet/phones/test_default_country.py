"""The default country is suggested by the numbers, the header, or other hints."""

import pandas as pd
import pytest

from lib.sheet.phones.default_country import Evidence, Suggestion, suggest_region

CODED = ["+5511912345678"] * 3
BARE = ["11912345678"] * 5
MEXICAN = ["55 1234 5678"] * 5


@pytest.mark.parametrize(
    ("cells", "header", "expected"),
    [
        ([*CODED, "+16505550123"], None, ("BR", "not_needed")),
        ([*CODED, *BARE], None, ("BR", "numbers")),
        (["5511912345678", "5521912345678", "5531912345678"], None, ("BR", "numbers")),
        (["+5511912345678", "+16505550123", "+34612345678", "1"], None, (None, "not_needed")),
        (["+5511912345678", "+16505550123", "+34612345678", *BARE], None, (None, "nothing")),
        (BARE, None, (None, "nothing")),
        (BARE, "phone_br", ("BR", "header")),
        (BARE, "Celular (BR)", ("BR", "header")),
        (BARE, "Telefone Brasil", ("BR", "header")),
        (MEXICAN, "Teléfono México", ("MX", "header")),
        (MEXICAN, "Phone (United Kingdom)", (None, "nothing")),
        (["41 23 45 67"] * 4, "Phone no", (None, "nothing")),
        ([], "phone", (None, "not_needed")),
    ],
)  # fmt: skip
def test_the_country_is_suggested_by_numbers_or_header(cells, header, expected):
    assert suggest_region(pd.Series(cells, dtype="str"), header) == Suggestion(
        expected[0], Evidence(expected[1])
    )


@pytest.mark.parametrize(
    ("usual", "locale", "expected"),
    [
        ("BR", "es-MX", ("BR", "usual")),
        ("GB", "pt-BR", ("BR", "browser")),
        (None, "pt-BR", ("BR", "browser")),
        (None, "de-DE", (None, "nothing")),
        (None, "pt", (None, "nothing")),
        (None, "es-419", (None, "nothing")),
        (None, "no locale", (None, "nothing")),
    ],
)
def test_hints_are_used_only_if_numbers_are_valid_in_their_country(usual, locale, expected):
    cells = pd.Series(["11 91234-5678"] * 5, dtype="str")

    found = suggest_region(cells, "phone", usual=usual, locale=locale)

    assert (found.region, found.evidence) == expected
    assert found.evidence.is_thin
