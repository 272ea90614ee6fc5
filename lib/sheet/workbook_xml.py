"""What an XLSX file says of its cells beyond their values: formats, errors and formulas."""

import io
import posixpath
import string
import zipfile
from dataclasses import dataclass, field
from typing import IO, Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from lib.sheet.cell_scan import StyledCell, styled_numbers
from lib.sheet.number_formats import BUILT_IN, is_certain, is_plain, shown

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_CHUNK_BYTES = 1 << 20
_LETTERS = string.ascii_uppercase


@dataclass
class CellFacts:
    """Facts by (row, column), both from 0: the text to show, and what is wrong with a cell."""

    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    flags: dict[tuple[int, int], str] = field(default_factory=dict)
    has_formulas: bool = False


def read_cell_facts(data: bytes, worksheet: str) -> CellFacts:
    """Read one worksheet's XML as a stream. A file without the usual parts has no facts.

    Raises zipfile.BadZipFile, KeyError, ValueError, ET.ParseError or expat.ExpatError where the
    parts are damaged.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        book = _parse(archive, "xl/workbook.xml")
        path = _worksheet_path(archive, book, worksheet)
        date1904 = any(
            element.get("date1904") in ("1", "true") for element in _all(book, "workbookPr")
        )
        formats = _formats(archive)
        with archive.open(path) as stream:
            plain = styled_numbers(stream, set(formats))
        if plain is not None:
            return _facts_of(plain, formats, date1904=date1904)
        with archive.open(path) as stream:
            return parsed_facts(stream, formats, date1904=date1904)


def parsed_facts(stream: IO[bytes], formats: dict[str, str], *, date1904: bool) -> CellFacts:
    """Parse a worksheet's XML for its facts, whatever is in it."""
    reader = _Reader(formats, date1904=date1904)
    while chunk := stream.read(_CHUNK_BYTES):
        reader.parser.Parse(chunk, False)  # noqa: FBT003 - positional only
    reader.parser.Parse(b"", True)  # noqa: FBT003 - positional only
    return reader.facts


def _parse(archive: zipfile.ZipFile, name: str) -> ET.Element:
    return ET.fromstring(archive.read(name))  # noqa: S314 - bounded, as above


def _all(root: ET.Element, name: str) -> list[ET.Element]:
    return [element for element in root.iter() if element.tag.rpartition("}")[2] == name]


def _worksheet_path(archive: zipfile.ZipFile, book: ET.Element, worksheet: str) -> str:
    sheet = next(each for each in _all(book, "sheet") if each.get("name") == worksheet)
    relation = sheet.get(_RELATION) or sheet.get(_STRICT_RELATION)
    relations = _parse(archive, "xl/_rels/workbook.xml.rels")
    target = next(
        each.get("Target", "")
        for each in _all(relations, "Relationship")
        if each.get("Id") == relation
    )
    return posixpath.normpath(target.lstrip("/") if target.startswith("/") else f"xl/{target}")


def _formats(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the format of each style whose numbers look unlike their digits."""
    if "xl/styles.xml" not in archive.namelist():
        return {}
    styles = _parse(archive, "xl/styles.xml")
    codes = dict(BUILT_IN)
    for each in _all(styles, "numFmt"):
        codes[int(each.get("numFmtId", "0"))] = each.get("formatCode", "")
    found: dict[str, str] = {}
    for group in _all(styles, "cellXfs"):
        for index, each in enumerate(group):
            code = codes.get(int(each.get("numFmtId", "0")), "")
            if not is_plain(code) and is_certain(code):
                found[str(index)] = code
    return found


def _facts_of(cells: list[StyledCell], formats: dict[str, str], *, date1904: bool) -> CellFacts:
    facts = CellFacts()
    for place, style, value in cells:
        text = shown(value, formats[style], date1904=date1904)
        if text is not None:
            column = _column_of(place)
            facts.texts[int(place.lstrip(_LETTERS)) - 1, column] = text
    return facts


class _Reader:
    """Collect the facts while expat calls back, once for each element."""

    def __init__(self, formats: dict[str, str], *, date1904: bool) -> None:
        self.facts = CellFacts()
        self.parser: Any = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._formats = formats
        self._date1904 = date1904
        self._row = self._column = -1
        self._type = self._style = ""
        self._value: list[str] = []
        self._formula = False

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "row":
                self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
                self._column = -1
            case "c":
                place = attributes.get("r")
                self._column = _column_of(place) if place else self._column + 1
                self._type = attributes.get("t", "n")
                self._style = attributes.get("s", "0")
                self._formula = False
                self._value = []
            case "f":
                self._formula = self.facts.has_formulas = True
            case "v" if self._formula or self._type == "e" or self._style in self._formats:
                self.parser.CharacterDataHandler = self._value.append

    def _end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "v":
                self.parser.CharacterDataHandler = None
            case "c":
                self._end_cell()

    def _end_cell(self) -> None:
        at = (self._row, self._column)
        value = "".join(self._value)
        if self._type == "e":
            self.facts.texts[at] = value
            self.facts.flags[at] = "error_value"
        elif self._formula and not value and self._type != "str":
            self.facts.flags[at] = "formula_without_value"
        elif self._type == "n" and value and self._style in self._formats:
            text = shown(value, self._formats[self._style], date1904=self._date1904)
            if text is not None:
                self.facts.texts[at] = text


def _column_of(place: str) -> int:
    number = 0
    for character in place:
        if not character.isalpha():
            break
        number = number * 26 + ord(character.upper()) - 64
    return number - 1
