"""Sheets: read any common file into a frame of text cells with the row numbers of Excel."""

from lib.sheet.errors import SheetError
from lib.sheet.notes import ReadNotice
from lib.sheet.process.reader import read_shared_sheet, read_sheet
from lib.sheet.read_options import DELIMITERS, ENCODINGS, QUOTES, ReadOptions
from lib.sheet.samples import SAMPLES, Sample
from lib.sheet.store.allowed_roots import shown_root
from lib.sheet.store.sheets import Sheet, keep_upload, load_sheet, upload_path
from lib.sheet.table.detect import plain_name

__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "QUOTES",
    "SAMPLES",
    "ReadNotice",
    "ReadOptions",
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
