"""Suggest a mapping from a sheet's cells and its headers in English, Spanish or Portuguese."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from rapidfuzz import fuzz

from lib.campaign.download_columns import REASON_COLUMN, ROW_COLUMN
from lib.campaign.mapping.consent import suggested_uses
from lib.campaign.mapping.model import ConsentUse, FieldSource, Mapping
from lib.campaign.mapping.saved import SavedMapping
from lib.i18n import N_, _
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

# Headers that downloads from this app add. They are not suggested as variables when a downloaded
# list is uploaded again.
_DOWNLOAD_HEADERS: Final = (
    ROW_COLUMN,
    REASON_COLUMN,
    N_("Outcome"),
    N_("Error code"),
    N_("What it means"),
    N_("What to do"),
    N_("Phone as sent"),
    N_("Answered at (UTC)"),
    N_("Trace id"),
)

# A header that consists of these words and those of _PHONE_FILLER_WORDS is a phone's:
# "Fone/WhatsApp", "Nº de teléfono", "Tel. móvil".
_PHONE_WORDS: Final = frozenset(
    {
        "phone", "phones", "mobile", "cell", "cellphone", "telephone", "tel", "telf", "tlf",
        "msisdn",
        "telefono", "telefonos", "movil", "celular", "celulares", "cel", "telefone", "telefones",
        "telemovel", "fone", "whatsapp", "whats", "wsp", "wpp", "zap", "zapzap", "wa",
    }
)  # fmt: skip
_PHONE_FILLER_WORDS: Final = frozenset(
    {
        "number", "no", "nr", "nro", "num", "numero", "n", "de", "del", "do", "da", "of", "the",
        "o",
        "contact", "contacto", "contato", "customer", "client", "cliente", "user", "usuario",
        "personal", "pessoal", "principal", "primary", "main", "com", "con", "ddd", "ddi", "e164",
        "y", "e", "or", "ou", "para", "titular", "1",
    }
)  # fmt: skip
# Of several phone columns, WhatsApp is preferred to mobile, and mobile to landline.
_PREFERENCES: Final = {
    0.3: frozenset({"whatsapp", "whats", "wsp", "wpp", "zap", "zapzap", "wa"}),
    0.2: frozenset(
        {"mobile", "cell", "cellphone", "celular", "celulares", "cel", "movil", "telemovel"}
    ),
    -0.2: frozenset(
        {"fixo", "fijo", "fax", "landline", "home", "casa", "residencial", "work", "2"}
    ),
}
# Headers of other digits that may look like phones.
_OTHER_DIGITS: Final = re.compile(
    r"\b(?:id|cpf|cnpj|rut|dni|nit|curp|rfc|cedula|documento|pedido|order|invoice|factura|fatura"
    r"|codigo|code|cupom|cupon|coupon|cep|zip|postal|ean|sku|fecha|date|data|valor|value|price|saldo"
    r"|amount|total|conta|account|cuenta|vencimento|vencimiento|nascimento|matricula|protocolo)\b"
)

# How similar a header must be to a synonym, from 0 to 100.
_MIN_SIMILARITY: Final = 90
_SAMPLE: Final = 500
_PHONE_CELL: Final = re.compile(r"\s*'?(?:tel:|whatsapp:)?\+?[\d\s().-]{7,20}(?:\.0)?\s*")


def suggest_mapping(sheet: Sheet, earlier: Sequence[SavedMapping] = ()) -> Mapping:
    """Return a mapping in which each column feeds at most one field, or is a variable.

    The phone column's cells must look like phones; without a matching header, the column whose
    cells look most like phones is used. The fields that a header fed in ``earlier`` mappings
    (newest first) take precedence over what the header means.
    """
    free = list(sheet.frame.columns)
    chosen: dict[str, FieldSource] = {}
    if channel := audience_channel(sheet):
        chosen["channel"] = FieldSource(column=channel)
        free.remove(channel)
    for field in _SYNONYMS:
        known = _earlier_column(field, free, earlier)
        if field == "client":
            column = _best_phone(sheet, free, known)
        else:
            column = known or _best_named(field, free)
        if column is not None:
            chosen[field] = FieldSource(column=column)
            free.remove(column)
    consent = _consent_uses(sheet, free, earlier)
    free = [name for name in free if consent.get(name, ConsentUse.OTHER) is ConsentUse.OTHER]
    return Mapping(**chosen, variables=_variables(sheet, free, earlier), consent=consent)


def _consent_uses(
    sheet: Sheet, columns: list[str], earlier: Sequence[SavedMapping]
) -> dict[str, ConsentUse]:
    """Return the columns of consent, with the use that they had last or the suggested one."""
    known = {
        plain_name(name): use
        for each in reversed(earlier)
        for name, use in each.mapping.consent.items()
    }
    found = suggested_uses(sheet, columns)
    return {name: known.get(plain_name(name), use) for name, use in found.items()}


def audience_channel(sheet: Sheet) -> str | None:
    """Return the channel column of an audience file exported by Connectly; None for other sheets.

    Such a file has the columns ``channel_type`` and ``external_id``. The latter is the phone if the
    channel is WhatsApp.
    """
    names = {plain_name(column): column for column in sheet.frame.columns}
    return names.get("channel type") if "external id" in names else None


def _earlier_column(field: str, columns: list[str], earlier: Sequence[SavedMapping]) -> str | None:
    """Return the column whose header fed the field in the newest earlier mapping."""
    names = {plain_name(column): column for column in columns}
    for each in earlier:
        source: FieldSource = getattr(each.mapping, field)
        if source.column is not None and plain_name(source.column) in names:
            return names[plain_name(source.column)]
    return None


def _variables(
    sheet: Sheet, columns: list[str], earlier: Sequence[SavedMapping]
) -> dict[str, FieldSource]:
    """Return a variable for each column, with the name and format that it had last."""
    known: dict[str, tuple[str, FieldSource]] = {}
    for each in reversed(earlier):
        for name, source in each.mapping.variables.items():
            if source.column is not None:
                known[plain_name(source.column)] = (name, source)
    found: dict[str, FieldSource] = {}
    downloaded = {plain_name(each) for name in _DOWNLOAD_HEADERS for each in (name, _(name))}
    for column in columns:
        plain = plain_name(column)
        if plain in downloaded or not (sheet.frame[column] != "").any():
            continue
        name, source = known.get(plain, (column.strip(), FieldSource()))
        taken = found.keys() | {other.strip() for other in columns if other != column}
        name = column.strip() if name in taken else name
        found[name] = source.model_copy(update={"column": column})
    return found


def phone_columns(sheet: Sheet) -> list[str]:
    """Return every column whose cells look like phones."""
    return [column for column in sheet.frame.columns if _best_phone(sheet, [column]) is not None]


class Fit(StrEnum):
    """What a header alone says about whether its column contains phones."""

    PHONE = "phone"
    MAYBE = "maybe"
    UNKNOWN = "unknown"
    OTHER = "other"


def header_fit(column: str) -> Fit:
    """Return whether a header names a phone, ignoring the cells."""
    name = re.sub(r"\d+", " ", plain_name(column))
    words = frozenset(name.split())
    if words & _PHONE_WORDS:
        return Fit.PHONE if words <= _PHONE_WORDS | _PHONE_FILLER_WORDS else Fit.MAYBE
    if _similarity(column, "client") >= _MIN_SIMILARITY:
        return Fit.MAYBE
    return Fit.OTHER if _OTHER_DIGITS.search(name) else Fit.UNKNOWN


def _best_named(field: str, columns: list[str]) -> str | None:
    scored = [(_similarity(column, field), column) for column in columns]
    score, column = max(scored, key=lambda each: each[0], default=(0.0, None))
    return column if score >= _MIN_SIMILARITY else None


def _best_phone(sheet: Sheet, columns: list[str], known: str | None = None) -> str | None:
    """Return the column whose header and cells fit phones best, if any fits well enough.

    With a good header, 30% of the filled cells must look like phones, otherwise 70%.
    """
    best, best_score = None, 0.0
    for column in columns:
        fit = _phone_name_fit(column, known)
        share = _phone_share(sheet, column, with_plus=fit < 0)
        enough = 0.3 if fit > 0 else 0.7
        if share >= enough and share + fit > best_score:
            best, best_score = column, share + fit
    return best


def _phone_name_fit(column: str, known: str | None) -> float:
    """Return a header's score: up to 2 for a phone's, 0 if unknown, negative for other digits."""
    if column == known:
        return 2.0
    name = plain_name(column)
    words = frozenset(name.split())
    better = sum(weight for weight, found in _PREFERENCES.items() if words & found)
    named = _similarity(column, "client") >= _MIN_SIMILARITY
    if named or (words & _PHONE_WORDS and words <= _PHONE_WORDS | _PHONE_FILLER_WORDS):
        return 1.0 + better
    if words & _PHONE_WORDS:
        return 0.7 + better
    return -0.5 if _OTHER_DIGITS.search(name) else 0.0


def _phone_share(sheet: Sheet, column: str, *, with_plus: bool) -> float:
    """Return the share of filled cells that look like phones, from 0 to 1.

    With ``with_plus``, only cells with a plus sign count as phones.
    """
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


def _similarity(column: str, field: str) -> float:
    """Return how similar a header is to a field's synonyms, from 0 to 100.

    Headers of fewer than five characters must be equal to one.
    """
    name = plain_name(column)
    if name in _SYNONYMS[field]:
        return 100.0
    if len(name) < 5:
        return 0.0
    return max(fuzz.ratio(name, synonym) for synonym in _SYNONYMS[field])
