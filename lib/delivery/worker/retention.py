"""Remove once a night what proves nothing and can be made again: reports, old drafts, uploads.

The ledger, confirmed plans, sheets and exclude lists stay for good.
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

# By this machine's clock; a machine that is off then does it once it is on.
_NIGHT_ENDS: Final = timedelta(hours=3)
_DAY_SECONDS: Final = 86_400


def tidy_nightly(settings: Settings, now: datetime) -> int:
    """Remove what is older than the settings say, once a night; return how many files.

    ``now`` is local time. Raises OSError.
    """
    night = (now - _NIGHT_ENDS).date().isoformat()
    mark = settings.data_dir / "tidied"
    if mark.exists() and mark.read_text(encoding="ascii") == night:
        return 0
    removed = tidy(settings)
    write_atomically(mark, night.encode())
    if removed:
        _LOGGER.info("old files removed", extra={"files": removed})
    return removed


def tidy(settings: Settings) -> int:
    """Remove reports, drafts and unused uploads that are too old; return how many."""
    before = time.time() - settings.retention_days * _DAY_SECONDS
    removed = _discard(_older(settings.reports_dir, before), settings)
    removed += discard_old_drafts(before, settings)
    used = uploads_in_use(settings)
    if used is None:
        return removed
    uploads = _older(settings.uploads_dir, before)
    return removed + _remove(each for each in uploads if each.name not in used)


def _older(folder: Path, before: float) -> list[Path]:
    if not folder.is_dir():
        return []
    return [each for each in folder.iterdir() if each.is_file() and each.stat().st_mtime < before]


def _discard(paths: Iterable[Path], settings: Settings) -> int:
    """Remove what may lie in the shared storage too; where that is away, another night will do."""
    removed = 0
    for path in paths:
        try:
            delete(path, settings)
        except StorageError:
            break
        removed += 1
    return removed


def _remove(paths: Iterable[Path]) -> int:
    removed = 0
    for path in paths:
        path.unlink(missing_ok=True)
        removed += 1
    return removed
