"""Tables written in all the wrong ways that are met in the wild, each with what it should read as.

The kinds of pollution are those that surveys of public CSV files name (for one, Vitagliano and
others, "Pollock: A Data Loading Benchmark", VLDB 2023); tables and code are our own.
"""

import csv
import io
import random
from collections.abc import Iterator
from typing import NamedTuple

Record = list[str]


class Polluted(NamedTuple):
    """A file's name, its bytes, and the header and records that its owner sees in it."""

    name: str
    data: bytes
    header: Record
    records: list[Record]


class Table(NamedTuple):
    """A clean table."""

    name: str
    header: Record
    records: list[Record]


def tables() -> list[Table]:
    """Return three tables: recipients, goods described at length, and measurements."""
    dice = random.Random(7)
    names = ["Ana López", "José Ñandú", "Zoë O'Neil", "Li Wei", "Bruno, the 2nd", "Ümit Öz"]
    recipients = [
        [
            f"+1650555{number:04d}",
            names[number % 6],
            f"{number % 28 + 1:02d}/03/2026",
            f"CODE-{dice.randrange(10_000):04d}",
            f"{dice.randrange(1, 900)}.{dice.randrange(100):02d}",
        ]
        for number in range(90)
    ]
    goods = [
        [
            f"AB-{1000 + number}",
            f"{dice.randrange(5, 90)}.{dice.randrange(100):02d}",
            str(dice.randrange(40)),
            "Warm, light and dry" if number % 3 else 'Board, 5" deep',
            f"For walks of {number} km, hills included; it's made to last, and easy to wash.",
            "yes" if number % 2 else "no",
        ]
        for number in range(80)
    ]
    measured = [
        [str(number), f"{number / 3:.3f}", f"{dice.gauss(20, 2):.2f}", f"{dice.gauss(0, 9):.4f}"]
        for number in range(120)
    ]
    return [
        Table("recipients", ["phone", "name", "due", "code", "amount"], recipients),
        Table("goods", ["Code", "Price", "Stock", "Title", "About", "New"], goods),
        Table("measured", ["n", "seconds", "celsius", "drift"], measured),
    ]


def polluted() -> Iterator[Polluted]:
    """Yield every table in every way of writing it."""
    for table in tables():
        yield from _dialects(table)
        yield from _files(table)
        yield from _rows(table)


def written(
    records: list[Record],
    *,
    delimiter: str = ",",
    quote: str = '"',
    ending: str = "\r\n",
    quote_all: bool = False,
    escape: str | None = None,
) -> str:
    """Write records as one text."""
    if len(delimiter) == 1 and escape is None:
        buffer = io.StringIO()
        csv.writer(
            buffer,
            delimiter=delimiter,
            quotechar=quote,
            lineterminator=ending,
            quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL,
        ).writerows(records)
        return buffer.getvalue()
    inner = f"{escape}{quote}" if escape else quote * 2

    def cell(text: str) -> str:
        if quote_all or delimiter in text or quote in text or "," in text:
            return f"{quote}{text.replace(quote, inner)}{quote}"
        return text

    return "".join(delimiter.join(map(cell, record)) + ending for record in records)


def _dialects(table: Table) -> Iterator[Polluted]:
    lines = [table.header, *table.records]
    for delimiter in (",", ";", "\t", "|", ":", " ", ", ", "\t\t", "^", "~"):
        for quote_all in (False, True):
            text = written(lines, delimiter=delimiter, quote_all=quote_all)
            yield _of(table, f"delimiter {delimiter!r} {quote_all}", text)
    for ending in ("\n", "\r"):
        yield _of(table, f"ending {ending!r}", written(lines, ending=ending))
    for quote_all in (False, True):
        yield _of(table, f"quote ' {quote_all}", written(lines, quote="'", quote_all=quote_all))
    yield _of(table, "escape \\", written(lines, quote_all=True, escape="\\"))
    text = written(lines)
    for encoding in ("utf-8-sig", "utf-16", "cp1252", "latin-1"):
        yield _of(table, f"encoding {encoding}", text, encoding=encoding)
    yield _of(table, "sep line", "sep=;\r\n" + written(lines, delimiter=";"))


def _files(table: Table) -> Iterator[Polluted]:
    lines = [table.header, *table.records]
    width = len(table.header)
    text = written(lines)
    blank = [""] * (width - 1)
    for count in (1, 3):
        titles = [[f"Report of the month, part {number}"] for number in range(count)]
        for name, top in (("bare", titles), ("padded", [title + blank for title in titles])):
            yield _of(table, f"preamble {count} {name}", written(top) + text)
            yield _of(table, f"preamble {count} {name} gap", written(top) + "\r\n" + text)
            yield _of(table, f"footer {count} {name}", text + written(top))
            yield _of(table, f"footer {count} {name} gap", text + "\r\n" + written(top))
    yield _of(table, "no last ending", text.removesuffix("\r\n"))
    yield _of(table, "two last endings", text + "\r\n\r\n")
    yield _of(table, "one row", written(lines[:2]), records=table.records[:1])
    yield _of(table, "empty column", written([[*line, ""] for line in lines]))
    yield _of(table, "empty rows at the end", text + written([["", *blank]] * 3))
    half = len(lines) // 2
    yield _of(table, "blank line", written(lines[:half]) + "\r\n" + written(lines[half:]))
    yield _of(table, "NULs", text.replace("1", "\x001"))


def _rows(table: Table) -> Iterator[Polluted]:
    lines = [table.header, *table.records]
    for at in (1, 2, len(lines) // 2, len(lines) - 1):
        row = lines[at]
        yield _changed(table, f"ending of row {at}", at, written([row], ending="\n"))
        for other in (";", "\t"):
            cells = written([row], delimiter=other)
            yield _changed(table, f"row {at} by {other!r}", at, cells)
        for cell in range(len(row)):
            more = [*row[: cell + 1], "", *row[cell + 1 :]]
            yield _instead(table, f"row {at} more {cell}", at, more)
        for cell in range(2, len(row)):
            yield _instead(table, f"row {at} short {cell}", at, row[:cell])
        stray = [f'{row[0]}"', *row[1:]]
        raw = ",".join([stray[0], written([row[1:]])])
        yield _changed(table, f"row {at} stray quote", at, raw, instead=stray)


def _changed(
    table: Table,
    name: str,
    at: int,
    line: str,
    instead: Record | None = None,
) -> Polluted:
    """Change how one line is written, and maybe what it should read as."""
    lines = [table.header, *table.records]
    texts = [written([record]) for record in lines]
    texts[at] = line
    records = list(table.records)
    if instead is not None:
        records[at - 1] = instead
    return _of(table, name, "".join(texts), records=records)


def _instead(table: Table, name: str, at: int, row: Record) -> Polluted:
    return _changed(table, name, at, written([row]), instead=row)


def _of(
    table: Table,
    name: str,
    text: str,
    *,
    encoding: str = "utf-8",
    records: list[Record] | None = None,
) -> Polluted:
    data = text.encode(encoding, "replace")
    return Polluted(
        f"{table.name}: {name}", data, table.header, table.records if records is None else records
    )
