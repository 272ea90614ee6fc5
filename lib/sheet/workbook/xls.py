"""Read the formats, errors, formulas and hidden parts of a worksheet in an XLS file."""

import io
import struct
from typing import Any, Final

import xlrd
from xlrd.biffh import XL_FORMULA, XL_FORMULA3, XL_FORMULA4
from xlrd.compdoc import CompDocError

from lib.sheet.workbook.annotations import ERRORS, CellAnnotations
from lib.sheet.workbook.number_formats import BUILT_IN, distinctive_format

_FORMULAS: Final = (XL_FORMULA, XL_FORMULA3, XL_FORMULA4)
_NUMBERS: Final = (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE)


def read_xls_annotations(data: bytes, worksheet: str) -> CellAnnotations:
    """Return the annotations of one worksheet. Raises ValueError if the file is damaged."""
    annotations = CellAnnotations()
    try:
        book = xlrd.open_workbook(
            file_contents=data,
            logfile=io.StringIO(),  # standard output belongs to the process's own messages
            formatting_info=True,
            on_demand=True,
            ignore_workbook_corruption=True,
        )
        _watch_formulas(book, annotations)
        sheet = book.sheet_by_name(worksheet)
        _add_cells(book, sheet, annotations)
    except (
        xlrd.XLRDError,
        CompDocError,
        struct.error,
        AssertionError,
        LookupError,
        OverflowError,
        TypeError,
    ) as error:
        raise ValueError("the workbook is damaged") from error
    annotations.hidden_rows = [
        (row, row) for row, info in sorted(sheet.rowinfo_map.items()) if info.hidden
    ]
    annotations.hidden_columns = [
        (column, column) for column, info in sorted(sheet.colinfo_map.items()) if info.hidden
    ]
    return annotations


def _watch_formulas(book: Any, annotations: CellAnnotations) -> None:
    """Set ``has_formulas`` once a record read is a formula, which xlrd's cells do not show."""
    read_record = book.get_record_parts

    def watched() -> tuple[int, int, bytes]:
        record: tuple[int, int, bytes] = read_record()
        if record[0] in _FORMULAS:
            annotations.has_formulas = True
        return record

    book.get_record_parts = watched


def _add_cells(book: Any, sheet: Any, annotations: CellAnnotations) -> None:
    # `format_list` has the formats in the file; xlrd's built-in ones depend on the locale.
    codes = BUILT_IN | {each.format_key: each.format_str for each in book.format_list}
    styles = [distinctive_format(codes.get(xf.format_key, "")) for xf in book.xf_list]
    date1904 = bool(book.datemode)
    for row in range(sheet.nrows):
        values = sheet.row_values(row)
        for column, kind in enumerate(sheet.row_types(row)):
            if kind in _NUMBERS:
                code = styles[sheet.cell_xf_index(row, column)]
                at = (row, column)
                annotations.add_number(at, repr(values[column]), code, date1904=date1904)
            elif kind == xlrd.XL_CELL_ERROR:
                annotations.add_error((row, column), ERRORS.get(values[column], "#ERROR!"))
