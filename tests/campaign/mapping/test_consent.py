"""Rows that refuse messages are held back, and so are rows without an answer until decided."""

import pytest

from lib.campaign import Answers, FieldSource, Mapping, Plan, make_plan, suggest_mapping
from lib.campaign.mapping.consent import consent_column
from lib.campaign.mapping.model import ConsentUse
from lib.sheet import Sheet
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet


def sheet_of(columns: dict[str, list[str]]) -> Sheet:
    rows = len(next(iter(columns.values())))
    phones = [fictional_phone(number) for number in range(rows)]
    return make_sheet({"Phone": phones, "Name": ["Ana"] * rows, **columns})


def plan_of(columns: dict[str, list[str]], answers: Answers | None = None) -> Plan:
    """Return a plan with the suggested mapping and one campaign for all rows."""
    sheet = sheet_of(columns)
    mapping = suggest_mapping(sheet).model_copy(
        update={"campaign_name": FieldSource(value="promo")}
    )
    return make_plan(sheet, mapping, answers=answers)


def reasons(columns: dict[str, list[str]], answers: Answers | None = None) -> list[str]:
    return plan_of(columns, answers).table["held_codes"].tolist()


AGREEMENTS = [
    ("Accepts Marketing", "yes", "no"),
    ("Accepts SMS Marketing", "TRUE", "FALSE"),
    ("SMS consent", "SUBSCRIBED", "NEVER_SUBSCRIBED"),
    ("Opt-in", "1", "0"),
    ("whatsapp_opt_in", "Yes", "No"),
    ("WhatsAppOptIn", "opted_in", "Opted-Out"),
    ("Subscribed", "✓", "✗"),
    ("Subscription status", "subscribed", "unsubscribed"),
    ("Status", "Subscribed", "Cleaned"),
    ("GDPR", "I agree", "I do not agree"),
    ("Would you like to receive offers by WhatsApp?", "Yes, please", "No, thanks"),
    ("Autoriza WhatsApp", "Sí", "No"),
    ("Acepta marketing", "s", "n"),
    ("¿Desea recibir promociones?", "Sí, acepto", "No deseo"),
    ("¿Autorizas que te enviemos promociones por WhatsApp?", "Sí, acepto", "No"),
    ("Suscrito", "Suscrito", "No suscrito"),
    ("Estado de suscripción", "suscrita", "Baja"),
    ("Consentimiento", "Otorgo mi consentimiento", "Cancelado"),
    ("LGPD", "Sim", "Não"),
    ("Aceita receber", "sim", "nao"),
    ("Aceita marketing", "Aceito", "Não aceito"),
    ("Consentimento", "Autorizado", "Revogado"),
    ("Inscrito", "inscrito", "descadastrado"),
    ("Deseja receber novidades por WhatsApp?", "Quero receber", "Não quero"),
]
REFUSALS = [
    ("Unsubscribed", "no", "yes"),
    ("Blocklisted", "0", "1"),
    ("Do not contact", "false", "true"),
    ("Opted out", "N", "Y"),
    ("No molestar", "no", "sí"),
    ("Dado de baja", "No", "Si"),
    ("No acepta promociones", "no", "x"),
    ("Descadastrado", "não", "sim"),
    ("Revogado", "Não", "Sim"),
    ("Não perturbe", "não", "SIM"),
    ("Sin consentimiento", "no", "sí"),
    ("Not subscribed", "no", "yes"),
]


@pytest.mark.parametrize(("header", "good", "bad"), AGREEMENTS + REFUSALS)
def test_rows_that_refuse_are_held_and_the_column_is_not_a_variable(
    header: str, good: str, bad: str
) -> None:
    columns = {header: [good, bad, f" {good.upper()} ", f"{bad}."]}
    plan = plan_of(columns)

    assert plan.table["held_codes"].tolist() == ["", "said_no", "", "said_no"]
    assert plan.mapping is not None
    assert list(plan.mapping.variables) == ["Name"]
    assert plan.mapping.consent == {header: ConsentUse.HOLD}


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Status", ["active"] * 700 + ["Unsubscribed"]),
        ("Contact status", ["new", "customer", "Opted out"]),
        ("Estado", ["cliente", "nuevo", "Dado de baja"]),
        ("Situação", ["ativo", "novo", "Descadastrado"]),
    ],
)
def test_one_opt_out_in_a_contact_status_makes_it_a_consent_column(
    header: str, cells: list[str]
) -> None:
    plan = plan_of({header: cells})

    assert plan.table["held_codes"].tolist()[-1] == "said_no"


@pytest.mark.parametrize(
    ("header", "cells"),
    [("Estado", ["Jalisco", "Baja California"]), ("Status", ["shipped", "cancelled", "new"])],
)
def test_a_status_of_something_else_is_a_variable(header: str, cells: list[str]) -> None:
    plan = plan_of({header: cells})

    assert plan.mapping is not None
    assert header in plan.mapping.variables


@pytest.mark.parametrize("header", ["Accepts Marketing", "Consentimiento", "LGPD", "Unsubscribed"])
@pytest.mark.parametrize("blank", ["", " ", "N/A", "-", "pending", "Pendiente", "PENDENTE"])
def test_blank_answers_are_held_until_decided_for_all(header: str, blank: str) -> None:
    agreed, refused = ("no", "yes") if header == "Unsubscribed" else ("yes", "no")
    columns = {header: [agreed, blank, refused]}

    assert reasons(columns) == ["", "consent_blank", "said_no"]
    assert reasons(columns, Answers(send_blank_consent=True)) == ["", "", "said_no"]
    assert reasons(columns, Answers(send_blank_consent=False)) == reasons(columns)


@pytest.mark.parametrize("cell", ["maybe", "A-7781", "Sí, pero no por SMS", "ask Kim"])
def test_unclear_answers_are_held_until_decided_for_all(cell: str) -> None:
    columns = {"Marketing consent": ["yes", cell]}

    assert reasons(columns) == ["", "consent_unclear"]
    assert reasons(columns, Answers(send_unclear_consent=True)) == ["", ""]


@pytest.mark.parametrize(
    ("header", "cells", "held"),
    [
        ("Unsubscribed at", ["2025-03-01 10:00:00", "", "01/04/2025"], ["said_no", "", "said_no"]),
        ("Fecha de baja", ["01/04/2025", "", ""], ["said_no", "", ""]),
        ("Descadastrado em", ["", "2025-03-01T10:00:00Z", ""], ["", "said_no", ""]),
        ("Opt-in timestamp", ["2025-03-01 10:00", "", "2 Mar 2025"], ["", "consent_blank", ""]),
        ("Consent date", ["1 Mar 2025", "2 Mar 2025", ""], ["", "", "consent_blank"]),
        ("Unsubscribed at", ["", "", ""], ["", "", ""]),
    ],
)  # fmt: skip
def test_a_date_is_a_yes_to_its_header(header: str, cells: list[str], held: list[str]) -> None:
    assert reasons({header: cells}) == held


def test_whatsapp_takes_precedence_over_sms_and_sms_over_marketing() -> None:
    columns = {
        "Accepts Marketing": ["yes", "no", "no", "yes", "no"],
        "Accepts SMS Marketing": ["no", "yes", "no", "yes", ""],
        "Accepts WhatsApp": ["yes", "yes", "yes", "no", ""],
    }
    without = {name: columns[name] for name in list(columns)[:2]}

    assert reasons(columns) == ["", "", "", "said_no", "said_no"]
    assert reasons(without) == ["said_no", "", "said_no", "", "said_no"]


@pytest.mark.parametrize(
    ("header", "channels"),
    [
        ("Accepts SMS/WhatsApp Marketing", ["whatsapp", "sms"]),
        ("Email and WhatsApp opt-in", ["whatsapp", "email"]),
        ("Accepts Email & SMS Marketing", ["sms", "email"]),
        ("Accepts SMS Marketing", ["sms"]),
        ("Accepts Marketing", []),
    ],
)
def test_a_column_is_about_every_channel_that_its_header_names(
    header: str, channels: list[str]
) -> None:
    cells = sheet_of({header: ["yes"]}).frame[header]
    assert list(consent_column(header, cells).channels) == channels


@pytest.mark.parametrize("header", ["Accepts SMS/WhatsApp Marketing", "Email and WhatsApp opt-in"])
def test_a_no_to_whatsapp_and_another_channel_is_a_no_to_whatsapp(header: str) -> None:
    columns = {header: ["no", "yes"], "SMS consent": ["yes", "yes"]}

    assert reasons(columns) == ["said_no", ""]


def test_a_general_refusal_takes_precedence_over_any_agreement() -> None:
    columns = {"Do not contact": ["yes", "no"], "WhatsApp opt-in": ["yes", "yes"]}

    assert reasons(columns) == ["said_no", ""]


def test_a_no_in_a_column_of_refusals_is_not_an_agreement() -> None:
    columns = {"Unsubscribed": ["no", "no"], "Accepts marketing": ["", "yes"]}

    assert reasons(columns) == ["consent_blank", ""]


@pytest.mark.parametrize(
    "header", ["Accepts Email Marketing", "Email opt in", "Acepta correo", "Newsletter"]
)
def test_a_column_about_email_holds_refusals_until_decided(header: str) -> None:
    columns = {header: ["yes", "no", ""]}
    yes, no = ({header: True}, {header: False})

    assert reasons(columns) == ["", "consent_email", ""]
    assert reasons(columns, Answers(email_consent=yes)) == ["", "said_no", "consent_blank"]
    assert reasons(columns, Answers(email_consent=no)) == ["", "", ""]
    assert reasons({**columns, "SMS consent": ["yes", "yes", "yes"]}) == ["", "", ""]


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Subscription", ["Gold", "Silver", "Gold"]),
        ("Autorización", ["839201", "839202", "839203"]),
        ("Message", ["Hello", "No", "Hi"]),
        ("Order status", ["sent", "cancelled", "pending"]),
        ("Offer", ["2x1", "10%", "20%"]),
        ("Promo", ["A1", "A2", "A3"]),
        ("Preferences", ["blue", "red", "no"]),
        ("Exclusive offer", ["10%", "no", "20%"]),
    ],
)
def test_a_column_about_something_else_is_a_variable(header: str, cells: list[str]) -> None:
    plan = plan_of({header: cells})

    assert plan.held_count == 0
    assert plan.mapping is not None
    assert header in plan.mapping.variables


@pytest.mark.parametrize("header", ["Consent ID", "Opt-in source", "consent_ip", "Opt-in method"])
def test_details_of_an_answer_are_ignored(header: str) -> None:
    plan = plan_of({header: ["web", "shop 2", ""], "Opt-in": ["yes", "no", "yes"]})

    assert plan.mapping is not None
    assert plan.mapping.consent[header] is ConsentUse.IGNORE
    assert plan.table["held_codes"].tolist() == ["", "said_no", ""]


@pytest.mark.parametrize("use", [ConsentUse.IGNORE, ConsentUse.OTHER])
def test_a_person_may_decide_that_a_column_is_not_about_consent(use: ConsentUse) -> None:
    sheet = sheet_of({"Opt-in": ["yes", "no"]})
    mapping = Mapping(
        client=FieldSource(column="Phone"),
        campaign_name=FieldSource(value="promo"),
        variables={"answer": FieldSource(column="Opt-in")},
        consent={"Opt-in": use},
    )

    assert make_plan(sheet, mapping).held_count == 0


def test_a_mapping_without_consent_uses_has_the_default_ones() -> None:
    sheet = sheet_of({"Opt-in": ["yes", "no"]})
    before = (
        '{"client": {"column": "Phone"}, "campaign_name": {"value": "promo"},'
        ' "variables": {"Opt-in": {"column": "Opt-in"}}}'
    )

    plan = make_plan(sheet, Mapping.model_validate_json(before))

    assert plan.table["held_codes"].tolist() == ["", "said_no"]


def test_a_corrected_answer_applies() -> None:
    columns = {"Opt-in": ["no", "no"]}

    assert reasons(columns, Answers(corrections={2: {"Opt-in": "yes"}})) == ["", "said_no"]


def test_rows_that_agree_are_sent() -> None:
    assert reasons({"Accepts Marketing": ["yes", "yes", "yes"]}) == ["", "", ""]


def test_a_consent_column_may_come_first() -> None:
    phones = [fictional_phone(number) for number in range(2)]
    sheet = make_sheet({"Opted out": ["no", "yes"], "Celular": phones, "Nome": ["Ana", "Eva"]})
    mapping = suggest_mapping(sheet).model_copy(
        update={"campaign_name": FieldSource(value="promo")}
    )

    assert make_plan(sheet, mapping).held["reasons"].to_dict() == {3: "said_no"}


@pytest.mark.parametrize(
    ("header", "cell", "code"),
    [
        ("Subscription status", "Unsubscribed", "said_no"),
        ("Status", "Unsubscribed", "said_no"),
        ("Consent", "do not contact", "said_no"),
        ("Marketing consent", "withdrawn", "said_no"),
        ("Estado de suscripción", "Baja", "said_no"),
        ("Opt-out", "1.0", "said_no"),
        ("Unsubscribed", "maybe", "consent_unclear"),
        ("Unsubscribed from", "All channels", "consent_unclear"),
    ],
)
def test_a_general_refusal_takes_precedence_over_a_yes_to_a_channel(
    header: str, cell: str, code: str
) -> None:
    plan = plan_of({"WhatsApp opt-in": ["yes"], header: [cell]})

    assert plan.table["held_codes"].tolist() == [code]


@pytest.mark.parametrize(
    "cell",
    [
        "Yes, revoked 2024-01-01", "agreed; later removed", "sim, cancelar",
        "Sí pero solo correo", "Sim, exceto WhatsApp", "yes, only e-mail",
    ],
)  # fmt: skip
def test_a_limited_or_withdrawn_agreement_is_unclear(cell: str) -> None:
    assert plan_of({"Consent": [cell]}).table["held_codes"].tolist() == ["consent_unclear"]


@pytest.mark.parametrize(
    "header",
    [
        "WAOptOut", "smsoptout", "Unsub", "Declined", "STOP received", "De baja", "Pidió baja",
        "Recusou", "Cliente bloqueado", "Pediu para sair", "Quitar de la lista",
        "Não mandar mensagem", "Consentimiento retirado", "Not interested",
    ],
)  # fmt: skip
def test_a_mark_in_a_column_of_refusals_is_a_refusal(header: str) -> None:
    assert plan_of({header: ["x", "yes"]}).table["held_codes"].tolist() == ["said_no"] * 2


def test_a_reason_for_unsubscribing_holds_the_row() -> None:
    held = plan_of({"Unsubscribe reason": ["Too many messages", ""]}).table["held_codes"].tolist()
    assert held == ["consent_unclear", "consent_blank"]
