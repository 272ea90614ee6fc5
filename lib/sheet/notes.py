"""What was found or changed while a sheet was read, in words for its owner."""

from typing import NamedTuple


class ReadNotice(NamedTuple):
    """One thing to know about how a sheet was read."""

    code: str
    sentence: str


SENTENCES = {
    "nul_removed": "Invisible zero characters were removed.",
    "encoding_guessed": "The file doesn't say how its letters are stored. Check a name or two.",
    "odd_letters": "A few letters are stored in a way of their own. Check names with accents.",
    "quotes_mended": "In some rows a quotation mark stands for itself; it was read as text.",
    "empty_cells_left_out": "A few rows had an empty cell too many; it was left out.",
    "odd_rows": "Some rows part their cells in another way than the rest; they were read so.",
    "preamble": "Lines above the column names were left out.",
    "footer": "Lines below the last recipient, such as totals, were left out.",
    "short_rows": "Some rows have fewer cells than the first one; the rest were read as empty.",
    "long_rows": "Some rows have more cells than there are column names; extra columns hold them.",
    "several_tables": "The file holds several tables, one below the other; one of them was read.",
    "names_repeated": "Rows that only repeat the column names were left out.",
    "empty_rows": "Empty rows were left out.",
    "empty_columns": "Empty columns were left out.",
    "no_header": "The first row holds data, not column names, so columns are named by letters.",
    "unnamed_columns": "Columns without a name are named by their letters.",
    "same_names": "Columns with the same name were numbered.",
    "formulas": "Cells with formulas show the values that were last saved.",
    "hidden_read": "Some rows or columns are hidden in the workbook; they were read too.",
    "hidden_left_out": "Rows and columns that are hidden in the workbook were left out.",
    "merged_repeated": "What stands in cells merged over several rows was read for each of them.",
    "dates_iso": "Some dates are written as year-month-day, since how they look isn't in the file.",
}


def read_notice(code: str) -> ReadNotice:
    """Return the note of this code."""
    return ReadNotice(code, SENTENCES[code])


class CellIssue(NamedTuple):
    """What is wrong with one cell: its row from 1, its column from 0, and the code."""

    row: int
    column: int
    code: str
