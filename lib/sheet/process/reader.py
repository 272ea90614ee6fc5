"""Read a sheet in a process of its own, and keep what was read."""

import hashlib
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lib.atomic_files import is_disk_full, make_private_dir
from lib.sheet.errors import SheetError, sheet_error
from lib.sheet.process.parent import run_child
from lib.sheet.read_options import ReadOptions
from lib.sheet.store.allowed_roots import find_shared
from lib.sheet.store.sheets import Sheet, check_size, load_sheet, resolve_settings
from lib.storage import StorageError, publish

if TYPE_CHECKING:
    from lib.settings import Settings

# Changes whenever the same bytes would be read to other cells.
_VERSION = 6


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
    """Read a file, or its bytes, into a sheet that is kept from then on.

    ``filename`` is what people see (default: the file's own name); ``sheet`` picks a worksheet
    (default: the first visible one with anything in it); ``reading`` says what is not to be found
    but taken as a person has said. The same file read with the same choices is not read twice.
    ``watch`` is called several times a second with the share that is done, as far as it is known;
    what it raises ends the reading, and nothing is left behind. Raises SheetError.
    """
    settings = resolve_settings(settings)
    wanted = _Wanted(sheet, reading or ReadOptions(), watch)
    if isinstance(source, bytes):
        check_size(len(source), settings)
        digest = hashlib.sha256(source).digest()
        return _read(digest, source, filename or "pasted rows", wanted, settings)
    path = Path(source)
    try:
        check_size(path.stat().st_size, settings)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
    except FileNotFoundError as error:
        raise sheet_error("sheet_gone") from error
    return _read(digest, str(path.absolute()), filename or path.name, wanted, settings)


def read_shared_sheet(
    place: str,
    *,
    sheet: str | None = None,
    reading: ReadOptions | None = None,
    settings: "Settings | None" = None,
    watch: Watch | None = None,
) -> Sheet:
    """Read a file that lies below one of the roots in the settings, however large it is.

    ``place`` is its path or address, or its path below a root. It is read piece by piece where its
    kind allows, and read again once its size or its time has changed. Raises SheetError.
    """
    settings = resolve_settings(settings)
    found = find_shared(place, settings)
    wanted = _Wanted(sheet, reading or ReadOptions(), watch)
    return _read(found.digest, found.url, found.filename, wanted, settings)


class _Wanted(NamedTuple):
    worksheet: str | None
    reading: ReadOptions
    watch: Watch | None


def _read(
    digest: bytes, source: bytes | str, name: str, wanted: _Wanted, settings: "Settings"
) -> Sheet:
    """Return the sheet of this content, kept or read now."""
    reading = wanted.reading.to_json()
    choices = json.dumps([_VERSION, name, wanted.worksheet, reading]).encode()
    sheet_id = hashlib.sha256(digest + choices).hexdigest()
    path = settings.sheets_dir / f"{sheet_id}.arrow"
    try:
        found = load_sheet(sheet_id, settings=settings)
    except SheetError as error:
        if error.code != "sheet_gone":
            raise
        job = {"filename": name, "worksheet": wanted.worksheet, "reading": reading}
        _spool(source, path, job, settings, wanted.watch)
        found = load_sheet(sheet_id, settings=settings)
    try:
        publish(path, settings)
    except StorageError as error:
        raise SheetError(error.code, error.sentence, error.action) from error
    return found


def _spool(
    source: bytes | str,
    target: Path,
    job: dict[str, Any],
    settings: "Settings",
    watch: Watch | None,
) -> None:
    """Let the child write the sheet beside its target, then give it its name."""
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
        if wrong := run_child(job, settings.sheet_max_seconds, watch):
            raise SheetError(**wrong)
        temporary.replace(target)
    except OSError as error:
        if is_disk_full(error):
            raise sheet_error("disk_full") from error
        raise
    finally:
        for path in (temporary, scratch, content):
            path.unlink(missing_ok=True)
