"""Unusual values are reported and still sent."""

import pandas as pd
import pytest

from lib.campaign import FieldSource, Mapping, make_plan
from lib.campaign.plan.unusual_values import find_unusual_values
from lib.settings import Settings
from lib.sheet import read_sheet


def codes(value: str, name: str = "note") -> set[str]:
    """Return the codes found for one value among ordinary ones."""
    values = pd.Series(["Ana", value, "Springfield"], dtype="string[pyarrow]")
    found = {code: mask.tolist() for code, mask in find_unusual_values(name, values)}
    assert not any(mask[0] or mask[2] for mask in found.values())
    return {code for code, mask in found.items() if mask[1]}


@pytest.mark.parametrize(
    "value",
    [
        "N/A", "n/a", "NULL", "None", "test", "Teste", "xxx", "-", "???", "{{name}}",
        "Hi {{1}}, welcome", "[nombre]", "<first name>", "{first}", "%%FIRST%%", "Sin nombre",
    ],
)  # fmt: skip
def test_placeholders_are_reported(value: str) -> None:
    assert codes(value) == {"placeholder"}


@pytest.mark.parametrize(
    "value",
    ["Natalia", "Testa", "Nulo", "Nombrete", "10-12", "a {b} c", "Xavier", "100% off", "#1", "N"],
)
def test_real_values_are_not_placeholders(value: str) -> None:
    assert codes(value) == set()


@pytest.mark.parametrize(
    "value",
    [
        "http//example.com", "https:/example.com", "htps://example.com", "http://", "www.",
        "https://exa mple.com", "https://example", "www,example.com", "https://example..com",
        "http://https://example.com",
    ],
)  # fmt: skip
def test_malformed_links_are_reported(value: str) -> None:
    assert codes(value) == {"odd_link"}


@pytest.mark.parametrize(
    "value",
    [
        "https://example.com", "http://a.example.co.uk/x?y=1#z", "www.example.com/ofertas",
        "HTTPS://EXAMPLE.COM/A", "https://example.com:8080/a", "https://compañía.es/ñ",
        "https://xn--80ak6aa92e.com", "Visit https://example.com", "hotel", "https",
    ],
)  # fmt: skip
def test_valid_links_and_plain_texts_are_not_reported(value: str) -> None:
    assert codes(value) == set()


@pytest.mark.parametrize("value", ["ANA MARÍA", "O'NEILL", "JOSÉ DE-LA-CRUZ", "ŁUKASZ"])
def test_capitals_are_reported_in_names_only(value: str) -> None:
    assert codes(value, "first_name") == {"in_capitals"}
    assert codes(value, "code") == set()


@pytest.mark.parametrize("value", ["Ana", "JB", "McDONALD", "A. B.", "李小龙", ""])
def test_short_or_mixed_case_names_are_not_reported(value: str) -> None:
    assert codes(value, "Nombre") == set()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("a\nb", "line_break"),
        ("a\tb", "line_break"),
        ("a     b", "many_spaces"),
        ("a\u2028b", "line_break"),
        ("a\x0bb", "line_break"),
        ("a \u00a0 \u2009 b", "many_spaces"),
        ("\u200b", "placeholder"),
        (" \ufeff\u200e ", "placeholder"),
        ("ñ" * 1025, "long_value"),
    ],
)
def test_values_that_whatsapp_may_reject_are_reported(value: str, code: str) -> None:
    assert codes(value) == {code}


def test_four_spaces_and_1024_characters_are_not_reported() -> None:
    assert codes("👩\u200d👧 a\u200bb") == codes("a    b") == codes("ñ" * 1024) == set()


def test_a_person_with_two_phones_in_one_campaign_is_reported_and_sent(
    settings: Settings,
) -> None:
    rows = [
        "phone,campaign,name,E-mail",
        "+16505550101,promo_a,Ana,Ana@example.com",
        "+16505550102,promo_a,Ana,ana@example.com ",
        "+16505550103,promo_b,Ana,ana@example.com",
        "+16505550104,promo_a,Eva,",
        "+16505550105,promo_a,Ida,",
        "+16505550106,promo_a,Bob,bob@example.com",
        "+16505550106,promo_b,Bob,bob@example.com",
        "12,promo_a,Kim,kim@example.com",
        "+16505550107,promo_a,Kim,kim@example.com",
    ]
    sheet = read_sheet("\n".join(rows).encode(), settings=settings)
    mapping = Mapping(
        client=FieldSource(column="phone"),
        campaign_name=FieldSource(column="campaign"),
        variables={"name": FieldSource(column="name")},
    )
    plan = make_plan(sheet, mapping)

    found = plan.findings[plan.findings["code"] == "same_person"]
    assert found["row"].tolist() == [2, 3]
    assert plan.held.index.tolist() == [9]
