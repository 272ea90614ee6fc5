"""Disk usage of the data folder."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lib.i18n import N_
from lib.settings import Settings


@dataclass(frozen=True)
class Usage:
    """Bytes used in total and by kind (English names marked for translation), and bytes free."""

    parts: dict[str, int]
    total: int
    free: int


def measure(settings: Settings) -> Usage:
    """Measure the data folder: sheets, plans, reports, and everything else."""
    parts = {
        N_("Sheets"): _size_of(settings.sheets_dir),
        N_("Plans"): _size_of(settings.plans_dir),
        N_("Reports"): _size_of(settings.reports_dir),
    }
    total = _size_of(settings.data_dir)
    parts[N_("Broadcasts and other data")] = total - sum(parts.values())
    return Usage(parts=parts, total=total, free=shutil.disk_usage(settings.data_dir).free)


def _size_of(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            # A temporary file has been removed since it was listed.
            continue
    return total
