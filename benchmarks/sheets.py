"""From a file to a checked plan, small files, and phone numbers alone."""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

import pandas as pd
import phonenumbers
import xlsxwriter

from benchmarks import plain
from benchmarks.harness import Line, Measured, compared
from lib.campaign import Answers, Exclusions, make_plan, suggest_mapping
from lib.settings import ROOT, Settings
from lib.sheet import read_sheet
from lib.sheet.phones.parse import normalise
from lib.sheet.process.parent import READERS

CSV_ROWS = 1_000_000
XLSX_ROWS = 100_000
PHONES = 100_000
SMALL_ROWS = 100
SMALL_FILES = 20
HEADER = [
    "phone", "name", "campaign", "code", "city", "amount", "note", "country", "Accepts marketing",
]  # fmt: skip
CITIES = [f"City {number}" for number in range(50)]
NOTES = [f"Member for {number} years" for number in range(2, 22)]
EXCLUDED = [f"+1650{2_000_000 + number * 70}" for number in range(10_000)]


def main() -> Iterator[Line]:
    """Measure and yield a line for each figure."""
    with tempfile.TemporaryDirectory() as folder:
        csv_path, xlsx_path = Path(folder) / "million.csv", Path(folder) / "rows.xlsx"
        write_csv(csv_path)
        _write_xlsx(xlsx_path)
        ours, theirs = compared(_our_plan, _csv, str(csv_path))
        yield _line(f"{CSV_ROWS:,}-row CSV to a checked plan", ours, theirs)
        ours, theirs = compared(_our_plan, _xlsx, str(xlsx_path))
        yield _line(f"{XLSX_ROWS:,}-row XLSX to a checked plan", ours, theirs)
        yield from _small_reads(Path(folder))
    for name, make in (("+ and digits", _international), ("national digits", _national)):
        ours, theirs = compared(_our_phones, _phones, make.__name__)
        yield Line(
            f"{PHONES:,} phones, {name}",
            f"{PHONES / ours.seconds:,.0f}/s",
            f"{PHONES / theirs.seconds:,.0f}/s",
            f"{theirs.seconds / ours.seconds:.1f} x",
        )


def _line(what: str, ours: Measured, theirs: Measured) -> Line:
    return Line(what, str(ours), str(theirs), f"{theirs.seconds / ours.seconds:.1f} x")


def _our_plan(path: str) -> int:
    sheet = read_sheet(path)
    mapping = suggest_mapping(sheet)
    assert set(mapping.variables) == {"name", "code", "city", "amount", "note"}
    assert mapping.country.column == "country"
    assert list(mapping.consent) == ["Accepts marketing"]
    excluded = Exclusions.of([int(phone) for phone in EXCLUDED])
    plan = make_plan(sheet, mapping, answers=Answers(region="US"), excluded=excluded)
    return len(plan.fingerprint)


def _csv(path: str) -> int:
    return len(plain.plan_of_csv(path, set(EXCLUDED))[0])


def _xlsx(path: str) -> int:
    return len(plain.plan_of_xlsx(path, set(EXCLUDED))[0])


def _small_reads(folder: Path) -> Iterator[Line]:
    """Measure small files: ours, the plain script in a new process for each, and in this one.

    Each file is read in all ways in turn, so that other load affects all of them.
    """
    paths = [folder / f"small {number}.csv" for number in range(SMALL_FILES + 1)]
    for number, path in enumerate(paths):
        rows = (",".join(_row(number * SMALL_ROWS + at)) + "\n" for at in range(SMALL_ROWS))
        path.write_text(",".join(HEADER) + "\n" + "".join(rows), encoding="utf-8")
    settings = Settings(data_dir=folder / "data")
    ways = (partial(read_sheet, settings=settings), _start_plain, plain.read_csv)
    READERS.close()
    first, *later = [[_seconds(way, str(path)) for way in ways] for path in paths]
    for name, figures in (("first", first), ("later", map(median, zip(*later, strict=True)))):
        ours, started, inside = figures
        yield Line(
            f"{name} {SMALL_ROWS}-row CSV, read in a process of its own",
            f"{ours:.3f} s",
            f"{started:.3f} s; {inside:.3f} s in the same process",
            f"{started / ours:.1f} x",
        )


def _seconds(read: Callable[[str], object], path: str) -> float:
    start = time.perf_counter()
    read(path)
    return time.perf_counter() - start


def _start_plain(path: str) -> None:
    code = "import sys; from benchmarks import plain; plain.read_csv(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, check=True)


def _our_phones(make: str) -> int:
    cells = pd.Series(globals()[make](), dtype=pd.StringDtype("pyarrow"))
    return int(normalise(cells, "US")["e164"].notna().sum())


def _phones(make: str) -> int:
    return sum(plain.phone_of(cell, "US") is not None for cell in globals()[make]())


def _international() -> list[str]:
    """Return different numbers of 40 countries, as their mobiles are written."""
    dice = random.Random(5)
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)[::6]
    found: list[str] = []
    for number in range(PHONES):
        example = phonenumbers.example_number_for_type(regions[number % len(regions)], 1)
        assert example is not None
        text = f"+{example.country_code}{example.national_number}"
        found.append(f"{text[:-4]}{dice.randrange(10_000):04d}")
    return found


def _national() -> list[str]:
    return [f"650{2_000_000 + number * 71 % 7_900_000}" for number in range(PHONES)]


def _row(number: int) -> list[str]:
    phone, country = f"+1650{2_000_000 + number * 7 % 7_900_000}", "US"
    if number % 10 == 5:
        phone, country = f"55{20_000_000 + number * 7 % 79_000_000}", "MX"
    if number % 10 == 0:
        others = ("1.65E+10", "12", "abc", "+5511912345678", f"(650) 555-{number % 10_000:04d}")
        phone = others[number // 10 % len(others)]
        country = "BR" if phone.startswith("+55") else country
    return [
        phone,
        f"Ana {number}",
        f"promo_{number % 3}",
        f"C{number:06d}",
        CITIES[number % len(CITIES)],
        f"{number % 900}.{number % 100:02d}",
        NOTES[number % len(NOTES)],
        country,
        "no" if number % 20 == 7 else "yes",
    ]


def write_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(HEADER) + "\n")
        file.writelines(",".join(_row(number)) + "\n" for number in range(CSV_ROWS))


def _write_xlsx(path: Path) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        page = book.add_worksheet("Recipients")
        page.write_row(0, 0, HEADER)
        for number in range(XLSX_ROWS):
            for column, cell in enumerate(_row(number)):
                page.write_string(number + 1, column, cell)
