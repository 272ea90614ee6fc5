"""Run a measurement in a separate process, and return its time and peak memory."""

import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from statistics import median
from typing import Final, NamedTuple

from lib.sheet.process.parent import READERS

_TIMES: Final = 3

# Imports and the first use of the readers cost the same whatever the size; they are done before.
_SMALL = "phone,name,campaign\n+16502000000,Ana,promo\n+16502000001,Eva,promo\n"


class Line(NamedTuple):
    """A line of the table: name, our figure, that of the plain script, and the ratio."""

    what: str
    ours: str
    plain: str
    ratio: str

    def __str__(self) -> str:
        return f"| {self.what} | {self.ours} | {self.plain} | {self.ratio} |"


@dataclass(frozen=True)
class Measured:
    """Elapsed ``seconds``, and peak ``megabytes`` of the process and its children."""

    seconds: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.megabytes:,.0f} MB"


def measured(task: Callable[[str], int], argument: str) -> Measured:
    """Run ``task(argument)`` in a new process with an empty data folder."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(there, task, argument))
    process.start()
    there.close()
    try:
        return Measured(*here.recv())
    finally:
        process.join()


def compared(
    ours: Callable[[str], int], theirs: Callable[[str], int], argument: str
) -> tuple[Measured, Measured]:
    """Measure both functions alternately, so that other load affects both.

    Return the median times and the peak memory.
    """
    pairs = [(measured(ours, argument), measured(theirs, argument)) for _ in range(_TIMES)]
    first, second = (
        Measured(median(each.seconds for each in way), max(each.megabytes for each in way))
        for way in zip(*pairs, strict=True)
    )
    return first, second


def _run(answer: Connection, task: Callable[[str], int], argument: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SENDOUT_DATA_DIR"] = folder
        _warm_up()
        start = time.perf_counter()
        task(argument)
        seconds = time.perf_counter() - start
    # The memory of processes counts once they have ended.
    READERS.close()
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    answer.send((seconds, max(kilobytes, children) / 1024))
    answer.close()


def _warm_up() -> None:
    from lib.campaign import make_plan, suggest_mapping
    from lib.sheet import read_sheet

    sheet = read_sheet(_SMALL.encode())
    make_plan(sheet, suggest_mapping(sheet))
