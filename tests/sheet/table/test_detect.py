"""Which rows name the columns, which are data, and which table of several is read."""

from typing import NamedTuple

import pytest

from lib.sheet.dispatch import read_contents
from lib.sheet.errors import SheetError
from lib.sheet.read_options import ReadLimits, ReadOptions

LIMITS = ReadLimits(1_000, 100, 100_000)
PEOPLE = "phone,name,n\n+12025550101,Ana,3\n+12025550102,Luis,4\n+12025550103,Eva,5\n"
TEXTS = "name,city,team\nAna,Lima,Red\nLuis,Quito,Blue\nEva,Cusco,Green\n"
CLIENTS = (
    "Ana,Lima,+12025550101,ana@example.com,Gold\nLuis,Paz,+12025550102,luis@example.com,Gold\n"
)
LETTERS = ["Column A", "Column B", "Column C"]


class Read(NamedTuple):
    """What was read of a text."""

    names: list[str]
    rows: list[int]
    tables: list[tuple[int, int]]
    notes: list[str]


def read(text: str) -> Read:
    sheet, facts = read_contents(
        text.encode(), worksheet=None, reading=ReadOptions(), limits=LIMITS
    )
    return Read(sheet.names, sheet.rows.to_pylist(), sheet.tables, facts["notes"])


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("Report date,2024-01-05\n\n", PEOPLE),
        ("Report date,2024-01-05\n", PEOPLE),
        ("Report date,2024-01-05\n", PEOPLE.replace(",n\n", "\n").replace(",3", "")),
        ("Report date,2024-01-05\n\n", TEXTS),
        ("Report,Sales\nDate,2024-01-05\n\n", PEOPLE),
        ("Report date,2024-01-05\n\n", PEOPLE.replace(",n\n", "\n").replace(",3", "")),
        ("Clients, Mexico, May 2024\n", PEOPLE),
        ("Clients, Mexico\n", PEOPLE),
        ("Clients, Mexico, May 2024, all, new\n", PEOPLE),
        ("Marta,2024-01-05,3\nx,y,4\n", PEOPLE),
    ],
)
def test_facts_titles_and_stray_rows_are_above_the_names(above: str, below: str) -> None:
    found = read(above + below)

    lines = above.count("\n")
    assert found.names[:2] == below.split("\n", maxsplit=1)[0].split(",")[:2]
    assert found.rows == [lines + 2, lines + 3, lines + 4]
    assert "preamble" in found.notes


def test_a_fact_above_rows_without_names_is_not_taken_for_names() -> None:
    found = read("Report date,2024-01-05\n\n" + PEOPLE.partition("\n")[2])

    assert (found.names, found.rows) == (LETTERS, [3, 4, 5])


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("yes,no,x\n" * 4, 1),
        ("Lima,Peru,Bar\nLima,Peru,Pub\nCusco,Peru,Spa\nLima,Peru,Inn\nCusco,Chile,Pub\n", 1),
        ("Cusco,Peru,Bar\nLima,Peru,Pub\nCusco,Peru,Bar\nLima,Peru,Inn\n", 1),
        ("Red,Blue,Pink\nRed,,\n,Blue,\nRed,,\nRed,Blue,\n,Blue,Pink\n", 2),
        ("North,,\n,Ana,Lima\n,Luis,Quito\nSouth,,\n,Eva,Cusco\n", 1),
        ("name,phone,email\nAna,,\nLuis,,\nEva,,\n", 2),
        ("Ana\nLuis\nEva\nx,y,z\n", 2),
        ("Region,Name,n\nNorth,Ana,4\n,Luis,5\nSouth,Eva,n/a\n,Bea,4\n,Caio,7\n", 2),
        ("phone,name,n\nunknown,Ana,none\n+12025550102,Luis,4\n+12025550103,Eva,5\n", 2),
        ("n,seconds,celsius\n,s,C\n1,0.3,20.1\n2,0.6,21\n3,0.4,22\n", 2),
        ("Red,Blue,Name\nRed,,Ana\n,Blue,Luis\nRed,Blue,Eva\nRed,,Caio\n", 2),
        ("phone,name,n\nx,y,z\nx,y,z\n", 2),
    ],
)
def test_no_row_is_lost(text: str, first: int) -> None:
    found = read(text)

    assert found.rows == list(range(first, text.count("\n") + 1))
    assert (found.names == LETTERS) == (first == 1)


@pytest.mark.parametrize(
    ("end", "count"),
    [
        ("Bea,,\nCaio,,\n", 2),
        ("Bea,,\nTotal: 4,,\n", 1),
        ("Bea,,\nMade by the shop in Lima,,\n", 1),
        ("\nBea\n", 0),
        ("Total,,3\n", 0),
    ],
)
def test_rows_with_a_name_only_are_not_a_footer(end: str, count: int) -> None:
    found = read(
        "name,phone,n\nAna,+12025550101,3\nLuis,+12025550102,4\nEva,+12025550103,5\n" + end
    )

    assert found.rows == list(range(2, 5 + count))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "Client,,Contact,,Plan\nName,Surname,Phone,Mail,\n" + CLIENTS,
            ["Client Name", "Client Surname", "Contact Phone", "Contact Mail", "Plan"],
        ),
        (
            ",List of May,,,\nName,Surname,Phone,Mail,Plan\n" + CLIENTS,
            ["Name", "Surname", "Phone", "Mail", "Plan"],
        ),
    ],
)
def test_names_over_two_rows(text: str, names: list[str]) -> None:
    found = read(text)

    assert found.names == names
    assert len(found.rows) == 2


@pytest.mark.parametrize(
    ("text", "rows", "tables"),
    [
        ("town,n\nLima,3\nQuito,4\n\n" + PEOPLE, [6, 7, 8], [(1, 3), (5, 8)]),
        (PEOPLE + "\ntown,n\nLima,3\nQuito,4\n", [2, 3, 4], [(1, 4), (6, 8)]),
        (TEXTS + "\n" + PEOPLE + "+12025550104,Caio,6\n", [7, 8, 9, 10], [(1, 4), (6, 10)]),
    ],
)
def test_the_largest_table_is_read(
    text: str, rows: list[int], tables: list[tuple[int, int]]
) -> None:
    found = read(text)

    assert (found.rows, found.tables) == (rows, tables)
    assert "several_tables" in found.notes


def test_columns_that_only_a_title_fills_are_left_out() -> None:
    assert read("Clients, Mexico, May 2024, all\n" + PEOPLE).names == ["phone", "name", "n"]


@pytest.mark.parametrize("text", ["phone,name\n", "Report\n\nphone,name,n\n"])
def test_column_names_alone_are_refused(text: str) -> None:
    with pytest.raises(SheetError) as caught:
        read(text)
    assert caught.value.code == "only_header"


@pytest.mark.parametrize(
    ("text", "names", "made_up"),
    [
        ("phone,name,n\n+12025550101,Ana,3\n", ["phone", "name", "n"], []),
        ("+12025550101,Ana,3\n", LETTERS, LETTERS),
        ("Column A,name,n\n+12025550101,Ana,3\n", ["Column A", "name", "n"], []),
        ("phone,,n\n+12025550101,Ana,3\n", ["phone", "Column B", "n"], ["Column B"]),
        (
            ",Column A,n\n+12025550101,Ana,3\n",
            ["Column A (2)", "Column A", "n"],
            ["Column A (2)"],
        ),
    ],
)
def test_made_up_names_are_told_apart_from_those_in_the_file(
    text: str, names: list[str], made_up: list[str]
) -> None:
    sheet, facts = read_contents(
        text.encode(), worksheet=None, reading=ReadOptions(), limits=LIMITS
    )

    assert sheet.names == names
    assert facts["made_up_names"] == made_up
