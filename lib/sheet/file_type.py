"""Detect the type of a file by its content; its name is ignored."""

import io
import re
import struct
import zipfile
import zlib
from enum import StrEnum
from typing import Final

from lib.sheet.errors import OtherFile, SheetError, SheetErrorCode

MAX_UNPACKED_BYTES = 1 << 30
MAX_UNPACKED_RATIO = 200
# Below this size any ratio is safe: a small sheet of equal rows compresses a hundred to one.
SMALL_ENOUGH_BYTES = 64 << 20

# Marks the end of a ZIP archive's central directory; a comment may follow.
_ARCHIVE_END = b"PK\x05\x06"
_ARCHIVE_END_WITHIN = (1 << 16) + 22

_CFB = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Excel before version 5 wrote a bare stream of records, which begins with a BOF record
# (BIFF2, BIFF3, BIFF4).
_BARE_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
_OTHER_FILES = (
    (b"%PDF-", OtherFile.PDF),
    (b"\x89PNG", OtherFile.PICTURE),
    (b"\xff\xd8\xff", OtherFile.PICTURE),
    (b"GIF8", OtherFile.PICTURE),
    (b"BM\x00", OtherFile.PICTURE),
    (b"II*\x00", OtherFile.PICTURE),
    (b"MM\x00*", OtherFile.PICTURE),
    (b"{\\rtf", OtherFile.TEXT_DOCUMENT),
    (b"Rar!", OtherFile.ARCHIVE),
    (b"7z\xbc\xaf", OtherFile.ARCHIVE),
    (b"\x1f\x8b", OtherFile.ARCHIVE),
    (b"SQLite format 3", OtherFile.DATABASE),
    (b"\x7fELF", OtherFile.PROGRAM),
    (b"MZ\x90", OtherFile.PROGRAM),
)


class Kind(StrEnum):
    """File formats that can be read."""

    TEXT = "text"
    XLSX = "xlsx"  # and XLSM
    XLSB = "xlsb"
    XLS = "xls"
    ODS = "ods"
    PARQUET = "parquet"
    ARROW = "arrow"  # and Feather
    ARROW_STREAM = "arrow stream"


WORKBOOKS = (Kind.XLSX, Kind.XLSB, Kind.XLS, Kind.ODS)
_COLUMNAR = (
    (b"PAR1", Kind.PARQUET),
    (b"ARROW1\x00\x00", Kind.ARROW),
    (b"\xff\xff\xff\xff", Kind.ARROW_STREAM),
)
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|meta|style)\b",
    re.IGNORECASE | re.DOTALL,
)
_XML_SHEET = re.compile(rb"\s*<\?xml[^>]*>\s*(?:<\?mso-application|<(?:\w+:)?Workbook\b)")


def kind_of(data: bytes) -> Kind:
    """Return the format of a file.

    Raises SheetError: empty_file, not_a_sheet, encrypted, damaged, cut_off, html_disguised,
    archive_bomb.
    """
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise SheetError(SheetErrorCode.EMPTY_FILE)
    if data.startswith(b"PK"):
        return _kind_of_archive(data)
    if data.startswith(_CFB):
        return _kind_of_compound(data)
    return kind_of_start(data)


def is_workbook(start: bytes) -> bool:
    """Return whether a file, by its first bytes, is a workbook, which must be read as a whole."""
    return start.startswith((b"PK", _CFB, *_BARE_BIFF))


def kind_of_start(data: bytes) -> Kind:
    """Return the format of a file that is not a container (ZIP or OLE), by its first bytes.

    Raises SheetError: not_a_sheet, html_disguised.
    """
    if data.startswith(_BARE_BIFF):
        return Kind.XLS
    for start, columnar in _COLUMNAR:
        if data.startswith(start):
            return columnar
    for start, kind in _OTHER_FILES:
        if data.startswith(start):
            raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=kind)
    if data[:4] == b"RIFF" or data[4:8] == b"ftyp":
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.MEDIA)
    _refuse_markup(data[:4096])
    return Kind.TEXT


def _refuse_markup(start: bytes) -> None:
    """Raise SheetError html_disguised or not_a_sheet for HTML and XML."""
    content = start.removeprefix(b"\xef\xbb\xbf")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = start[2:].replace(b"\x00", b"")
    if _HTML.match(content):
        raise SheetError(SheetErrorCode.HTML_DISGUISED)
    if _XML_SHEET.match(content):
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.XML_WORKBOOK)


def _kind_of_archive(data: bytes) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            unpacked = sum(entry.file_size for entry in entries)
            kind = _kind_of_entries(archive, names)
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        ValueError,
        NotImplementedError,
    ) as error:
        has_end = _ARCHIVE_END in data[-_ARCHIVE_END_WITHIN:]
        code = SheetErrorCode.DAMAGED if has_end else SheetErrorCode.CUT_OFF
        raise SheetError(code) from error
    ratio_limit = max(SMALL_ENOUGH_BYTES, len(data) * MAX_UNPACKED_RATIO)
    if unpacked > min(MAX_UNPACKED_BYTES, ratio_limit):
        raise SheetError(SheetErrorCode.ARCHIVE_BOMB)
    return kind


def _kind_of_entries(archive: zipfile.ZipFile, names: set[str]) -> Kind:
    if "xl/workbook.bin" in names:
        return Kind.XLSB
    if "xl/workbook.xml" in names:
        return Kind.XLSX
    if "mimetype" in names:
        mimetype = archive.read("mimetype")[:200]
        if b"opendocument.spreadsheet" not in mimetype:
            raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.DOCUMENT)
        if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read(
            "META-INF/manifest.xml"
        ):
            raise SheetError(SheetErrorCode.ENCRYPTED)
        return Kind.ODS
    if any(name.startswith("word/") for name in names):
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.WORD_DOCUMENT)
    if any(name.startswith("ppt/") for name in names):
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.PRESENTATION)
    if any(name.startswith("Index/") and name.endswith(".iwa") for name in names):
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.IWORK_DOCUMENT)
    if "[Content_Types].xml" in names and any("workbook" in name for name in names):
        return Kind.XLSX
    raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.ARCHIVE)


def _kind_of_compound(data: bytes) -> Kind:
    names = _stream_names(data)
    if "EncryptedPackage" in names:
        raise SheetError(SheetErrorCode.ENCRYPTED)
    if "Workbook" in names or "Book" in names:
        if _has_file_pass(data):
            raise SheetError(SheetErrorCode.ENCRYPTED)
        return Kind.XLS
    if "WordDocument" in names:
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.WORD_DOCUMENT)
    if "PowerPoint Document" in names:
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.PRESENTATION)
    if not names:
        raise SheetError(SheetErrorCode.DAMAGED)
    raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.DOCUMENT)


def _stream_names(data: bytes) -> set[str]:
    """Return the names in a compound file's directory.

    A directory entry has 128 bytes on a 128-byte boundary and begins with its name in UTF-16. The
    length of the name in bytes is at offset 64, the type of the entry at 66 ([MS-CFB] 2.6.1).
    Searching that grid for a few known names also works for damaged files, whose allocation tables
    may be missing.
    """
    known = (
        "EncryptedPackage", "Workbook", "Book", "WordDocument", "PowerPoint Document",
    )  # fmt: skip
    found = set()
    for name in known:
        wanted = name.encode("utf-16-le") + b"\x00\x00"
        at = data.find(wanted)
        while at >= 0:
            if (
                at % 128 == 0
                and len(data) >= at + 128
                and struct.unpack_from("<H", data, at + 64)[0] == len(wanted)
                and data[at + 66] in (1, 2)
            ):
                found.add(name)
                break
            at = data.find(wanted, at + 2)
    return found


def _has_file_pass(data: bytes) -> bool:
    """Return whether a BIFF stream has a FILEPASS record (0x002F) shortly after its BOF record."""
    sector = 1 << min(struct.unpack_from("<H", data, 30)[0], 12) if len(data) >= 32 else 512
    for at in range(sector, min(len(data), 64 << 20), sector):
        if data[at : at + 2] == b"\x09\x08" and data[at + 2 : at + 4] in (b"\x10\x00", b"\x08\x00"):
            length = struct.unpack_from("<H", data, at + 2)[0]
            return _begins_with_file_pass(data, at + 4 + length)
    return False


def _begins_with_file_pass(data: bytes, at: int) -> bool:
    for _ in range(8):
        if at + 4 > len(data):
            return False
        record, length = struct.unpack_from("<HH", data, at)
        if record == 0x002F:
            return True
        at += 4 + length
    return False


SHEET_TYPES: Final = [
    "csv", "tsv", "txt", "xlsx", "xlsm", "xlsb", "xls", "ods", "parquet", "arrow", "feather",
]  # fmt: skip
