"""Values that are sent as they are, but that their owner may want to look at first."""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from lib.campaign.arrow_text import Mask, matches
from lib.campaign.plan.checks import is_long
from lib.sheet import Sheet, plain_name

_PLACEHOLDER: Final = (
    r"(?i:^\s*(?:n/?a|n\.a\.|nil|null|none|nan|undefined|unknown|tbd|todo|x{3,}|test[eo]?|prueba"
    r"|sin nombre|sem nome|no name|first ?name|last ?name|nombre|nome|[-?._]+)\s*$)"
    r"|\{\{|\}\}|%%|^\s*(?:\{[^{}]*\}|\[[^\[\]]*\]|<[^<>]*>)\s*$"
    # Characters that nobody sees, and nothing else.
    r"|^\s*(?:[\x{200b}-\x{200f}\x{2060}\x{feff}]\s*)+$"
)
_LINK: Final = r"(?i:^\s*(?:h\w{0,3}tps?\s*[:;/]|www\s*[.,]))"
_GOOD_LINK: Final = r"(?i:^\s*(?:https?://)?[\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL[\pL\pN-]+(?::\d{1,5})?(?:[/?#]\S*)?\s*$)"
_CAPITALS: Final = r"^[\p{Lu}\s.'\x{2019}-]*\p{Lu}{3,}[\p{Lu}\s.'\x{2019}-]*$"
_PATTERNS: Final = {
    "line_break": r"[\n\r\t\v\f\x{85}\x{2028}\x{2029}]",
    "many_spaces": r"\p{Zs}{5,}",
    "placeholder": _PLACEHOLDER,
    "odd_link": _LINK,
    "in_capitals": _CAPITALS,
}
_OF_A_NAME: Final = re.compile(r"name|nombre|nome|apellido|first|last", re.IGNORECASE)
_OF_A_PERSON: Final = frozenset(
    {
        "email", "e mail", "email address", "mail", "correo", "correo electronico",
        "customer id", "client id", "contact id", "user id", "id cliente", "id usuario",
        "customer number", "numero de cliente", "codigo de cliente", "id do cliente",
        "numero do cliente", "codigo do cliente",
        "cpf", "dni", "curp", "rfc", "rut", "nit", "cedula", "documento",
    }
)  # fmt: skip


def odd_values(name: str, values: pd.Series) -> Iterator[tuple[str, Mask]]:
    """Yield the code of each oddity among a variable's values, and the rows that have it.

    All patterns are looked for at once, and one by one only in the few values that have any.
    """
    patterns = dict(_PATTERNS)
    if not _OF_A_NAME.search(name):
        del patterns["in_capitals"]
    odd = np.flatnonzero(matches(values, "|".join(patterns.values())))
    suspects = values.iloc[odd]
    for code, pattern in patterns.items():
        found = matches(suspects, pattern)
        if code == "odd_link":
            found &= ~matches(suspects, _GOOD_LINK)
        mask = np.zeros(len(values), dtype=bool)
        mask[odd[found]] = True
        yield code, mask
    yield "long_value", is_long(values)


def same_person(sheet: Sheet, table: pd.DataFrame, held: Mask) -> np.ndarray:
    """Return the rows whose person is in the same campaign under another phone as well.

    Of a plan's table, rows that are held are not looked at. A person is known by an e-mail address
    or a number of their own, from a column that is named so.
    """
    found = [np.array([], dtype="int64")]
    for column in sheet.frame.columns:
        if plain_name(column) not in _OF_A_PERSON:
            continue
        person = sheet.frame.loc[~held, column].str.strip().str.lower()
        people = table.loc[~held, ["campaign_name", "client"]].assign(person=person)
        people = people[people["person"] != ""]
        several = people[people.duplicated(["campaign_name", "person"], keep=False)]
        phones = several.groupby(["campaign_name", "person"])["client"].transform("nunique")
        found.append(several.index[phones > 1].to_numpy())
    return np.concatenate(found)
