"""Choose the columns that are variables by default: those whose values belong in a message."""

import re
from typing import Final

import pandas as pd

from lib.campaign.download_columns import REASON_COLUMN, ROW_COLUMN
from lib.campaign.mapping.phone_columns import Fit, header_fit, phone_share
from lib.i18n import N_, _
from lib.sheet import Sheet, plain_name

# Headers that downloads from this app add. They are not suggested as variables when a downloaded
# list is uploaded again.
DOWNLOAD_HEADERS: Final = (
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

_SAMPLE: Final = 500
_MIN_FILLED: Final = 0.5
_MIN_SHARE: Final = 0.8
# Shorter sheets often have the same value in every row by chance.
_MIN_ROWS_OF_CONSTANT: Final = 10

_ID_HEADER: Final = re.compile(
    r"(?:.* )?(?:ids?|uuid|guid|gid|gclid|fbclid|ip|hash|token|etag)"
    r"|(?:.* )?(?:cpf|cnpj|rut|dni|nit|curp|rfc|cedula|documento?|document type)(?: .*)?"
)
_EMAIL_HEADER: Final = re.compile(
    r"(?:.* )?(?:e mail|email|emails|correo electronico|correio)(?: .*)?"
)
_MOMENT_HEADER: Final = re.compile(
    r"(?:.* )?(?:created|updated|modified|submitted|timestamp|time stamp|marca temporal"
    r"|carimbo de data hora|last seen|created time|created at|updated at)(?: .*)?"
)
ADVERTISING_HEADER: Final = re.compile(
    r"(?:ad|adset|ad set|form|campaign) (?:id|name)|utm (?:source|medium|campaign|content|term)"
    r"|gclid|fbclid|is organic"
)
"""Columns of exports from advertising, in which "campaign" is the campaign of the ad."""

# Ids, e-mail and IP addresses, web addresses, and times to the second.
_TECHNICAL_CELL: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|[0-9a-f]{24,64}"
    r"|[a-z]{1,4}:\d{5,}"
    r"|gid://\S+"
    r"|[^@\s,;]+@[^@\s,;]+\.[a-z]{2,}"
    r"|(?:\d{1,3}\.){3}\d{1,3}"
    r"|(?:https?://|www\.)\S+"
    r"|\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}.*"
    r"|\d{1,4}/\d{1,2}/\d{1,4},? \d{1,2}:\d{2}:\d{2}.*",
    re.IGNORECASE,
)


def is_variable(sheet: Sheet, column: str) -> bool:
    """Return whether a column is a variable by default.

    Columns that are mostly empty or constant, ids, addresses on the internet, times to the second,
    further phones, and those that downloads add are not.
    """
    name, cells = plain_name(column), sheet.frame[column]
    if name in _download_names() or ADVERTISING_HEADER.fullmatch(name):
        return False
    if _ID_HEADER.fullmatch(name) or _EMAIL_HEADER.fullmatch(name):
        return False
    is_filled = (cells.str.strip() != "").to_numpy()
    if not is_filled.any() or is_filled.mean() < _MIN_FILLED:
        return False
    if len(cells) >= _MIN_ROWS_OF_CONSTANT and (cells == cells.iloc[0]).all():
        return False
    needs_plus = header_fit(column) is not Fit.PHONE
    if phone_share(sheet, column, with_plus=needs_plus) >= _MIN_SHARE:
        return False
    return not (_MOMENT_HEADER.fullmatch(name) or _are_technical(cells[is_filled].head(_SAMPLE)))


def _download_names() -> set[str]:
    return {plain_name(each) for name in DOWNLOAD_HEADERS for each in (name, _(name))}


def _are_technical(cells: pd.Series) -> bool:
    found = sum(_TECHNICAL_CELL.fullmatch(cell.strip()) is not None for cell in cells)
    return found >= _MIN_SHARE * len(cells)
