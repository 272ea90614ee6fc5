"""Arrange the parts of a workbook as readers expect them.

calamine looks for parts and streams at their usual places, and reads XML in UTF-8 only. Excel
follows relationships, ignores the case of names, and reads UTF-16 too.
"""

import io
import zipfile
from typing import Final
from xml.sax.saxutils import quoteattr

from lib.sheet.file_type import Kind, stream_names
from lib.sheet.package_parts import PackageParts, Relationship, is_utf8, standard_name, to_utf8

_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
# calamine requires a manifest, and does not read it.
_ODS_PARTS: Final = {
    "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
    "META-INF/manifest.xml": b"<manifest/>",
}
_WORKBOOK_STREAM: Final = "Workbook".encode("utf-16-le")
_BOOK_STREAM: Final = "Book".encode("utf-16-le")
_START_BYTES: Final = 200
# Parts that readers look for in one place, by the kind of their relationship to the workbook.
_PLACES: Final = {"styles": "xl/styles", "sharedStrings": "xl/sharedStrings"}
# The folders of sheets, from which readers know their type.
_FOLDERS: Final = {
    "worksheet": "worksheets",
    "chartsheet": "chartsheets",
    "dialogsheet": "dialogsheets",
    "xlMacrosheet": "macrosheets",
}


def standard_package(data: bytes, kind: Kind) -> bytes:
    """Return a workbook with its parts in their usual places and its XML in UTF-8.

    A workbook that is like this already is returned unchanged. Raises
    zipfile.BadZipFile, zlib.error, KeyError, ET.ParseError, LookupError or UnicodeError if the
    file is damaged.
    """
    if kind == Kind.XLS:
        return _standard_compound(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = PackageParts(archive)
        if kind == Kind.ODS:
            sources, generated = {"content.xml": "content.xml"}, _ODS_PARTS
        else:
            sources, generated = _office_parts(parts, "bin" if kind == Kind.XLSB else "xml")
        has_generated = all(parts.stored.get(path.lower()) == path for path in generated)
        if has_generated and all(_is_readable(parts, name, at) for at, name in sources.items()):
            return data
        return _write(generated | {path: _read(parts, name) for path, name in sources.items()})


def _standard_compound(data: bytes) -> bytes:
    """Return an XLS file whose stream has the usual name, written in capitals by some programs."""
    streams = stream_names(data)
    at = streams.get("workbook", streams.get("book"))
    if at is None or data.startswith((_WORKBOOK_STREAM, _BOOK_STREAM), at):
        return data
    name = _WORKBOOK_STREAM if "workbook" in streams else _BOOK_STREAM
    return data[:at] + name + data[at + len(name) :]


def _office_parts(parts: PackageParts, extension: str) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the name of the part for each path that readers need, and relationships between them.

    Formats and texts at their usual place are used if no relationship names others.
    """
    book = parts.office_document() or f"xl/workbook.{extension}"
    sources = {f"xl/workbook.{extension}": book}
    for place in _PLACES.values():
        path = f"{place}.{extension}"
        if standard_name(path) in parts:
            sources[path] = standard_name(path)
    relations = []
    for number, each in enumerate(parts.relationships(book)):
        name = standard_name(each.target)
        if name in parts and (path := _usual_path(each, number, extension)):
            sources[path] = name
            relations.append(_relation(each.id, each.kind, path.removeprefix("xl/")))
    main = _relation("rId1", "officeDocument", f"xl/workbook.{extension}")
    return sources, {
        "_rels/.rels": _relations([main]),
        f"xl/_rels/workbook.{extension}.rels": _relations(relations),
    }


def _usual_path(part: Relationship, number: int, extension: str) -> str:
    """Return where readers look for a part of the workbook, or "" if they don't need it."""
    if part.kind in _PLACES:
        return f"{_PLACES[part.kind]}.{extension}"
    if part.kind not in _FOLDERS:
        return ""
    folder = f"xl/{_FOLDERS[part.kind]}/"
    is_usual = part.target.startswith(folder)
    return part.target if is_usual else f"{folder}moved{number}.{extension}"


def _relation(identifier: str, kind: str, target: str) -> str:
    return (
        f"<Relationship Id={quoteattr(identifier)} Type={quoteattr(f'{_OFFICE}/{kind}')} "
        f"Target={quoteattr(target)}/>"
    )


def _relations(lines: list[str]) -> bytes:
    return f'<Relationships xmlns="{_PACKAGE}">{"".join(lines)}</Relationships>'.encode()


def _is_readable(parts: PackageParts, name: str, path: str) -> bool:
    """Return whether a part is stored at this path, in an encoding that readers know."""
    if parts.stored[name] != path:
        return False
    return name.endswith(".bin") or is_utf8(parts.start(name, _START_BYTES))


def _read(parts: PackageParts, name: str) -> bytes:
    content = parts.read(name)
    return content if name.endswith(".bin") else to_utf8(content)


def _write(contents: dict[str, bytes]) -> bytes:
    """Return an archive of these parts, not compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in contents.items():
            archive.writestr(path, content)
    return buffer.getvalue()
