"""What is found in a text by itself: dialect, header, lines that are not of the table."""

from statistics import mean

import pytest

from benchmarks.detection import ours, scores
from benchmarks.pollution import polluted
from lib.sheet import Reading, read_sheet
from lib.sheet.dialects import find_dialect

pytestmark = pytest.mark.usefixtures("data_dir")
ROWS = "+16505550123,Ana,3\r\n+16505550124,Luis,4\r\n+16505550125,Eva,5\r\n"


@pytest.fixture(scope="module")
def files():
    return list(polluted())


def test_polluted_texts_are_read_as_their_owners_see_them(files):
    """The short form of the benchmark: every seventh file of it."""
    some = files[::7]
    found = scores(ours, some)
    assert mean(found.values()) > 9.9
    assert {name: score for name, score in found.items() if score < 9} == {}


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("name;price\nAna;1,5\nLuis;2,5\n", ";"),
        ("name,note\nAna,a;b;c\nLuis,d;e;f\n", ","),
        ("phone\n+16505550123\n+16505550124\n", ","),
        ("phone name age\n+16505550123 Ana 3\n+16505550124 Luis 4\n", " "),
        ("full name\nAna López\nLuis de la Cruz\nEva\n", ","),
        ("time:value\n1:2\n3:4\n", ":"),
        ("when,what\n10:15,a\n10:30,b\n", ","),
        ("a||b||c\n1||2||3\n4||||6\n", "||"),
    ],
)
def test_the_delimiter_makes_an_even_table_of_known_cells(text, delimiter):
    assert find_dialect(text).delimiter == delimiter


def test_a_backslash_is_kept_where_it_escapes_nothing():
    sheet = read_sheet(b'phone,path\n+16505550123,"C:\\temp"\n+16505550124,"D:\\x"\n')
    assert sheet.frame["path"].tolist() == ["C:\\temp", "D:\\x"]


@pytest.mark.parametrize(
    ("text", "columns", "rows", "note"),
    [
        ("List of May\r\n\r\nphone,name,n\r\n" + ROWS, ["phone", "name", "n"], [4, 5, 6],
         "preamble"),
        ("phone,name,n\r\n" + ROWS + "\r\nTotal,,12\r\n", ["phone", "name", "n"], [2, 3, 4],
         "footer"),
        ("phone,name,n\r\n" + ROWS + "Made by the shop\r\n", ["phone", "name", "n"], [2, 3, 4],
         "footer"),
        ("phone,Person,,\r\n,first,last,age\r\n+16505550123,Ana,Paz,3\r\n+16505550124,Luis,Sol,4",
         ["phone", "Person first", "Person last", "Person age"], [3, 4], None),
    ],
)  # fmt: skip
def test_lines_around_the_table_are_left_out_and_said(text, columns, rows, note):
    sheet = read_sheet(text.encode())
    assert sheet.frame.columns.tolist() == columns
    assert sheet.frame.index.tolist() == rows
    assert note is None or note in {each.code for each in sheet.notes}


@pytest.mark.parametrize(
    "line", ["+16505550129,,\r\n", ",,+16505550129\r\n", "ana@example.com\r\n"]
)
def test_nobody_is_taken_for_a_title_or_a_footer(line):
    for text in (line + "phone,name,n\r\n" + ROWS, "phone,name,n\r\n" + ROWS + line):
        cells = read_sheet(text.encode()).frame.to_numpy().ravel().tolist()
        assert line.strip(",\r\n") in cells


def test_a_person_may_overrule_each_part_of_the_reading():
    data = "Título;x\nphone;name\n+16505550123;José\n".encode("mac_roman")
    sheet = read_sheet(data, reading=Reading("mac_roman", ";", 2))
    assert sheet.frame.columns.tolist() == ["phone", "name"]
    assert sheet.frame["name"].tolist() == ["José"]
    assert sheet.reading == Reading("mac_roman", ";", 2)
    assert sheet.reading.sentence() == (
        "Text in Western European (Mac), cells parted by semicolons, column names in row 2."
    )
    assert read_sheet(data, reading=Reading("mac_roman", ",", 0)).frame.columns.tolist() == [
        "Column A"
    ]
