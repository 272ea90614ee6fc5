"""How a sheet was read: what was found in the file, or what a person has said instead."""

from dataclasses import asdict, dataclass
from typing import Any, Final

ENCODINGS: Final = {
    "utf-8": "Unicode (UTF-8)",
    "utf-16": "Unicode (UTF-16)",
    "cp1252": "Western European (Windows)",
    "mac_roman": "Western European (Mac)",
    "cp1250": "Central European (Windows)",
    "cp1251": "Cyrillic (Windows)",
    "cp1253": "Greek (Windows)",
    "cp1254": "Turkish (Windows)",
    "cp1255": "Hebrew (Windows)",
    "cp1256": "Arabic (Windows)",
    "shift_jis": "Japanese (Shift-JIS)",
    "gb18030": "Chinese (GB18030)",
    "big5": "Chinese (Big5)",
    "euc_kr": "Korean (EUC-KR)",
}
DELIMITERS: Final = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "bars",
    ":": "colons",
    " ": "spaces",
    "^": "carets",
    "~": "tildes",
}
QUOTES: Final = {'"': "double quotes", "'": "single quotes", "": "nothing"}


@dataclass(frozen=True)
class ReadLimits:
    """The most rows, columns and cells that a sheet may have. The header is not counted."""

    rows: int
    columns: int
    cells: int


@dataclass(frozen=True)
class ReadOptions:
    """The parts of a reading; None is left to be found.

    ``header_row`` is the number of the row that names the columns, as a spreadsheet program shows
    it; 0 where no row does. ``last_row`` is the last one that counts; ``table`` says which of
    several tables in one sheet is read, from 1. ``encoding``, ``delimiter``, ``quote`` ("" for
    none) and ``backslashed`` (whether a quotation mark inside quotes has a backslash before it)
    are for text only; ``hidden``, whether hidden rows and columns count, is for workbooks only.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    quote: str | None = None
    backslashed: bool | None = None
    last_row: int | None = None
    table: int | None = None
    hidden: bool | None = None

    def sentence(self, worksheet: str | None = None) -> str:
        """Say how the sheet was read, for people."""
        parts = [f"Worksheet “{worksheet}”"] if worksheet is not None else []
        if self.encoding is not None:
            parts.append(f"Text in {ENCODINGS.get(self.encoding, self.encoding)}")
        if self.delimiter is not None:
            parts.append(f"cells parted by {DELIMITERS.get(self.delimiter, self.delimiter)}")
        if self.quote == "'":
            parts.append("quoted by single quotes")
        if self.backslashed:
            parts.append("with a backslash before quotes inside")
        parts.append(
            f"column names in row {self.header_row:,}" if self.header_row else "no column names"
        )
        return f"{', '.join(parts)}."

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; `Reading(**values)` is the way back."""
        return asdict(self)
