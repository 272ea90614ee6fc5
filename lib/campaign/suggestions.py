"""A first mapping for a sheet: from its header in English, Spanish or Portuguese, and its cells."""

import re
from typing import Final

from rapidfuzz import fuzz

from lib.campaign.mapping import Mapping, Source
from lib.sheet import Sheet, plain_name

_SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "client": (
        "phone", "phone number", "mobile", "mobile number", "mobile phone", "cell", "cell phone",
        "cellphone", "telephone", "telephone number", "tel", "whatsapp", "whatsapp number",
        "msisdn", "contact number", "recipient", "client", "number", "external id",
        "telefono", "numero de telefono", "telefono movil", "movil", "celular", "numero",
        "numero de celular", "numero de whatsapp", "destinatario", "cliente",
        "telefone", "numero de telefone", "telemovel", "fone", "telefone celular",
    ),
    "campaign_name": (
        "campaign", "campaign name", "name of campaign", "flow", "flow name",
        "campana", "nombre de campana", "nombre de la campana",
        "campanha", "nome da campanha", "nome campanha",
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

_NEARLY: Final = 90
_SAMPLE: Final = 500
_PHONE_CELL: Final = re.compile(r"\s*'?(?:tel:|whatsapp:)?\+?[\d\s().-]{7,20}(?:\.0)?\s*")


def suggest_mapping(sheet: Sheet) -> Mapping:
    """Suggest which column feeds which field; every column left over becomes a variable.

    No column is used twice. The phone's column must also look like phones; without a fitting
    header, the column whose cells look most like phones is taken.
    """
    free = list(sheet.frame.columns)
    chosen: dict[str, Source] = {}
    for field in _SYNONYMS:
        column = _best_phone(sheet, free) if field == "client" else _best_named(field, free)
        if column is not None:
            chosen[field] = Source(column=column)
            free.remove(column)
    variables = {
        column.strip(): Source(column=column)
        for column in free
        if plain_name(column) not in _OUR_COLUMNS and (sheet.frame[column] != "").any()
    }
    return Mapping(**chosen, variables=variables)


def phone_column(sheet: Sheet) -> str:
    """Return the column that looks most like phones, or the first one where none does."""
    columns = list(sheet.frame.columns)
    return _best_phone(sheet, columns) or columns[0]


def _best_named(field: str, columns: list[str]) -> str | None:
    scored = [(_likeness(column, field), column) for column in columns]
    score, column = max(scored, key=lambda each: each[0], default=(0.0, None))
    return column if score >= _NEARLY else None


def _best_phone(sheet: Sheet, columns: list[str]) -> str | None:
    """Weigh header and cells: a good header needs some phones, a poor one nearly only phones."""
    best, best_score = None, 0.0
    for column in columns:
        share = _phone_share(sheet, column)
        named = _likeness(column, "client") >= _NEARLY
        score = share + (1.0 if named else 0.0)
        if share >= (0.3 if named else 0.7) and score > best_score:
            best, best_score = column, score
    return best


def _phone_share(sheet: Sheet, column: str) -> float:
    cells = sheet.frame[column].head(_SAMPLE)
    filled = cells[cells != ""]
    if filled.empty:
        return 0.0
    return sum(_looks_like_phone(cell) for cell in filled) / len(filled)


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
