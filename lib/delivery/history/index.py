"""An index of the people whom sendouts of earlier runs have reached, so that none is read twice.

For each sendout in which nothing waits any more, a file of its people: their numbers, sorted, and
when. It is made from the ledger and the frozen plan when it is first asked for, and may be removed
at any time. It is never the truth: one that does not add up to the ledger's counters is made anew.
"""

import contextlib
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import Connection

from lib.atomic_files import write_atomically
from lib.campaign import FrozenPlan
from lib.delivery.ledger.history import (
    PreviousSendout,
    RecipientMarks,
    changing_marks,
    settled_marks,
)
from lib.settings import Settings

_MINUTE: Final = 60_000_000
# Nothing but records: to open a thousand files with headers takes longer than to read them.
_KEPT: Final = np.dtype([("number", "<i8"), ("minute", "<i4"), ("doubtful", "?")])


@dataclass(frozen=True)
class RecipientIndex:
    """The people of a sendout as whole numbers, sorted, with their marks.

    ``minutes`` counts from 1970; where it is 0, there is no time yet.
    """

    numbers: np.ndarray
    reached: np.ndarray
    unknown: np.ndarray
    coming: np.ndarray
    minutes: np.ndarray


def recipient_index(db: Connection, of: PreviousSendout, settings: Settings) -> RecipientIndex:
    """Return the people whom a sendout has reached, or may have, or is going to.

    Raises OSError or ValueError where its frozen plan cannot be read.
    """
    if of.waiting:
        return _joined(of, changing_marks(db, of), settings)
    kept = _read(_path(of, settings))
    if kept is not None and _adds_up(kept, of):
        return kept
    people = _joined(of, settled_marks(db, of), settings)
    if not _adds_up(people, of):
        # Its rows in doubt have been put back in line since its counters were read.
        return _joined(of, changing_marks(db, of), settings)
    # Without room on the disk it is made again the next time, and nothing is lost.
    with contextlib.suppress(OSError):
        store_recipient_index(of, people, settings)
    return people


def _path(of: PreviousSendout, settings: Settings) -> Path:
    return settings.reached_dir / f"{of.run_id}-{of.number}.people"


def _adds_up(people: RecipientIndex, of: PreviousSendout) -> bool:
    return int(people.reached.sum()) == of.accepted and int(people.unknown.sum()) == of.unknown


def _joined(of: PreviousSendout, marks: RecipientMarks, settings: Settings) -> RecipientIndex:
    """Bring the marks of positions to the people at these positions."""
    numbers, order = _sorted_numbers(FrozenPlan.open(of.plan_id, settings), of.start, of.stop)
    chosen = (marks.reached | marks.unknown | marks.coming)[order]
    order = order[chosen]
    return RecipientIndex(
        numbers=numbers[chosen],
        reached=marks.reached[order],
        unknown=marks.unknown[order],
        coming=marks.coming[order],
        minutes=(marks.settled_at[order] // _MINUTE).astype("int32"),
    )


@functools.lru_cache(maxsize=4)
def _sorted_numbers(plan: FrozenPlan, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers at these positions, sorted, and from which place each has come."""
    numbers = plan.numbers(start, stop)
    order = np.argsort(numbers)
    return numbers[order], order


def _read(path: Path) -> RecipientIndex | None:
    """Read what is kept of a sendout; None where there is nothing.

    A file that was cut short does not add up, and is made anew for that.
    """
    try:
        kept = np.fromfile(path, _KEPT)
    except OSError:
        return None
    unknown = kept["doubtful"]
    nobody = np.zeros(len(kept), dtype=bool)
    return RecipientIndex(
        np.ascontiguousarray(kept["number"]), ~unknown, unknown, nobody, kept["minute"]
    )


def store_recipient_index(of: PreviousSendout, people: RecipientIndex, settings: Settings) -> None:
    """Write down the people of a sendout in which nothing waits. Raises OSError."""
    kept = np.rec.fromarrays([people.numbers, people.minutes, people.unknown], dtype=_KEPT)
    write_atomically(_path(of, settings), kept.tobytes())
