"""Detect the type of a file by its content; its name is ignored."""

import io
import struct
import zipfile
import zlib
from enum import StrEnum
from typing import Final
from xml.etree.ElementTree import ParseError

from lib.sheet.errors import OtherFile, SheetError, SheetErrorCode
from lib.sheet.other_text import refuse_other_text
from lib.sheet.package_parts import PackageParts

MAX_UNPACKED_BYTES = 1 << 30
MAX_UNPACKED_RATIO = 200
# Below this size any ratio is safe: a small sheet of equal rows compresses a hundred to one.
SMALL_ENOUGH_BYTES = 64 << 20

# Marks the end of a ZIP archive's central directory; a comment may follow.
_ARCHIVE_END = b"PK\x05\x06"
_ARCHIVE_END_WITHIN = (1 << 16) + 22

# The root element of a part is within so many bytes of its start.
_ROOT_BYTES = 4096
_MANIFEST = "meta-inf/manifest.xml"
_ODS_MARKS = (b"opendocument.spreadsheet", b"<office:spreadsheet")

COMPOUND_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAX_SECTOR = 0xFFFFFFFA
_FREE_SECTOR = 0xFFFFFFFF
_STREAM_NAMES = {
    each.encode("utf-16-le"): each
    for each in ("workbook", "book", "encryptedpackage", "worddocument", "powerpoint document")
}
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


def kind_of(data: bytes) -> Kind:
    """Return the format of a file.

    Raises SheetError: empty_file, not_a_sheet, encrypted, damaged, cut_off, html_disguised,
    archive_bomb.
    """
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise SheetError(SheetErrorCode.EMPTY_FILE)
    if data.startswith(b"PK"):
        return _kind_of_archive(data)
    if data.startswith(COMPOUND_START):
        return _kind_of_compound(data)
    return kind_of_start(data)


def is_workbook(start: bytes) -> bool:
    """Return whether a file, by its first bytes, is a workbook, which must be read as a whole."""
    return start.startswith((b"PK", COMPOUND_START, *_BARE_BIFF))


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
    refuse_other_text(data)
    return Kind.TEXT


def _kind_of_archive(data: bytes) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            ratio_limit = max(SMALL_ENOUGH_BYTES, len(data) * MAX_UNPACKED_RATIO)
            if unpacked > min(MAX_UNPACKED_BYTES, ratio_limit):
                raise SheetError(SheetErrorCode.ARCHIVE_BOMB)
            return _kind_of_package(PackageParts(archive))
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        ParseError,
        ValueError,
        RuntimeError,  # an entry that zipfile does not support, or an encrypted one
    ) as error:
        has_end = _ARCHIVE_END in data[-_ARCHIVE_END_WITHIN:]
        code = SheetErrorCode.DAMAGED if has_end else SheetErrorCode.CUT_OFF
        raise SheetError(code) from error


def _kind_of_package(parts: PackageParts) -> Kind:
    """Return the format of a workbook in an archive. Raises SheetError: not_a_sheet, encrypted."""
    if "xl/workbook.bin" in parts:
        return Kind.XLSB
    if "xl/workbook.xml" in parts:
        return Kind.XLSX
    if "mimetype" in parts or "content.xml" in parts:
        return _kind_of_open_document(parts)
    if any(name.startswith("index/") and name.endswith(".iwa") for name in parts.stored):
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.IWORK_DOCUMENT)
    document = parts.office_document() or ""
    start = parts.start(document, _ROOT_BYTES).replace(b"\x00", b"") if document else b""
    if b"workbook" in start:
        return Kind.XLSX
    if document.endswith(".bin"):
        return Kind.XLSB
    if b"wordprocessingml" in start or any(name.startswith("word/") for name in parts.stored):
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.WORD_DOCUMENT)
    if b"presentationml" in start or any(name.startswith("ppt/") for name in parts.stored):
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.PRESENTATION)
    raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.ARCHIVE)


def _kind_of_open_document(parts: PackageParts) -> Kind:
    """Return ODS. Raises SheetError: not_a_sheet, encrypted.

    The type is in an entry of its own, else in the manifest, else it is the kind of the content.
    """
    manifest = parts.read(_MANIFEST) if _MANIFEST in parts else b""
    if "mimetype" in parts:
        declared = parts.start("mimetype", _ROOT_BYTES)
    else:
        declared = manifest or parts.read("content.xml")
    declared = declared.replace(b"\x00", b"")
    if not any(mark in declared for mark in _ODS_MARKS):
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.DOCUMENT)
    if b"encryption-data" in manifest.replace(b"\x00", b""):
        raise SheetError(SheetErrorCode.ENCRYPTED)
    return Kind.ODS


def _kind_of_compound(data: bytes) -> Kind:
    names = stream_names(data)
    if "encryptedpackage" in names:
        raise SheetError(SheetErrorCode.ENCRYPTED)
    if "workbook" in names or "book" in names:
        if _has_file_pass(data):
            raise SheetError(SheetErrorCode.ENCRYPTED)
        return Kind.XLS
    if "worddocument" in names:
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.WORD_DOCUMENT)
    if "powerpoint document" in names:
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.PRESENTATION)
    if is_cut_off(data):
        raise SheetError(SheetErrorCode.CUT_OFF)
    if not names:
        raise SheetError(SheetErrorCode.DAMAGED)
    raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=OtherFile.DOCUMENT)


def stream_names(data: bytes) -> dict[str, int]:
    """Return the names in a compound file's directory in lowercase, with their positions.

    A directory entry has 128 bytes on a 128-byte boundary and begins with its name in UTF-16, which
    is compared without regard to case. The length of the name in bytes is at offset 64, the type of
    the entry at 66 ([MS-CFB] 2.6.1). Searching that grid for a few known names also works for
    damaged files, whose allocation tables may be missing.
    """
    found: dict[str, int] = {}
    for number, (length, kind) in enumerate(zip(data[64::128], data[66::128], strict=False)):
        if kind in (1, 2) and 2 < length <= 64:
            at = number * 128
            name = _STREAM_NAMES.get(data[at : at + length - 2].lower())
            if name is not None:
                found.setdefault(name, at)
    return found


def is_cut_off(data: bytes) -> bool:
    """Return whether a compound file ends before the last sector that it has allocated.

    The header, of 512 bytes, lists the sectors with the allocation table at offset 76. Sectors are
    counted from the end of the header ([MS-CFB] 2.2 and 2.3).
    """
    if len(data) < 512:
        return True
    size: int = 1 << min(struct.unpack_from("<H", data, 30)[0], 12)
    tables = [each for each in struct.unpack_from("<109I", data, 76) if each < _MAX_SECTOR]
    last: int = 0
    for index, sector in enumerate(tables):
        at = (sector + 1) * size
        if at + size > len(data):
            return True
        entries = struct.unpack_from(f"<{size // 4}I", data, at)
        used = [number for number, entry in enumerate(entries) if entry != _FREE_SECTOR]
        last = index * len(entries) + used[-1] if used else last
    return len(data) < (last + 2) * size


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
