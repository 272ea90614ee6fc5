"""Text that is read in several pieces gives the same sheet as text in one."""

from pathlib import Path

import pytest

from lib.sheet.dispatch import read_contents, read_large_contents
from lib.sheet.read_options import ReadLimits, ReadOptions
from lib.sheet.store.byte_source import ByteSource

LIMITS = ReadLimits(1_000_000, 100, 10_000_000)
HEADER = "phone,name,n"
# About 13 MB: longer than three pieces.
EVEN = [
    f"+1650{number:07d},Ana López {number} de la Cruz y Sol,{number}" for number in range(250_000)
]


def both_ways(text: str, tmp_path: Path, encoding: str = "utf-8"):
    data = text.encode(encoding)
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    whole = read_contents(data, worksheet=None, reading=ReadOptions(), limits=LIMITS)
    pieces = read_large_contents(
        ByteSource(str(path)),
        tmp_path / "scratch",
        worksheet=None,
        reading=ReadOptions(),
        limits=LIMITS,
        report=lambda _: None,
    )
    assert pieces[0].table.equals(whole[0].table)
    assert pieces[0].rows.equals(whole[0].rows)
    assert pieces[0].names == whole[0].names
    assert pieces[0].header_row == whole[0].header_row
    return whole, pieces


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_across_pieces_are_read_without_repairs(line_end: str, tmp_path: Path) -> None:
    (whole, facts), (_, facts_in_pieces) = both_ways(line_end.join([HEADER, *EVEN]), tmp_path)

    assert whole.table.num_rows == len(EVEN)
    # The line reader would leave room for more columns, and note that they are empty.
    assert facts["notes"] == facts_in_pieces["notes"] == []


def test_quoted_line_breaks_across_pieces_are_part_of_their_cells(tmp_path: Path) -> None:
    address = "Calle Sol\n" * 40
    lines = [f'+1650{number:07d},"{address}",{number}' for number in range(25_000)]
    (whole, _), (_, facts) = both_ways("\n".join([HEADER, *lines]), tmp_path)

    assert whole.table.num_rows == len(lines)
    assert facts["notes"] == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_characters_across_pieces_are_decoded(encoding: str, tmp_path: Path) -> None:
    (whole, _), _ = both_ways("\r\n".join([HEADER, *EVEN[:150_000]]), tmp_path, encoding)

    assert whole.table[1][-1].as_py() == "Ana López 149999 de la Cruz y Sol"


@pytest.mark.parametrize("blank_lines", ["\n", "\r\n\r\n", "\n,,\n"])
def test_blank_lines_at_the_start_count_as_rows(blank_lines: str, tmp_path: Path) -> None:
    (whole, _), _ = both_ways(f"{blank_lines}{HEADER}\n{EVEN[0]}\n{EVEN[1]}\n", tmp_path)

    first = len(blank_lines.splitlines()) + 1
    assert whole.header_row == first
    assert whole.rows.to_pylist() == [first + 1, first + 2]


def test_a_declared_delimiter_is_used_and_its_line_is_not_a_row(tmp_path: Path) -> None:
    text = f"sep=;\r\n{HEADER}\r\n{EVEN[0]}\r\n".replace(",", ";")
    (whole, facts), _ = both_ways(text, tmp_path)

    assert facts["reading"]["delimiter"] == ";"
    assert (whole.header_row, whole.rows.to_pylist()) == (1, [2])
