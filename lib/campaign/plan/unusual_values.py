"""Values that are sent unchanged but may be mistakes, such as unfilled placeholders."""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from lib.campaign.arrow_text import Mask, matches
from lib.campaign.findings import FindingCode
from lib.campaign.plan.checks import is_long
from lib.sheet import Sheet, plain_name

_PLACEHOLDER: Final = (
    r"(?i:^\s*(?:n/?a|n\.a\.|nil|null|none|nan|undefined|unknown|tbd|todo|x{3,}|test[eo]?|prueba"
    r"|sin nombre|sem nome|no name|first ?name|last ?name|nombre|nome|[-?._]+)\s*$)"
    r"|\{\{|\}\}|%%|^\s*(?:\{[^{}]*\}|\[[^\[\]]*\]|<[^<>]*>)\s*$"
    # Only characters of zero width.
    r"|^\s*(?:[\x{200b}-\x{200f}\x{2060}\x{feff}]\s*)+$"
)
_LINK: Final = r"(?i:^\s*(?:h\w{0,3}tps?\s*[:;/]|www\s*[.,]))"
_VALID_LINK: Final = r"(?i:^\s*(?:https?://)?[\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL[\pL\pN-]+(?::\d{1,5})?(?:[/?#]\S*)?\s*$)"
_CAPITALS: Final = r"^[\p{Lu}\s.'\x{2019}-]*\p{Lu}{3,}[\p{Lu}\s.'\x{2019}-]*$"
# UTF-8 that was read as Windows-1252 or Latin-1, characters that were lost, and HTML entities.
_BROKEN: Final = (
    r"\x{FFFD}"
    r"|[\x{C2}\x{C3}][\x{80}-\x{BF}\x{152}\x{153}\x{160}\x{161}\x{178}\x{17D}\x{17E}\x{192}"
    r"\x{2C6}\x{2DC}\x{2013}-\x{203A}\x{20AC}\x{2122}]"
    r"|\x{E2}[\x{20AC}\x{80}][\x{80}-\x{BF}\x{153}\x{2DC}\x{2013}-\x{203A}\x{2122}]"
    r"|\x{F0}\x{178}"
    r"|&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,5}|#[xX][0-9a-fA-F]{2,5}"
    r"|[A-Za-z](?:acute|tilde|grave|circ|uml|cedil));"
)
_PATTERNS: Final = {
    FindingCode.BROKEN_TEXT: _BROKEN,
    FindingCode.LINE_BREAK: r"[\n\r\t\v\f\x{85}\x{2028}\x{2029}]",
    FindingCode.MANY_SPACES: r"\p{Zs}{5,}",
    FindingCode.PLACEHOLDER: _PLACEHOLDER,
    FindingCode.ODD_LINK: _LINK,
    FindingCode.IN_CAPITALS: _CAPITALS,
}
_NAME_HEADER: Final = re.compile(r"name|nombre|nome|apellido|first|last", re.IGNORECASE)
# Headers of columns whose values identify a person.
_PERSON_HEADERS: Final = frozenset(
    {
        "email", "e mail", "email address", "mail", "correo", "correo electronico",
        "customer id", "client id", "contact id", "user id", "id cliente", "id usuario",
        "customer number", "numero de cliente", "codigo de cliente", "id do cliente",
        "numero do cliente", "codigo do cliente",
        "cpf", "dni", "curp", "rfc", "rut", "nit", "cedula", "documento",
    }
)  # fmt: skip


def find_unusual_values(name: str, values: pd.Series) -> Iterator[tuple[FindingCode, Mask]]:
    """Yield each code of an unusual kind of value, and which values of the variable have it.

    All patterns are combined for one pass; only the few values that match are then tested for
    each pattern.
    """
    patterns = dict(_PATTERNS)
    if not _NAME_HEADER.search(name):
        del patterns[FindingCode.IN_CAPITALS]
    unusual = np.flatnonzero(matches(values, "|".join(patterns.values())))
    suspects = values.iloc[unusual]
    for code, pattern in patterns.items():
        found = matches(suspects, pattern)
        if code is FindingCode.ODD_LINK:
            found &= ~matches(suspects, _VALID_LINK)
        mask = np.zeros(len(values), dtype=bool)
        mask[unusual[found]] = True
        yield code, mask
    yield FindingCode.LONG_VALUE, is_long(values)


def same_person(sheet: Sheet, table: pd.DataFrame, held: Mask) -> np.ndarray:
    """Return the rows of people who get the same campaign on more than one phone.

    People are identified by columns of email addresses or customer numbers, found by their headers.
    ``table`` is the plan's table; its held rows are ignored.
    """
    found = [np.array([], dtype="int64")]
    for column in sheet.frame.columns:
        if plain_name(column) not in _PERSON_HEADERS:
            continue
        person = sheet.frame.loc[~held, column].str.strip().str.lower()
        people = table.loc[~held, ["campaign_name", "client"]].assign(person=person)
        people = people[people["person"] != ""]
        repeated = people[people.duplicated(["campaign_name", "person"], keep=False)]
        phones = repeated.groupby(["campaign_name", "person"])["client"].transform("nunique")
        found.append(repeated.index[phones > 1].to_numpy())
    return np.concatenate(found)
