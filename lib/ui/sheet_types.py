"""The files that can be uploaded as a sheet, by their endings."""

from typing import Final

SHEET_TYPES: Final = [
    "csv", "tsv", "txt", "xlsx", "xlsm", "xlsb", "xls", "ods", "parquet", "arrow", "feather",
]  # fmt: skip
