"""Detection of the dialect, the header, and the lines that are not part of the table."""

from statistics import mean

import pytest

from benchmarks.detection import ours, scores
from benchmarks.pollution import polluted, polluted_rows
from lib.sheet import ReadOptions, read_sheet
from lib.sheet.text.dialect import find_dialect

pytestmark = pytest.mark.usefixtures("data_dir")
ROWS = "+16505550123,Ana,3\r\n+16505550124,Luis,4\r\n+16505550125,Eva,5\r\n"


def test_polluted_texts_are_read_as_their_owners_intend():
    """A sample of the files and rows of the benchmark."""
    files = list(polluted())
    some = [*files[::7], *list(polluted_rows())[:: 19 * 13]]
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
def test_the_delimiter_gives_an_even_table_of_known_cell_types(text, delimiter):
    assert find_dialect(text).delimiter == delimiter


def test_a_backslash_that_escapes_nothing_is_kept():
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
def test_lines_around_the_table_are_left_out_with_a_notice(text, columns, rows, note):
    sheet = read_sheet(text.encode())
    assert sheet.frame.columns.tolist() == columns
    assert sheet.frame.index.tolist() == rows
    assert note is None or note in {each.code for each in sheet.notes}


@pytest.mark.parametrize(
    "line", ["+16505550129,,\r\n", ",,+16505550129\r\n", "ana@example.com\r\n"]
)
def test_a_line_with_a_phone_or_an_address_is_never_a_title_or_a_footer(line):
    for text in (line + "phone,name,n\r\n" + ROWS, "phone,name,n\r\n" + ROWS + line):
        cells = read_sheet(text.encode()).frame.to_numpy().ravel().tolist()
        assert line.strip(",\r\n") in cells


def test_detected_options_can_be_overridden():
    data = "Título;x\nphone;name\n+16505550123;José\n".encode("mac_roman")
    sheet = read_sheet(data, reading=ReadOptions("mac_roman", ";", 2))
    assert sheet.frame.columns.tolist() == ["phone", "name"]
    assert sheet.frame["name"].tolist() == ["José"]
    assert sheet.reading == ReadOptions("mac_roman", ";", 2, '"', False, 3)
    assert read_sheet(data, reading=ReadOptions("mac_roman", ",", 0)).frame.columns.tolist() == [
        "Column A"
    ]


@pytest.mark.parametrize(
    ("line", "cells", "note"),
    [
        ('+16505550129,"Ana,4', ["+16505550129", '"Ana', "4"], "quotes_mended"),
        ('+16505550129,"Ana "la" Paz",4', ["+16505550129", 'Ana "la" Paz', "4"], "quotes_mended"),
        ("+16505550129;Ana;4", ["+16505550129", "Ana", "4"], "odd_rows"),
        ("+16505550129,,Ana,4", ["+16505550129", "Ana", "4"], "empty_cells_left_out"),
        ('+16505550129,"Ana\r\nPaz",4', ["+16505550129", "Ana\r\nPaz", "4"], None),
    ],
)
def test_a_stray_quotation_mark_or_delimiter_affects_its_row_only(line, cells, note):
    sheet = read_sheet(f"phone,name,n\r\n{ROWS}{line}\r\n{ROWS}".encode())
    assert sheet.frame.iloc[3].tolist() == cells
    assert len(sheet.frame) == 7
    assert [each.code for each in sheet.notes] == ([note] if note else [])


def test_a_row_with_too_many_cells_is_kept_and_flagged():
    sheet = read_sheet(f"phone,name,n\r\n{ROWS}+16505550129,Paz,Ana,4\r\n{ROWS}".encode())
    assert sheet.frame.iloc[3].tolist() == ["+16505550129", "Paz", "Ana", "4"]
    assert set(sheet.flags["code"]) == {"row_too_long"}
    assert sheet.flags["row"].unique().tolist() == [5]


def test_the_first_of_several_tables_is_read_and_another_can_be_chosen():
    data = f"phone,name,n\r\n{ROWS}\r\nTowns\r\ntown,people\r\nLima,1\r\nQuito,2\r\n".encode()
    first = read_sheet(data)
    assert first.frame.columns.tolist() == ["phone", "name", "n"]
    assert first.frame.index.tolist() == [2, 3, 4]
    assert first.tables == ((1, 4), (6, 9))
    assert "several_tables" in {each.code for each in first.notes}
    second = read_sheet(data, reading=ReadOptions(table=2))
    assert second.frame.to_dict("list") == {"town": ["Lima", "Quito"], "people": ["1", "2"]}
    assert second.reading.table == 2


def test_repeated_column_names_are_left_out_and_all_other_rows_kept():
    sheet = read_sheet(f"phone,name,n\r\n{ROWS}phone,name,n\r\n{ROWS}".encode())
    assert sheet.frame.index.tolist() == [2, 3, 4, 6, 7, 8]
    assert [each.code for each in sheet.notes] == ["names_repeated"]


@pytest.mark.parametrize(
    ("top", "header_row"),
    [("10/02/2026,4.50,AB-1,Ana", 0), ("when,2019,2020,who", 1), ("id,total,code,1234567", 0)],
)
def test_a_first_row_of_the_same_cell_types_as_the_rest_is_not_a_header(top, header_row):
    rows = "11/02/2026,5.10,AB-2,Eva\n12/02/2026,6.20,AB-3,Luis\n"
    assert read_sheet(f"{top}\n{rows}".encode()).reading.header_row == header_row


def test_the_quotation_mark_and_the_last_row_can_be_overridden():
    data = b"phone,name\n+16505550123,'Ana'\n+16505550124,\"Eva\"\n+16505550125,x\n"
    single = read_sheet(data, reading=ReadOptions(quote="'", last_row=3))
    assert single.frame["name"].tolist() == ["Ana", '"Eva"']
    none = read_sheet(data, reading=ReadOptions(quote=""))
    assert none.frame["name"].tolist() == ["'Ana'", '"Eva"', "x"]
