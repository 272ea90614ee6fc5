"""A file index of the recipients of previous sendouts, which saves reading their plans again.

Each sendout without waiting rows has one file: the sorted phone numbers of its recipients, and when
each was reached. It is built from the ledger and the frozen plan on first use and may be deleted at
any time. A file that does not match the ledger's counters is built again.
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
# Records without a header: for a thousand files, parsing headers takes longer than reading.
_RECORD: Final = np.dtype([("number", "<i8"), ("minute", "<i4"), ("doubtful", "?")])


@dataclass(frozen=True)
class RecipientIndex:
    """The recipients of a sendout: sorted phone numbers as integers, and a mask per outcome.

    ``reached`` have been accepted, ``unknown`` may have been, ``coming`` are not sent yet.
    ``minutes`` since 1970 is when each was reached; 0 if there is no time yet.
    """

    numbers: np.ndarray
    reached: np.ndarray
    unknown: np.ndarray
    coming: np.ndarray
    minutes: np.ndarray


def recipient_index(db: Connection, sendout: PreviousSendout, settings: Settings) -> RecipientIndex:
    """Return the people whom a sendout has reached, may have reached, or will reach.

    Raises StorageError and PlanUnreadableError.
    """
    if sendout.waiting:
        return _index_of(sendout, changing_marks(db, sendout), settings)
    stored = _read_index(_index_path(sendout, settings))
    if stored is not None and _matches_counters(stored, sendout):
        return stored
    people = _index_of(sendout, settled_marks(db, sendout), settings)
    if not _matches_counters(people, sendout):
        # Unknown rows have been queued for a resend since the counters were read.
        return _index_of(sendout, changing_marks(db, sendout), settings)
    # On a full disk, the index is built again the next time.
    with contextlib.suppress(OSError):
        store_recipient_index(sendout, people, settings)
    return people


def _index_path(sendout: PreviousSendout, settings: Settings) -> Path:
    return settings.reached_dir / f"{sendout.run_id}-{sendout.number}.people"


def _matches_counters(people: RecipientIndex, sendout: PreviousSendout) -> bool:
    counted = int(people.reached.sum()), int(people.unknown.sum())
    return counted == (sendout.accepted, sendout.unknown)


def _index_of(
    sendout: PreviousSendout, marks: RecipientMarks, settings: Settings
) -> RecipientIndex:
    """Return the index of the entries that have a mark, from marks by position."""
    plan = FrozenPlan.open(sendout.plan_id, settings)
    numbers, order = _sorted_numbers(plan, sendout.start, sendout.stop)
    is_marked = (marks.reached | marks.unknown | marks.coming)[order]
    order = order[is_marked]
    return RecipientIndex(
        numbers=numbers[is_marked],
        reached=marks.reached[order],
        unknown=marks.unknown[order],
        coming=marks.coming[order],
        minutes=(marks.settled_at[order] // _MINUTE).astype("int32"),
    )


@functools.lru_cache(maxsize=4)
def _sorted_numbers(plan: FrozenPlan, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted numbers at these positions, and the index that each had before."""
    numbers = plan.numbers(start, stop)
    order = np.argsort(numbers)
    return numbers[order], order


def _read_index(path: Path) -> RecipientIndex | None:
    """Read the index file of a sendout; return None if it cannot be read.

    A truncated file does not match the counters.
    """
    try:
        records = np.fromfile(path, _RECORD)
    except OSError:
        return None
    unknown = records["doubtful"]
    coming = np.zeros(len(records), dtype=bool)
    return RecipientIndex(
        np.ascontiguousarray(records["number"]), ~unknown, unknown, coming, records["minute"]
    )


def store_recipient_index(
    sendout: PreviousSendout, people: RecipientIndex, settings: Settings
) -> None:
    """Write the index file of a sendout without waiting rows. Raises OSError."""
    records = np.rec.fromarrays([people.numbers, people.minutes, people.unknown], dtype=_RECORD)
    write_atomically(_index_path(sendout, settings), records.tobytes())
