"""What can be wrong with a whole sheet, and what its owner can do about it."""

from typing import Final, NamedTuple

# How the process that reads ends itself where it has taken too much memory.
OUT_OF_MEMORY_STATUS: Final = 77


class _Wording(NamedTuple):
    sentence: str
    action: str


_SAVE_AGAIN = "Open it in Excel, save it again as .xlsx or .csv, and upload that."

_WORDINGS: dict[str, _Wording] = {
    "empty_file": _Wording(
        "This file is empty.",
        "Check that you picked the right file, then upload it again.",
    ),
    "only_header": _Wording(
        "This sheet has column names but no rows.",
        "Add at least one recipient below the column names, then upload it again.",
    ),
    "not_a_sheet": _Wording(
        "This is {kind}, not a sheet.",
        "Upload the list as an Excel file (.xlsx) or as a .csv file.",
    ),
    "encrypted": _Wording(
        "This workbook is protected with a password.",
        "Open it in Excel, remove the password, save it, and upload it again.",
    ),
    "damaged": _Wording(
        "This file is damaged, so it can't be read in full.",
        _SAVE_AGAIN,
    ),
    "cut_off": _Wording(
        "This file is damaged: it has been cut off, and its end is missing.",
        "Copy or download it again in full, and upload that.",
    ),
    "html_disguised": _Wording(
        "This is a web page saved with the name of a sheet.",
        _SAVE_AGAIN,
    ),
    "too_large": _Wording(
        "This file is larger than {limit} MB.",
        "Split it into smaller files, or save it without pictures and other worksheets.",
    ),
    "too_many_rows": _Wording(
        "This sheet has more than {limit} rows.",
        "Split it into smaller sheets.",
    ),
    "too_many_columns": _Wording(
        "This sheet has {found} columns; at most {limit} can be read.",
        "Delete the columns you don't need, then upload it again.",
    ),
    "too_many_cells": _Wording(
        "This sheet has {found} cells; at most {limit} can be read.",
        "Delete the columns you don't need, or split it into smaller sheets.",
    ),
    "archive_bomb": _Wording(
        "This workbook unpacks to far more than its size, so it isn't opened.",
        "Copy the rows into a new workbook, save it, and upload that.",
    ),
    "timeout": _Wording(
        "Reading this sheet took too long.",
        "Save it as .csv, or split it into smaller sheets.",
    ),
    "out_of_memory": _Wording(
        "This sheet needs more memory than there is for reading one.",
        "Save it as .csv, or split it into smaller sheets.",
    ),
    "reader_crashed": _Wording(
        "Reading this file failed in an unexpected way.",
        _SAVE_AGAIN,
    ),
    "disk_full": _Wording(
        "There is no room left to keep this sheet.",
        "Ask whoever runs this machine to free some disk space, then upload it again.",
    ),
    "worksheet_not_found": _Wording(
        "This workbook has no such worksheet.",
        "Pick one of the worksheets it has.",
    ),
    "empty_worksheet": _Wording(
        "This worksheet is empty.",
        "Pick another worksheet, or fill this one and upload it again.",
    ),
    "place_not_allowed": _Wording(
        "Sheets may not be read from there.",
        "Choose a file in one of the shared places, or ask whoever runs this app to allow another.",
    ),
    "place_gone": _Wording(
        "There is no such file in the shared places.",
        "Check how its name is written, and that it is still there.",
    ),
    "place_unreachable": _Wording(
        "The shared place can't be reached right now.",
        "Try again in a moment; if it stays like this, tell whoever runs this app.",
    ),
    "sheet_gone": _Wording(
        "This sheet is no longer kept here.",
        "Upload it again.",
    ),
}


class SheetError(Exception):
    """A sheet which can't be used as a whole.

    ``code`` is one of those above, or a StorageError's; ``sentence`` and ``action`` are for
    people and hold nothing from the sheet's cells.
    """

    def __init__(self, code: str, sentence: str, action: str) -> None:
        super().__init__(code, sentence, action)
        self.code = code
        self.sentence = sentence
        self.action = action

    def __str__(self) -> str:
        return f"{self.sentence} {self.action}"


def sheet_error(code: str, **facts: int | str) -> SheetError:
    """Return the error of this code, with the facts its sentence asks for filled in."""
    words = _WORDINGS[code]
    shown = {name: f"{fact:,}" if isinstance(fact, int) else fact for name, fact in facts.items()}
    return SheetError(code, words.sentence.format(**shown), words.action)
