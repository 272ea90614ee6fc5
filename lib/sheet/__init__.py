"""Sheets: from any file an owner has to a frame of text with Excel's row numbers."""

from lib.sheet.errors import SheetError
from lib.sheet.header import plain_name
from lib.sheet.notes import Note
from lib.sheet.reading import read_shared_sheet, read_sheet
from lib.sheet.readings import DELIMITERS, ENCODINGS, QUOTES, Reading
from lib.sheet.roots import shown_root
from lib.sheet.samples import SAMPLES, Sample
from lib.sheet.store import Sheet, keep_upload, load_sheet, upload_path

__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "QUOTES",
    "SAMPLES",
    "Note",
    "Reading",
    "Sample",
    "Sheet",
    "SheetError",
    "keep_upload",
    "load_sheet",
    "plain_name",
    "read_shared_sheet",
    "read_sheet",
    "shown_root",
    "upload_path",
]
