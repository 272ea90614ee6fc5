"""People on exclude lists are held back, and unreadable entries are reported."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from lib.campaign import (
    FieldSource,
    Mapping,
    NoNumbersError,
    add_exclude_list,
    exclude_lists,
    excluded_numbers,
    load_exclusions,
    make_plan,
    make_plan_apart,
    pasted_cells,
    phone_cells,
    read_listed_file,
    remove_exclude_list,
)
from lib.campaign.mapping.model import Answers
from lib.settings import Settings
from lib.sheet import read_sheet

ANA, BEN, EVA = "+16505550101", "+5511912345678", "+34612345678"
MAPPING = Mapping(client=FieldSource(column="phone"), campaign_name=FieldSource(value="promo"))


def add(settings: Settings, *cells: str, region: str | None = None, name: str = "Opt-outs"):
    column = pd.Series(list(cells), dtype="string[pyarrow]")
    return add_exclude_list(column, name=name, region=region, added_by="Kim", settings=settings)


def numbers(settings: Settings, *ids: str) -> list[int]:
    found: list[int] = excluded_numbers(ids, settings).to_pylist()
    return found


def test_a_list_stores_each_number_once_and_counts_unreadable_cells(settings: Settings) -> None:
    added = add(settings, ANA, "(650) 555-0101", "", "Ana", "12", region="US")

    assert (added.numbers, added.unread, added.unread_rows) == (1, 2, (3, 4))
    assert exclude_lists(settings) == [added]
    assert numbers(settings, added.id) == [16505550101]


def test_a_list_without_any_number_is_refused(settings: Settings) -> None:
    with pytest.raises(NoNumbersError):
        add(settings, "Ana", "12")

    assert exclude_lists(settings) == []


def test_a_file_without_a_header_keeps_its_first_number(settings: Settings) -> None:
    sheet = read_sheet(f"{ANA}\n{BEN}\n".encode(), settings=settings)

    assert phone_cells(sheet).tolist() == [ANA, BEN]


def test_all_phone_columns_of_all_worksheets_are_used(settings: Settings) -> None:
    rows: dict[str, list[tuple[str, ...]]] = {
        "October": [("Name", "Phone", "Mobile"), ("Ana", ANA, BEN)],
        "November": [("Phone",), (EVA,)],
        "Notes": [("What",), ("Ask Kim",)],
        "Empty": [],
    }
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        for name, lines in rows.items():
            worksheet = workbook.add_worksheet(name)
            for number, cells in enumerate(lines):
                worksheet.write_row(number, 0, cells)

    found = read_listed_file(buffer.getvalue(), "opt-outs.xlsx", settings).cells

    assert set(found) == {ANA, BEN, EVA}


def test_pasted_numbers_may_be_separated_by_lines_or_commas() -> None:
    cells = pasted_cells(f"{ANA}, {BEN}\r\n{EVA};\n")

    assert [cell.strip() for cell in cells if cell.strip()] == [ANA, BEN, EVA]


def test_a_removed_list_excludes_nobody(settings: Settings) -> None:
    kept, gone = add(settings, ANA), add(settings, BEN)
    remove_exclude_list(gone.id, settings)
    remove_exclude_list(gone.id, settings)

    assert exclude_lists(settings) == [kept]
    assert numbers(settings, kept.id, gone.id) == [16505550101]


def test_only_its_owner_can_read_a_list_file(settings: Settings) -> None:
    added = add(settings, ANA)

    assert (settings.exclusions_dir / f"{added.id}.parquet").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("list_id", ["", "../connections", "a" * 17, "A" * 16])
def test_paths_are_not_ids(list_id: str, settings: Settings) -> None:
    with pytest.raises(ValueError, match="not the id"):
        remove_exclude_list(list_id, settings)


def test_listed_people_are_held_in_any_spelling_of_their_number(settings: Settings) -> None:
    rows = f"phone,name\n(650) 555-0101,Ana\n{BEN},Ben\n{EVA},Eva\nx,Kim\n"
    sheet = read_sheet(rows.encode(), settings=settings)
    first, second = add(settings, ANA), add(settings, "0055 11 91234-5678")
    answers = Answers(region="US")

    here = make_plan(
        sheet,
        MAPPING,
        answers=answers,
        excluded=excluded_numbers([first.id, second.id], settings),
    )
    there = make_plan_apart(
        sheet,
        MAPPING,
        answers=answers,
        rate=193.5,
        list_ids=[first.id, second.id],
        settings=settings,
    )

    assert here.held["reasons"].to_dict() == {2: "excluded", 3: "excluded", 5: "letters"}
    assert (here.rows, here.entry_count, here.held_count) == (4, 1, 3)
    assert there.id == here.id
    assert (
        make_plan(sheet, MAPPING, answers=answers, excluded=pa.array([], "int64")).held_count == 1
    )


@pytest.mark.parametrize(
    ("entry", "recipient"),
    [
        ("+54 11 2345-6789", 5491123456789),
        ("+52 1 55 1234 5678", 525512345678),
        ("+55 11 8765 0001", 5511987650001),
        ("(11) 7004-0301", 5511970040301),
        ("55 1234 5678", 525512345678),
        ("(011) 15 2345-6789", 5491123456789),
        ("011 98765-0001", 551187650001),
        ("11 8765 0001", 5511987650001),
        ("5215512345678", 525512345678),
        ("\u202a+52 55 1234 5678\u202c / +52 55 8765 4321", 525587654321),
    ],
)
def test_every_spelling_of_a_number_is_excluded(
    entry: str, recipient: int, settings: Settings
) -> None:
    added = add(settings, entry)

    exclusions = load_exclusions([added.id], settings)

    assert exclusions.mask(np.array([recipient, recipient + 1])).tolist() == [True, False]


def test_numbers_are_excluded_even_if_the_chosen_country_is_wrong(
    settings: Settings,
) -> None:
    # The list has numbers of two countries, and the American one is valid in both.
    added = add(settings, "(201) 555-0100", "55 1234 5678", region="MX")

    exclusions = load_exclusions([added.id], settings)

    assert exclusions.mask(np.array([12015550100, 525512345678, 12015550101])).tolist() == [
        True, True, False,
    ]  # fmt: skip
    assert (added.numbers, added.national) == (2, 0)


def test_whole_numbers_without_a_country_code_are_excluded(settings: Settings) -> None:
    sheet = read_sheet(f"phone\n{BEN}\n{EVA}\n".encode(), settings=settings)
    added = add(settings, "11 91234-5678")

    plan = make_plan(sheet, MAPPING, excluded=excluded_numbers([added.id], settings))

    assert plan.held["reasons"].to_dict() == {2: "excluded"}


def test_lists_of_earlier_releases_exclude_every_spelling(settings: Settings) -> None:
    added = add(settings, EVA)
    path = settings.exclusions_dir / f"{added.id}.parquet"
    about = pq.read_schema(path).metadata
    pq.write_table(pa.table({"number": [5215512345678]}).replace_schema_metadata(about), path)

    exclusions = load_exclusions([added.id], settings)

    assert len(exclusions) == 1
    assert exclusions.mask(np.array([525512345678])).tolist() == [True]


def excluded_of(text: str, settings: Settings) -> tuple[set[int], list[str]]:
    """Return the numbers and the unreadable entries of a list uploaded as CSV."""
    cells = read_listed_file(text.encode(), "list.csv", settings).cells
    added = add_exclude_list(cells, name="x", region=None, added_by="Kim", settings=settings)
    return set(numbers(settings, added.id)), list(added.unread_entries)


@pytest.mark.parametrize(
    "text",
    [
        f"Nome,Celular,WhatsApp\nAna,{ANA},\u202a{BEN}\u202c\nEva,{EVA},\u202a{BEN}\u202c\n",
        f"Nome,Contato\nAna,{ANA} / {BEN}\nEva,{EVA}\n",
        f"Name,Who,Notes\nAna,{ANA},call {BEN} first\nEva,{EVA},\n",
        f"Name,Mobile 1,Mobile 2\nAna,{ANA},{BEN}\nEva,none,Cel: {EVA}\n",
        f"Name,Data\nAna,{ANA} ::: {BEN}\nEva,Tel {EVA}\n",
        f"Name;Link\nAna;https://wa.me/{ANA[1:]}\nBen;https://wa.me/{BEN[1:]}\nEva;{EVA}\n",
    ],
)
def test_every_number_in_every_phone_column_is_used(text: str, settings: Settings) -> None:
    found, _ = excluded_of(text, settings)

    assert {int(phone) for phone in (ANA, BEN, EVA)} <= found


def test_only_phone_columns_have_unreadable_entries(settings: Settings) -> None:
    rows = "".join(f"Ana {n},Street {n},+1650555010{n % 5},yes,sí\n" for n in range(40))
    text = f"Cliente,Address,Phone,WhatsApp opt-in,WhatsApp\n{rows}Eva,Road 1,1.65E+10,no,\n"

    _, unread = excluded_of(text, settings)

    assert unread == ["1.65E+10"]


def test_at_most_fifty_unreadable_entries_are_stored(
    settings: Settings,
) -> None:
    added = add(settings, ANA, *(f"nobody {n}" for n in range(60)), "x" * 200)

    (kept,) = exclude_lists(settings)
    assert (kept.unread, len(kept.unread_entries)) == (61, 50)
    assert kept.unread_entries[0] == "nobody 0"
    assert "nobody" not in repr(added)


@pytest.mark.parametrize(
    ("text", "recipient"),
    [
        ("DDD,Celular\n11,98765-4321\n", 5511987654321),
        ("Lada,Telefono\n55,12345678\n", 525512345678),
        ("DDI,DDD,Fone\n55,11,987654321\n", 5511987654321),
        ("Country code,Phone\n+52,55 1234 5678\n", 525512345678),
    ],
)
def test_a_number_split_over_columns_is_read(text: str, recipient: int, settings: Settings) -> None:
    cells = read_listed_file(text.encode(), "list.csv", settings).cells
    added = add_exclude_list(cells, name="x", region=None, added_by="me", settings=settings)

    assert load_exclusions([added.id], settings).mask(np.array([recipient])).tolist() == [True]


@pytest.mark.parametrize("line", ["2024-01-01 5512345678", "01/02/2024 10:30 5512345678 STOP"])
def test_a_number_after_a_date_is_read(line: str, settings: Settings) -> None:
    added = add(settings, line)

    assert load_exclusions([added.id], settings).mask(np.array([525512345678])).tolist() == [True]


def test_an_unreadable_folder_raises(settings: Settings) -> None:
    settings.exclusions_dir.write_text("in the way")

    with pytest.raises(OSError, match="Not a directory"):
        exclude_lists(settings)
