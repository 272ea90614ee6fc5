"""Workbooks are read wherever their parts are, and refused with the right reason."""

import io
import math
import struct
import zipfile
from collections.abc import Callable

import pytest

from lib.sheet import SheetError
from tests.support.read_bytes import read_bytes
from tests.support.workbooks import ods, record, xls, xlsb, xlsx

ROWS: list[list[str | float]] = [["phone", "name"], ["+12025550101", "Ána"]]


def _same(_: str, content: bytes) -> bytes:
    return content


def changed(
    data: bytes,
    rename: Callable[[str], str | None] = str,
    change: Callable[[str, bytes], bytes] = _same,
) -> bytes:
    """Return an archive with other names (None removes an entry) and other contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            if (new := rename(name)) is not None:
                target.writestr(new, change(name, source.read(name)))
    return buffer.getvalue()


def elsewhere(folder: str, name: str) -> bytes:
    """Return a workbook whose parts are in another folder, found by their relationships only."""

    def change(_: str, content: bytes) -> bytes:
        return content.replace(b"xl/workbook.xml", f"{folder}{name}".encode()).replace(
            b"/xl/", f"/{folder}".encode()
        )

    return changed(
        xlsx(ROWS),
        lambda part: part.replace("workbook.xml", name).replace("xl/", folder),
        change,
    )


def utf16(name: str, content: bytes) -> bytes:
    if not name.endswith((".xml", ".rels")):
        return content
    return content.decode().replace('"UTF-8"', '"UTF-16"').encode("utf-16")


def latin1(name: str, content: bytes) -> bytes:
    if "theme" in name:
        return content
    return content.decode().replace('"UTF-8"', '"ISO-8859-1"').encode("latin-1")


@pytest.mark.parametrize(
    "data",
    [
        changed(xlsx(ROWS), lambda name: name.replace("/", "\\")),
        changed(xlsx(ROWS), lambda name: f"/{name}"),
        changed(xlsx(ROWS), str.upper),
        changed(xlsx(ROWS), lambda name: name.replace("sheet1", "Sheet1")),
        elsewhere("xl/", "workbook2.xml"),
        elsewhere("", "workbook.xml"),
        elsewhere("book/", "main.xml"),
        changed(xlsx(ROWS), change=utf16),
        changed(xlsx(ROWS), change=latin1),
        changed(xlsx(ROWS), lambda name: None if name.startswith("docProps") else name),
        changed(ods(ROWS), lambda name: None if name == "mimetype" else name),
        changed(ods(ROWS), lambda name: None if name[:4] in ("mime", "META") else name),
        changed(ods(ROWS), lambda name: name.replace("/", "\\")),
        changed(ods(ROWS), change=utf16),
        xls(ROWS).replace("Workbook".encode("utf-16-le"), "WORKBOOK".encode("utf-16-le")),
        xls(ROWS).replace("Workbook".encode("utf-16-le"), "workbook".encode("utf-16-le")),
    ],
    ids=[
        "backslashes", "slash in front", "capitals", "case", "other name", "other folder",
        "other folder and name", "utf-16", "latin-1", "few parts", "no mimetype", "no manifest",
        "ods backslashes", "ods utf-16", "WORKBOOK", "workbook",
    ],
)  # fmt: skip
def test_a_workbook_with_unusual_parts_is_read(data: bytes) -> None:
    found = read_bytes(data)

    assert [found.names, *found.cells] == ROWS
    assert found.facts["notes"] == []


def test_a_binary_workbook_with_backslashes_is_read() -> None:
    def text(column: int, value: str) -> bytes:
        letters = struct.pack("<I", len(value)) + value.encode("utf-16-le")
        return record(6, struct.pack("<II", column, 0) + letters)

    def row(number: int) -> bytes:
        return record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0))

    data = xlsb(row(0), text(0, "phone"), row(1), text(0, "+12025550101"))
    found = read_bytes(changed(data, lambda name: name.replace("/", "\\")))

    assert [found.names, *found.cells] == [["phone"], ["+12025550101"]]


def test_a_workbook_whose_formats_are_broken_is_read_with_a_notice() -> None:
    """calamine skips what closes a row; the parser that finds formats does not."""
    data = changed(
        xlsx([*ROWS, ["=1+1", ""]]),
        change=lambda name, each: (
            each.replace(b"</row>", b"</line>", 1) if "sheet1" in name else each
        ),
    )
    found = read_bytes(data)

    assert [found.names, *found.cells] == [*ROWS, ["0", ""]]
    assert found.facts["notes"] == ["formats_unreadable"]


def _with_value(value: float) -> bytes:
    marked = xls([["phone", "total"], ["+12025550101", 12345.678]])
    return marked.replace(struct.pack("<d", 12345.678), struct.pack("<d", value))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_an_error_value(value: float) -> None:
    found = read_bytes(_with_value(value))

    assert found.cells == [["+12025550101", "#NUM!"]]
    assert found.flags == [(2, 1, "error_value")]


@pytest.mark.parametrize("kept", [8, 19, 511, 513, 1_000, 2_600, 4_096, 4_400, 4_608, 5_120])
def test_an_old_workbook_without_its_end_is_called_cut_off(kept: int) -> None:
    data = xls(ROWS)
    assert kept < len(data)

    with pytest.raises(SheetError) as caught:
        read_bytes(data[:kept])
    assert caught.value.code == "cut_off"


def test_an_old_workbook_with_a_broken_directory_is_called_damaged() -> None:
    data = xls(ROWS)
    at = data.index("Workbook".encode("utf-16-le")) + 116  # the stream's first sector

    with pytest.raises(SheetError) as caught:
        read_bytes(data[:at] + b"\x70\x00\x00\x00" + data[at + 4 :])
    assert caught.value.code == "damaged"
