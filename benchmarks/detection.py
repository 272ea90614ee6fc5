"""How well the form of a text is found, without a hint: out of ten, as surveys of readers count.

One point for reading the file at all, and three each for header, records and cells: precision,
recall and their harmonic mean. Empty cells at the end of a record do not count.
"""

import csv
import io
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from statistics import mean

import clevercsv
import pandas as pd

from benchmarks.harness import Line
from benchmarks.pollution import Polluted, Record, polluted
from lib.sheet import read_sheet
from lib.sheet.errors import SheetError

Reader = Callable[[bytes], tuple[Record, list[Record]]]


def ours(data: bytes) -> tuple[Record, list[Record]]:
    """Read as Sendout Studio does."""
    frame = read_sheet(data, filename="polluted.csv").frame
    return list(frame.columns), frame.to_numpy().tolist()


def plain(data: bytes) -> tuple[Record, list[Record]]:
    """Read as a plain script does: pandas, which guesses the delimiter."""
    frame = pd.read_csv(
        io.BytesIO(data), sep=None, engine="python", dtype=str, keep_default_na=False
    )
    return [str(name) for name in frame.columns], frame.to_numpy().tolist()


def sniffed(data: bytes) -> tuple[Record, list[Record]]:
    """Read with the best known sniffer of dialects, CleverCSV's."""
    text = data.decode("utf-8")
    dialect = clevercsv.Sniffer().sniff(text[:20_000]) or "excel"
    records = list(clevercsv.reader(io.StringIO(text, newline=""), dialect))
    return records[0], records[1:]


def scores(reader: Reader, files: list[Polluted]) -> dict[str, float]:
    """Return the score of each file, by its name."""
    return {file.name: _score(reader, file) for file in files}


def main() -> Iterator[Line]:
    """Measure and yield one line."""
    files = list(polluted())
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SENDOUT_DATA_DIR"] = folder
        found = [mean(scores(reader, files).values()) for reader in (ours, plain, sniffed)]
    yield Line(
        f"form of {len(files):,} polluted texts found, of 10",
        f"{found[0]:.2f}",
        f"pandas {found[1]:.2f}, CleverCSV {found[2]:.2f}",
        "",
    )


def _score(reader: Reader, file: Polluted) -> float:
    try:
        header, records = reader(file.data)
    except (SheetError, ValueError, csv.Error, clevercsv.Error, IndexError, TypeError):
        return 0.0
    return 1.0 + sum(
        _agreement(Counter(wanted), Counter(found))
        for wanted, found in (
            (_cut(file.header), _cut(header)),
            (map(_line, file.records), map(_line, records)),
            (_cells(file.records), _cells(records)),
        )
    )


def _agreement(wanted: Counter[str], found: Counter[str]) -> float:
    both = (wanted & found).total()
    if not both:
        return 0.0
    recall, precision = both / wanted.total(), both / found.total()
    return recall + precision + 2 * recall * precision / (recall + precision)


def _cut(record: Record) -> Record:
    cells = [str(cell).strip() for cell in record]
    while cells and (not cells[-1] or cells[-1].startswith(("Column ", "Unnamed"))):
        cells.pop()
    return cells


def _line(record: Record) -> str:
    return "\x1f".join(_cut(record))


def _cells(records: list[Record]) -> list[str]:
    return [cell for record in records for cell in _cut(record)]
