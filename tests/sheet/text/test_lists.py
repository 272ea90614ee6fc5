"""Phone numbers and addresses on one line are one recipient each."""

import pytest

from lib.sheet.dispatch import read_contents
from lib.sheet.read_options import ReadLimits, ReadOptions

LIMITS = ReadLimits(1_000, 10, 10_000)
PHONES = [f"+120255501{at:02d}" for at in range(20)]


def read(text: str) -> list[list[str]]:
    sheet, _ = read_contents(text.encode(), worksheet=None, reading=ReadOptions(), limits=LIMITS)
    return [list(row) for row in zip(*(column.to_pylist() for column in sheet.table), strict=True)]


@pytest.mark.parametrize("delimiter", [",", ", ", ";", "; ", "\t", "|", " "])
@pytest.mark.parametrize("end", ["", "\r\n", "\n\n"])
def test_a_line_of_numbers_is_a_list(delimiter: str, end: str) -> None:
    assert read(delimiter.join(PHONES) + end) == [[phone] for phone in PHONES]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("(202) 555-0101, (202) 555-0102", [["(202) 555-0101"], ["(202) 555-0102"]]),
        ("ana@example.com;luis@example.com;", [["ana@example.com"], ["luis@example.com"]]),
        ("+12025550101,Ana,+12025550102", [["+12025550101", "Ana", "+12025550102"]]),
        ("+12025550101,3\n", [["+12025550101", "3"]]),
        (
            "+12025550101,+12025550102\n+12025550103,+12025550104\n",
            [["+12025550101", "+12025550102"], ["+12025550103", "+12025550104"]],
        ),
    ],
)
def test_other_cells_and_further_lines_are_a_table(text: str, rows: list[list[str]]) -> None:
    assert read(text) == rows
