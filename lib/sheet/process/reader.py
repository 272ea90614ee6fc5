"""Read a sheet in a process of its own and store it."""

import hashlib
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lib.atomic_files import is_disk_full, make_private_dir
from lib.sheet.errors import SheetError, SheetErrorCode, SheetStorageError
from lib.sheet.process.parent import READERS
from lib.sheet.read_options import ReadOptions
from lib.sheet.store.allowed_roots import find_shared
from lib.sheet.store.sheets import Sheet, check_size, load_sheet, resolve_settings
from lib.storage import StorageError, publish

if TYPE_CHECKING:
    from lib.settings import Settings

# Part of each sheet's id. Increase it when the same bytes would be read as different cells.
_VERSION: Final = 7

Watch = Callable[[float], None]


def read_sheet(
    source: Path | str | bytes,
    *,
    filename: str | None = None,
    sheet: str | None = None,
    reading: ReadOptions | None = None,
    settings: "Settings | None" = None,
    watch: Watch | None = None,
) -> Sheet:
    """Read a file or its bytes, store the sheet and return it.

    ``filename`` is the name to show (default: the file's name). ``sheet`` is the name of a
    worksheet (default: the first visible one that lists phones, or else isn't empty). ``reading``
    overrides what is detected. A file that was read before with the same arguments is not read
    again.

    ``watch`` is called several times a second with the share that is done, if it is known. What it
    raises cancels the reading and is passed on; nothing is stored then. Raises SheetError.
    """
    settings = resolve_settings(settings)
    request = _ReadRequest(sheet, reading or ReadOptions(), watch)
    if isinstance(source, bytes):
        check_size(len(source), settings)
        digest = hashlib.sha256(source).digest()
        return _load_or_read(digest, source, filename or "pasted rows", request, settings)
    path = Path(source)
    try:
        check_size(path.stat().st_size, settings)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
    except FileNotFoundError as error:
        raise SheetError(SheetErrorCode.SHEET_GONE) from error
    return _load_or_read(digest, str(path.absolute()), filename or path.name, request, settings)


def read_shared_sheet(
    place: str,
    *,
    sheet: str | None = None,
    reading: ReadOptions | None = None,
    settings: "Settings | None" = None,
    watch: Watch | None = None,
) -> Sheet:
    """Read a file of any size below one of the roots that the settings allow.

    ``place`` is its path or address, or its path relative to a root. Text, Parquet and Arrow files
    are read in pieces. A file is read again if its size or modification time has changed. Other
    arguments are those of `read_sheet`. Raises SheetError.
    """
    settings = resolve_settings(settings)
    found = find_shared(place, settings)
    request = _ReadRequest(sheet, reading or ReadOptions(), watch)
    return _load_or_read(found.digest, found.url, found.filename, request, settings)


class _ReadRequest(NamedTuple):
    """What to read of a file, and how."""

    worksheet: str | None
    reading: ReadOptions
    watch: Watch | None


def _load_or_read(
    digest: bytes, source: bytes | str, name: str, request: _ReadRequest, settings: "Settings"
) -> Sheet:
    """Return the stored sheet of this content; read it first if there is none."""
    reading = request.reading.to_json()
    choices = json.dumps([_VERSION, name, request.worksheet, reading]).encode()
    sheet_id = hashlib.sha256(digest + choices).hexdigest()
    path = settings.sheets_dir / f"{sheet_id}.arrow"
    try:
        found = load_sheet(sheet_id, settings=settings)
    except SheetError as error:
        if error.code != SheetErrorCode.SHEET_GONE:
            raise
        job = {"filename": name, "worksheet": request.worksheet, "reading": reading}
        _read_and_store(source, path, job, settings, request.watch)
        found = load_sheet(sheet_id, settings=settings)
    try:
        publish(path, settings)
    except StorageError as error:
        raise SheetStorageError(error) from error
    return found


def _read_and_store(
    source: bytes | str,
    target: Path,
    job: dict[str, Any],
    settings: "Settings",
    watch: Watch | None,
) -> None:
    """Have a process write the sheet to a temporary file, then rename it to ``target``."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    scratch, content = (temporary.with_name(f"{temporary.name}.{end}") for end in ("raw", "in"))
    job |= {
        "target": str(temporary),
        "scratch": str(scratch),
        "max_bytes": settings.sheet_max_bytes,
        "max_memory": settings.sheet_max_memory,
        "max_rows": settings.sheet_max_rows,
        "max_columns": settings.sheet_max_columns,
        "max_cells": settings.sheet_max_cells,
    }
    try:
        make_private_dir(target.parent)
        if isinstance(source, bytes):
            content.touch(mode=0o600)
            content.write_bytes(source)
        job["source"] = str(content) if isinstance(source, bytes) else source
        if failure := READERS.run(job, settings.sheet_max_seconds, watch):
            raise SheetError(failure["code"], **failure["values"])
        temporary.replace(target)
    except OSError as error:
        if is_disk_full(error):
            raise SheetError(SheetErrorCode.DISK_FULL) from error
        raise
    finally:
        for path in (temporary, scratch, content):
            path.unlink(missing_ok=True)
