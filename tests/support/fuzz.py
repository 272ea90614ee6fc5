"""Fuzzing: ``python -m tests.support.fuzz [SECONDS]`` feeds broken files to the reader.

Each file is read as the app reads an upload. It must be read, or be refused with a sentence: a
crash, an unexpected exception, too much time and too much memory for its size count as wrong, and
so does a file or a process that is left behind. Wrong files are kept, and the run ends with 1.
"""

import io
import os
import random
import struct
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lib.settings import Settings
from lib.sheet import SheetError, read_sheet
from lib.sheet.errors import SheetErrorCode
from tests.support.processes import children
from tests.support.workbooks import ods, record, xls, xlsb, xlsx

# Generous for files of a few kilobytes. A damaged record of an XLSB file can claim up to 256 MB,
# which calamine allocates.
MAX_SECONDS = 20.0
MAX_MEMORY = 512 << 20
_WRONG = (SheetErrorCode.READER_CRASHED, SheetErrorCode.TIMEOUT, SheetErrorCode.OUT_OF_MEMORY)

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
        "columns.arrow": _arrow(pa.ipc.new_file),
        "stream.arrow": _arrow(pa.ipc.new_stream),
    }


def _xlsb() -> bytes:
    records = []
    for at, row in enumerate(_ROWS):
        records.append(record(0, struct.pack("<IIHBBBI", at, 0, 300, 0, 0, 0, 0)))
        for column, text in enumerate(row):
            letters = struct.pack("<I", len(text)) + text.encode("utf-16-le")
            records.append(record(6, struct.pack("<II", column, 0) + letters))
    return xlsb(*records)


def _columns() -> pa.Table:
    cells = zip(*_ROWS[1:], strict=True)
    texts = dict(zip(_HEADER, map(list, cells), strict=True))
    count = len(_ROWS) - 1
    days = pa.array(range(count), pa.int32()).cast(pa.date32())
    return pa.table(texts | {"amount": [1.5] * count, "day": days, "tags": [["a", "b"]] * count})


def _parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(_columns(), buffer)
    return buffer.getvalue()


def _arrow(new_writer: Callable[[io.BytesIO, pa.Schema], Any]) -> bytes:
    buffer = io.BytesIO()
    table = _columns()
    with new_writer(buffer, table.schema) as writer:
        writer.write_table(table)
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
    b'<c r="XFD1048576"><v>1</v></c>', b' table:number-rows-repeated="1048576"',
    b' table:number-columns-repeated="16384"', b"\xff\xff\xff\x7f", b"\xff" * 8, b"\0" * 64,
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
    """Read a file as an upload is read; return "read", or the code with which it was refused.

    Raises AssertionError if that is wrong, and what `read_sheet` should not raise.
    """
    limits = {"sheet_max_seconds": MAX_SECONDS, "sheet_max_memory": MAX_MEMORY}
    try:
        sheet = read_sheet(data, filename=name, settings=settings.model_copy(update=limits))
    except SheetError as error:
        if error.code in _WRONG or not (error.sentence and error.action):
            raise AssertionError(f"it ended as {error.code}") from error
        ending = str(error.code)
    else:
        if sheet.frame.empty or sheet.frame.columns.has_duplicates:
            raise AssertionError("a sheet without rows, or with two columns of one name")
        ending = "read"
    left = [path.name for path in settings.data_dir.rglob("*") if path.name.startswith(".")]
    left += [str(pid) for template in children(os.getpid()) for pid in children(template)]
    if left:
        raise AssertionError(f"files or processes left behind: {left}")
    return ending


def main(seconds: float) -> int:
    """Read broken files for some seconds, print how many ended how, and return how many wrongly."""
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
