"""Properties of a worksheet's cells other than their values."""

from dataclasses import dataclass, field
from typing import Final

from lib.sheet.notes import CellIssueCode
from lib.sheet.workbook.number_formats import format_number

CellRef = tuple[int, int]
Span = tuple[int, int]

# What Excel shows for a number that can't be represented.
NOT_A_NUMBER: Final = "#NUM!"
# Error values by their numbers in XLS and XLSB files (MS-XLS, 2.5.10, BErr).
ERRORS: Final = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?",
    0x24: NOT_A_NUMBER, 0x2A: "#N/A", 0x2B: "#GETTING_DATA",
}  # fmt: skip


@dataclass
class CellAnnotations:
    """Texts and issues of cells by (row, column), and hidden rows and columns, all from 0.

    ``texts`` replace the values that calamine reads. ``flags`` are `CellIssueCode`s. Spans include
    both their ends. ``is_complete`` is False if they could not be read.
    """

    texts: dict[CellRef, str] = field(default_factory=dict)
    flags: dict[CellRef, str] = field(default_factory=dict)
    has_formulas: bool = False
    hidden_rows: list[Span] = field(default_factory=list)
    hidden_columns: list[Span] = field(default_factory=list)
    is_complete: bool = True

    def add_error(self, at: CellRef, text: str) -> None:
        """Add a cell with an error value, such as "#N/A"."""
        self.texts[at] = text
        self.flags[at] = CellIssueCode.ERROR_VALUE

    def add_number(self, at: CellRef, value: str, code: str | None, *, date1904: bool) -> None:
        """Add a number's text in its format; ``code`` is None if the format is not applied."""
        if code is not None and (text := format_number(value, code, date1904=date1904)) is not None:
            self.texts[at] = text
