"""Store of sheets and uploads in the data folder, under names derived from their content."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib.atomic_files import is_disk_full, write_atomically
from lib.sheet.errors import SheetError, SheetErrorCode, SheetStorageError
from lib.sheet.notes import ReadNotice, read_notice
from lib.sheet.read_options import ReadOptions
from lib.storage import StorageError, fetch

if TYPE_CHECKING:
    import pandas as pd

    from lib.settings import Settings

_SHEET_ID = re.compile(r"[0-9a-f]{64}")
_UPLOAD_ID = re.compile(r"[0-9a-f]{64}(\.[a-z0-9]{1,8})?")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass(frozen=True)
class Sheet:
    """A sheet that was read from a file. Its frames are shared and must not be modified.

    ``frame`` holds text (``string[pyarrow]``; empty cells are ""). Its index "row" is the number
    that a spreadsheet program shows beside the row; ``first_row`` is the first of them. ``flags``
    lists unreliable cells by row, column and code: "error_value", "formula_without_value",
    "digits_lost" or "row_too_long". ``reading`` is how the file was read. ``tables`` are the first
    and last rows of each table. ``hidden`` counts hidden rows and hidden columns. ``made_up_names``
    are the names that are not in the file: those of columns without one, after their letters.
    """

    id: str
    filename: str
    frame: "pd.DataFrame"
    first_row: int
    worksheet: str | None
    worksheets: tuple[str, ...]
    notes: tuple[ReadNotice, ...]
    flags: "pd.DataFrame"
    reading: ReadOptions = field(default_factory=ReadOptions)
    tables: tuple[tuple[int, int], ...] = ()
    hidden_worksheets: tuple[str, ...] = ()
    hidden: tuple[int, int] = (0, 0)
    made_up_names: frozenset[str] = frozenset()


def resolve_settings(settings: "Settings | None") -> "Settings":
    """Return these settings, or those of the process if they are None."""
    if settings is not None:
        return settings
    from lib.settings import get_settings

    return get_settings()


def load_sheet(sheet_id: str, *, settings: "Settings | None" = None) -> Sheet:
    """Return a stored sheet.

    Raises SheetError: sheet_gone if it is missing or unreadable, disk_full, or a SheetStorageError
    if the shared storage can't be used.
    """
    if not _SHEET_ID.fullmatch(sheet_id):
        raise SheetError(SheetErrorCode.SHEET_GONE)
    settings = resolve_settings(settings)
    try:
        path = fetch(settings.sheets_dir / f"{sheet_id}.arrow", settings)
    except StorageError as error:
        raise SheetStorageError(error) from error
    except OSError as error:
        is_full = is_disk_full(error)
        code = SheetErrorCode.DISK_FULL if is_full else SheetErrorCode.SHEET_GONE
        raise SheetError(code) from error
    return _open_sheet(sheet_id, path)


def _open_sheet(sheet_id: str, path: Path) -> Sheet:
    import pandas as pd
    import pyarrow as pa

    from lib.sheet.store.arrow_file import open_arrow

    try:
        table, about = open_arrow(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SheetError(SheetErrorCode.SHEET_GONE) from error
    index = pd.Index(table["row"].to_numpy(), dtype="int64", name="row")
    flags = _flag_frame(table["flags"], index, about["names"])
    cells = table.drop_columns(["row", "flags"])
    frame = cells.to_pandas(types_mapper={pa.large_string(): pd.StringDtype("pyarrow")}.get)
    frame.index = index
    frame.columns = pd.Index(about["names"], dtype=object)
    return Sheet(
        id=sheet_id,
        filename=about["filename"],
        frame=frame,
        first_row=int(index[0]),
        worksheet=about["worksheet"],
        worksheets=tuple(about["worksheets"]),
        notes=tuple(read_notice(code) for code in about["notes"]),
        flags=flags,
        reading=ReadOptions(**about["reading"]),
        tables=tuple((first, last) for first, last in about.get("tables", [])),
        hidden_worksheets=tuple(about.get("hidden_worksheets", ())),
        hidden=tuple(about.get("hidden", (0, 0))),
        made_up_names=frozenset(about.get("made_up_names", ())),
    )


def _flag_frame(column: Any, index: "pd.Index[int]", names: list[str]) -> "pd.DataFrame":
    import pandas as pd

    found: list[tuple[int, str, str]] = []
    if column.null_count < len(column):
        for row, flags in zip(index, column.to_pylist(), strict=True):
            found.extend((row, names[flag["column"]], flag["code"]) for flag in flags or ())
    frame = pd.DataFrame(found, columns=["row", "column", "code"])
    return frame.astype({"row": "int64", "column": "object", "code": "object"})


def keep_upload(data: bytes, filename: str, *, settings: "Settings | None" = None) -> str:
    """Store an uploaded file and return its id: the SHA-256 of its bytes, and its suffix.

    Raises SheetError: empty_file, too_large, disk_full.
    """
    settings = resolve_settings(settings)
    check_size(len(data), settings)
    suffix = Path(filename).suffix.lower()
    if not _SUFFIX.fullmatch(suffix):
        suffix = ""
    upload_id = hashlib.sha256(data).hexdigest() + suffix
    path = settings.uploads_dir / upload_id
    if path.exists():
        return upload_id
    try:
        write_atomically(path, data)
    except OSError as error:
        if is_disk_full(error):
            raise SheetError(SheetErrorCode.DISK_FULL) from error
        raise
    return upload_id


def check_size(size: int, settings: "Settings") -> None:
    """Raise SheetError empty_file or too_large if a file of this size is not accepted."""
    if size == 0:
        raise SheetError(SheetErrorCode.EMPTY_FILE)
    if size > settings.sheet_max_bytes:
        raise SheetError(SheetErrorCode.TOO_LARGE, limit=settings.sheet_max_bytes // (1024 * 1024))


def upload_path(upload_id: str, *, settings: "Settings | None" = None) -> Path:
    """Return the path of a stored upload. Raises SheetError sheet_gone if there is none."""
    if not _UPLOAD_ID.fullmatch(upload_id):
        raise SheetError(SheetErrorCode.SHEET_GONE)
    path = resolve_settings(settings).uploads_dir / upload_id
    if not path.is_file():
        raise SheetError(SheetErrorCode.SHEET_GONE)
    return path
