"""Quality of automatic detection of dialects, out of ten points, as in surveys of CSV readers.

One point for reading the file at all, and three each for header, records and cells: precision,
recall and their harmonic mean. Two scores: the mean over all files, and the mean in which each
kind of pollution counts as often as it is met among public files.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from statistics import mean

import clevercsv
import pandas as pd

from benchmarks.harness import Line
from benchmarks.pollution import FREQUENCY, Polluted, Record, polluted, polluted_rows
from lib.sheet import ReadOptions
from lib.sheet.dispatch import read_contents
from lib.sheet.errors import SheetError
from lib.sheet.read_options import ReadLimits

Reader = Callable[[bytes], tuple[Record, list[Record]]]
_LIMITS = ReadLimits(rows=100_000, columns=1_000, cells=1_000_000)


def ours(data: bytes) -> tuple[Record, list[Record]]:
    """Read with Sendout Studio in this process; generated column names do not count."""
    sheet, _ = read_contents(data, worksheet=None, reading=ReadOptions(), limits=_LIMITS)
    columns = [column.to_pylist() for column in sheet.table.columns]
    records = [list(record) for record in zip(*columns, strict=True)]
    return [name for name in sheet.names if name not in sheet.made_up], records


def plain(data: bytes) -> tuple[Record, list[Record]]:
    """Read with pandas and its detection of delimiters."""
    frame = pd.read_csv(
        io.BytesIO(data), sep=None, engine="python", dtype=str, keep_default_na=False
    )
    return [str(name) for name in frame.columns], frame.fillna("").to_numpy().tolist()


def sniffed(data: bytes) -> tuple[Record, list[Record]]:
    """Read with the dialect sniffer of CleverCSV."""
    text = data.decode("utf-8", "replace")
    dialect = clevercsv.Sniffer().sniff(text[:20_000]) or "excel"
    records = list(clevercsv.reader(io.StringIO(text, newline=""), dialect))
    return records[0], records[1:]


def scores(reader: Reader, files: list[Polluted]) -> dict[str, float]:
    """Return the scores by file name."""
    return {file.name: _score(reader, file) for file in files}


def weighted(found: Mapping[str, float], files: list[Polluted]) -> float:
    """Return the mean weighted by how frequent each kind of pollution is."""
    by_kind: dict[str, list[float]] = {}
    for file in files:
        by_kind.setdefault(file.kind, []).append(found[file.name])
    kinds = FREQUENCY.keys() & by_kind.keys()
    total = sum(FREQUENCY[kind] for kind in kinds)
    return sum(FREQUENCY[kind] * mean(by_kind[kind]) for kind in kinds) / total


def main() -> Iterator[Line]:
    """Yield a line for each score."""
    files = list(chain(polluted(), polluted_rows()))
    found = [scores(reader, files) for reader in (ours, plain, sniffed)]
    yield from _lines_by_kind(found, files)
    for what, values in (
        ("each counted once", [mean(each.values()) for each in found]),
        ("weighted by how often each is met", [weighted(each, files) for each in found]),
    ):
        yield Line(
            f"form of {len(files):,} polluted texts found, of 10, {what}",
            f"{values[0]:.2f}",
            f"pandas {values[1]:.2f}, CleverCSV {values[2]:.2f}",
            "",
        )


def _lines_by_kind(found: Sequence[Mapping[str, float]], files: list[Polluted]) -> Iterator[Line]:
    """Yield a line for each kind of pollution, with the mean scores of the three readers."""
    names: dict[str, list[str]] = {}
    for file in files:
        names.setdefault(file.kind, []).append(file.name)
    for kind, each in sorted(names.items()):
        values = [mean(scores[name] for name in each) for scores in found]
        yield Line(
            f"- {kind}: {len(each):,} texts",
            f"{values[0]:.2f}",
            f"pandas {values[1]:.2f}, CleverCSV {values[2]:.2f}",
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
            (map(str.strip, file.header), (str(name).strip() for name in header)),
            (map(_line, file.records), map(_line, records)),
            (_cells(file.records), _cells(records)),
        )
    )


def _agreement(wanted: Counter[str], found: Counter[str]) -> float:
    if not wanted:
        return 3.0
    both = (wanted & found).total()
    if not both:
        return 0.0
    recall, precision = both / wanted.total(), both / found.total()
    return recall + precision + 2 * recall * precision / (recall + precision)


def _line(record: Record) -> str:
    return "\x1f".join(cell.strip() for cell in record)


def _cells(records: list[Record]) -> list[str]:
    return [cell.strip() for record in records for cell in record]
