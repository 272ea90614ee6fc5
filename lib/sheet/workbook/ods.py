"""What an ODS file says of its cells: their looks, errors, formulas, and what is hidden."""

import io
import re
import zipfile
from typing import Any, Final
from xml.parsers import expat

from lib.sheet.workbook.annotations import CellAnnotations

_CHUNK_BYTES: Final = 1 << 20
_ERROR: Final = re.compile(r"#[A-Z][A-Z/0]*[!?]?|(?:Err|Error|Fehler|Erreur):\d+")
_LOOKS: Final = ("float", "percentage", "currency", "date", "time")
# 1.65E+10 hides a phone number, and ### hides everything.
_HIDDEN_LOOK: Final = re.compile(r"#+|.*\d[eE][+-]?\d+.*", re.DOTALL)
_MAX_REPEATED: Final = 10_000


def read_ods_facts(data: bytes, worksheet: str) -> CellAnnotations:
    """Return the facts of one worksheet.

    Raises zipfile.BadZipFile, KeyError, ValueError or expat.ExpatError where it is damaged.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("content.xml") as stream:
        reader = _Reader(worksheet)
        while chunk := stream.read(_CHUNK_BYTES):
            reader.parser.Parse(chunk, False)  # noqa: FBT003 - positional only
        reader.parser.Parse(b"", True)  # noqa: FBT003 - positional only
        return reader.facts


class _Reader:
    """Collect the facts while expat calls back, once for each element."""

    def __init__(self, worksheet: str) -> None:
        self.facts = CellAnnotations()
        self.parser: Any = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._worksheet = worksheet
        self._inside = False
        self._row = self._column = 0
        self._rows = self._cells = 1
        self._kind = ""
        self._is_error = self._is_formula = False
        self._texts: list[str] = []
        self._notes = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self._inside = attributes.get("table:name") == self._worksheet
            self._row = self._column = 0
        if not self._inside:
            return
        hidden = attributes.get("table:visibility", "visible") != "visible"
        match name:
            case "table:table-column":
                count = int(attributes.get("table:number-columns-repeated", "1"))
                if hidden:
                    self.facts.hidden_columns.append((self._column, self._column + count - 1))
                self._column += count
            case "table:table-row":
                self._rows = int(attributes.get("table:number-rows-repeated", "1"))
                self._column = 0
                if hidden:
                    self.facts.hidden_rows.append((self._row, self._row + self._rows - 1))
            case "table:table-cell" | "table:covered-table-cell":
                self._cells = int(attributes.get("table:number-columns-repeated", "1"))
                self._kind = attributes.get("office:value-type", "")
                self._is_error = attributes.get("calcext:value-type") == "error"
                self._is_formula = "table:formula" in attributes
                self.facts.has_formulas = self.facts.has_formulas or self._is_formula
                self._texts = []
            case "office:annotation":
                self._notes += 1
            case "text:p" if not self._notes:
                self.parser.CharacterDataHandler = self._texts.append

    def _end(self, name: str) -> None:
        if not self._inside:
            return
        match name:
            case "table:table":
                self._inside = False
            case "table:table-row":
                self._row += self._rows
            case "text:p":
                self.parser.CharacterDataHandler = None
            case "office:annotation":
                self._notes -= 1
            case "table:table-cell" | "table:covered-table-cell":
                self._end_cell()
                self._column += self._cells

    def _end_cell(self) -> None:
        text = "".join(self._texts).strip()
        if not text or self._rows * self._cells > _MAX_REPEATED:
            return
        is_error = self._is_error or (self._is_formula and _ERROR.fullmatch(text) is not None)
        if not is_error and (self._kind not in _LOOKS or _HIDDEN_LOOK.fullmatch(text)):
            return
        for row in range(self._row, self._row + self._rows):
            for column in range(self._column, self._column + self._cells):
                if is_error:
                    self.facts.add_error((row, column), text)
                else:
                    self.facts.texts[row, column] = text
