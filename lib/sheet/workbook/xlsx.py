"""What an XLSX file says of its cells beyond their values: formats, errors and formulas."""

import datetime as dt
import io
import posixpath
import re
import string
import zipfile
from collections.abc import Iterator
from typing import IO, Any, Final, NamedTuple
from xml.etree import ElementTree as ET
from xml.parsers import expat

from lib.sheet.workbook.annotations import CellAnnotations
from lib.sheet.workbook.number_formats import BUILT_IN, distinctive_format, format_number

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_CHUNK_BYTES = 1 << 20
_TRUE = ("1", "true")
_LONG = re.compile(r"-?\d{16,}")
_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's dates have no zone
_LETTERS = string.ascii_uppercase


class StyledCell(NamedTuple):
    """A number in one of the styles looked for: its place as written (``B7``), style, digits."""

    place: str
    style: str
    value: str


def read_cell_facts(data: bytes, worksheet: str, *, long_numbers: bool = False) -> CellAnnotations:
    """Read one worksheet's XML as a stream. A file without the usual parts has no facts.

    ``long_numbers``: also whole numbers of which the file holds more digits than a number has.

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
        if not long_numbers:
            with archive.open(path) as stream:
                plain = styled_numbers(stream, set(formats))
            if plain is not None:
                return _facts_of(plain, formats, date1904=date1904)
        with archive.open(path) as stream:
            return parsed_facts(stream, formats, date1904=date1904, long_numbers=long_numbers)


def parsed_facts(
    stream: IO[bytes], formats: dict[str, str], *, date1904: bool, long_numbers: bool = False
) -> CellAnnotations:
    """Parse a worksheet's XML for its facts, whatever is in it."""
    reader = _Reader(formats, date1904=date1904, long_numbers=long_numbers)
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
            code = distinctive_format(codes.get(int(each.get("numFmtId", "0")), ""))
            if code is not None:
                found[str(index)] = code
    return found


def _facts_of(
    cells: list[StyledCell], formats: dict[str, str], *, date1904: bool
) -> CellAnnotations:
    facts = CellAnnotations()
    for place, style, value in cells:
        text = format_number(value, formats[style], date1904=date1904)
        if text is not None:
            column = _column_of(place)
            facts.texts[int(place.lstrip(_LETTERS)) - 1, column] = text
    return facts


class _Reader:
    """Collect the facts while expat calls back, once for each element."""

    def __init__(self, formats: dict[str, str], *, date1904: bool, long_numbers: bool) -> None:
        self.facts = CellAnnotations()
        self.parser: Any = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._formats = formats
        self._date1904 = date1904
        self._long_numbers = long_numbers
        self._row = self._column = -1
        self._type = self._style = ""
        self._value: list[str] = []
        self._formula = False

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "row":
                self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
                self._column = -1
                if attributes.get("hidden") in _TRUE:
                    self.facts.hidden_rows.append((self._row, self._row))
            case "col" if attributes.get("hidden") in _TRUE:
                first, last = int(attributes["min"]) - 1, int(attributes["max"]) - 1
                self.facts.hidden_columns.append((first, last))
            case "c":
                place = attributes.get("r")
                self._column = _column_of(place) if place else self._column + 1
                self._type = attributes.get("t", "n")
                self._style = attributes.get("s", "0")
                self._formula = False
                self._value = []
            case "f":
                self._formula = self.facts.has_formulas = True
            case "v" if (
                self._formula
                or self._long_numbers
                or self._type in ("e", "d")
                or self._style in self._formats
            ):
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
        code = self._formats.get(self._style)
        if self._type == "e":
            self.facts.add_error(at, value)
        elif self._formula and not value and self._type != "str":
            self.facts.flags[at] = "formula_without_value"
        elif self._type == "n" and value:
            if self._long_numbers and _LONG.fullmatch(value):
                self.facts.texts[at] = value
            self.facts.add_number(at, value, code, date1904=self._date1904)
        elif self._type == "d" and code is not None and (serial := _serial(value)) is not None:
            self.facts.add_number(at, serial, code, date1904=False)


def _serial(moment: str) -> str | None:
    """Return the number that Excel would keep for a date in ISO's form, as strict files do."""
    try:
        passed = dt.datetime.fromisoformat(moment).replace(tzinfo=None) - _EPOCH
    except ValueError:
        return None
    return repr(passed / dt.timedelta(days=1))


def _column_of(place: str) -> int:
    number = 0
    for character in place:
        if not character.isalpha():
            break
        number = number * 26 + ord(character.upper()) - 64
    return number - 1


_ROW_END: Final = b"</row>"

# Formulas, errors, names with a prefix, single quotes, entities of a file's own, other encodings,
# and what is hidden: not looked into here. Plain searches are far quicker than one pattern.
_ODD: Final = (b't="e"', b"='", b"<!", b"hidden=", b"\0", b't="d"')

# Most rows have not even the beginnings of these.
_ODD_BEGINNINGS: Final = {
    b"<f": (b"<f>", b"<f ", b"<f/"),
    b":": (b":f>", b":f ", b":c ", b":row"),
}


def styled_numbers(stream: IO[bytes], styles: set[str]) -> list[StyledCell] | None:
    """Return the numbers in these styles; None where only a parser can tell.

    A sheet with formulas, error values or hidden rows and columns is left to the parser too.
    """
    marks = [f' s="{style}"'.encode() for style in styles]
    names = b"|".join(re.escape(style).encode() for style in sorted(styles))
    usual = re.compile(
        rb'<c r="([A-Z]+[0-9]+)" s="(' + names + rb')"'
        rb'(?:(?: t="n")? ?/>|(?: t="n")?><v>([^<&]*)</v></c>| t="(?:s|str|inlineStr|b)">)'
    )
    found: list[StyledCell] = []
    for rows in _whole_rows(stream):
        if _has_odd(rows):
            return None
        marked = sum(map(rows.count, marks))
        cells = usual.findall(rows) if marked else []
        if len(cells) != marked:
            return None
        found.extend(
            StyledCell(place.decode(), style.decode(), value.decode())
            for place, style, value in cells
            if value
        )
    return found


def _has_odd(rows: bytes) -> bool:
    if any(odd in rows for odd in _ODD):
        return True
    return any(
        beginning in rows and any(odd in rows for odd in whole)
        for beginning, whole in _ODD_BEGINNINGS.items()
    )


def _whole_rows(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes in pieces that end with a row."""
    rest = b""
    while chunk := stream.read(_CHUNK_BYTES):
        rows, end, after = chunk.rpartition(_ROW_END)
        if end:
            yield rest + rows + end
            rest = after
        else:
            rest += chunk
    yield rest
