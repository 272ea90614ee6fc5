"""Malformed tables as found in the wild, each with its correct content.

The kinds of pollution, and how often each is met among public files, are those of surveys (for
one, Vitagliano and others, "Pollock: A Data Loading Benchmark", VLDB 2023); tables and code are
our own. What a file should read as is its table with the pollution undone.
"""

import csv
import io
import random
from collections.abc import Iterator
from typing import Final, NamedTuple

Record = list[str]


class Polluted(NamedTuple):
    """The kind, name and bytes of a file, with its correct header and records."""

    kind: str
    name: str
    data: bytes
    header: Record
    records: list[Record]


# How often a kind is met, in hundredths of the polluted files that the survey counted.
FREQUENCY: Final = {
    "LF": 38.0,
    "semicolon": 18.7,
    "no header": 10.6,
    "preamble": 6.3,
    "more": 6.3,
    "less": 5.6,
    "no last ending": 4.1,
    "tables": 4.2,
    "comma and space": 2.3,
    "header in two rows": 2.1,
    "CR": 0.2,
    "tab": 0.1,
    "space": 0.1,
    "quote '": 0.2,
    "escape": 0.2,
    "stray quote": 0.2,
    "row by spaces": 0.1,
    "one row": 0.1,
    "two last endings": 0.1,
}
# Kinds without a frequency are ours: the survey does not count them.


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
            f"${dice.randrange(5, 90)}.{dice.randrange(100):02d}",
            str(dice.randrange(40)),
            "Warm, light and dry" if number % 3 else 'Board, 5" deep',
            f"For walks of {number} km, hills included; it's made to last, and easy to wash.",
            "yes" if number % 2 else "no",
            f"https://example.com/AB_{1000 + number}.html",
            "",
        ]
        for number in range(80)
    ]
    measured = [
        [str(number), f"{number / 3:.3f}", f"{dice.gauss(20, 2):.2f}", f"{dice.gauss(0, 9):.4f}"]
        for number in range(120)
    ]
    return [
        Table("recipients", ["phone", "name", "due", "code", "amount"], recipients),
        Table(
            "goods", ["Code", "Price", "Stock", "Title", "About", "New", "Link", "Remarks"], goods
        ),
        Table("measured", ["n", "seconds", "celsius", "drift"], measured),
    ]


def polluted() -> Iterator[Polluted]:
    """Yield every table in every way of writing it, as a file as a whole."""
    for table in tables():
        yield from _dialects(table)
        yield from _files(table)
        yield from _several(table)
        yield from _tidy(table)
        yield from _tops(table)
        yield from _ends(table)
        # Facts and small tables have as many cells as narrow tables have.
        for width in (2, 3):
            yield from _tops(_narrow(table, width))
    yield from _encodings()
    yield from _wholes()


def polluted_rows() -> Iterator[Polluted]:
    """Yield one table with each of its rows and cells polluted in turn."""
    yield from _rows(tables()[1])


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
    inner = quote * 2 if escape is None else f"{escape}{quote}"

    def cell(text: str) -> str:
        if quote_all or delimiter in text or quote in text or "," in text:
            return f"{quote}{text.replace(quote, inner)}{quote}"
        return text

    return "".join(delimiter.join(map(cell, record)) + ending for record in records)


def _dialects(table: Table) -> Iterator[Polluted]:
    lines = [table.header, *table.records]
    kinds = {";": "semicolon", ", ": "comma and space", "\t": "tab"}
    for delimiter in (",", ";", "\t", "|", ":", " ", ", ", "\t\t", "^", "~"):
        for quote_all in (False, True):
            text = written(lines, delimiter=delimiter, quote_all=quote_all)
            kind = kinds.get(delimiter, "delimiter")
            yield _of(table, kind, f"delimiter {delimiter!r} {quote_all}", text)
    for kind, ending in (("LF", "\n"), ("CR", "\r")):
        yield _of(table, kind, kind, written(lines, ending=ending))
    for quote_all in (False, True):
        text = written(lines, quote="'", quote_all=quote_all)
        yield _of(table, "quote '", f"quote ' {quote_all}", text)
    yield _of(table, "escape", "escape \\", written(lines, quote_all=True, escape="\\"))
    yield _of(table, "escape", "nothing escaped", written(lines, escape=""))
    text = written(lines)
    for encoding in ("utf-8-sig", "utf-16", "cp1252", "latin-1"):
        yield _of(table, "encoding", f"encoding {encoding}", text, encoding=encoding)
    yield _of(table, "sep line", "sep line", "sep=;\r\n" + written(lines, delimiter=";"))


def _files(table: Table) -> Iterator[Polluted]:
    lines = [table.header, *table.records]
    width = len(table.header)
    text = written(lines)
    blank = [""] * (width - 1)
    for count in (1, 3):
        titles = [[f"Report of the month, part {number}"] for number in range(count)]
        for name, top in (("bare", titles), ("padded", [title + blank for title in titles])):
            for kind, above, below in (("preamble", top, []), ("footer", [], top)):
                for gap in ("", "\r\n", "," * (width - 1) + "\r\n"):
                    before = written(above) + gap if above else ""
                    after = gap + written(below) if below else ""
                    yield _of(table, kind, f"{kind} {count} {name} {gap!r}", before + text + after)
    yield _of(table, "no header", "no header", written(table.records), header=[])
    twice = written([table.header]) + text
    yield _of(table, "header in two rows", "header twice", twice)
    yield _of(table, "no last ending", "no last ending", text.removesuffix("\r\n"))
    yield _of(table, "two last endings", "two last endings", text + "\r\n\r\n")
    yield _of(table, "one row", "one row", written(lines[:2]), records=table.records[:1])
    yield _of(table, "empty column", "empty column", written([[*line, ""] for line in lines]))
    empty = written([["", *blank]] * 3)
    yield _of(table, "empty rows", "empty rows at the end", text + empty)
    half = len(lines) // 2
    parted = written(lines[:half]) + "\r\n" + written(lines[half:])
    yield _of(table, "empty rows", "blank line", parted)
    yield _of(table, "NULs", "NULs", text.replace("1", "\x001"))


def _several(table: Table) -> Iterator[Polluted]:
    """Yield files with a second table below the first one, of which the first one is meant."""
    lines = [table.header, *table.records]
    text = written(lines)
    width = len(table.header)
    less = [line[: width - 1] for line in lines[:-1]]
    more = [[*line, "extra" if at == 0 else ""] for at, line in enumerate(lines[:-1])]
    other = [["City", "People", "Since"], ["Lima", "10000", "1535"], ["Quito", "2800", "1534"]]
    title = written([["Towns"]])
    for name, second in (
        ("less", written(less)),
        ("more", written(more)),
        ("other, after a gap", "\r\n" + written(other)),
        ("other, with a title", "\r\n" + title + written(other)),
    ):
        yield _of(table, "tables", f"tables {name}", text + second)


def _tidy(table: Table) -> Iterator[Polluted]:
    """Yield files in which one record, quoted by the rules, has an unusual form."""
    width = len(table.header)
    for name, row in (
        ("wider", [*table.records[20], "one, two", "three"]),
        ("narrower", [*table.records[20][:-2], "one, two, three, four"]),
        ("glued", [f'{table.records[20][0]}","{table.records[21][0]}', *table.records[20][2:]]),
        ("two lines, wider", ["one, two\r\nthree, four", *table.records[20]]),
        ("only line breaks", ["\r\n", *table.records[20], "\r\n", "x"]),
        ("line break in the first cell", ["\r\n", *table.records[20][1:]]),
    ):
        lines = [table.header, *table.records[:20], row, *table.records[21:]]
        texts = [written([line], quote_all=line is row) for line in lines]
        size = max(width, len(row))
        padded = [[*line, *[""] * (size - len(line))] for line in lines]
        filled = [at for at in range(size) if any(line[at].strip() for line in padded)]
        records = [[line[at] for at in filled] for line in padded[1:]]
        yield _of(table, "tidy", f"tidy {name}", "".join(texts), records=records)
    notes = [[*row[:-1], f'5" {at}"'] for at, row in enumerate(table.records)]
    text = written([table.header, *notes], quote_all=True, escape="\\")
    yield _of(table, "escape", "escape at the end of cells", text, records=notes)
    sentence = "Please call first, then write; thanks, all of you, and goodbye"
    for at in (10, 30):
        lines = [table.header, *table.records[:at], [sentence], *table.records[at:]]
        width = len(table.header)
        records = [[*line, *[""] * (width - len(line))] for line in lines[1:]]
        text = written(lines, delimiter="|")
        yield _of(table, "sentence", f"sentence in row {at}", text, records=records)


def _narrow(table: Table, width: int) -> Table:
    """Return the first columns of a table."""
    records = [record[:width] for record in table.records]
    return Table(f"{table.name} of {width}", table.header[:width], records)


def _tops(table: Table) -> Iterator[Polluted]:
    """Yield files with facts, titles or stray records above the column names."""
    text = written([table.header, *table.records])
    date, facts = ["Report date", "2024-01-05"], ["Report", "Sales"]
    towns = [["Town", "People"], ["Lima", "9"], ["Quito", "3"]]
    for kind, top in (
        ("fact", written([date]) + "\r\n"),
        ("fact", written([date])),
        ("fact", written([facts, date]) + "\r\n"),
        ("fact", written([facts, ["Made by", "Ana"]]) + "\r\n"),
        ("title with commas", "Clients, Mexico, May 2024\r\n"),
        ("title with commas", "Clients, Mexico, May 2024, new, old, all, any, some, more\r\n"),
        ("title with commas", "Clients, Mexico\r\n\r\n"),
        ("stray record", written([table.records[0]])),
        ("small table first", written(towns) + "\r\n"),
    ):
        if kind == "stray record" and table.header[0] == "phone":
            continue  # a row with a phone is always a row
        yield _of(table, kind, f"{kind} {top!r}", top + text)
    groups = [name if at % 2 == 0 else "" for at, name in enumerate(["Who", "", "What", ""] * 2)]
    upper = groups[: len(table.header)]
    joined = [f"{'Who' if at % 4 < 2 else 'What'} {name}" for at, name in enumerate(table.header)]
    text = written([upper, table.header, *table.records])
    if len(upper) > 2:
        yield _of(table, "header in two rows", "groups of names", text, header=joined)
    fact = written([date]) + "\r\n" + written(table.records)
    if table.header[0] == "phone":
        yield _of(table, "fact", "fact, no header", fact, header=[])


def _ends(table: Table) -> Iterator[Polluted]:
    """Yield files whose last rows have a value in their first cell only."""
    width = len(table.header)
    alone = [[row[0], *[""] * (width - 1)] for row in table.records[:2]]
    names = [[f"Client {at}", *row] for at, row in enumerate(table.records)]
    header = ["who", *table.header]
    last = [[f"Person {at}", *[""] * width] for at in range(3)]
    text = written([table.header, *table.records, *alone])
    yield _of(table, "name only", "first cell only", text, records=[*table.records, *alone])
    text = written([header, *names, *last])
    yield _of(table, "name only", "names only", text, header=header, records=[*names, *last])
    text = written([header, *last])
    yield _of(table, "name only", "only names only", text, header=header, records=last)
    total = [["Total", *[""] * (width - 1), "9"]]
    text = written([header, *names, *last, *total])
    yield _of(table, "name only", "names and total", text, header=header, records=[*names, *last])


def _encodings() -> Iterator[Polluted]:
    """Yield lists of people in encodings that only their letters reveal."""
    people = {
        "big5": ["王小明", "陳美玲", "林志豪", "張雅婷"],
        "gb18030": ["王小明", "陈美玲", "林志强", "张雅婷"],
        "shift_jis": ["山田花子", "佐藤太郎", "鈴木一郎", "高橋さくら"],
        "euc_kr": ["김민수", "이서연", "박지훈", "최은지"],
        "utf-16-le": ["山田花子", "佐藤太郎", "鈴木一郎", "高橋さくら"],
        "utf-16-be": ["山田花子", "佐藤太郎", "一番", "高橋さくら"],
        "cp1251": ["Анна Иванова", "Пётр Смирнов"],
        "cp1253": ["Άννα Παπαδοπούλου", "Γιώργος Νικολάου"],
        "cp1252": ["José Ñandú", "Zoë Müller", "João Conceição"],
    }
    for encoding, names in people.items():
        for count in (10, 100, 20_000):
            records = [
                [f"+1202{at:07d}", names[at % len(names)], "x" * (at % 3)] for at in range(count)
            ]
            table = Table(f"{count} names", ["phone", "name", "x"], records)
            text = written([table.header, *records])
            yield _of(table, "letters", encoding, text, encoding=encoding)
    right = [["+12025550101", "It\u2019s 5 €"], ["+12025550102", "Ana \u2013 Lima"]]
    wrong = [[cell.encode("cp1252").decode("latin-1") for cell in row] for row in right]
    for count in (1, 50):
        table = Table(f"{count} controls", ["phone", "note"], right * count)
        text = written([table.header, *wrong * count])
        yield _of(table, "Windows letters", f"controls {count}", text)


def _wholes() -> Iterator[Polluted]:
    """Yield files whose rows are easily taken for something else."""
    towns = [
        ["Lima", "Peru", f"Shop {at}"] if at % 3 else ["Cusco", "Peru", "Bar"] for at in range(90)
    ]
    grouped = [
        ["", f"Ana {at}", "Lima"] if at % 5 else [f"Group {at // 5}", "", ""] for at in range(50)
    ]
    for kind, records, header in (
        ("all equal", [["Lima", "Peru", "x"]] * 12, []),
        ("shared cells", towns, []),
        ("groups", grouped, []),
        ("groups", grouped, ["group", "name", "town"]),
    ):
        table = Table(kind, header, records)
        text = written([header, *records] if header else records)
        yield _of(table, kind, f"{kind} {bool(header)}", text, header=header)
    phones = [[f"+120255501{at:02d}"] for at in range(30)]
    for delimiter in (",", ", ", ";", "; "):
        table = Table("list", [], phones)
        text = delimiter.join(phone for [phone] in phones)
        yield _of(table, "list on one line", f"list by {delimiter!r}", text, header=[])


def _rows(table: Table) -> Iterator[Polluted]:
    lines = [table.header, *table.records]
    for at, row in enumerate(lines):
        yield _changed(table, "LF once", f"ending of row {at}", at, written([row], ending="\n"))
        for other in (";", "\t"):
            cells = written([row], delimiter=other)
            yield _changed(table, "row by others", f"row {at} by {other!r}", at, cells)
        by_spaces = written([row], delimiter=" ", quote_all=True)
        yield _changed(table, "row by spaces", f"row {at} by spaces", at, by_spaces)
        cells_written = [written([[cell]]).removesuffix("\r\n") for cell in row]
        for cell in range(len(row)):
            more = [*cells_written[: cell + 1], "", *cells_written[cell + 1 :]]
            yield _changed(table, "more", f"row {at} more {cell}", at, _joined(more))
            stray = [*row[:cell], f'"{row[cell]}', *row[cell + 1 :]]
            raw = _with_stray(cells_written, cell)
            name = f"row {at} stray quote {cell}"
            yield _changed(table, "stray quote", name, at, raw, instead=stray)
        for cell in range(1, len(row)):
            first = cells_written[cell - 1] + cells_written[cell]
            less = [*cells_written[: cell - 1], first, *cells_written[cell + 1 :]]
            yield _changed(table, "less", f"row {at} less {cell}", at, _joined(less))


def _joined(cells: Record) -> str:
    return ",".join(cells) + "\r\n"


def _with_stray(cells: Record, at: int) -> str:
    """Return a line in which a quotation mark stands before a cell's own text."""
    cell = cells[at]
    stray = f'"{cell}' if not cell.startswith('"') else f'""{cell[1:]}'
    return _joined([*cells[:at], stray, *cells[at + 1 :]])


def _changed(
    table: Table,
    kind: str,
    name: str,
    at: int,
    line: str,
    *,
    instead: Record | None = None,
) -> Polluted:
    """Change how one line is written, and maybe what it should read as."""
    lines = [table.header, *table.records]
    texts = [written([record]) for record in lines]
    texts[at] = line
    if instead is not None:
        lines[at] = instead
    return _of(table, kind, name, "".join(texts), header=lines[0], records=lines[1:])


def _of(
    table: Table,
    kind: str,
    name: str,
    text: str,
    *,
    encoding: str = "utf-8",
    header: Record | None = None,
    records: list[Record] | None = None,
) -> Polluted:
    return Polluted(
        kind,
        f"{table.name}: {name}",
        text.encode(encoding, "replace"),
        table.header if header is None else header,
        table.records if records is None else records,
    )
