"""Tell what a file is by what is in it; its name counts for nothing."""

import io
import re
import struct
import zipfile
import zlib
from enum import StrEnum
from typing import Final

from lib.sheet.errors import sheet_error

MAX_UNPACKED_BYTES = 1 << 30
MAX_UNPACKED_RATIO = 200
# Below this size no ratio is dangerous: a small sheet of equal rows packs a hundred to one.
SMALL_ENOUGH_BYTES = 64 << 20

# Where an archive's list of contents ends; a comment may follow.
_ARCHIVE_END = b"PK\x05\x06"
_ARCHIVE_END_WITHIN = (1 << 16) + 22

_CFB = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Excel before 1997 wrote a bare stream of records: BOF of BIFF2, 3, 4.
_BARE_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
_OTHER_KINDS = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"BM\x00", "a picture"),
    (b"II*\x00", "a picture"),
    (b"MM\x00*", "a picture"),
    (b"{\\rtf", "a text document"),
    (b"Rar!", "an archive"),
    (b"7z\xbc\xaf", "an archive"),
    (b"\x1f\x8b", "an archive"),
    (b"SQLite format 3", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)


class Kind(StrEnum):
    """The ways of reading a file."""

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
    """Return how to read these bytes.

    Raises SheetError: empty_file, not_a_sheet, encrypted, damaged, cut_off, html_disguised,
    archive_bomb.
    """
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise sheet_error("empty_file")
    if data.startswith(b"PK"):
        return _kind_of_archive(data)
    if data.startswith(_CFB):
        return _kind_of_compound(data)
    return kind_of_start(data)


def is_workbook(start: bytes) -> bool:
    """Tell by its first bytes whether a file can only be read as a whole."""
    return start.startswith((b"PK", _CFB, *_BARE_BIFF))


def kind_of_start(data: bytes) -> Kind:
    """Return how to read a file that is no box of several parts, by its first bytes.

    Raises SheetError: not_a_sheet, html_disguised.
    """
    if data.startswith(_BARE_BIFF):
        return Kind.XLS
    for start, columnar in _COLUMNAR:
        if data.startswith(start):
            return columnar
    for start, kind in _OTHER_KINDS:
        if data.startswith(start):
            raise sheet_error("not_a_sheet", kind=kind)
    if data[:4] == b"RIFF" or data[4:8] == b"ftyp":
        raise sheet_error("not_a_sheet", kind="a picture, a sound or a film")
    _refuse_markup(data[:4096])
    return Kind.TEXT


def _refuse_markup(start: bytes) -> None:
    narrow = start.removeprefix(b"\xef\xbb\xbf")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        narrow = start[2:].replace(b"\x00", b"")
    if _HTML.match(narrow):
        raise sheet_error("html_disguised")
    if _XML_SHEET.match(narrow):
        raise sheet_error("not_a_sheet", kind="a workbook in an old XML format")


def _kind_of_archive(data: bytes) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            unpacked = sum(entry.file_size for entry in entries)
            kind = _kind_of_names(archive, names)
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        ValueError,
        NotImplementedError,
    ) as error:
        whole = _ARCHIVE_END in data[-_ARCHIVE_END_WITHIN:]
        raise sheet_error("damaged" if whole else "cut_off") from error
    ratio_limit = max(SMALL_ENOUGH_BYTES, len(data) * MAX_UNPACKED_RATIO)
    if unpacked > min(MAX_UNPACKED_BYTES, ratio_limit):
        raise sheet_error("archive_bomb")
    return kind


def _kind_of_names(archive: zipfile.ZipFile, names: set[str]) -> Kind:
    if "xl/workbook.bin" in names:
        return Kind.XLSB
    if "xl/workbook.xml" in names:
        return Kind.XLSX
    if "mimetype" in names:
        mimetype = archive.read("mimetype")[:200]
        if b"opendocument.spreadsheet" not in mimetype:
            raise sheet_error("not_a_sheet", kind="a document")
        if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read(
            "META-INF/manifest.xml"
        ):
            raise sheet_error("encrypted")
        return Kind.ODS
    if any(name.startswith("word/") for name in names):
        raise sheet_error("not_a_sheet", kind="a Word document")
    if any(name.startswith("ppt/") for name in names):
        raise sheet_error("not_a_sheet", kind="a presentation")
    if any(name.startswith("Index/") and name.endswith(".iwa") for name in names):
        raise sheet_error("not_a_sheet", kind="a Numbers, Pages or Keynote document")
    if "[Content_Types].xml" in names and any("workbook" in name for name in names):
        return Kind.XLSX
    raise sheet_error("not_a_sheet", kind="an archive")


def _kind_of_compound(data: bytes) -> Kind:
    names = _stream_names(data)
    if "EncryptedPackage" in names:
        raise sheet_error("encrypted")
    if "Workbook" in names or "Book" in names:
        if _has_file_pass(data):
            raise sheet_error("encrypted")
        return Kind.XLS
    if "WordDocument" in names:
        raise sheet_error("not_a_sheet", kind="a Word document")
    if "PowerPoint Document" in names:
        raise sheet_error("not_a_sheet", kind="a presentation")
    if not names:
        raise sheet_error("damaged")
    raise sheet_error("not_a_sheet", kind="a document")


def _stream_names(data: bytes) -> set[str]:
    """Return the names in a compound file's directory.

    Directory entries are 128 bytes on a 128-byte boundary and begin with their name in UTF-16;
    the name's length in bytes stands at offset 64, the entry's type at 66. Looking for the few
    names that matter on that grid needs no walk through the allocation tables, which a damaged
    file may have lost.
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
    """Tell whether a BIFF stream says FILEPASS (0x002F) near its beginning (BOF, then it)."""
    sector = 1 << min(struct.unpack_from("<H", data, 30)[0], 12) if len(data) >= 32 else 512
    for at in range(sector, min(len(data), 64 << 20), sector):
        if data[at : at + 2] == b"\x09\x08" and data[at + 2 : at + 4] in (b"\x10\x00", b"\x08\x00"):
            length = struct.unpack_from("<H", data, at + 2)[0]
            return _walk_records(data, at + 4 + length)
    return False


def _walk_records(data: bytes, at: int) -> bool:
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
