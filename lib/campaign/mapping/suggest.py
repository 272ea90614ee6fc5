"""Suggest a mapping from a sheet's cells and its headers in English, Spanish or Portuguese."""

import re
from collections.abc import Sequence
from typing import Final

from lib.campaign.mapping.consent import remembered_uses, suggested_uses
from lib.campaign.mapping.default_variables import ADVERTISING_HEADER, is_variable
from lib.campaign.mapping.model import ConsentUse, FieldSource, Mapping
from lib.campaign.mapping.phone_columns import (
    MIN_SIMILARITY,
    area_code_template,
    best_phone,
    country_column,
    phone_share,
    similarity,
)
from lib.campaign.mapping.saved import SavedMapping
from lib.sheet import Sheet, plain_name
from lib.sheet.phones.cleaning import clean_phone_text
from lib.sheet.phones.codes import PhoneProblem

_HEADERS: Final[dict[str, tuple[str, ...]]] = {
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
_VERSION_CELL: Final = re.compile(
    r"(?:[vV]\.?\s?)?\d{1,6}(?:[._-]\w{1,10})*|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4,12}){4}"
)
_SAMPLE: Final = 500
_MOST: Final = 0.8


def suggest_mapping(sheet: Sheet, earlier: Sequence[SavedMapping] = ()) -> Mapping:
    """Return a mapping in which each column feeds at most one field, or is a variable.

    Headers count before cells, but the cells must fit. The fields that a header fed in ``earlier``
    mappings (newest first) take precedence over what the header means.
    """
    free = list(sheet.frame.columns)
    chosen: dict[str, FieldSource] = {}
    if channel := audience_channel(sheet):
        chosen["channel"] = FieldSource(column=channel)
        free.remove(channel)
    _choose_phone(sheet, free, earlier, chosen)
    for field in _HEADERS:
        column = _earlier_column(field, free, earlier) or _best_named(sheet, field, free)
        if column is not None:
            chosen[field] = FieldSource(column=column)
            free.remove(column)
    consent = _consent_uses(sheet, free, earlier)
    free = [name for name in free if consent.get(name, ConsentUse.OTHER) is ConsentUse.OTHER]
    return Mapping(**chosen, variables=_variables(sheet, free, earlier), consent=consent)


def _choose_phone(
    sheet: Sheet,
    free: list[str],
    earlier: Sequence[SavedMapping],
    chosen: dict[str, FieldSource],
) -> None:
    """Choose the source of phones, with a column of area codes, and the column of countries."""
    country = _earlier_column("country", free, earlier) or country_column(sheet, free)
    if country is not None:
        chosen["country"] = FieldSource(column=country)
        free.remove(country)
    phone = best_phone(sheet, free, _earlier_column("client", free, earlier))
    if phone is None:
        return
    template = area_code_template(sheet, phone)
    source = FieldSource(column=phone) if template is None else FieldSource(template=template)
    chosen["client"] = source
    for column in source.columns:
        if column in free:
            free.remove(column)


def _consent_uses(
    sheet: Sheet, columns: list[str], earlier: Sequence[SavedMapping]
) -> dict[str, ConsentUse]:
    """Return the columns of consent, with the use that they had last or the suggested one.

    A use that lets people pass who refuse messages is not taken over.
    """
    known = {
        plain_name(name): use
        for each in reversed(earlier)
        for name, use in each.mapping.consent.items()
    }
    found = suggested_uses(sheet, columns)
    uses = {name: known.get(plain_name(name), use) for name, use in found.items()}
    return remembered_uses(sheet, uses)


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
    """Return the variables: columns that were variables before, and those that are by default.

    Each is named after its column, and has the format that it had last. Other names belong to the
    mapping in which they were given.
    """
    known: dict[str, FieldSource] = {}
    for each in reversed(earlier):
        for source in each.mapping.variables.values():
            if source.column is not None:
                known[plain_name(source.column)] = source
    found: dict[str, FieldSource] = {}
    for column in columns:
        before = known.get(plain_name(column))
        if before is not None and (sheet.frame[column] != "").any():
            found[column.strip()] = before.model_copy(update={"column": column})
        elif is_variable(sheet, column):
            found[column.strip()] = FieldSource(column=column)
    return found


def _best_named(sheet: Sheet, field: str, columns: list[str]) -> str | None:
    scored = [
        (similarity(column, _HEADERS[field]), column)
        for column in columns
        if _cells_fit(sheet, field, column)
    ]
    score, column = max(scored, key=lambda each: each[0], default=(0.0, None))
    return column if score >= MIN_SIMILARITY else None


def _cells_fit(sheet: Sheet, field: str, column: str) -> bool:
    """Return whether a column's cells are what a field with its header expects."""
    if similarity(column, _HEADERS[field]) < MIN_SIMILARITY:
        return False
    cells = sheet.frame[column].head(_SAMPLE)
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled:
        return True
    match field:
        case "campaign_version":
            fitting = sum(_VERSION_CELL.fullmatch(cell) is not None for cell in filled)
            return fitting >= _MOST * len(filled)
        case "sender":
            return phone_share(sheet, column) >= _MOST
        case "campaign_name" if any(
            ADVERTISING_HEADER.fullmatch(plain_name(other))
            for other in sheet.frame.columns
            if other != column
        ):
            return False
    others = {PhoneProblem.LOOKS_LIKE_DATE, None}
    unfit = sum(clean_phone_text(cell).problem in others for cell in filled)
    return unfit < _MOST * len(filled)
