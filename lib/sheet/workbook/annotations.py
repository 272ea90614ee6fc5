"""What a workbook says of its cells beyond their values."""

from dataclasses import dataclass, field
from typing import Final

from lib.sheet.workbook.number_formats import format_number

CellRef = tuple[int, int]

# As Excel numbers its errors, in XLS and XLSB files.
ERRORS: Final = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?",
    0x24: "#NUM!", 0x2A: "#N/A", 0x2B: "#GETTING_DATA",
}  # fmt: skip


@dataclass
class CellAnnotations:
    """Facts by (row, column), both from 0: the text to show, and what is wrong with a cell.

    Hidden rows and columns are ranges, their ends included, counted from 0.
    """

    texts: dict[CellRef, str] = field(default_factory=dict)
    flags: dict[CellRef, str] = field(default_factory=dict)
    has_formulas: bool = False
    hidden_rows: list[CellRef] = field(default_factory=list)
    hidden_columns: list[CellRef] = field(default_factory=list)

    def add_error(self, at: CellRef, text: str) -> None:
        """Note that a cell holds an error."""
        self.texts[at] = text
        self.flags[at] = "error_value"

    def add_number(self, at: CellRef, value: str, code: str | None, *, date1904: bool) -> None:
        """Note a number's look, where it is more than its digits."""
        if code is not None and (text := format_number(value, code, date1904=date1904)) is not None:
            self.texts[at] = text
