"""Notices about how a sheet was read, and issues with single cells."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from lib.i18n import N_, _


class NoticeCode(StrEnum):
    """What was found or changed while a sheet was read. Codes are stored with the sheet."""

    NUL_REMOVED = "nul_removed"
    ENCODING_GUESSED = "encoding_guessed"
    ODD_LETTERS = "odd_letters"
    QUOTES_MENDED = "quotes_mended"
    EMPTY_CELLS_LEFT_OUT = "empty_cells_left_out"
    ODD_ROWS = "odd_rows"
    PREAMBLE = "preamble"
    FOOTER = "footer"
    SHORT_ROWS = "short_rows"
    LONG_ROWS = "long_rows"
    SEVERAL_TABLES = "several_tables"
    NAMES_REPEATED = "names_repeated"
    EMPTY_ROWS = "empty_rows"
    EMPTY_COLUMNS = "empty_columns"
    NO_HEADER = "no_header"
    UNNAMED_COLUMNS = "unnamed_columns"
    SAME_NAMES = "same_names"
    FORMULAS = "formulas"
    HIDDEN_READ = "hidden_read"
    HIDDEN_LEFT_OUT = "hidden_left_out"
    MERGED_REPEATED = "merged_repeated"
    DATES_ISO = "dates_iso"
    FORMATS_UNREADABLE = "formats_unreadable"
    WORKSHEET_WITH_PHONES = "worksheet_with_phones"


_SENTENCES: Final = {
    NoticeCode.NUL_REMOVED: N_("We removed invisible null characters."),
    NoticeCode.ENCODING_GUESSED: N_(
        "The file doesn't say which encoding it uses. Check a few names with accents."
    ),
    NoticeCode.ODD_LETTERS: N_("A few letters use another encoding. Check names with accents."),
    NoticeCode.QUOTES_MENDED: N_("Some rows have a stray quotation mark; we read it as text."),
    NoticeCode.EMPTY_CELLS_LEFT_OUT: N_("A few rows had an extra empty cell; we removed it."),
    NoticeCode.ODD_ROWS: N_("Some rows use a different separator; we handled it."),
    NoticeCode.PREAMBLE: N_("We left out the lines above the column names."),
    NoticeCode.FOOTER: N_("We left out lines below the last recipient, such as totals."),
    NoticeCode.SHORT_ROWS: N_("Some rows have fewer cells than others; missing cells are empty."),
    NoticeCode.LONG_ROWS: N_("Some rows have more cells than there are columns; we added columns."),
    NoticeCode.SEVERAL_TABLES: N_(
        "The sheet has several tables, one below the other. Only one of them is used."
    ),
    NoticeCode.NAMES_REPEATED: N_("We left out rows that only repeat the column names."),
    NoticeCode.EMPTY_ROWS: N_("We left out empty rows."),
    NoticeCode.EMPTY_COLUMNS: N_("We left out empty columns."),
    NoticeCode.NO_HEADER: N_("There are no column names, so columns are named by their letters."),
    NoticeCode.UNNAMED_COLUMNS: N_("Columns without a name are named by their letters."),
    NoticeCode.SAME_NAMES: N_("Columns with the same name are numbered."),
    NoticeCode.FORMULAS: N_("Cells with formulas show the values that were last saved."),
    NoticeCode.HIDDEN_READ: N_("Some rows or columns are hidden in the workbook; we read them."),
    NoticeCode.HIDDEN_LEFT_OUT: N_("We left out rows and columns that are hidden in the workbook."),
    NoticeCode.MERGED_REPEATED: N_("Values of cells merged over several rows apply to each row."),
    NoticeCode.DATES_ISO: N_(
        "Some dates are shown as year-month-day because the file doesn't say how they look."
    ),
    NoticeCode.FORMATS_UNREADABLE: N_(
        "The formats of this workbook can't be read. Check dates and amounts, and cells that look"
        " empty: they may contain errors."
    ),
    NoticeCode.WORKSHEET_WITH_PHONES: N_(
        "The first worksheet doesn't list phone numbers, so we read one that does."
        " You can choose another."
    ),
}


@dataclass(frozen=True)
class ReadNotice:
    """One thing to know about how a sheet was read."""

    code: NoticeCode

    @property
    def sentence(self) -> str:
        """What was found or changed, in the reader's language."""
        return _(_SENTENCES[self.code])


def read_notice(code: str) -> ReadNotice:
    """Return the notice of this code."""
    return ReadNotice(NoticeCode(code))


class CellIssueCode(StrEnum):
    """Why the value of a cell is unreliable. Codes are stored with the sheet."""

    ERROR_VALUE = "error_value"
    FORMULA_WITHOUT_VALUE = "formula_without_value"
    DIGITS_LOST = "digits_lost"
    ROW_TOO_LONG = "row_too_long"


class CellIssue(NamedTuple):
    """What is wrong with one cell: its row from 1, its column from 0, and a `CellIssueCode`."""

    row: int
    column: int
    code: str
