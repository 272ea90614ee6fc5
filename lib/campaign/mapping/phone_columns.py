"""Find the columns of a sheet that contain phones, by their headers and their cells.

Headers count before cells: a column that is named after phones is one even if a spreadsheet has
damaged its cells, and a column of other digits is none however much they look like phones. What
counts as a phone cell is decided by the reader of phones.
"""

import re
from enum import StrEnum
from typing import Final

import pandas as pd
from rapidfuzz import fuzz

from lib.campaign.mapping.model import FieldSource
from lib.sheet import Sheet, plain_name
from lib.sheet.phones.cleaning import clean_phone_text
from lib.sheet.phones.codes import PhoneProblem
from lib.sheet.phones.country_cells import country_of

PHONE_HEADERS: Final = (
    "phone", "phone number", "mobile", "mobile number", "mobile phone", "cell", "cell phone",
    "cellphone", "telephone", "telephone number", "tel", "whatsapp", "whatsapp number",
    "msisdn", "contact number", "recipient", "client", "number", "external id",
    "customer external id",
    "telefono", "numero de telefono", "telefono movil", "movil", "celular", "numero",
    "numero de celular", "numero de whatsapp", "destinatario", "cliente",
    "numero de contacto", "contacto", "contato", "numero de contato", "recipient phone",
    "telefone", "numero de telefone", "telemovel", "fone", "telefone celular",
)  # fmt: skip
"""Headers of phones, as `plain_name` returns them."""

_WHATSAPP_WORDS: Final = frozenset({"whatsapp", "whats", "wsp", "wpp", "zap", "zapzap", "wa"})
_MOBILE_WORDS: Final = frozenset(
    {
        "mobile", "cell", "cellphone", "celular", "celulares", "cel", "movil", "moviles",
        "telemovel", "handy", "mobil",
    }
)  # fmt: skip
# A header that consists of these words and those of _FILLER_WORDS is a phone's: "Fone/WhatsApp",
# "Nº de teléfono", "Tel. móvil".
_PHONE_WORDS: Final = _WHATSAPP_WORDS | _MOBILE_WORDS | frozenset(
    {
        "phone", "phones", "telephone", "tel", "telf", "tlf", "msisdn",
        "telefono", "telefonos", "telefone", "telefones", "fone", "telefon", "hp",
    }
)  # fmt: skip
_FILLER_WORDS: Final = frozenset(
    {
        "number", "no", "nr", "nro", "num", "numero", "n", "de", "del", "do", "da", "of", "the",
        "o", "id", "value",
        "contact", "contacto", "contato", "customer", "client", "cliente", "user", "usuario",
        "personal", "pessoal", "principal", "primary", "main", "com", "con", "ddd", "ddi", "e164",
        "y", "e", "or", "ou", "para", "titular", "1", "default", "address", "billing", "shipping",
    }
)  # fmt: skip
_ADDRESS_WORDS: Final = frozenset({"address", "direccion", "endereco", "billing", "shipping"})
_LANDLINE_WORDS: Final = frozenset(
    {
        "fixo", "fijo", "fax", "landline", "home", "casa", "residencial", "work", "office",
        "business", "comercial", "oficina", "pager", "other", "otro", "outro", "2", "3",
        "festnetz", "fixe", "alternate", "alt", "alterno", "alternativo", "secondary",
        "secundario", "old", "anterior", "antigo", "antiguo", "previous", "backup",
    }
)  # fmt: skip
# Headers of the phones of others: they lose to any phone of the recipient.
_OTHER_PEOPLE: Final = frozenset(
    {
        "vendedor", "vendedora", "seller", "sales", "salesperson", "store", "tienda", "loja",
        "sucursal", "branch", "agent", "agente", "agency", "doctor", "medico", "driver", "chofer",
        "motorista", "emergency", "emergencia", "spouse", "wife", "husband", "esposa", "esposo",
        "conyuge", "parent", "father", "mother", "padre", "madre", "pai", "mae", "referred",
        "referrer", "referido", "indicado", "company", "empresa", "support", "soporte", "suporte",
        "manager", "gerente", "reference", "referencia", "aval", "fiador", "owner", "supplier",
        "proveedor", "fornecedor", "staff", "courier",
    }
)  # fmt: skip
_RECIPIENT_WORDS: Final = frozenset(
    {
        "customer", "client", "cliente", "patient", "paciente", "student", "aluno", "alumno",
        "primary", "principal", "main", "actual", "atual", "current", "new", "nuevo", "novo",
        "recipient", "destinatario", "titular",
    }
)  # fmt: skip
# Headers of other digits that may look like phones.
_OTHER_DIGITS: Final = re.compile(
    r"\b(?:id|cpf|cnpj|rut|dni|nit|curp|rfc|cedula|documento|document|pedido|order|invoice|factura"
    r"|fatura|codigo|code|cupom|cupon|coupon|cep|zip|postal|ean|sku|fecha|date|data|valor|value"
    r"|price|saldo|amount|total|conta|account|cuenta|vencimento|vencimiento|nascimento|matricula"
    r"|protocolo|birthday|birth|aniversario|cumpleanos|hora|time|created|updated|contrato|contract"
    r"|tarjeta|card|cartao|folio|kunnr|kundennummer|imei|transaction|transacao|transaccion|timestamp"
    r"|customer number|client number|numero (?:de|do) cliente|points|puntos|pontos|phone as sent)\b"
)
AREA_HEADERS: Final = frozenset(
    {
        "ddd", "lada", "area code", "codigo de area", "codigo area", "cod area", "clave lada",
    }
)  # fmt: skip
"""Headers of area codes in a column of their own."""

_COUNTRY_WORDS: Final = frozenset(
    {
        "country", "pais", "land", "negara", "ddi", "countrycode", "pays", "paese", "kraj",
    }
)  # fmt: skip
# A header of the recipient's country has no other words than these: a country of birth, of interest
# or of a seller says nothing about a phone.
_WORDS_BESIDE_COUNTRY: Final = frozenset(
    {
        "code", "codigo", "cod", "iso", "iso2", "iso3", "2", "3", "name", "nombre", "nome",
        "region",
        "de", "del", "do", "da", "of", "the", "client", "cliente", "customer", "contact",
        "contacto", "contato", "user", "usuario", "residence", "residencia", "live", "default",
        "address", "direccion", "endereco", "billing", "facturacion", "faturamento", "cobranza",
        "cobranca", "shipping", "envio", "entrega", "dial", "calling", "tel",
    }
)  # fmt: skip
_CODE_WORDS: Final = frozenset({"code", "codigo", "cod", "ddi", "dial", "calling", "indicativo"})
DIAL_HEADERS: Final = frozenset(
    {
        "country code", "codigo pais", "codigo de pais", "codigo do pais", "cod pais",
        "ddi", "dial code", "calling code", "country calling code", "phone code", "phone country",
        "phone country code", "codigo internacional", "prefijo internacional", "indicativo",
        "prefijo", "prefixo", "prefix",
    }
)  # fmt: skip
"""Headers of country codes in a column of their own."""

# The share of filled cells that must be countries. Others are held back until a person decides.
_MIN_COUNTRIES: Final = 0.3
_NOT_FILLED: Final = frozenset({"", "-", "--", "n/a", "na", "null", "none", "."})
_MAX_LOCAL_DIGITS: Final = 9
_MIN_COMPLETE_DIGITS: Final = 9
_MOSTLY_LOCAL: Final = 0.8
_AREA_CELL: Final = re.compile(r"\(?0?\d{1,5}\)?(?:\.0)?")

# How similar a header must be to a known one, from 0 to 100.
MIN_SIMILARITY: Final = 90
_SAMPLE: Final = 500
_MIN_DIGITS: Final = 6
_MOSTLY_FILLED: Final = 0.5
# The rank of a phone column that reaches few people: above other headers, below other phones.
_FEW_PEOPLE: Final = 1.1
_MIN_REPEATED: Final = 10
_MAX_DISTINCT_SHARE: Final = 0.2
# The shares of filled cells that must be phones: with a header that names other things, none, and
# phones.
_MIN_SHARES: Final = {-1: 0.7, 0: 0.7, 1: 0.3}
# Problems of cells that were meant as phones.
_MEANT_AS_PHONE: Final = frozenset(
    {
        PhoneProblem.CUT_BY_SPREADSHEET,
        PhoneProblem.EXTENSION,
        PhoneProblem.TWO_NUMBERS,
    }
)


class Fit(StrEnum):
    """What a header alone says about whether its column contains phones."""

    PHONE = "phone"
    MAYBE = "maybe"
    UNKNOWN = "unknown"
    OTHER = "other"


def header_fit(column: str) -> Fit:
    """Return whether a header names a phone, ignoring the cells."""
    words = _words(column)
    if words & _PHONE_WORDS:
        known = _PHONE_WORDS | _FILLER_WORDS
        return Fit.PHONE if {each for each in words if not each.isdigit()} <= known else Fit.MAYBE
    if similarity(column, PHONE_HEADERS) >= MIN_SIMILARITY:
        return Fit.MAYBE
    return Fit.OTHER if _OTHER_DIGITS.search(" ".join(words)) else Fit.UNKNOWN


def phone_columns(sheet: Sheet) -> list[str]:
    """Return every column that contains phones."""
    return [column for column in sheet.frame.columns if best_phone(sheet, [column]) is not None]


def best_phone(sheet: Sheet, columns: list[str], known: str | None = None) -> str | None:
    """Return the column whose header and cells fit phones best, if any fits well enough.

    WhatsApp is preferred to mobile, mobile to other phones, and those to landlines. ``known`` is a
    column that contained phones in an earlier sheet.
    """
    best, best_score = None, (-1.0, 0.0)
    for column in columns:
        cells = sheet.frame[column]
        filled = float((cells.str.strip() != "").mean()) if len(cells) else 0.0
        rank = 5.0 if column == known else _header_rank(column)
        sign = (rank > 0) - (rank < 0)
        share = phone_share(sheet, column, with_plus=sign < 0)
        if share < _MIN_SHARES[sign]:
            continue
        if sign > 0 and (filled < _MOSTLY_FILLED or _repeats(cells)):
            # A column that few rows fill, or with the same phone in most, reaches few people.
            rank = min(rank, _FEW_PEOPLE + rank / 10)
        if (rank, share + filled) > best_score:
            best, best_score = column, (rank, share + filled)
    return best


def _repeats(cells: pd.Series) -> bool:
    """Return whether the filled cells of a column are mostly the same few texts."""
    first = cells.head(_SAMPLE * 10)
    filled = first[first.str.strip() != ""]
    return len(filled) >= _MIN_REPEATED and filled.nunique() < _MAX_DISTINCT_SHARE * len(filled)


def _header_rank(column: str) -> float:
    """Return a header's rank among phones: up to 4, 0 if unknown, negative for other digits."""
    words, name = _words(column), _plain(column)
    if not words & _PHONE_WORDS:
        if name in PHONE_HEADERS:
            return 1.0
        if _OTHER_DIGITS.search(name):
            return -0.5
        return 1.0 if similarity(column, PHONE_HEADERS) >= MIN_SIMILARITY else 0.0
    if "as sent" in name:
        return -0.5  # a column of our own report
    if _OTHER_DIGITS.search(name) and not words <= _PHONE_WORDS | _FILLER_WORDS:
        return 0.3
    if words & (_OTHER_PEOPLE | _LANDLINE_WORDS):
        return 0.2 if words & _OTHER_PEOPLE else 0.5
    return _phone_rank(words)


def _phone_rank(words: frozenset[str]) -> float:
    """Return the rank of the recipient's phones: WhatsApp, mobile, others, those of an address."""
    own = 0.5 if words & _RECIPIENT_WORDS else 0.0
    if words & _WHATSAPP_WORDS:
        return 4.0 + own
    if words & _MOBILE_WORDS:
        return 2.9 + own
    return (1.5 if words & _ADDRESS_WORDS else 1.8) + own


def phone_share(sheet: Sheet, column: str, *, with_plus: bool = False) -> float:
    """Return the share of filled cells that are phones for their reader, from 0 to 1.

    With ``with_plus``, only cells with a plus sign count as phones.
    """
    cells = sheet.frame[column].head(_SAMPLE)
    filled = cells[cells.str.strip() != ""]
    if filled.empty:
        return 0.0
    is_named = header_fit(column) is Fit.PHONE
    phones = sum(
        is_phone_cell(cell, is_named=is_named) and (not with_plus or "+" in cell) for cell in filled
    )
    return phones / len(filled)


def is_phone_cell(cell: str, *, is_named: bool = False) -> bool:
    """Return whether a cell is a phone or was meant as one, ignoring countries.

    Under a header that names phones (``is_named``), any other cell with enough digits was too.
    Dates are never phones.
    """
    problem = clean_phone_text(cell).problem
    if problem is None or problem in _MEANT_AS_PHONE:
        return True
    has_digits = sum(map(str.isdigit, cell)) >= _MIN_DIGITS
    return is_named and has_digits and problem != PhoneProblem.LOOKS_LIKE_DATE


def area_code_template(sheet: Sheet, phone: str) -> str | None:
    """Return a template that puts the column of area codes before the phone's, if there is one.

    There is none if the phones are complete, or already begin with their area codes.
    """
    for column in sheet.frame.columns:
        if plain_name(column) not in AREA_HEADERS or column == phone:
            continue
        filled = [cell.strip() for cell in sheet.frame[column].head(_SAMPLE) if cell.strip()]
        is_writable = not set(column + phone) & set("{}|")
        is_area = bool(filled) and all(_AREA_CELL.fullmatch(cell) for cell in filled)
        if is_area and is_writable and _lacks_area(sheet.frame[phone], sheet.frame[column]):
            return f"{{{column}|}} {{{phone}}}"
    return None


def has_area_code(source: FieldSource) -> bool:
    """Return whether a phone is combined from a column of area codes and another one."""
    return source.template is not None and plain_name(source.columns[0]) in AREA_HEADERS


def _lacks_area(phones: pd.Series, areas: pd.Series) -> bool:
    """Return whether most phones are local numbers without their area code."""
    pairs = zip(phones.head(_SAMPLE), areas.head(_SAMPLE), strict=True)
    filled = [(cell.strip(), re.sub(r"\D", "", area)) for cell, area in pairs if cell.strip()]
    local = 0
    for cell, area in filled:
        digits = re.sub(r"\D", "", cell).lstrip("0")
        is_complete = "+" in cell or len(digits) > _MAX_LOCAL_DIGITS
        begins = digits.startswith(area.lstrip("0")) and len(digits) > _MIN_COMPLETE_DIGITS
        local += not (is_complete or begins)
    return local >= _MOSTLY_LOCAL * len(filled)


def country_column(sheet: Sheet, columns: list[str]) -> str | None:
    """Return the column with each row's country: its name, its ISO code, or its dial code."""
    scored = [(_country_score(sheet, column), column) for column in columns]
    score, column = max(scored, key=lambda each: each[0], default=(0, None))
    return column if score else None


def _country_score(sheet: Sheet, column: str) -> int:
    """Return how well a column fits a row's country; 0 if it doesn't.

    The country of the phone is preferred, then one without a purpose, then that of an address.
    """
    name = plain_name(column)
    words = frozenset(name.split())
    if name not in DIAL_HEADERS:
        allowed = _COUNTRY_WORDS | _WORDS_BESIDE_COUNTRY | _PHONE_WORDS
        if not words & _COUNTRY_WORDS or not words <= allowed:
            return 0
    cells = [cell.strip() for cell in sheet.frame[column].head(_SAMPLE)]
    filled = [cell for cell in cells if cell.lower() not in _NOT_FILLED]
    has_codes = names_code(column)
    known = sum(country_of(cell, has_codes=has_codes) is not None for cell in filled)
    if not known or known < _MIN_COUNTRIES * len(filled):
        return 0
    if name in DIAL_HEADERS or words & _PHONE_WORDS:
        return 4
    if not words & {"address", "direccion", "endereco", "shipping", "envio", "entrega", "billing"}:
        return 3
    return 1 if words & {"shipping", "envio", "entrega"} else 2


def names_code(column: str | None) -> bool:
    """Return whether a header of countries names codes, such as dial codes without a plus."""
    return column is not None and bool(frozenset(plain_name(column).split()) & _CODE_WORDS)


def similarity(column: str, headers: tuple[str, ...]) -> float:
    """Return how similar a header is to the most similar of these, from 0 to 100.

    Headers of fewer than five characters must be equal to one.
    """
    name = _plain(column)
    if name in headers:
        return 100.0
    if len(name) < 5:
        return 0.0
    return max(fuzz.ratio(name, each) for each in headers)


def _words(column: str) -> frozenset[str]:
    """Return the words of a header, digits apart from letters: "Phone2" has two."""
    return frozenset(re.sub(r"(\d+)", r" \1 ", _plain(column)).split())


def _plain(column: str) -> str:
    # plain_name takes "WhatsApp" apart, as it does "FirstName".
    return plain_name(column).replace("whats app", "whatsapp")
