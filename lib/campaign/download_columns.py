"""Titles of the columns that downloads of held rows and reports add to a sheet."""

from typing import Final

from lib.i18n import N_

ROW_COLUMN: Final = N_("Row")
REASON_COLUMN: Final = N_("Why held")
"""Source texts of the headers that a download of held rows has before the sheet's own columns."""
