"""Values are formatted as chosen, and unchanged if they are ambiguous."""

from typing import Any

import pyarrow as pa
import pytest

from lib.campaign import Answers, FieldSource, Mapping, Plan, Style, make_plan, mapping_problems
from lib.campaign.values.dates import date_orders, write_dates
from lib.campaign.values.name_case import write_names
from lib.campaign.values.numbers import write_numbers
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet


def _style(**chosen: Any) -> Style:
    return Style(**chosen)


def _texts(*texts: str) -> pa.Array:
    return pa.array(texts, pa.large_string())


def _plan(source: FieldSource, *, trim: bool = True, **columns: list[str]) -> Plan:
    count = len(next(iter(columns.values())))
    phones = [fictional_phone(number) for number in range(count)]
    mapping = Mapping(
        client=FieldSource(column="phone"),
        campaign_name=FieldSource(value="spring"),
        variables={"x": source},
    )
    return make_plan(make_sheet({"phone": phones, **columns}), mapping, answers=Answers(trim=trim))


def _sent(plan: Plan) -> list[str]:
    return [entry.variables["x"] for entry in plan.entries()]


def _findings(plan: Plan) -> list[tuple[Any, ...]]:
    return list(plan.findings[["row", "code", "severity", "column"]].itertuples(index=False))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("ANA MARÍA DE LA CRUZ", "Ana María de la Cruz"),
        ("maría y josé dos santos", "María y José dos Santos"),
        ("O'BRIEN", "O'Brien"), ("d\u2019angelo", "D\u2019Angelo"), ("ana's shop", "Ana's Shop"),
        ("McDonald", "McDonald"), ("MCDONALD", "McDonald"), ("deSouza", "deSouza"),
        ("JEAN-LUC", "Jean-Luc"), ("juan carlos iii", "Juan Carlos III"),
        ("DE LA CRUZ", "De la Cruz"), ("José Y. Pérez", "José Y. Pérez"), ("LI Y", "Li Y"),
        ("JOSE\u0301 LUIS", "Jose\u0301 Luis"), ("李小龙", "李小龙"), ("", ""), ("ANA 2", "Ana 2"),
    ],
)  # fmt: skip
def test_names_are_capitalized(text: str, written: str) -> None:
    assert write_names(_texts(text)).to_pylist() == [written]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2025-04-03", "3 April 2025"), ("2025-04-03 00:00:00", "3 April 2025"),
        ("13/04/2025", "13 April 2025"), ("04/13/2025", "13 April 2025"),
        ("3.3.2025", "3 March 2025"), ("3 de mayo de 2025", "3 May 2025"),
        ("1º de março de 2025", "1 March 2025"), ("May 3rd, 2025", "3 May 2025"),
        ("03-ago-2025", "3 August 2025"), ("29/02/2024", "29 February 2024"),
    ],
)  # fmt: skip
def test_unambiguous_dates_are_formatted(text: str, written: str) -> None:
    found = write_dates(_texts(text), _style(form="date"))

    assert found.texts.to_pylist() == [written]
    assert not (found.unsure | found.other).any()


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("03/04/2025", None), ("3-4-25", None), ("31/12/25", None), ("31/02/2025", None),
        ("31/02/2025", "day_first"), ("04/13/2025", "day_first"), ("2025-13-01", None),
        ("2025-01-01 25:00", None),
    ],
)  # fmt: skip
def test_ambiguous_and_impossible_dates_are_unchanged_and_marked(
    text: str, order: str | None
) -> None:
    found = write_dates(_texts(text), _style(form="date", date_order=order))

    assert found.texts.to_pylist() == [text]
    assert found.unsure.all()


@pytest.mark.parametrize("text", ["20250403", "45750", "mañana", "3 foo 2025", "1.2", "12/2025"])
def test_texts_that_are_not_dates_are_unchanged(text: str) -> None:
    found = write_dates(_texts(text), _style(form="date", date_order="day_first"))

    assert found.texts.to_pylist() == [text]
    assert found.other.all()


def test_the_style_has_the_date_order_and_keeps_the_time() -> None:
    texts = _texts("03/04/2025 2:05 PM", "3/4/49 12:30 am", "03/04/50")
    forms = {"date_form": "es", "time": True}

    days = write_dates(texts, _style(form="date", date_order="day_first", **forms))
    months = write_dates(texts, _style(form="date", date_order="month_first", **forms))

    assert days.texts.to_pylist() == [
        "3 de abril de 2025 14:05", "3 de abril de 2049 00:30", "3 de abril de 1950",
    ]  # fmt: skip
    assert months.texts.to_pylist()[0] == "4 de marzo de 2025 14:05"


def test_dates_with_only_one_possible_order_are_counted() -> None:
    sheet = make_sheet({"d": ["13/04/2025", "14/04/25", "04/13/2025", "03/04/2025", "x"]})

    assert date_orders(sheet.frame["d"]) == (2, 1)


@pytest.mark.parametrize(
    ("text", "style", "written"),
    [
        ("1234.5", {}, "1,234.5"), ("1.234,50", {}, "1,234.50"), ("1 234,5", {}, "1,234.5"),
        ("1.234.567", {}, "1,234,567"), ("0.125", {}, "0.125"), ("1'234.5", {}, "1,234.5"),
        ("R$ 1.234,50", {"number_form": "1.234,5"}, "R$ 1.234,50"),
        ("-$5", {"decimals": 2}, "-$5.00"), ("12,5 €", {"decimals": 0}, "13 €"),
        ("1.234", {"decimal_mark": ","}, "1,234"), ("1.234", {"decimal_mark": "."}, "1.234"),
        ("2.675", {"decimal_mark": ".", "decimals": 2}, "2.68"), ("12%", {}, "12%"),
        ("1234567", {"number_form": "1 234,5"}, "1\u00a0234\u00a0567"),
        ("99.995", {"decimal_mark": ".", "decimals": 2, "number_form": "1234,5"}, "100,00"),
        ("12345678901234567890", {}, "12,345,678,901,234,567,890"),
    ],
)  # fmt: skip
def test_unambiguous_numbers_are_formatted(text: str, style: dict[str, Any], written: str) -> None:
    found = write_numbers(_texts(text), _style(form="number", **style))

    assert found.texts.to_pylist() == [written]
    assert not (found.unsure | found.other).any()


@pytest.mark.parametrize(
    "text", ["007", "1e5", "1.65E+10", "abc", "1,23,456", "1.2.3", "--1", "9" * 5_000, "12 kg"]
)
def test_texts_that_are_not_numbers_are_unchanged(text: str) -> None:
    found = write_numbers(_texts(text, "12.345"), _style(form="number"))

    assert found.texts.to_pylist() == [text, "12.345"]
    assert (found.other.tolist(), found.unsure.tolist()) == ([True, False], [False, True])


def test_ambiguous_dates_are_held_and_other_texts_are_sent_with_a_warning() -> None:
    plan = _plan(
        FieldSource(column="due", style=_style(form="date"), fallback="soon"),
        due=["2025-04-03", "03/04/2025", "tomorrow", ""],
    )

    assert _sent(plan) == ["3 April 2025", "tomorrow", "soon"]
    assert _findings(plan) == [
        (3, "date_unsure", "hold", "due"),
        (4, "not_a_date", "warn", "due"),
    ]


@pytest.mark.parametrize(
    ("form", "written"), [("upper", "ÑU MCX"), ("lower", "ñu mcx"), ("first", "Ñu mcx")]
)
def test_letter_case(form: str, written: str) -> None:
    assert _sent(_plan(FieldSource(column="a", style=_style(form=form)), a=["ñu McX"])) == [written]


def test_texts_are_put_on_one_line_with_a_warning() -> None:
    one_line = _style(spaces="one_line")
    plan = _plan(FieldSource(column="a", style=one_line), a=[" a\n\tb \u00a0 c ", "d e"])

    assert _sent(plan) == ["a b c", "d e"]
    assert _findings(plan) == [(2, "trimmed", "warn", "a")]


def test_spaces_can_be_kept() -> None:
    assert _sent(_plan(FieldSource(column="a", style=_style(spaces="keep")), a=[" a "])) == [" a "]


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{first} {last}", ["Ana López", None, None]),
        ("{first|friend} {last|}", ["Ana López", "Ben", "friend"]),
        ("{first|} {last|}", ["Ana López", "Ben", None]),
        ("Hi {{ first }}!", ["Hi Ana!", "Hi Ben!", None]),
        ("{first|x} {last|} (VIP)", ["Ana López (VIP)", "Ben (VIP)", "x (VIP)"]),
        ("{first|?}-{first|?}", ["Ana-Ana", "Ben-Ben", "?-?"]),
        ("no column", ["no column"] * 3),
    ],
)
def test_templates_combine_columns_and_empty_cells_without_a_fallback_hold_the_row(
    template: str, written: list[str | None]
) -> None:
    plan = _plan(
        FieldSource(template=template), first=["Ana", " Ben ", ""], last=["López", " ", ""]
    )

    assert _sent(plan) == [each for each in written if each is not None]
    held = [row for row, each in enumerate(written, start=2) if each is None]
    assert list(plan.held.index) == held


def test_a_templates_fallback_is_used_for_every_empty_cell_and_formatted() -> None:
    source = FieldSource(template="{first} {last}", fallback="friend", style=_style(form="name"))

    plan = _plan(source, first=["ANA", ""], last=["DE LA CRUZ", "LÓPEZ"])

    assert _sent(plan) == ["Ana de la Cruz", "Friend López"]


def test_a_template_with_an_unknown_column_is_a_problem() -> None:
    sheet = make_sheet({"phone": [fictional_phone(0)], "first": ["Ana"]})
    mapping = Mapping(
        client=FieldSource(column="phone"),
        campaign_name=FieldSource(value="spring"),
        variables={"x": FieldSource(template="{first} {lost}")},
    )

    (problem,) = mapping_problems(sheet, mapping)

    assert (problem.code, problem.field) == ("column_gone", "{x}")
    assert problem.values == {"column": "lost"}
    assert "“lost”" in problem.translated_sentence


def test_a_lost_cell_in_a_template_holds_its_row() -> None:
    sheet = make_sheet(
        {"phone": [fictional_phone(0)], "first": ["Ana"], "last": ["x"]},
        flags=[(2, "last", "error_value")],
    )
    mapping = Mapping(
        client=FieldSource(column="phone"),
        campaign_name=FieldSource(template="{last}"),
        variables={"x": FieldSource(template="{first} {last}")},
    )

    assert dict(make_plan(sheet, mapping).held["reasons"]) == {2: "error_value"}
