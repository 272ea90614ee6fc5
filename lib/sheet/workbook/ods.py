"""Read the displayed texts, errors, formulas and hidden parts of a worksheet in an ODS file."""

import io
import re
import zipfile
from typing import Any, Final
from xml.parsers import expat

from lib.sheet.workbook.annotations import CellAnnotations

_CHUNK_BYTES: Final = 1 << 20
_ERROR: Final = re.compile(r"#[A-Z][A-Z/0]*[!?]?|(?:Err|Error|Fehler|Erreur):\d+")
_FORMATTED: Final = ("float", "percentage", "currency", "date", "time")
# 1.65E+10 hides a phone number, and ### hides everything.
_CONCEALING: Final = re.compile(r"#+|.*\d[eE][+-]?\d+.*", re.DOTALL)
_MAX_REPEATED: Final = 10_000


def read_ods_annotations(data: bytes, worksheet: str) -> CellAnnotations:
    """Return the annotations of one worksheet.

    Raises zipfile.BadZipFile, KeyError, ValueError or expat.ExpatError if the file is damaged.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("content.xml") as stream:
        reader = _ContentReader(worksheet)
        while chunk := stream.read(_CHUNK_BYTES):
            reader.parser.Parse(chunk, False)  # noqa: FBT003 - positional only
        reader.parser.Parse(b"", True)  # noqa: FBT003 - positional only
        return reader.annotations


class _ContentReader:
    """Collect annotations in callbacks of expat, which calls them for each element."""

    def __init__(self, worksheet: str) -> None:
        self.annotations = CellAnnotations()
        self.parser: Any = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start_element
        self.parser.EndElementHandler = self._end_element
        self._worksheet = worksheet
        self._is_inside = False
        self._row = self._column = 0
        self._repeated_rows = self._repeated_cells = 1
        self._kind = ""
        self._is_error = self._is_formula = False
        self._texts: list[str] = []
        self._comment_depth = 0

    def _start_element(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self._is_inside = attributes.get("table:name") == self._worksheet
            self._row = self._column = 0
        if not self._is_inside:
            return
        hidden = attributes.get("table:visibility", "visible") != "visible"
        match name:
            case "table:table-column":
                count = int(attributes.get("table:number-columns-repeated", "1"))
                if hidden:
                    self.annotations.hidden_columns.append((self._column, self._column + count - 1))
                self._column += count
            case "table:table-row":
                self._repeated_rows = int(attributes.get("table:number-rows-repeated", "1"))
                self._column = 0
                if hidden:
                    self.annotations.hidden_rows.append(
                        (self._row, self._row + self._repeated_rows - 1)
                    )
            case "table:table-cell" | "table:covered-table-cell":
                self._repeated_cells = int(attributes.get("table:number-columns-repeated", "1"))
                self._kind = attributes.get("office:value-type", "")
                self._is_error = attributes.get("calcext:value-type") == "error"
                self._is_formula = "table:formula" in attributes
                self.annotations.has_formulas = self.annotations.has_formulas or self._is_formula
                self._texts = []
            case "office:annotation":
                self._comment_depth += 1
            case "text:p" if not self._comment_depth:
                self.parser.CharacterDataHandler = self._texts.append

    def _end_element(self, name: str) -> None:
        if not self._is_inside:
            return
        match name:
            case "table:table":
                self._is_inside = False
            case "table:table-row":
                self._row += self._repeated_rows
            case "text:p":
                self.parser.CharacterDataHandler = None
            case "office:annotation":
                self._comment_depth -= 1
            case "table:table-cell" | "table:covered-table-cell":
                self._end_cell()
                self._column += self._repeated_cells

    def _end_cell(self) -> None:
        text = "".join(self._texts).strip()
        if not text or self._repeated_rows * self._repeated_cells > _MAX_REPEATED:
            return
        is_error = self._is_error or (self._is_formula and _ERROR.fullmatch(text) is not None)
        if not is_error and (self._kind not in _FORMATTED or _CONCEALING.fullmatch(text)):
            return
        for row in range(self._row, self._row + self._repeated_rows):
            for column in range(self._column, self._column + self._repeated_cells):
                if is_error:
                    self.annotations.add_error((row, column), text)
                else:
                    self.annotations.texts[row, column] = text
