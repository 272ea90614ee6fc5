"""A first mapping for a sheet: from its header in English, Spanish or Portuguese, and its cells."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from rapidfuzz import fuzz

from lib.campaign.consent import suggested_uses
from lib.campaign.mapping.model import ConsentUse, FieldSource, Mapping
from lib.campaign.mapping.saved import SavedMapping
from lib.sheet import Sheet, plain_name

_SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "client": (
        "phone", "phone number", "mobile", "mobile number", "mobile phone", "cell", "cell phone",
        "cellphone", "telephone", "telephone number", "tel", "whatsapp", "whatsapp number",
        "msisdn", "contact number", "recipient", "client", "number", "external id",
        "customer external id",
        "telefono", "numero de telefono", "telefono movil", "movil", "celular", "numero",
        "numero de celular", "numero de whatsapp", "destinatario", "cliente",
        "numero de contacto", "contacto", "contato", "numero de contato", "recipient phone",
        "telefone", "numero de telefone", "telemovel", "fone", "telefone celular",
    ),
    "campaign_name": (
        "campaign", "campaign name", "name of campaign", "flow", "flow name",
        "campana", "nombre de campana", "nombre de la campana",
        "campanha", "nome da campanha", "nome campanha", "nombre campana", "flujo", "fluxo",
    ),
    "campaign_version": (
        "version", "campaign version", "version de campana", "version de la campana",
        "versao", "versao da campanha",
    ),
    "sender": ("sender", "from", "sender number", "sent from", "remitente", "remetente"),
    "callback_data": ("callback", "callback data", "callbackdata"),
}  # fmt: skip

# What our own downloads add: a mended list that comes back must not send these as variables.
_OUR_COLUMNS: Final = frozenset(
    {
        "row", "why held", "outcome", "error code", "what it means", "what to do",
        "phone as sent", "answered at", "trace id",
    }
)  # fmt: skip

# A header made of these words alone is a phone's: "Fone/WhatsApp", "Nº de teléfono", "Tel. móvil".
_PHONE_WORDS: Final = frozenset(
    {
        "phone", "phones", "mobile", "cell", "cellphone", "telephone", "tel", "telf", "tlf",
        "msisdn",
        "telefono", "telefonos", "movil", "celular", "celulares", "cel", "telefone", "telefones",
        "telemovel", "fone", "whatsapp", "whats", "wsp", "wpp", "zap", "zapzap", "wa",
    }
)  # fmt: skip
_WORDS_BESIDE: Final = frozenset(
    {
        "number", "no", "nr", "nro", "num", "numero", "n", "de", "del", "do", "da", "of", "the",
        "o",
        "contact", "contacto", "contato", "customer", "client", "cliente", "user", "usuario",
        "personal", "pessoal", "principal", "primary", "main", "com", "con", "ddd", "ddi", "e164",
        "y", "e", "or", "ou", "para", "titular", "1",
    }
)  # fmt: skip
# The better of two phones: the one for WhatsApp, then a mobile one, and a landline last.
_BETTER: Final = {
    0.3: frozenset({"whatsapp", "whats", "wsp", "wpp", "zap", "zapzap", "wa"}),
    0.2: frozenset(
        {"mobile", "cell", "cellphone", "celular", "celulares", "cel", "movil", "telemovel"}
    ),
    -0.2: frozenset(
        {"fixo", "fijo", "fax", "landline", "home", "casa", "residencial", "work", "2"}
    ),
}
# Digits that are no phone's, however much they look like one.
_NO_PHONES: Final = re.compile(
    r"\b(?:id|cpf|cnpj|rut|dni|nit|curp|rfc|cedula|documento|pedido|order|invoice|factura|fatura"
    r"|codigo|code|cupom|cupon|coupon|cep|zip|postal|ean|sku|fecha|date|data|valor|value|price|saldo"
    r"|amount|total|conta|account|cuenta|vencimento|vencimiento|nascimento|matricula|protocolo)\b"
)

_NEARLY: Final = 90
_SAMPLE: Final = 500
_PHONE_CELL: Final = re.compile(r"\s*'?(?:tel:|whatsapp:)?\+?[\d\s().-]{7,20}(?:\.0)?\s*")


def suggest_mapping(sheet: Sheet, earlier: Sequence[SavedMapping] = ()) -> Mapping:
    """Suggest which column feeds which field; every column left over becomes a variable.

    No column is used twice. The phone's column must also look like phones; without a fitting
    header, the column whose cells look most like phones is taken. What a header fed in
    ``earlier`` mappings, the newest first, comes before what its name says.
    """
    free = list(sheet.frame.columns)
    chosen: dict[str, FieldSource] = {}
    if channel := audience_channel(sheet):
        chosen["channel"] = FieldSource(column=channel)
        free.remove(channel)
    for field in _SYNONYMS:
        known = _known(field, free, earlier)
        if field == "client":
            column = _best_phone(sheet, free, known)
        else:
            column = known or _best_named(field, free)
        if column is not None:
            chosen[field] = FieldSource(column=column)
            free.remove(column)
    consent = _consent(sheet, free, earlier)
    free = [name for name in free if consent.get(name, ConsentUse.OTHER) is ConsentUse.OTHER]
    return Mapping(**chosen, variables=_variables(sheet, free, earlier), consent=consent)


def _consent(
    sheet: Sheet, columns: list[str], earlier: Sequence[SavedMapping]
) -> dict[str, ConsentUse]:
    """Return the columns of consent, used as the last time that they were met."""
    known = {
        plain_name(name): use
        for each in reversed(earlier)
        for name, use in each.mapping.consent.items()
    }
    found = suggested_uses(sheet, columns)
    return {name: known.get(plain_name(name), use) for name, use in found.items()}


def audience_channel(sheet: Sheet) -> str | None:
    """Return the column of channels in one of Connectly's own audience files; else None.

    Such a file has ``channel_type`` and ``external_id``, which is the phone where the channel is
    WhatsApp.
    """
    names = {plain_name(column): column for column in sheet.frame.columns}
    return names.get("channel type") if "external id" in names else None


def _known(field: str, columns: list[str], earlier: Sequence[SavedMapping]) -> str | None:
    """Return the column whose header fed the field the last time that it was met."""
    names = {plain_name(column): column for column in columns}
    for each in earlier:
        source: FieldSource = getattr(each.mapping, field)
        if source.column is not None and plain_name(source.column) in names:
            return names[plain_name(source.column)]
    return None


def _variables(
    sheet: Sheet, columns: list[str], earlier: Sequence[SavedMapping]
) -> dict[str, FieldSource]:
    """Make a variable of each column, named and written as the last time that it was met."""
    known: dict[str, tuple[str, FieldSource]] = {}
    for each in reversed(earlier):
        for name, source in each.mapping.variables.items():
            if source.column is not None:
                known[plain_name(source.column)] = (name, source)
    found: dict[str, FieldSource] = {}
    for column in columns:
        plain = plain_name(column)
        if plain in _OUR_COLUMNS or not (sheet.frame[column] != "").any():
            continue
        name, source = known.get(plain, (column.strip(), FieldSource()))
        taken = found.keys() | {other.strip() for other in columns if other != column}
        name = column.strip() if name in taken else name
        found[name] = source.model_copy(update={"column": column})
    return found


def phone_columns(sheet: Sheet) -> list[str]:
    """Return every column that looks like phones."""
    return [column for column in sheet.frame.columns if _best_phone(sheet, [column]) is not None]


class Fit(StrEnum):
    """What a header says: a phone's, perhaps a phone's, nothing, or something else's."""

    PHONE = "phone"
    MAYBE = "maybe"
    UNKNOWN = "unknown"
    OTHER = "other"


def header_fit(column: str) -> Fit:
    """Return whether a header alone says that its column holds phones."""
    name = re.sub(r"\d+", " ", plain_name(column))
    words = frozenset(name.split())
    if words & _PHONE_WORDS:
        return Fit.PHONE if words <= _PHONE_WORDS | _WORDS_BESIDE else Fit.MAYBE
    if _likeness(column, "client") >= _NEARLY:
        return Fit.MAYBE
    return Fit.OTHER if _NO_PHONES.search(name) else Fit.UNKNOWN


def _best_named(field: str, columns: list[str]) -> str | None:
    scored = [(_likeness(column, field), column) for column in columns]
    score, column = max(scored, key=lambda each: each[0], default=(0.0, None))
    return column if score >= _NEARLY else None


def _best_phone(sheet: Sheet, columns: list[str], known: str | None = None) -> str | None:
    """Weigh header and cells: a good header needs some phones, a poor one nearly only phones."""
    best, best_score = None, 0.0
    for column in columns:
        fit = _phone_name_fit(column, known)
        share = _phone_share(sheet, column, with_plus=fit < 0)
        enough = 0.3 if fit > 0 else 0.7
        if share >= enough and share + fit > best_score:
            best, best_score = column, share + fit
    return best


def _phone_name_fit(column: str, known: str | None) -> float:
    """Return how much a header speaks for phones: over 1 for, 0 nothing, under 0 against them."""
    if column == known:
        return 2.0
    name = plain_name(column)
    words = frozenset(name.split())
    better = sum(weight for weight, found in _BETTER.items() if words & found)
    named = _likeness(column, "client") >= _NEARLY
    if named or (words & _PHONE_WORDS and words <= _PHONE_WORDS | _WORDS_BESIDE):
        return 1.0 + better
    if words & _PHONE_WORDS:
        return 0.7 + better
    return -0.5 if _NO_PHONES.search(name) else 0.0


def _phone_share(sheet: Sheet, column: str, *, with_plus: bool) -> float:
    """Return how many of the cells look like phones, from 0 to 1; with a + where that is asked."""
    cells = sheet.frame[column].head(_SAMPLE)
    filled = cells[cells != ""]
    if filled.empty:
        return 0.0
    if with_plus:
        filled = filled[filled.str.contains("+", regex=False)]
    return sum(_looks_like_phone(cell) for cell in filled) / len(cells[cells != ""])


def _looks_like_phone(cell: str) -> bool:
    digits = sum(map(str.isdigit, cell))
    return 7 <= digits <= 15 and _PHONE_CELL.fullmatch(cell) is not None


def _likeness(column: str, field: str) -> float:
    """Return how well a header fits a field, from 0 to 100; short names must fit wholly."""
    name = plain_name(column)
    if name in _SYNONYMS[field]:
        return 100.0
    if len(name) < 5:
        return 0.0
    return max(fuzz.ratio(name, synonym) for synonym in _SYNONYMS[field])
