"""Sample sheets that come with the app, for use with the sandbox."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lib.i18n import N_

_FOLDER: Final = Path(__file__).parent / "sample_files"


@dataclass(frozen=True)
class Sample:
    """A sample sheet. ``title`` and ``sentence`` are source texts, translated when shown."""

    name: str
    title: str
    sentence: str
    path: Path


SAMPLES: Final = (
    Sample(
        "clean",
        N_("Clean"),
        N_("40 customers, one campaign, nothing to fix."),
        _FOLDER / "clean.csv",
    ),
    Sample(
        "messy",
        N_("Messy"),
        N_("A Spanish workbook with bad numbers, duplicates and blanks."),
        _FOLDER / "messy.xlsx",
    ),
    Sample(
        "several",
        N_("Several campaigns"),
        N_("120 rows in six campaigns, some of which return errors."),
        _FOLDER / "several_campaigns.csv",
    ),
)
