"""Errors about a whole sheet: why it can't be used, and what its owner can do about it."""

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from babel import Locale
from babel.numbers import format_decimal

from lib.errors import StudioError
from lib.i18n import N_, SOURCE_LANGUAGE, _, current_locale

if TYPE_CHECKING:
    from lib.storage import StorageError

# Exit status of a reader process that ends itself because it has used too much memory.
OUT_OF_MEMORY_STATUS: Final = 77


class SheetErrorCode(StrEnum):
    """Why a sheet can't be used."""

    EMPTY_FILE = "empty_file"
    ONLY_HEADER = "only_header"
    NOT_A_SHEET = "not_a_sheet"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    CUT_OFF = "cut_off"
    HTML_DISGUISED = "html_disguised"
    TOO_LARGE = "too_large"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    TOO_MANY_CELLS = "too_many_cells"
    ARCHIVE_BOMB = "archive_bomb"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    READER_CRASHED = "reader_crashed"
    DISK_FULL = "disk_full"
    WORKSHEET_NOT_FOUND = "worksheet_not_found"
    EMPTY_WORKSHEET = "empty_worksheet"
    PLACE_NOT_ALLOWED = "place_not_allowed"
    PLACE_GONE = "place_gone"
    PLACE_UNREACHABLE = "place_unreachable"
    SHEET_GONE = "sheet_gone"


class OtherFile(StrEnum):
    """What a file is that holds no sheet: the value ``kind`` of a not_a_sheet error."""

    PDF = "pdf"
    PICTURE = "picture"
    MEDIA = "media"
    TEXT_DOCUMENT = "text_document"
    WORD_DOCUMENT = "word_document"
    IWORK_DOCUMENT = "iwork_document"
    DOCUMENT = "document"
    PRESENTATION = "presentation"
    ARCHIVE = "archive"
    DATABASE = "database"
    PROGRAM = "program"
    XML_WORKBOOK = "xml_workbook"
    FLAT_ODS = "flat_ods"
    XML = "xml"
    JSON = "json"
    CONTACTS = "contacts"
    CALENDAR = "calendar"
    SYLK = "sylk"
    DIF = "dif"


class _Wording(NamedTuple):
    sentence: str
    action: str


_SAVE_AGAIN: Final = N_("Open it in Excel, save it as .xlsx or .csv, and upload the new file.")
_DELETE_COLUMNS: Final = N_("Delete the columns you don't need, then upload it again.")
_SAVE_AS_CSV: Final = N_("Save it as .csv, or split it into smaller sheets.")

_WORDINGS: Final = {
    SheetErrorCode.EMPTY_FILE: _Wording(
        N_("This file is empty."),
        N_(
            "Check that you picked the right file, and that it was saved with its rows. Then "
            "upload it again."
        ),
    ),
    SheetErrorCode.ONLY_HEADER: _Wording(
        N_("This sheet has column names but no rows."),
        N_(
            "Add at least one recipient below the column names, then upload it again. If the first "
            "row is a recipient, add a row with column names above it."
        ),
    ),
    SheetErrorCode.NOT_A_SHEET: _Wording(
        N_("This file isn't a spreadsheet."),
        N_("Upload your list as an Excel file (.xlsx) or a .csv file."),
    ),
    SheetErrorCode.ENCRYPTED: _Wording(
        N_("This workbook is protected with a password."),
        N_("Open it in Excel, remove the password, save it, and upload it again."),
    ),
    SheetErrorCode.DAMAGED: _Wording(
        N_("This file is damaged, so it can't be read in full."), _SAVE_AGAIN
    ),
    SheetErrorCode.CUT_OFF: _Wording(
        N_("This file is damaged: its end is missing."),
        N_("Download or copy it again, then upload it."),
    ),
    SheetErrorCode.HTML_DISGUISED: _Wording(
        N_("This is a web page with the file name of a spreadsheet."), _SAVE_AGAIN
    ),
    SheetErrorCode.TOO_LARGE: _Wording(
        N_("This file is larger than {limit} MB."),
        N_("Split it into smaller files, or remove pictures and other worksheets."),
    ),
    SheetErrorCode.TOO_MANY_ROWS: _Wording(
        N_("This sheet has more than {limit} rows."),
        N_("Split it into smaller sheets."),
    ),
    SheetErrorCode.TOO_MANY_COLUMNS: _Wording(
        N_("This sheet has {found} columns. The limit is {limit}."), _DELETE_COLUMNS
    ),
    SheetErrorCode.TOO_MANY_CELLS: _Wording(
        N_("This sheet has {found} cells. The limit is {limit}."),
        N_("Delete the columns you don't need, or split it into smaller sheets."),
    ),
    SheetErrorCode.ARCHIVE_BOMB: _Wording(
        N_("This workbook unpacks to far more than its size, so we didn't open it."),
        N_("Copy the rows into a new workbook, save it, and upload that."),
    ),
    SheetErrorCode.TIMEOUT: _Wording(N_("Reading this sheet took too long."), _SAVE_AS_CSV),
    SheetErrorCode.OUT_OF_MEMORY: _Wording(
        N_("This sheet needs more memory than is available."), _SAVE_AS_CSV
    ),
    SheetErrorCode.READER_CRASHED: _Wording(
        N_("Something went wrong while reading this file."), _SAVE_AGAIN
    ),
    SheetErrorCode.DISK_FULL: _Wording(
        N_("There isn't enough disk space to store this sheet."),
        N_("Ask your administrator to free some disk space, then upload it again."),
    ),
    SheetErrorCode.WORKSHEET_NOT_FOUND: _Wording(
        N_("This workbook doesn't have that worksheet."),
        N_("Choose one of its worksheets."),
    ),
    SheetErrorCode.EMPTY_WORKSHEET: _Wording(
        N_("This worksheet is empty."),
        N_("Choose another worksheet, or fill this one in and upload the file again."),
    ),
    SheetErrorCode.PLACE_NOT_ALLOWED: _Wording(
        N_("Sheets can't be read from this location."),
        N_("Choose a file in a shared location, or ask your administrator to allow this one."),
    ),
    SheetErrorCode.PLACE_GONE: _Wording(
        N_("There is no such file in the shared locations."),
        N_("Check the file's name and that it is still there."),
    ),
    SheetErrorCode.PLACE_UNREACHABLE: _Wording(
        N_("The shared location can't be reached right now."),
        N_("Try again in a moment. If the problem persists, contact your administrator."),
    ),
    SheetErrorCode.SHEET_GONE: _Wording(
        N_("This sheet is no longer stored here."),
        N_("Upload it again."),
    ),
}

_NOT_A_SHEET: Final[dict[int | str, str]] = {
    OtherFile.PDF: N_("This is a PDF document, not a spreadsheet."),
    OtherFile.PICTURE: N_("This is a picture, not a spreadsheet."),
    OtherFile.MEDIA: N_("This is a picture, sound or video file, not a spreadsheet."),
    OtherFile.TEXT_DOCUMENT: N_("This is a text document, not a spreadsheet."),
    OtherFile.WORD_DOCUMENT: N_("This is a Word document, not a spreadsheet."),
    OtherFile.IWORK_DOCUMENT: N_("Numbers, Pages and Keynote documents can't be read."),
    OtherFile.DOCUMENT: N_("This is a document, not a spreadsheet."),
    OtherFile.PRESENTATION: N_("This is a presentation, not a spreadsheet."),
    OtherFile.ARCHIVE: N_("This is an archive, not a spreadsheet."),
    OtherFile.DATABASE: N_("This is a database, not a spreadsheet."),
    OtherFile.PROGRAM: N_("This is a program, not a spreadsheet."),
    OtherFile.XML_WORKBOOK: N_("This workbook is in an old XML format that can't be read."),
    OtherFile.FLAT_ODS: N_("This is a flat OpenDocument spreadsheet, which can't be read."),
    OtherFile.XML: N_("This is an XML file, not a spreadsheet."),
    OtherFile.JSON: N_("This is a JSON file, not a spreadsheet."),
    OtherFile.CONTACTS: N_("This is a file of contacts (vCard), not a spreadsheet."),
    OtherFile.CALENDAR: N_("This is a calendar file, not a spreadsheet."),
    OtherFile.SYLK: N_("This is a spreadsheet in the old SYLK format, which can't be read."),
    OtherFile.DIF: N_("This is a spreadsheet in the old DIF format, which can't be read."),
}
_EXPORT_TABLE: Final = N_("Export the list as .xlsx or .csv instead, and upload that file.")
_NOT_A_SHEET_ACTIONS: Final[dict[int | str, str]] = {
    OtherFile.XML_WORKBOOK: _SAVE_AGAIN,
    OtherFile.FLAT_ODS: N_("Open it in LibreOffice, save it as .ods or .xlsx, and upload that."),
    OtherFile.XML: _EXPORT_TABLE,
    OtherFile.JSON: _EXPORT_TABLE,
    OtherFile.CONTACTS: N_("Export your contacts as .csv instead, and upload that file."),
    OtherFile.SYLK: _SAVE_AGAIN,
    OtherFile.DIF: _SAVE_AGAIN,
}


class SheetError(StudioError):
    """A sheet can't be used.

    ``code`` is a `SheetErrorCode`. Its texts may name ``values``, such as ``limit``; whole numbers
    get the thousands separators of the reader's language when they are shown.
    """

    code: str  # type: ignore[misc] # each error has its own
    sentence: str  # type: ignore[misc]
    action: str  # type: ignore[misc]

    def __init__(self, code: str, **values: int | str) -> None:
        self.code = SheetErrorCode(code)
        self.sentence, self.action = _WORDINGS[self.code]
        if self.code == SheetErrorCode.NOT_A_SHEET:
            kind = values.get("kind", "")
            self.sentence = _NOT_A_SHEET.get(kind, self.sentence)
            self.action = _NOT_A_SHEET_ACTIONS.get(kind, self.action)
        super().__init__(**values)

    @property
    def translated_sentence(self) -> str:
        """What happened, in the reader's language."""
        return _(self.sentence, **_format_values(self.values, current_locale()))

    @property
    def translated_action(self) -> str:
        """What to do about it, in the reader's language."""
        return _(self.action, **_format_values(self.values, current_locale()))

    def __str__(self) -> str:
        """Return the sentence and the action in English."""
        values = _format_values(self.values, Locale(SOURCE_LANGUAGE))
        return f"{self.sentence} {self.action}".format(**values)


class SheetStorageError(SheetError):
    """The shared storage that holds sheets can't be used; code and texts are the storage's."""

    def __init__(self, error: "StorageError") -> None:
        super().__init__(SheetErrorCode.SHEET_GONE, **getattr(error, "values", {}))
        self.code, self.sentence, self.action = error.code, error.sentence, error.action


def _format_values(values: dict[str, int | str], locale: Locale) -> dict[str, str]:
    """Return values as text, whole numbers with the thousands separators of the locale."""
    return {
        name: format_decimal(value, locale=locale) if isinstance(value, int) else value
        for name, value in values.items()
    }
