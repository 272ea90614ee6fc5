"""How a sheet is read: what was detected in the file, or what a person chose instead."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from lib.i18n import N_
from lib.sheet.errors import SheetError, SheetErrorCode

# The names below are source texts, translated when shown.
ENCODINGS: Final = {
    "utf-8": N_("Unicode (UTF-8)"),
    "utf-16": N_("Unicode (UTF-16)"),
    "cp1252": N_("Western European (Windows)"),
    "mac_roman": N_("Western European (Mac)"),
    "cp1250": N_("Central European (Windows)"),
    "cp1251": N_("Cyrillic (Windows)"),
    "cp1253": N_("Greek (Windows)"),
    "cp1254": N_("Turkish (Windows)"),
    "cp1255": N_("Hebrew (Windows)"),
    "cp1256": N_("Arabic (Windows)"),
    "cp874": N_("Thai (Windows)"),
    "shift_jis": N_("Japanese (Shift-JIS)"),
    "euc_jp": N_("Japanese (EUC-JP)"),
    "gb18030": N_("Chinese (GB18030)"),
    "big5": N_("Chinese (Big5)"),
    "euc_kr": N_("Korean (EUC-KR)"),
}
DELIMITERS: Final = {
    ",": N_("Comma"),
    ";": N_("Semicolon"),
    "\t": N_("Tab"),
    "|": N_("Vertical bar"),
    ":": N_("Colon"),
    " ": N_("Space"),
    "^": N_("Caret"),
    "~": N_("Tilde"),
}
QUOTES: Final = {
    '"': N_("Double quote"),
    "'": N_("Single quote"),
    "": N_("None"),
}


@dataclass(frozen=True)
class ReadLimits:
    """The most rows, columns and cells that a sheet may have. The header is not counted."""

    rows: int
    columns: int
    cells: int

    def check_rows(self, rows: int) -> None:
        """Raise SheetError too_many_rows if there are more."""
        if rows > self.rows:
            raise SheetError(SheetErrorCode.TOO_MANY_ROWS, limit=self.rows)

    def check_columns(self, columns: int) -> None:
        """Raise SheetError too_many_columns if there are more."""
        if columns > self.columns:
            code = SheetErrorCode.TOO_MANY_COLUMNS
            raise SheetError(code, found=columns, limit=self.columns)

    def check_cells(self, cells: int) -> None:
        """Raise SheetError too_many_cells if there are more."""
        if cells > self.cells:
            raise SheetError(SheetErrorCode.TOO_MANY_CELLS, found=cells, limit=self.cells)


@dataclass(frozen=True)
class ReadOptions:
    """Options for reading a sheet; those that are None are detected.

    ``header_row`` is the number of the row that names the columns, as a spreadsheet program shows
    it, or 0 if there is none. ``last_row`` is the last row to read. ``table`` is the number, from
    1, of the table to read if a sheet holds several.

    For text files only: ``encoding``, ``delimiter``, ``quote`` ("" for none) and ``backslashed``
    (whether a backslash precedes a quotation mark inside quotes). For workbooks only: ``hidden``,
    whether hidden rows and columns are read.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    quote: str | None = None
    backslashed: bool | None = None
    last_row: int | None = None
    table: int | None = None
    hidden: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the options as plain values. ``ReadOptions(**values)`` restores them."""
        return asdict(self)
