"""Corrections of cells, made in the interface or in a spreadsheet. The uploaded sheet is kept."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.campaign.arrow_text import whole_array
from lib.campaign.download_columns import REASON_COLUMN, ROW_COLUMN
from lib.campaign.mapping.model import Corrections
from lib.campaign.plan.reformatting import is_reformatted
from lib.errors import StudioError
from lib.i18n import N_, _
from lib.sheet import Sheet

_APOSTROPHE: Final = "'"


def corrected(sheet: Sheet, corrections: Corrections) -> Sheet:
    """Return the sheet with these cells replaced; rows and columns it lacks are ignored."""
    if not corrections:
        return sheet
    by_column: dict[str, dict[int, str]] = {}
    for row, cells in corrections.items():
        for column, text in cells.items():
            by_column.setdefault(column, {})[row] = text
    columns = {
        column: _replace_cells(sheet.frame[column], texts)
        for column, texts in by_column.items()
        if column in sheet.frame.columns
    }
    replaced = {(row, column) for row, cells in corrections.items() for column in cells}
    flagged = zip(sheet.flags["row"], sheet.flags["column"], strict=True)
    kept = np.array([cell not in replaced for cell in flagged], dtype=bool)
    return dataclasses.replace(sheet, frame=sheet.frame.assign(**columns), flags=sheet.flags[kept])


def _replace_cells(cells: pd.Series, texts: dict[int, str]) -> pd.Series:
    places = cells.index.get_indexer(pd.Index(list(texts)))
    found = {place: text for place, text in zip(places, texts.values(), strict=True) if place >= 0}
    mask = np.zeros(len(cells), dtype=bool)
    mask[list(found)] = True
    new = pa.array([found[place] for place in sorted(found)], pa.large_string())
    return pd.Series(
        pc.replace_with_mask(whole_array(cells), mask, new), cells.index, dtype=cells.dtype
    )


def with_cells(corrections: Corrections, sheet: Sheet, cells: Corrections) -> Corrections:
    """Return the corrections with these added, without those that equal the sheet's own cells."""
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
    """Return a line for each corrected cell: its row, its column, and its text before and after.

    The headers are in the reader's language.
    """
    lines = [
        (row, column, sheet.frame.loc[row, column], text)
        for row, cells in sorted(corrections.items())
        for column, text in cells.items()
    ]
    return pd.DataFrame(lines, columns=[_(ROW_COLUMN), _("Column"), _("Before"), _("After")])


@dataclass(frozen=True)
class CorrectionImport:
    """The result of importing corrected rows.

    ``corrections`` are the former ones with the imported ones added. Of the imported rows,
    ``rows`` differed, ``same`` did not, and ``unknown`` are not in the sheet. ``reformatted`` are
    the cells that a spreadsheet program may have changed; they are not among the others.
    """

    corrections: Corrections
    rows: int
    same: int
    unknown: int
    reformatted: Corrections


class MissingRowNumbersError(StudioError, ValueError):
    """A sheet of corrected rows has no column of row numbers."""

    code = "STUDIO_NO_ROW_NUMBERS"
    sentence = N_("This sheet has no “Row” column with the row numbers.")
    action = N_("Download the rows held back, fix them in that file, and keep the “Row” column.")


def import_corrections(imported: Sheet, sheet: Sheet, corrections: Corrections) -> CorrectionImport:
    """Compare downloaded rows that were corrected in a spreadsheet with the sheet's own.

    Rows are matched by number and columns by name; others are ignored. The headers of `held_sheet`
    may be in the reader's language or in English. An apostrophe before a formula, as the CSV export
    adds it, is not a difference. Changes that a spreadsheet program makes automatically are
    reported but not taken as corrections.

    Raises MissingRowNumbersError.
    """
    names = list(imported.frame.columns)
    row_header = _find_header(ROW_COLUMN, names)
    if row_header is None:
        raise MissingRowNumbersError
    numbers = pd.to_numeric(imported.frame[row_header], errors="coerce")
    is_known = numbers.isin(sheet.frame.index).to_numpy(dtype=bool)
    rows = numbers[is_known].astype("int64").to_numpy()
    added = {row_header, _find_header(REASON_COLUMN, names)}
    columns = [name for name in sheet.frame.columns if name in names and name not in added]
    given = imported.frame.loc[is_known, columns]
    current = corrected(sheet, corrections).frame.loc[rows, columns]
    differs = np.zeros(given.shape, dtype=bool)
    for place, column in enumerate(columns):
        new, old = given[column].to_numpy(dtype=object), current[column].to_numpy(dtype=object)
        differs[:, place] = (new != old) & (new != _APOSTROPHE + old)
    changes: Corrections = {}
    reformatted: Corrections = {}
    for line in np.flatnonzero(differs.any(axis=1)):
        for name in (columns[place] for place in np.flatnonzero(differs[line])):
            before, after = str(current[name].iloc[line]), str(given[name].iloc[line])
            found = reformatted if is_reformatted(before, after) else changes
            found.setdefault(int(rows[line]), {})[name] = after
    return CorrectionImport(
        corrections=with_cells(corrections, sheet, changes),
        rows=len(changes),
        same=len(rows) - len(changes),
        unknown=int((~is_known).sum()),
        reformatted=reformatted,
    )


def _find_header(source: str, names: Iterable[str]) -> str | None:
    """Return the first of these headers that is the source text or its translation.

    The columns that a download adds come first, so a column of the sheet with the same name as the
    source text is not mistaken for it.
    """
    known = {source, _(source)}
    return next((name for name in names if name in known), None)
