"""Take one stream out of a compound file (MS-CFB), the box that holds an XLS workbook."""

import struct
from collections.abc import Iterator
from typing import Final

_END: Final = 0xFFFFFFFA  # this and all above are no sectors
_ENTRY: Final = 128


def read_stream(data: bytes, names: tuple[str, ...]) -> bytes:
    """Return the first stream of these names. Raises ValueError where the file is damaged."""
    try:
        return _read(data, names)
    except (struct.error, IndexError) as error:
        raise ValueError("the compound file is damaged") from error


def _read(data: bytes, names: tuple[str, ...]) -> bytes:
    shift, mini_shift = struct.unpack_from("<HH", data, 30)
    if not (7 <= shift <= 16 and 4 <= mini_shift <= shift):
        raise ValueError("the compound file has no such sectors")
    size = 1 << shift
    directory_at, cutoff, mini_at = (struct.unpack_from("<I", data, at)[0] for at in (48, 56, 60))
    table = _allocation(data, size)
    directory = _chain(data, table, directory_at, size)
    entries = {name: (start, length, kind) for name, kind, start, length in _entries(directory)}
    found = next((entries[name] for name in names if name in entries), None)
    if found is None:
        raise ValueError("the compound file has no such stream")
    start, length, _ = found
    if length >= cutoff:
        return _chain(data, table, start, size)[:length]
    root = next((each for each in entries.values() if each[2] == 5), None)
    if root is None:
        raise ValueError("the compound file has no root")
    mini = _chain(data, table, root[0], size)
    raw = _chain(data, table, mini_at, size)
    mini_table = list(struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4]))
    mini_size = 1 << mini_shift
    sectors = _follow(mini_table, start)
    return b"".join(mini[at * mini_size : (at + 1) * mini_size] for at in sectors)[:length]


def _allocation(data: bytes, size: int) -> list[int]:
    count = min(struct.unpack_from("<I", data, 44)[0], len(data) // size + 1)
    next_list, lists = struct.unpack_from("<II", data, 68)
    sectors = list(struct.unpack_from("<109I", data, 76))
    for _ in range(min(lists, len(data) // size + 1)):
        if next_list >= _END:
            break
        more = struct.unpack_from(f"<{size // 4}I", data, (next_list + 1) * size)
        sectors.extend(more[:-1])
        next_list = more[-1]
    table: list[int] = []
    for sector in [each for each in sectors if each < _END][:count]:
        table.extend(struct.unpack_from(f"<{size // 4}I", data, (sector + 1) * size))
    return table


def _follow(table: list[int], start: int) -> Iterator[int]:
    seen = 0
    while start < _END:
        yield start
        start = table[start]
        seen += 1
        if seen > len(table):
            raise ValueError("the compound file goes in a circle")


def _chain(data: bytes, table: list[int], start: int, size: int) -> bytes:
    sectors = _follow(table, start)
    return b"".join(data[(at + 1) * size : (at + 2) * size] for at in sectors)


def _entries(directory: bytes) -> Iterator[tuple[str, int, int, int]]:
    for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
        length, kind = struct.unpack_from("<HB", directory, at + 64)
        name = directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        start, size = struct.unpack_from("<II", directory, at + 116)
        if kind in (2, 5):
            yield name, kind, start, size
