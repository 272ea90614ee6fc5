"""Read a sheet in a process of its own, and keep what was read."""

import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib.files import is_disk_full
from lib.sheet.errors import WORDINGS, SheetError, sheet_error
from lib.sheet.readings import Reading
from lib.sheet.store import Sheet, check_size, load_sheet, settled
from lib.storage import StorageError, publish

if TYPE_CHECKING:
    from lib.settings import Settings

_ROOT = Path(__file__).resolve().parents[2]
# Changes whenever the same bytes would be read to other cells.
_VERSION = 4


def read_sheet(
    source: Path | str | bytes,
    *,
    filename: str | None = None,
    sheet: str | None = None,
    reading: Reading | None = None,
    settings: "Settings | None" = None,
) -> Sheet:
    """Read a file, or its bytes, into a sheet that is kept from then on.

    ``filename`` is what people see (default: the file's own name); ``sheet`` picks a worksheet
    (default: the first visible one with anything in it); ``reading`` says what is not to be found
    but taken as a person has said. The same file read with the same
    choices is not read twice. Raises SheetError.
    """
    settings = settled(settings)
    if isinstance(source, bytes):
        data, name = source, filename or "pasted rows"
    else:
        path = Path(source)
        try:
            check_size(path.stat().st_size, settings)
            data, name = path.read_bytes(), filename or path.name
        except FileNotFoundError as error:
            raise sheet_error("sheet_gone") from error
    check_size(len(data), settings)
    wanted = (reading or Reading()).to_json()
    choices = json.dumps([_VERSION, name, sheet, wanted]).encode()
    sheet_id = hashlib.sha256(hashlib.sha256(data).digest() + choices).hexdigest()
    path = settings.sheets_dir / f"{sheet_id}.arrow"
    try:
        found = load_sheet(sheet_id, settings=settings)
    except SheetError as error:
        if error.code != "sheet_gone":
            raise
        job = {"filename": name, "worksheet": sheet, "reading": wanted}
        _spool(data, path, job, settings)
        found = load_sheet(sheet_id, settings=settings)
    try:
        publish(path, settings)
    except StorageError as error:
        raise SheetError(error.code, error.sentence, error.action) from error
    return found


def _spool(data: bytes, target: Path, job: dict[str, Any], settings: "Settings") -> None:
    """Let the child write the sheet beside its target, then give it its name."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    job |= {
        "target": str(temporary),
        "max_memory": settings.sheet_max_memory,
        "max_rows": settings.sheet_max_rows,
        "max_columns": settings.sheet_max_columns,
        "max_cells": settings.sheet_max_cells,
    }
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _raise_for(_run_child(job, data, settings.sheet_max_seconds))
        temporary.replace(target)
    except OSError as error:
        if is_disk_full(error):
            raise sheet_error("disk_full") from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _run_child(job: dict[str, Any], data: bytes, seconds: float) -> dict[str, str]:
    # One arena and the system's allocator keep the address space close to what is used.
    environment = os.environ | {"MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "lib.sheet.child", json.dumps(job)],
            input=data,
            capture_output=True,
            timeout=seconds,
            cwd=_ROOT,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise sheet_error("timeout") from error
    if ended.returncode == 0:
        try:
            answer: dict[str, str] = json.loads(ended.stdout)
        except ValueError as error:
            raise sheet_error("reader_crashed") from error
        return answer
    # What the child says of its end may quote cells, so it is looked at and thrown away.
    starved = (b"memory allocation of", b"MemoryError", b"bad_alloc", b"Cannot allocate memory")
    if ended.returncode == -signal.SIGKILL or any(word in ended.stderr for word in starved):
        raise sheet_error("out_of_memory")
    raise sheet_error("reader_crashed")


def _raise_for(answer: dict[str, str]) -> None:
    if "sentence" in answer:
        raise SheetError(answer["code"], answer["sentence"], answer["action"])
    if "code" in answer:
        words = WORDINGS[answer["code"]]
        raise SheetError(answer["code"], words.sentence, words.action)
