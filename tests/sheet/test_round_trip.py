"""A sheet written in any dialect and encoding is read back with the same cells.

The first column holds phones and there are column names, as in recipient lists. Encodings that
can't be detected are given; everything else is detected.
"""

import csv
import io

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lib.sheet import ReadOptions
from lib.sheet.dispatch import read_contents
from lib.sheet.read_options import ReadLimits

LIMITS = ReadLimits(1_000, 100, 100_000)
NAMES_BY_ENCODING = {
    "cp1252": "àéñöß€",
    "cp1251": "Жанна",
    "cp1253": "Άννα",
    "shift_jis": "花子",
    "gb18030": "小红",
}
DETECTED = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
DELIMITERS = (",", ";", "\t", "|", ":", "^", "~", "§")
LETTERS = "abcXYZ 0123456789.-&/()%€äéñ"
# Quoted cells may also contain every character that has a meaning elsewhere.
SIGNS = LETTERS + ",;|\"'\n\\#@"


@st.composite
def tables(draw: st.DrawFn, signs: str) -> list[list[str]]:
    width = draw(st.integers(2, 5))
    cell = st.text(signs, max_size=12).map(str.strip)
    rows = draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=3, max_size=8))
    phones = [[f"+1650555{at:04d}", *row] for at, row in enumerate(rows)]
    return [["phone", *(f"name {at}" for at in range(width))], *phones]


def written(
    table: list[list[str]], delimiter: str, quote: str, ending: str, *, quote_all: bool
) -> str:
    buffer = io.StringIO()
    csv.writer(
        buffer,
        delimiter=delimiter,
        quotechar=quote,
        lineterminator=ending,
        quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL,
    ).writerows(table)
    return buffer.getvalue()


def read(data: bytes, reading: ReadOptions | None = None) -> list[list[str]]:
    sheet, _ = read_contents(data, worksheet=None, reading=reading or ReadOptions(), limits=LIMITS)
    columns = [column.to_pylist() for column in sheet.table.columns]
    return [sheet.names, *map(list, zip(*columns, strict=True))]


slow = hypothesis_settings(
    max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@given(
    table=tables(SIGNS),
    delimiter=st.sampled_from(DELIMITERS),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(DETECTED),
)
@slow
def test_quoted_cells_with_any_characters_are_read_back(
    table: list[list[str]], delimiter: str, ending: str, encoding: str
) -> None:
    text = written(table, delimiter, '"', ending, quote_all=True)
    assert read(text.encode(encoding)) == table


@given(
    table=tables(LETTERS),
    delimiter=st.sampled_from(DELIMITERS),
    quote=st.sampled_from("\"'"),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(DETECTED),
)
@slow
def test_unquoted_cells_are_read_back(
    table: list[list[str]], delimiter: str, quote: str, ending: str, encoding: str
) -> None:
    text = written(table, delimiter, quote, ending, quote_all=False)
    assert read(text.encode(encoding)) == table


@given(
    table=tables("abc 123"),
    delimiter=st.sampled_from(DELIMITERS[:4]),
    encoding=st.sampled_from(sorted(NAMES_BY_ENCODING)),
)
@slow
def test_other_encodings_are_read_back_if_they_are_given(
    table: list[list[str]], delimiter: str, encoding: str
) -> None:
    table[1][-1] = NAMES_BY_ENCODING[encoding]
    text = written(table, delimiter, '"', "\r\n", quote_all=True)
    assert read(text.encode(encoding), ReadOptions(encoding)) == table
