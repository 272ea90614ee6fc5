"""Mappings are suggested from headers in three languages and from the cells."""

import pytest

from lib.campaign import FieldSource, make_plan, suggest_mapping
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet

PHONES = [fictional_phone(number) for number in range(4)]
NAMES = ["Ana", "Ben", "Cam", "Dia"]


@pytest.mark.parametrize(
    ("phone", "campaign"),
    [("Phone", "Campaign"), ("phone_number", "campaign_name"), ("phoneNumber", "campaignName"),
     ("Celular", "Campaña"), ("Número de teléfono", "Nombre de la campaña"), ("Móvil", "campana"),
     ("Telefone", "Campanha"), ("WHATSAPP", "Nome da campanha"),
     ("Telephon number", "Campain name"),
     ("client", "campaignName"), ("external_id", "campaign")],
)  # fmt: skip
def test_headers_are_recognized_in_three_languages_and_many_spellings(
    phone: str, campaign: str
) -> None:
    sheet = make_sheet({campaign: ["spring"] * 4, "Nombre": NAMES, phone: PHONES})

    mapping = suggest_mapping(sheet)

    assert mapping.client.column == phone
    assert mapping.campaign_name.column == campaign
    assert {name: source.column for name, source in mapping.variables.items()} == {
        "Nombre": "Nombre"
    }


@pytest.mark.parametrize(
    ("phone", "others"),
    [
        ("Fone/WhatsApp", ["Nome completo", "CPF", "Vencimento"]),
        ("Nº de teléfono", ["Apellidos", "Nº de pedido", "E-mail"]),
        ("Tel. móvil", ["Nombre y apellidos", "DNI", "Código postal"]),
        ("Celular (com DDD)", ["Cliente", "Código", "Telefone fixo"]),
        ("WhatsApp", ["Teléfono", "Celular"]),
        ("Mobile Phone", ["Home Phone", "Order ID"]),
        ("Teléfono de contacto", ["Número de cliente", "Saldo"]),
        ("Telefone Celular", ["Data de nascimento", "Matrícula"]),
        ("customer_external_id", ["business_id", "sendout_id"]),
        ("x", ["Invoice", "CEP", "Conta"]),
    ],
)
def test_the_phone_column_is_found_among_other_numbers(phone: str, others: list[str]) -> None:
    digits = ["11987654321", "21987654322", "31987654323", "41987654324"]
    columns = dict.fromkeys((*others, phone), digits)

    assert suggest_mapping(make_sheet(columns)).client.column == phone


def test_a_column_of_ids_is_a_phone_column_only_if_its_cells_look_like_phones() -> None:
    ids = {"CPF": ["11987654321"] * 4, "Pedido": ["2025550100"] * 4}

    assert suggest_mapping(make_sheet(ids)).client.is_left_out
    assert suggest_mapping(make_sheet({**ids, "Código": PHONES})).client.column == "Código"


def test_an_audience_file_sends_to_whatsapp_only() -> None:
    sheet = make_sheet(
        {
            "channel_type": ["whatsapp", "WhatsApp ", "CHANNEL_TYPE_WHATSAPP", "instagram", ""],
            "external_id": [*PHONES[:3], "1784140", PHONES[3]],
            "first_name": [*NAMES, "Eva"],
        }
    )
    mapping = suggest_mapping(sheet)
    sendable = mapping.model_copy(update={"campaign_name": FieldSource(value="spring")})
    plan = make_plan(sheet, sendable)

    assert (mapping.channel.column, mapping.client.column) == ("channel_type", "external_id")
    assert list(mapping.variables) == ["first_name"]
    assert dict(plan.held["reasons"]) == {5: "other_channel", 6: "other_channel"}
    assert [each.client for each in plan.entries()] == PHONES[:3]
    assert "channel" not in next(plan.entries()).model_dump()


def test_a_column_of_names_is_never_the_phone_column() -> None:
    mapping = suggest_mapping(make_sheet({"cliente": NAMES, "celular": PHONES}))

    assert mapping.client.column == "celular"
    assert list(mapping.variables) == ["cliente"]


def test_without_a_matching_header_the_cells_decide() -> None:
    assert suggest_mapping(make_sheet({"a": NAMES, "b": PHONES})).client.column == "b"


def test_a_sheet_without_phones_has_no_phone_column() -> None:
    assert suggest_mapping(
        make_sheet({"phone": NAMES, "age": ["1", "2", "3", "4"]})
    ).client.is_left_out


def test_columns_that_downloads_add_are_not_variables() -> None:
    columns = {"phone": PHONES, "name": NAMES, "Row": ["2"] * 4, "Why held": ["x"] * 4,
               "Outcome": ["Held back"] * 4, "Error code": ["y"] * 4}  # fmt: skip

    assert list(suggest_mapping(make_sheet(columns)).variables) == ["name"]


def test_translated_columns_that_downloads_add_are_not_variables(in_spanish: None) -> None:
    columns = {"phone": PHONES, "name": NAMES, "Fila": ["2"] * 4, "Resultado": ["x"] * 4}

    assert list(suggest_mapping(make_sheet(columns)).variables) == ["name"]


def test_no_column_feeds_two_fields() -> None:
    versions = ["v1", "v2", "v1", "v2"]
    sheet = make_sheet({"phone": PHONES, "mobile": PHONES, "version": versions, "name": NAMES})

    columns = [source.column for source in suggest_mapping(sheet).named_sources().values()]

    assert columns == ["mobile", "version", "name"]


def test_an_empty_column_is_not_a_variable() -> None:
    assert suggest_mapping(make_sheet({"phone": PHONES, "empty": [""] * 4})).variables == {}
