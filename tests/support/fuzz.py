"""Fuzzing: ``python -m tests.support.fuzz [SECONDS]`` feeds broken files to the reader.

Each is read as the app reads an upload. It must end as a sheet or as a refusal with a sentence, and
leave nothing behind. What does not is kept beside its dice's seed, and the run ends with 1.
"""

import io
import random
import struct
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lib.settings import Settings
from lib.sheet import SheetError, read_sheet
from tests.support.workbooks import ods, record, xls, xlsb, xlsx

_HEADER = ["phone", "campaign", "name", "note"]
_ROWS = [
    _HEADER,
    *(
        [f"+1650555{number:04d}", "promo", f"Ana {number}", 'say "hi"; ñ, 1.10\nbye']
        for number in range(12)
    ),
]


def _text(delimiter: str) -> str:
    quoted = ([f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in _ROWS)
    return "\r\n".join(delimiter.join(cells) for cells in quoted)


def whole_files() -> dict[str, bytes]:
    """Return a small good file of each kind, by its name."""
    return {
        "comma.csv": _text(",").encode(),
        "semicolon.csv": _text(";").encode("cp1252"),
        "tab.tsv": _text("\t").encode("utf-16"),
        "pipe.txt": ("Report of May\n\n" + _text("|")).encode("utf-8-sig"),
        "book.xlsx": xlsx(_ROWS),
        "old.xls": xls(_ROWS),
        "open.ods": ods(_ROWS),
        "binary.xlsb": _xlsb(),
        "columns.parquet": _parquet(),
    }


def _xlsb() -> bytes:
    records = []
    for at, row in enumerate(_ROWS):
        records.append(record(0, struct.pack("<IIHBBBI", at, 0, 300, 0, 0, 0, 0)))
        for column, text in enumerate(row):
            letters = struct.pack("<I", len(text)) + text.encode("utf-16-le")
            records.append(record(6, struct.pack("<II", column, 0) + letters))
    return xlsb(*records)


def _parquet() -> bytes:
    buffer = io.BytesIO()
    cells = zip(*_ROWS[1:], strict=True)
    pq.write_table(pa.table(dict(zip(_HEADER, map(list, cells), strict=True))), buffer)
    return buffer.getvalue()


def broken(data: bytes, dice: random.Random) -> bytes:
    """Return the file with a few changes; in half of the archives, inside of one of their parts."""
    if data.startswith(b"PK") and dice.random() < 0.5:
        return _broken_part(data, dice)
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 16, 64))):
        at = dice.randrange(len(changed) + 1)
        length = dice.choice((1, 1, 2, 8, 100))
        match dice.randrange(5):
            case 0:
                changed[at : at + length] = dice.randbytes(length)
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = dice.choice(_ODD_BYTES)
            case 3:
                changed[at:at] = changed[at : at + length] * dice.choice((1, 2, 50))
            case _:
                del changed[max(at, 1) :]
        if not changed:
            changed = bytearray(dice.randbytes(4))
    return bytes(changed)


_ODD_BYTES = (
    b"\0", b'"', b"'", b"\r", b"\n" * 9, b",;\t|", b"\xff\xfe", b"\xef\xbb\xbf", b"<", b"&#0;",
    b"]]>", b"9" * 400, b"1E999", b"\x1a", b"\x80\x81", b"=1+1", b"\\", b"<row r='99999999'/>",
)  # fmt: skip


def _broken_part(data: bytes, dice: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        names = source.namelist()
        chosen = dice.choice(names)
        for name in names:
            part = source.read(name)
            target.writestr(name, broken(part, dice) if name == chosen and part else part)
    return buffer.getvalue()


def classify(data: bytes, name: str, settings: Settings) -> str:
    """Read a file as an upload is read; return how it ended. Whatever should not be, raises."""
    try:
        sheet = read_sheet(data, filename=name, settings=settings)
    except SheetError as error:
        if not (error.sentence and error.action):
            raise AssertionError("a refusal without a sentence") from error
        ending = error.code
    else:
        if sheet.frame.empty or sheet.frame.columns.has_duplicates:
            raise AssertionError("a sheet without rows, or with two columns of one name")
        ending = "read"
    left = [path.name for path in settings.data_dir.rglob("*") if path.name.startswith(".")]
    if left:
        raise AssertionError(f"left behind: {left}")
    return ending


def main(seconds: float) -> int:
    """Fuzz for so long; print how the files ended; return the number of those that went wrong."""
    seed = time.time_ns()
    dice = random.Random(seed)
    files = whole_files()
    endings: Counter[str] = Counter()
    wrong = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        name = dice.choice(list(files))
        data = broken(files[name], dice)
        with tempfile.TemporaryDirectory() as folder:
            try:
                endings[classify(data, name, Settings(data_dir=Path(folder)))] += 1
            except Exception as error:  # noqa: BLE001 - what is sought
                wrong += 1
                kept = Path(tempfile.mkdtemp(prefix="fuzz-")) / name
                kept.write_bytes(data)
                sys.stdout.write(f"{type(error).__name__}: {error}, kept as {kept}\n")
    sys.stdout.write(f"seed {seed}, {endings.total():,} files, {wrong} of them wrong\n")
    sys.stdout.writelines(f"{count:8,} {ending}\n" for ending, count in endings.most_common())
    return wrong


if __name__ == "__main__":
    sys.exit(min(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600), 1))
