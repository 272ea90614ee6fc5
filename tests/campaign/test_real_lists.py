"""Lists as marketers have them: each is read, mapped and checked with every suggestion accepted."""

import csv
import io
from typing import Any

import pandas as pd
import pytest

from lib.campaign import (
    Answers,
    FieldSource,
    Mapping,
    Plan,
    make_plan,
    phone_questions,
    suggest_mapping,
)
from lib.campaign.mapping.consent import refused_rows
from lib.campaign.mapping.phone_columns import has_area_code
from lib.campaign.plan.phone_questions import phones_and_countries
from lib.sheet import Sheet
from lib.sheet.phones.default_country import suggest_region
from tests.support.sheets import make_sheet


def read(text: str, separator: str | None = None) -> Sheet:
    """Return a delimited text as a sheet. The reader of files has tests of its own."""
    first = text.partition("\n")[0]
    found = separator or max(",;\t", key=first.count)
    header, *rows = csv.reader(io.StringIO(text), delimiter=found)
    return make_sheet(dict(zip(header, zip(*rows, strict=True), strict=True)))


def _suggested(sheet: Sheet, **answers: Any) -> tuple[Mapping, Plan]:
    """Return the suggested mapping with one campaign, and its plan with the suggested country."""
    mapping = suggest_mapping(sheet)
    if mapping.campaign_name.is_left_out:
        mapping = mapping.model_copy(update={"campaign_name": FieldSource(value="spring")})
    texts, countries = phones_and_countries(sheet, mapping)
    without = texts if countries is None else texts[countries == ""]
    found = suggest_region(
        without, mapping.client.column, has_area_code=has_area_code(mapping.client)
    )
    region = None if found.evidence.is_hint else found.region
    return mapping, make_plan(sheet, mapping, answers=Answers(**{"region": region, **answers}))


def _outcomes(plan: Plan) -> list[str]:
    """Return each row's number, or the codes that hold it back."""
    return [
        held or client
        for held, client in zip(plan.table["held_codes"], plan.table["client"], strict=True)
    ]


def _rows(header: str, *lines: str) -> str:
    return "\n".join([header, *lines]) + "\n"


@pytest.mark.parametrize(
    ("text", "country", "outcomes"),
    [
        (
            _rows("First Name,Phone,Default Address Country Code", "Amy,+12015550101,US",
                  "Bob,+12015550102,US", "Cat,+12015550103,US", "Eva,5512345678,MX"),
            "Default Address Country Code",
            ["+12015550101", "+12015550102", "+12015550103", "+525512345678"],
        ),
        (
            _rows("Nome;Celular;País", "Ana;11987650001;Brasil", "Bia;912345678;Portugal",
                  "Caio;5512345678;México"),
            "País",
            ["+5511987650001", "+351912345678", "+525512345678"],
        ),
        (
            _rows("pais,nombre,telefono", "Colombia,Ana,3012345678", "Perú,Beto,912345678",
                  "Estados Unidos,Caro,6505550123", "España,Dani,612345678"),
            "pais",
            ["+573012345678", "+51912345678", "+16505550123", "+34612345678"],
        ),
        (
            _rows("Name\tMobile\tCountry/Region", "Ana\t07400123456\tUnited Kingdom",
                  "Ben\t0151 23456789\tGermany", "Cam\t+33612345678\tFR"),
            "Country/Region",
            ["+447400123456", "+4915123456789", "+33612345678"],
        ),
        (
            _rows("First name,Country code,Phone", "Ana,52,5512345678", "Beto,57,3012345678",
                  "Caro,54,91123456789", "Dani,1,6505550123"),
            "Country code",
            ["+525512345678", "+573012345678", "+5491123456789", "+16505550123"],
        ),
        (
            _rows("DDI;Telefone;Nome", "+55;11987650001;Ana", "+351;912345678;Bia"),
            "DDI",
            ["+5511987650001", "+351912345678"],
        ),
    ],
)  # fmt: skip
def test_the_country_of_a_row_decides_how_its_number_is_read(
    text: str, country: str, outcomes: list[str]
) -> None:
    mapping, plan = _suggested(read(text))

    assert mapping.country.column == country
    assert country not in [each.column for each in mapping.variables.values()]
    assert _outcomes(plan) == outcomes


@pytest.mark.parametrize(
    ("text", "outcomes"),
    [
        (_rows("phone,country", "+16505550101,MX", "+525512345678,MX"),
         ["country_conflict", "+525512345678"]),
        (_rows("País,Celular", "Brasil,+34612345678", "Brasil,11987650001"),
         ["country_conflict", "+5511987650001"]),
        (_rows("WhatsApp;Pais", "5511987650001;Argentina", "91123456789;Argentina"),
         ["country_conflict", "+5491123456789"]),
    ],
)  # fmt: skip
def test_a_number_that_contradicts_its_country_is_held_until_one_is_chosen(
    text: str, outcomes: list[str]
) -> None:
    sheet = read(text)
    _mapping, plan = _suggested(sheet)
    _mapping, answered = _suggested(sheet, phone_readings={"country_conflict": "code"})

    assert _outcomes(plan) == outcomes
    assert not answered.held_count


@pytest.mark.parametrize(
    ("text", "client"),
    [
        (_rows("Nome,DDD,Telefone", "Ana,11,987650001", "Bia,21,987650002"),
         "{DDD|} {Telefone}"),
        (_rows("lada;celular;nombre;país", "55;12345678;Ana;MX", "81;12345679;Beto;MX"),
         "{lada|} {celular}"),
        (_rows("Area code,Phone number,Country", "650,5550101,US", "201,5550102,US"),
         "{Area code|} {Phone number}"),
    ],
)  # fmt: skip
def test_an_area_code_in_a_column_of_its_own_is_put_before_the_number(
    text: str, client: str
) -> None:
    sheet = read(text)
    mapping, _plan = _suggested(sheet)
    region = None if mapping.country.column else "BR"
    _mapping, plan = _suggested(sheet, region=region)

    assert mapping.client.template == client
    assert not plan.held_count


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        (_rows("Phone Number,Mobile Phone Number,WhatsApp Phone Number,Name",
               "+551133330001,+5511987650091,+5511987650001,Ana"), "WhatsApp Phone Number"),
        (_rows("Teléfono,Nº WhatsApp,Celular", "+525512345670,+525512345671,+525512345672"),
         "Nº WhatsApp"),
        (_rows("Telefone fixo;Celular", "+551133330001;+5511987650001"), "Celular"),
        (_rows("Cumpleaños,Nombre,Dato de contacto", "03-05-1990,Ana,+525512345678",
               "04-06-1991,Beto,+525512345679"), "Dato de contacto"),
        (_rows("Data,Nome,Contato", "2026-08-11,Ana,+5511987650001"), "Contato"),
        (_rows("Nombre,Celular", "Ana,5.21551E+12", "Beto,5.21551E+12"), "Celular"),
        (_rows("Nome,Celular", "Ana,\u202a+55 11 98765-0001\u202c"), "Celular"),
        (_rows("Nome;Celular", "Ana;5.511.987.650.001,00"), "Celular"),
        (_rows("name,phone", 'Ana,"=""+5511987650001"""', "Bia,tel:+5511987650002"), "phone"),
        (_rows("Name,Default Address Phone,Phone", "Ana,,+5511987650001",
               "Bia,+551133330002,+5511987650002", "Caio,,+5511987650003"), "Phone"),
    ],
)  # fmt: skip
def test_the_phone_column_is_chosen_by_its_header_first(text: str, phone: str) -> None:
    assert suggest_mapping(read(text)).client.column == phone


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        (_rows("First Name,Email,Default Address Company,Phone,Note,Tags",
               "Ana,ana@example.com,,+5511987650001,,vip",
               "Bia,bia@example.com,,+5511987650002,,",
               "Caio,caio@example.com,Acme,+5511987650003,Ligar,"), ["First Name"]),
        (_rows("id,created_time,ad_id,ad_name,campaign_id,campaign_name,full_name,phone_number",
               "l:1000001,2026-07-16T00:12:13-03:00,ag:120200,Ad A,c:120201,Julho,Ana,"
               "p:+5511987650001",
               "l:1000002,2026-07-16T00:13:13-03:00,ag:120200,Ad A,c:120201,Julho,Bia,"
               "p:+5511987650002"), ["full_name"]),
        (_rows("telefono,nombre,web,ip,correo,actualizado,cita",
               "+525512345678,Ana,https://a.example/1,10.0.0.1,a@b.mx,2026-01-02 10:11:12,"
               "3 de mayo",
               "+525512345679,Beto,https://a.example/2,10.0.0.2,c@b.mx,2026-01-02 10:11:13,"
               "4 de mayo"), ["nombre", "cita"]),
        (_rows("Celular;Nome;Loja;CPF", *[f"+55119876500{n:02};Nome {n};Centro;111222333{n:02}"
                                          for n in range(12)]), ["Nome"]),
        (_rows("phone,name,Row,Outcome,Phone as sent,Answered at (UTC),Trace id",
               "+5511987650001,Ana,2,Rejected,+5511987650001,2026-11-28T01:08:55Z,"), ["name"]),
    ],
)  # fmt: skip
def test_only_columns_with_something_to_say_are_variables(text: str, variables: list[str]) -> None:
    mapping, plan = _suggested(read(text))

    assert list(mapping.variables) == variables
    assert not plan.held_count


@pytest.mark.parametrize(
    ("header", "cells", "field"),
    [
        ("Callback", ["+551133330009", "+551133330008"], "callback_data"),
        ("callback", ["2026-01-02", "2026-01-03"], "callback_data"),
        ("Version", ["Premium plan", "Basic plan"], "campaign_version"),
        ("versión", ["español", "inglés"], "campaign_version"),
        ("Sender", ["Marketing", "Sales"], "sender"),
        ("Remitente", ["Tienda Norte", "Tienda Sur"], "sender"),
    ],
)
def test_a_header_alone_does_not_make_a_field(header: str, cells: list[str], field: str) -> None:
    lines = [f"+551198765000{n},{cell}" for n, cell in enumerate(cells)]

    assert getattr(suggest_mapping(read(_rows(f"phone,{header}", *lines))), field).is_left_out


@pytest.mark.parametrize(
    ("header", "cells", "field"),
    [
        ("callback", ["order-17", "order-18"], "callback_data"),
        ("Version", ["v1.0", "v2"], "campaign_version"),
        ("campaignVersion", ["018c5c51-8631-28b5-3c81-b70ecf14faef"] * 2, "campaign_version"),
        ("sender", ["+16505550199", "+16505550198"], "sender"),
    ],
)
def test_a_header_with_fitting_cells_makes_a_field(
    header: str, cells: list[str], field: str
) -> None:
    lines = [f"+551198765000{n},{cell}" for n, cell in enumerate(cells)]

    assert getattr(suggest_mapping(read(_rows(f"phone,{header}", *lines))), field).column == header


@pytest.mark.parametrize(
    ("cell", "region", "outcome"),
    [
        ("p:+5511987650001", None, "+5511987650001"),
        ("whatsapp:+5511987650001", None, "+5511987650001"),
        ("5511987650001@s.whatsapp.net", None, "+5511987650001"),
        ("+55 11 98765-0002 ::: +55 11 98765-0012", None, "two_numbers"),
        ("044 55 1234 5681", "MX", "+525512345681"),
        ("045 55 1234 5681", "MX", "+525512345681"),
        ("+52 044 55 1234 5681", None, "+525512345681"),
        ("+229 97000001", None, "+2290197000001"),
        ("97000001", "BJ", "+2290197000001"),
        ("0xx11 98765-0001", "BR", "+5511987650001"),
        ("(0XX11) 8765-0001", "BR", "+5511987650001"),
        ("525,512,345,678", "MX", "+525512345678"),
        ("5.511.987.650.001,00", "BR", "+5511987650001"),
    ],
)
def test_phones_as_tools_and_people_write_them(cell: str, region: str | None, outcome: str) -> None:
    _mapping, plan = _suggested(read(f"name\tphone\nAna\t{cell}\n", "\t"), region=region)

    assert _outcomes(plan) == [outcome]


def test_a_test_lead_of_an_advertising_export_is_held() -> None:
    """Its cell describes a number instead of having one."""
    text = _rows("full_name,phone_number", "Ana,p:+5511987650001", "<test lead>,p:<test lead: x>")
    _mapping, plan = _suggested(read(text))

    assert _outcomes(plan) == ["+5511987650001", "letters"]


@pytest.mark.parametrize(
    "error",
    ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#N/D", "#¡REF!", "#¡VALOR!", "#¿NOMBRE?",
     "#VALOR!", "#NOME?", "#NÚM!", "Loading...", "Cargando…", "Err:502", "#########"],
)  # fmt: skip
def test_an_error_of_a_spreadsheet_is_not_sent(error: str) -> None:
    _mapping, plan = _suggested(
        read(_rows("phone,name", "+5511987650001,Ana", f"+5511987650002,{error}"))
    )

    assert _outcomes(plan)[0] == "+5511987650001"
    assert "error_value" in _outcomes(plan)[1].split(",")


@pytest.mark.parametrize("value", ["10%", "#1 fan", "N/A Ltd", "Loading dock", "Err: 5", "#promo"])
def test_a_value_that_only_resembles_an_error_is_sent(value: str) -> None:
    _mapping, plan = _suggested(read(_rows("phone,name", f"+5511987650001,{value}")))

    assert not plan.held_count


@pytest.mark.parametrize(
    ("names", "odd"),
    [
        (["promo_pt", "promo_pt", "promo_pt\u200b"], [4]),
        (["Promo", "promo", "promo"], [2]),
        (["natal  2026", "natal 2026", "natal 2026"], [2]),
        (["otoño", "otoño", "oton\u0303o"], [4]),
        (["a", "b", "c"], []),
    ],
)
def test_campaign_names_that_look_alike_are_a_warning(names: list[str], odd: list[int]) -> None:
    lines = [f"+551198765000{n},{name}" for n, name in enumerate(names)]
    _mapping, plan = _suggested(read(_rows("phone,campaign", *lines)))

    found = plan.findings[plan.findings["code"] == "campaign_looks_alike"]
    assert list(found["row"]) == odd
    assert set(found["severity"]) <= {"warn"}


@pytest.mark.parametrize(
    ("value", "broken"),
    [("JosÃ©", True), ("Ana &amp; Bia", True), ("Jos\ufffd", True), ("NiÃ±o", True),
     ("itâ€™s", True), ("Caf&eacute;", True), ("João", False), ("SÃO", False),
     ("Ana & Bia", False), ("R&D; more", False), ("Âncora", False)],
)  # fmt: skip
def test_garbled_letters_are_a_warning(value: str, broken: bool) -> None:
    _mapping, plan = _suggested(read(_rows("phone\tname", f"+5511987650001\t{value}"), "\t"))

    assert ("broken_text" in set(plan.findings["code"])) is broken
    assert not plan.held_count


@pytest.mark.parametrize(
    ("phones", "warned"),
    [
        (["+5215512345678", "+525512345678"], True),
        (["+551187650001", "+5511987650001"], True),
        (["+551131234567", "+5511931234567"], False),
        (["+542214567890", "+5492214567890"], True),
        (["+525512345678", "+525512345678"], False),
    ],
)
def test_one_person_under_two_spellings_in_two_campaigns_is_a_warning(
    phones: list[str], warned: bool
) -> None:
    text = _rows("phone,campaign", f"{phones[0]},spring", f"{phones[1]},summer")
    _mapping, plan = _suggested(read(text))

    assert ("spelled_twice" in set(plan.findings["code"])) is warned
    assert plan.entry_count == 2


@pytest.mark.parametrize(
    ("header", "outcomes"),
    [
        ("phone,name,Outcome,Phone as sent", ["Accepted", "Rejected", "Unconfirmed", "Held back"]),
        ("Row,phone,Outcome,Trace id", ["accepted", "rejected", "unconfirmed", "held"]),
    ],
)
def test_rows_that_our_report_shows_as_sent_wait_for_a_decision(
    header: str, outcomes: list[str]
) -> None:
    names = header.split(",")
    lines = [
        ",".join(
            {"phone": f"+551198765000{n}", "Outcome": outcome}.get(name, "x") for name in names
        )
        for n, outcome in enumerate(outcomes)
    ]
    sheet = read(_rows(header, *lines))
    _mapping, plan = _suggested(sheet)
    _mapping, again = _suggested(sheet, resend_reported=True)

    assert _outcomes(plan) == ["in_own_report", "+5511987650001", "in_own_report", "+5511987650003"]
    assert not again.held_count


def test_an_outcome_column_of_another_tool_holds_nothing() -> None:
    _mapping, plan = _suggested(read(_rows("phone,Outcome", "+5511987650001,Accepted")))

    assert not plan.held_count


@pytest.mark.parametrize(
    "text",
    [
        _rows("Nombre,Lada,Celular", "A,55,5587654321", "B,55,5567654322", "C,55,5576543233"),
        _rows("Nome,DDD,Telefone", "Ana,11,11987650001", "Bia,21,21987650002"),
        _rows("Nome,DDD,Telefone", "Ana,11,+5511987650001", "Bia,21,+5521987650002"),
        _rows("nombre,Código de área,tel", "Ana,11,1123456789", "Beto,11,1123456780"),
        _rows("Name,Area,Phone", "Ana,1,6505550101", "Ben,2,6505550102"),
    ],
)
def test_complete_numbers_are_not_combined_with_an_area_code(text: str) -> None:
    assert suggest_mapping(read(text)).client.template is None


def test_a_number_with_its_area_code_is_never_read_as_one_with_a_country_code() -> None:
    """51 is the area code of Porto Alegre, and the country code of Peru."""
    text = _rows("Nome,DDD,Telefone", "Ana,51,987650001", "Bia,51,987650002")
    _mapping, open_plan = _suggested(read(text))
    _mapping, plan = _suggested(read(text), region="BR")

    assert _outcomes(open_plan) == ["no_country", "no_country"]
    assert _outcomes(plan) == ["+5551987650001", "+5551987650002"]


@pytest.mark.parametrize(
    "header",
    ["País de nacimiento", "País destino", "País de interés", "Passport country",
     "Country of origin", "Seller Country", "Office Country", "IP Country", "País origen",
     "Nacionalidad", "Supplier country", "Visitó país"],
)  # fmt: skip
def test_a_country_of_something_else_says_nothing_about_the_phone(header: str) -> None:
    text = _rows(f"Nombre,Celular,{header}", "Ana,5512345678,Estados Unidos", "Beto,5512345679,US")

    assert suggest_mapping(read(text)).country.is_left_out


@pytest.mark.parametrize(
    ("header", "cells", "outcomes"),
    [
        ("Country", ["México", "otros", "Latam", ""],
         ["+525512345670", "country_unreadable", "country_unreadable", "+525512345673"]),
        ("Pays", ["Mexique", "Mexico (MX)", "MX +52", "+52 México"],
         [f"+52551234567{n}" for n in range(4)]),
        ("Land", ["Mexiko", "MEX", "mx", "Atlantis"],
         [*(f"+52551234567{n}" for n in range(3)), "country_unreadable"]),
    ],
)  # fmt: skip
def test_a_country_that_is_not_recognized_is_a_question(
    header: str, cells: list[str], outcomes: list[str]
) -> None:
    lines = [f"N{n},551234567{n},{cell}" for n, cell in enumerate(cells)]
    sheet = read(_rows(f"name,phone,{header}", *lines))
    mapping, plan = _suggested(sheet, region="MX")

    assert mapping.country.column == header
    assert _outcomes(plan) == outcomes


def test_ids_in_a_country_column_are_no_dial_codes() -> None:
    text = _rows("name,phone,Country", "A,5512345678,2", "B,5512345679,1", "C,5512345670,52")
    mapping, plan = _suggested(read(text), region="MX")

    assert mapping.country.is_left_out
    assert _outcomes(plan) == ["+525512345678", "+525512345679", "+525512345670"]


@pytest.mark.parametrize(
    ("header", "phone"),
    [
        ("Celular vendedor,Teléfono cliente", "Teléfono cliente"),
        ("Vendedor WhatsApp,Teléfono", "Teléfono"),
        ("Store WhatsApp,Mobile", "Mobile"),
        ("Agent phone,Customer phone", "Customer phone"),
        ("Doctor Mobile,Patient Phone", "Patient Phone"),
        ("Emergency contact phone,Parent mobile,Phone", "Phone"),
        ("Celular esposa,Teléfono", "Teléfono"),
        ("Old phone,New phone", "New phone"),
        ("Teléfono anterior,Teléfono actual", "Teléfono actual"),
        ("Alternate Phone,Phone", "Phone"),
        ("Secondary Phone,Primary Phone", "Primary Phone"),
        ("Telefono,Cellulare WhatsApp", "Cellulare WhatsApp"),
    ],
)
def test_the_phone_of_someone_else_loses_to_the_recipients(header: str, phone: str) -> None:
    columns = header.split(",")
    lines = [",".join(f"+5511987{c}000{n}" for c in range(len(columns))) for n in range(5)]

    assert suggest_mapping(read(_rows(header, *lines))).client.column == phone


def test_a_phone_that_most_rows_share_loses_to_one_of_their_own() -> None:
    lines = [f"+5511987650000,+55119876511{n:02}" for n in range(20)]

    assert suggest_mapping(read(_rows("WhatsApp,Fone", *lines))).client.column == "Fone"


@pytest.mark.parametrize(
    ("header", "phone"),
    [
        ("Customer number,Phone", "Phone"), ("Contrato,Móvil", "Móvil"), ("Folio,Tel", "Tel"),
        ("Kundennummer,Handynummer", "Handynummer"), ("Tarjeta,Celular", "Celular"),
        ("Número de cliente,Celular", "Celular"), ("Transaction,Mobile", "Mobile"),
    ],
)  # fmt: skip
def test_an_id_is_not_a_phone_even_if_few_rows_have_one(header: str, phone: str) -> None:
    lines = ["6505550001,", "6505550002,", "6505550003,+16505550199"]

    assert suggest_mapping(read(_rows(header, *lines))).client.column == phone


@pytest.mark.parametrize(
    ("header", "no"),
    [
        ("Contactar por WhatsApp", "No"), ("¿Podemos contactarte?", "no"),
        ("Pode enviar WhatsApp?", "Não"), ("Contato permitido", "não"),
        ("Would you like to hear from us?", "No thanks"), ("Promotional messages", "Not allowed"),
        ("Política de datos", "No"), ("Excluir", "X"), ("De-subscribed", "yes"),
        ("GDPR erased", "yes"), ("Status", "unsubscribed"), ("Tags", "vip, unsubscribed"),
        ("Etiquetas", "No contactar"), ("Comentarios", "No quiere recibir mensajes"),
        ("Respuesta", "BAJA"), ("Reply", "STOP"), ("Lista", "Lista negra"),
        ("Werbeeinwilligung", "Nein"), ("Désabonné", "Oui"), ("Setuju menerima promo", "Tidak"),
        ("Abgemeldet", "Ja"), ("Deceased", "yes"),
    ],
)  # fmt: skip
def test_a_no_is_found_in_whatever_column_and_language_it_is(header: str, no: str) -> None:
    """The other rows say nothing or the contrary; they must not be held for what this one says."""
    lines = [f'+5511987650001;Ana;"{no}"', "+5511987650002;Bia;", "+5511987650003;Caio;"]
    _mapping, plan = _suggested(read(_rows(f"phone;name;{header}", *lines), ";"))

    assert "said_no" in _outcomes(plan)[0].split(",")


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("Tags", "vip"), ("Comentarios", "Quiere recibir mensajes"), ("Note", "not unsubscribed"),
        ("De-subscribed", "no"), ("GDPR erased", "no"), ("Désinscrit", "non"),
        ("Ciudad", "Baja California"), ("Direccion", "Calle Stop 5"),
    ],
)  # fmt: skip
def test_what_only_resembles_a_no_is_sent(header: str, cell: str) -> None:
    lines = [f"+5511987650001;{cell}", f"+5511987650002;{cell}"]
    _mapping, plan = _suggested(read(_rows(f"phone;{header}", *lines), ";"))

    assert "said_no" not in ",".join(_outcomes(plan))


@pytest.mark.parametrize(
    ("cell", "country", "number"),
    [("+5512345678", "MX", "+525512345678"), ("+612345678", "ES", "+34612345678"),
     ("+3012345678", "Colombia", "+573012345678"), ("+081234567890", "ID", "+6281234567890")],
)  # fmt: skip
def test_a_plus_that_a_script_added_is_a_question(cell: str, country: str, number: str) -> None:
    sheet = read(_rows("phone,country", f"{cell},{country}"))
    _mapping, plan = _suggested(sheet)
    _mapping, answered = _suggested(sheet, phone_readings={"country_conflict": "local"})

    assert _outcomes(plan) == ["country_conflict"]
    assert _outcomes(answered) == [number]


def test_a_question_shows_an_example_with_both_readings_and_counts_who_waits() -> None:
    sheet = read(_rows("Phone,Country", "0912345678,Narnia", "525512345678,Narnia"))
    mapping, plan = _suggested(sheet, region="MX")
    mapping = mapping.model_copy(update={"country": FieldSource(column="Country")})
    plan = make_plan(sheet, mapping, answers=plan.answers)
    (question,) = phone_questions(plan, sheet)

    assert question.example.cell == "525512345678"
    assert question.waiting == 2


def test_a_report_of_a_sheet_with_a_column_of_the_same_name_is_recognized() -> None:
    text = _rows("Row,Outcome,Phone as sent,phone,outcome",
                 "2,Accepted,+5511987650001,+5511987650001,lead")  # fmt: skip
    mapping, plan = _suggested(read(text))

    assert mapping.client.column == "phone"
    assert _outcomes(plan) == ["in_own_report"]


def test_an_unclear_cell_in_a_column_of_refusals_is_excluded() -> None:
    text = _rows("phone,opted out", "+5511987650001,yes", "+5511987650002,see note",
                 "+5511987650003,no")  # fmt: skip
    refused = refused_rows(read(text))

    assert refused is not None
    assert refused.tolist() == [True, True, False]


def test_numbers_that_may_be_mobile_elsewhere_leave_the_usual_country_a_hint() -> None:
    colombian = pd.Series([f"301234567{n}" for n in range(9)], dtype="str")
    brazilian = pd.Series([f"2198765000{n}" for n in range(9)], dtype="str")

    assert suggest_region(colombian, "phone", usual="US").evidence.is_hint
    assert not suggest_region(brazilian, "phone", usual="BR").evidence.is_hint
    assert suggest_region(colombian, "Contact us").region is None


def test_a_sheet_without_rows_has_a_mapping() -> None:
    assert suggest_mapping(make_sheet({"phone": [], "name": []})).variables == {}
