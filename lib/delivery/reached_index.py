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
import pyarrow as pa
from sqlalchemy import Connection

from lib.campaign import FrozenPlan
from lib.delivery.ledger_reached import (
    EarlierSendout,
    Marks,
    marks_of_moving,
    marks_of_settled,
)
from lib.files import write_atomically
from lib.settings import Settings

_MINUTE: Final = 60_000_000


@dataclass(frozen=True)
class People:
    """The people of a sendout as whole numbers, sorted, with their marks.

    ``minutes`` counts from 1970; where it is 0, there is no time yet.
    """

    numbers: np.ndarray
    reached: np.ndarray
    doubtful: np.ndarray
    coming: np.ndarray
    minutes: np.ndarray


def people_of(db: Connection, of: EarlierSendout, settings: Settings) -> People:
    """Return the people whom a sendout has reached, or may have, or is going to.

    Raises OSError or ValueError where its frozen plan cannot be read.
    """
    if of.waiting:
        return _joined(of, marks_of_moving(db, of), settings)
    kept = _read(_path(of, settings))
    if kept is not None and _adds_up(kept, of):
        return kept
    people = _joined(of, marks_of_settled(db, of), settings)
    if not _adds_up(people, of):
        # Its rows in doubt have been put back in line since its counters were read.
        return _joined(of, marks_of_moving(db, of), settings)
    # Without room on the disk it is made again the next time, and nothing is lost.
    with contextlib.suppress(OSError):
        keep_people(of, people, settings)
    return people


def _path(of: EarlierSendout, settings: Settings) -> Path:
    return settings.reached_dir / f"{of.run_id}-{of.number}.arrow"


def _adds_up(people: People, of: EarlierSendout) -> bool:
    return int(people.reached.sum()) == of.accepted and int(people.doubtful.sum()) == of.unknown


def _joined(of: EarlierSendout, marks: Marks, settings: Settings) -> People:
    """Bring the marks of positions to the people at these positions."""
    numbers, order = _sorted_numbers(FrozenPlan.open(of.plan_id, settings), of.start, of.stop)
    chosen = (marks.reached | marks.doubtful | marks.coming)[order]
    order = order[chosen]
    return People(
        numbers=numbers[chosen],
        reached=marks.reached[order],
        doubtful=marks.doubtful[order],
        coming=marks.coming[order],
        minutes=(marks.settled_at[order] // _MINUTE).astype("int32"),
    )


@functools.lru_cache(maxsize=4)
def _sorted_numbers(plan: FrozenPlan, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers at these positions, sorted, and from which place each has come."""
    numbers = plan.numbers(start, stop)
    order = np.argsort(numbers)
    return numbers[order], order


def _read(path: Path) -> People | None:
    """Open what is kept of a sendout, not loaded; None where there is nothing that can be used."""
    try:
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        numbers, marks, minutes = (
            table[name].to_numpy() for name in ("number", "doubtful", "minute")
        )
    except (OSError, ValueError, KeyError):
        return None
    doubtful = marks.astype(bool)
    return People(numbers, ~doubtful, doubtful, np.zeros(len(numbers), dtype=bool), minutes)


def keep_people(of: EarlierSendout, people: People, settings: Settings) -> None:
    """Write down the people of a sendout in which nothing waits. Raises OSError."""
    table = pa.table(
        {
            "number": people.numbers,
            "minute": people.minutes,
            "doubtful": people.doubtful.astype("uint8"),
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    write_atomically(_path(of, settings), sink.getvalue().to_pybytes())
