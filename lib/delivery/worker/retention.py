"""Retention: delete old reports, drafts and unused uploads once a night.

The ledger, confirmed plans, sheets and exclude lists are never deleted.
"""

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from lib.atomic_files import write_atomically
from lib.campaign import discard_old_drafts, uploads_in_use
from lib.settings import Settings
from lib.storage import StorageError, delete

_LOGGER: Final = logging.getLogger(__name__)

# Local time; a machine that is off at night does it when it starts.
_NIGHT_ENDS: Final = timedelta(hours=3)
_DAY_SECONDS: Final = 86_400


def delete_old_files_nightly(settings: Settings, now: datetime) -> int:
    """Delete files older than the retention period once a night; return their number.

    ``now`` is local time. Raises OSError.
    """
    night = (now - _NIGHT_ENDS).date().isoformat()
    mark = settings.data_dir / "tidied"
    if mark.exists() and mark.read_text(encoding="ascii") == night:
        return 0
    removed = delete_old_files(settings)
    write_atomically(mark, night.encode())
    if removed:
        _LOGGER.info("old files removed", extra={"files": removed})
    return removed


def delete_old_files(settings: Settings) -> int:
    """Delete old reports, drafts and unused uploads; return their number."""
    before = time.time() - settings.retention_days * _DAY_SECONDS
    removed = _delete_shared(_older(settings.reports_dir, before), settings)
    removed += discard_old_drafts(before, settings)
    used = uploads_in_use(settings)
    if used is None:
        return removed
    uploads = _older(settings.uploads_dir, before)
    return removed + _delete_local(each for each in uploads if each.name not in used)


def _older(folder: Path, before: float) -> list[Path]:
    if not folder.is_dir():
        return []
    return [each for each in folder.iterdir() if each.is_file() and each.stat().st_mtime < before]


def _delete_shared(paths: Iterable[Path], settings: Settings) -> int:
    """Delete files here and in the shared storage; stop if the storage is unavailable."""
    removed = 0
    for path in paths:
        try:
            delete(path, settings)
        except StorageError:
            break
        removed += 1
    return removed


def _delete_local(paths: Iterable[Path]) -> int:
    removed = 0
    for path in paths:
        path.unlink(missing_ok=True)
        removed += 1
    return removed
