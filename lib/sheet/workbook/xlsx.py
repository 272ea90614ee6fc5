"""Read the formats, errors, formulas and hidden parts of a worksheet in an XLSX file."""

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

from lib.sheet.notes import CellIssueCode
from lib.sheet.workbook.annotations import CellAnnotations
from lib.sheet.workbook.number_formats import BUILT_IN, distinctive_format, format_number

_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION: Final = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_CHUNK_BYTES: Final = 1 << 20
_TRUE: Final = ("1", "true")
_LONG: Final = re.compile(r"-?\d{16,}")
_EPOCH: Final = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's dates have no zone

_ROW_END: Final = b"</row>"

# Formulas, errors, names with a prefix, single quotes, custom entities, other encodings and hidden
# parts need the parser. Plain searches are much faster than one pattern.
_UNUSUAL: Final = (b't="e"', b"='", b"<!", b"hidden=", b"\0", b't="d"')

# Most rows do not contain the prefixes either, so these are searched for first.
_UNUSUAL_BY_PREFIX: Final = {
    b"<f": (b"<f>", b"<f ", b"<f/"),
    b":": (b":f>", b":f ", b":c ", b":row"),
}


class StyledCell(NamedTuple):
    """A number in one of the styles searched for: its reference (``B7``), style and digits."""

    reference: str
    style: str
    value: str


def read_xlsx_annotations(
    data: bytes, worksheet: str, *, long_numbers: bool = False
) -> CellAnnotations:
    """Return the annotations of one worksheet.

    With ``long_numbers``, they include whole numbers of more digits than a float can represent.

    Raises zipfile.BadZipFile, KeyError, ValueError, StopIteration, ET.ParseError or
    expat.ExpatError if the file is damaged.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        book = parse_part(archive, "xl/workbook.xml")
        path = worksheet_path(archive, book, worksheet)
        date1904 = any(
            element.get("date1904") in _TRUE for element in _elements(book, "workbookPr")
        )
        formats = _formats(archive)
        if not long_numbers:
            with archive.open(path) as stream:
                numbers = find_styled_numbers(stream, set(formats))
            if numbers is not None:
                return _annotate_numbers(numbers, formats, date1904=date1904)
        with archive.open(path) as stream:
            return parse_annotations(stream, formats, date1904=date1904, long_numbers=long_numbers)


def parse_annotations(
    stream: IO[bytes], formats: dict[str, str], *, date1904: bool, long_numbers: bool = False
) -> CellAnnotations:
    """Return the annotations in a worksheet's XML. Slower than `find_styled_numbers`."""
    parser = _WorksheetParser(formats, date1904=date1904, long_numbers=long_numbers)
    while chunk := stream.read(_CHUNK_BYTES):
        parser.expat.Parse(chunk, False)  # noqa: FBT003 - positional only
    parser.expat.Parse(b"", True)  # noqa: FBT003 - positional only
    return parser.annotations


def parse_part(archive: zipfile.ZipFile, name: str) -> ET.Element:
    """Return the root element of a part. Raises KeyError or ET.ParseError."""
    return ET.fromstring(archive.read(name))  # noqa: S314 - the process has limits


def _elements(root: ET.Element, name: str) -> list[ET.Element]:
    return [element for element in root.iter() if element.tag.rpartition("}")[2] == name]


def worksheet_path(archive: zipfile.ZipFile, book: ET.Element, worksheet: str) -> str:
    """Return the path of the worksheet with this name. Raises StopIteration if there is none."""
    sheet = next(each for each in _elements(book, "sheet") if each.get("name") == worksheet)
    relation = sheet.get(_RELATION) or sheet.get(_STRICT_RELATION)
    relations = parse_part(archive, "xl/_rels/workbook.xml.rels")
    target = next(
        each.get("Target", "")
        for each in _elements(relations, "Relationship")
        if each.get("Id") == relation
    )
    return posixpath.normpath(target.lstrip("/") if target.startswith("/") else f"xl/{target}")


def _formats(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the `distinctive_format` of each style that has one, by the style's number."""
    if "xl/styles.xml" not in archive.namelist():
        return {}
    styles = parse_part(archive, "xl/styles.xml")
    codes = dict(BUILT_IN)
    for each in _elements(styles, "numFmt"):
        codes[int(each.get("numFmtId", "0"))] = each.get("formatCode", "")
    found: dict[str, str] = {}
    for group in _elements(styles, "cellXfs"):
        for index, each in enumerate(group):
            code = distinctive_format(codes.get(int(each.get("numFmtId", "0")), ""))
            if code is not None:
                found[str(index)] = code
    return found


def _annotate_numbers(
    cells: list[StyledCell], formats: dict[str, str], *, date1904: bool
) -> CellAnnotations:
    annotations = CellAnnotations()
    for reference, style, value in cells:
        text = format_number(value, formats[style], date1904=date1904)
        if text is not None:
            row = int(reference.lstrip(string.ascii_uppercase)) - 1
            annotations.texts[row, _column_index(reference)] = text
    return annotations


class _WorksheetParser:
    """Collect annotations in callbacks of expat, which calls them for each element."""

    def __init__(self, formats: dict[str, str], *, date1904: bool, long_numbers: bool) -> None:
        self.annotations = CellAnnotations()
        self.expat: Any = expat.ParserCreate()
        self.expat.buffer_text = True
        self.expat.StartElementHandler = self._start_element
        self.expat.EndElementHandler = self._end_element
        self._formats = formats
        self._date1904 = date1904
        self._long_numbers = long_numbers
        self._row = self._column = -1
        self._type = self._style = ""
        self._value: list[str] = []
        self._is_formula = False

    def _start_element(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "row":
                self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
                self._column = -1
                if attributes.get("hidden") in _TRUE:
                    self.annotations.hidden_rows.append((self._row, self._row))
            case "col" if attributes.get("hidden") in _TRUE:
                first, last = int(attributes["min"]) - 1, int(attributes["max"]) - 1
                self.annotations.hidden_columns.append((first, last))
            case "c":
                reference = attributes.get("r")
                self._column = _column_index(reference) if reference else self._column + 1
                self._type = attributes.get("t", "n")
                self._style = attributes.get("s", "0")
                self._is_formula = False
                self._value = []
            case "f":
                self._is_formula = self.annotations.has_formulas = True
            case "v" if (
                self._is_formula
                or self._long_numbers
                or self._type in ("e", "d")
                or self._style in self._formats
            ):
                self.expat.CharacterDataHandler = self._value.append

    def _end_element(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "v":
                self.expat.CharacterDataHandler = None
            case "c":
                self._end_cell()

    def _end_cell(self) -> None:
        at = (self._row, self._column)
        value = "".join(self._value)
        code = self._formats.get(self._style)
        if self._type == "e":
            self.annotations.add_error(at, value)
        elif self._is_formula and not value and self._type != "str":
            self.annotations.flags[at] = CellIssueCode.FORMULA_WITHOUT_VALUE
        elif self._type == "n" and value:
            if self._long_numbers and _LONG.fullmatch(value):
                self.annotations.texts[at] = value
            self.annotations.add_number(at, value, code, date1904=self._date1904)
        elif self._type == "d" and code is not None and (serial := _date_serial(value)) is not None:
            self.annotations.add_number(at, serial, code, date1904=False)


def _date_serial(moment: str) -> str | None:
    """Return the number that Excel stores for a date that a strict workbook has in ISO form."""
    try:
        passed = dt.datetime.fromisoformat(moment).replace(tzinfo=None) - _EPOCH
    except ValueError:
        return None
    return repr(passed / dt.timedelta(days=1))


def _column_index(reference: str) -> int:
    """Return a cell's column from 0.

    It is called for every cell. xlsxwriter's `xl_cell_to_rowcol` takes four times as long.
    """
    number = 0
    for character in reference:
        if not character.isalpha():
            break
        number = number * 26 + ord(character.upper()) - 64
    return number - 1


def find_styled_numbers(stream: IO[bytes], styles: set[str]) -> list[StyledCell] | None:
    """Return the numbers in these styles, or None if the worksheet needs `parse_annotations`.

    It does if it has formulas, error values, hidden rows or columns, or is written unusually.
    """
    marks = [f' s="{style}"'.encode() for style in styles]
    names = b"|".join(re.escape(style).encode() for style in sorted(styles))
    usual = re.compile(
        rb'<c r="([A-Z]+[0-9]+)" s="(' + names + rb')"'
        rb'(?:(?: t="n")? ?/>|(?: t="n")?><v>([^<&]*)</v></c>| t="(?:s|str|inlineStr|b)">)'
    )
    found: list[StyledCell] = []
    for rows in _whole_rows(stream):
        if _is_unusual(rows):
            return None
        marked = sum(map(rows.count, marks))
        cells = usual.findall(rows) if marked else []
        if len(cells) != marked:
            return None
        found.extend(
            StyledCell(reference.decode(), style.decode(), value.decode())
            for reference, style, value in cells
            if value
        )
    return found


def _is_unusual(rows: bytes) -> bool:
    if any(mark in rows for mark in _UNUSUAL):
        return True
    return any(
        prefix in rows and any(mark in rows for mark in marks)
        for prefix, marks in _UNUSUAL_BY_PREFIX.items()
    )


def _whole_rows(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the bytes in pieces that end with the end of a row."""
    rest = b""
    while chunk := stream.read(_CHUNK_BYTES):
        rows, end, after = chunk.rpartition(_ROW_END)
        if end:
            yield rest + rows + end
            rest = after
        else:
            rest += chunk
    yield rest
