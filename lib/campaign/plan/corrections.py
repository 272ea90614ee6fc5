"""Corrections: cells that a person has mended here. The upload itself is never altered."""

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.campaign.arrow_text import whole_array
from lib.campaign.mapping.model import Corrections
from lib.sheet import Sheet

ROW_COLUMN: Final = "Row"
REASON_COLUMN: Final = "Why held"
"""What the rows held back have, as a sheet, besides their own columns."""

_APOSTROPHE: Final = "'"


def corrected(sheet: Sheet, corrections: Corrections) -> Sheet:
    """Return the sheet with these cells mended; what is not in the sheet is passed over."""
    if not corrections:
        return sheet
    by_column: dict[str, dict[int, str]] = {}
    for row, cells in corrections.items():
        for column, text in cells.items():
            by_column.setdefault(column, {})[row] = text
    columns = {
        column: _replaced(sheet.frame[column], texts)
        for column, texts in by_column.items()
        if column in sheet.frame.columns
    }
    mended = {(row, column) for row, cells in corrections.items() for column in cells}
    places = zip(sheet.flags["row"], sheet.flags["column"], strict=True)
    still = np.array([place not in mended for place in places], dtype=bool)
    return dataclasses.replace(sheet, frame=sheet.frame.assign(**columns), flags=sheet.flags[still])


def _replaced(cells: pd.Series, texts: dict[int, str]) -> pd.Series:
    places = cells.index.get_indexer(pd.Index(list(texts)))
    found = {place: text for place, text in zip(places, texts.values(), strict=True) if place >= 0}
    mask = np.zeros(len(cells), dtype=bool)
    mask[list(found)] = True
    new = pa.array([found[place] for place in sorted(found)], pa.large_string())
    mended = pc.replace_with_mask(whole_array(cells), mask, new)
    return pd.Series(mended, cells.index, dtype=cells.dtype)


def with_cells(corrections: Corrections, sheet: Sheet, cells: Corrections) -> Corrections:
    """Return the corrections with these added; cells that are as in the sheet again are none."""
    found = {row: dict(given) for row, given in corrections.items()}
    for row, given in cells.items():
        kept = found.setdefault(row, {})
        for column, text in given.items():
            if text == sheet.frame.loc[row, column]:
                kept.pop(column, None)
            else:
                kept[column] = text
    return {row: given for row, given in found.items() if given}


def correction_list(sheet: Sheet, corrections: Corrections) -> pd.DataFrame:
    """Return a line for each mended cell: Row, Column, Before, After."""
    lines = [
        (row, column, sheet.frame.loc[row, column], text)
        for row, cells in sorted(corrections.items())
        for column, text in cells.items()
    ]
    return pd.DataFrame(lines, columns=["Row", "Column", "Before", "After"])


@dataclass(frozen=True)
class CorrectionImport:
    """What mended rows that were uploaded again have brought.

    ``corrections`` are those of before with the new ones; ``rows`` of them have changed by the
    upload, ``same`` were found but are as they were, and ``unknown`` are not rows of the sheet.
    """

    corrections: Corrections
    rows: int
    same: int
    unknown: int


class MissingRowNumbersError(ValueError):
    """A sheet of mended rows does not say which rows they are."""

    code = "STUDIO_NO_ROW_NUMBERS"
    sentence = "This sheet has no column “Row” that says which rows it mends."
    action = "Download the rows held back, mend them there, and keep the column “Row”."

    def __init__(self) -> None:
        super().__init__(self.sentence)


def import_corrections(mended: Sheet, sheet: Sheet, corrections: Corrections) -> CorrectionImport:
    """Find what has changed in rows that were downloaded, mended and uploaded again.

    Rows are known by their number; columns by their name, and others are passed over. An
    apostrophe that our own CSV has put before a formula is no change. Raises NotOurRowsError.
    """
    if ROW_COLUMN not in mended.frame.columns:
        raise MissingRowNumbersError
    numbers = pd.to_numeric(mended.frame[ROW_COLUMN], errors="coerce")
    known = numbers.isin(sheet.frame.index).to_numpy(dtype=bool)
    rows = numbers[known].astype("int64").to_numpy()
    ours = {ROW_COLUMN, REASON_COLUMN}
    columns = [name for name in sheet.frame.columns if name in mended.frame and name not in ours]
    given = mended.frame.loc[known, columns]
    now = corrected(sheet, corrections).frame.loc[rows, columns]
    differs = np.zeros(given.shape, dtype=bool)
    for place, column in enumerate(columns):
        new, old = given[column].to_numpy(dtype=object), now[column].to_numpy(dtype=object)
        differs[:, place] = (new != old) & (new != _APOSTROPHE + old)
    changes: Corrections = {}
    for line in np.flatnonzero(differs.any(axis=1)):
        names = [columns[place] for place in np.flatnonzero(differs[line])]
        changes[int(rows[line])] = {name: given[name].iloc[line] for name in names}
    several = int(differs.any(axis=1).sum())
    found = with_cells(corrections, sheet, changes)
    return CorrectionImport(found, several, len(rows) - several, int((~known).sum()))
