"""Sheets to try without one's own, made for the sandbox."""

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "sample_files"


@dataclass(frozen=True)
class Sample:
    """A sheet that comes with the app."""

    name: str
    title: str
    sentence: str
    path: Path


SAMPLES: tuple[Sample, ...] = (
    Sample(
        "clean",
        "Clean",
        "40 customers, one campaign, nothing to fix.",
        _FOLDER / "clean.csv",
    ),
    Sample(
        "messy",
        "Messy",
        "A Spanish workbook as it comes from an office: bad numbers, doubles, gaps.",
        _FOLDER / "messy.xlsx",
    ),
    Sample(
        "several",
        "Several campaigns",
        "120 rows over six campaigns, some of which answer with errors.",
        _FOLDER / "several_campaigns.csv",
    ),
)
