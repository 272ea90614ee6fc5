"""How much room the data folder takes, and how much is left."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lib.settings import Settings


@dataclass(frozen=True)
class Usage:
    """Bytes used, by what they hold, and bytes free on the disk."""

    parts: dict[str, int]
    total: int
    free: int


def measure(settings: Settings) -> Usage:
    """Measure the data folder: sheets, plans, reports, and the runs with all the rest."""
    parts = {
        "Sheets": _weigh(settings.sheets_dir),
        "Plans": _weigh(settings.plans_dir),
        "Reports": _weigh(settings.reports_dir),
    }
    total = _weigh(settings.data_dir)
    parts["Runs and the rest"] = total - sum(parts.values())
    return Usage(parts=parts, total=total, free=shutil.disk_usage(settings.data_dir).free)


def _weigh(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            # A temporary file that was there a moment ago.
            continue
    return total
