"""Corrections of cells, made in the app or in a spreadsheet, leave the sheet unchanged."""

from typing import Any

import pytest

from lib.campaign import (
    Answers,
    FieldSource,
    Mapping,
    MissingRowNumbersError,
    correction_list,
    held_sheet,
    import_corrections,
    make_plan,
    make_plan_apart,
    with_cells,
)
from lib.outcomes import csv_bytes, xlsx_bytes
from lib.settings import Settings
from lib.sheet import Sheet, read_sheet
from tests.support.recipients import fictional_phone
from tests.support.sheets import make_sheet

ANA, BEN, CAM = (fictional_phone(number) for number in range(3))
MAPPING = Mapping(
    client=FieldSource(column="phone"),
    campaign_name=FieldSource(value="spring"),
    variables={"name": FieldSource(column="name")},
)
ODD = [
    "=1+1",
    "+1",
    "-2",
    "@x",
    "\tz",
    'say "hi"',
    "two\nlines",
    "'quoted",
    " edge ",
    "007",
    "ñ;,|",
]


def people(**more: Any) -> Sheet:
    return make_sheet({"phone": [ANA, "x", CAM, ""], "name": ["Ana", "Ben", "", "Eva"]}, **more)


def plan_with(sheet: Sheet, corrections: dict[int, dict[str, str]]):
    return make_plan(sheet, MAPPING, answers=Answers(corrections=corrections))


def test_a_corrected_row_is_sent_and_the_sheet_is_unchanged() -> None:
    sheet = people()
    plan = plan_with(sheet, {3: {"phone": BEN}, 4: {"name": "Cam"}, 99: {"name": "?"}})

    assert [(each.client, each.variables["name"]) for each in plan.entries()] == [
        (ANA, "Ana"),
        (BEN, "Ben"),
        (CAM, "Cam"),
    ]
    assert plan.held.index.tolist() == [5]
    assert sheet.frame["phone"].tolist() == [ANA, "x", CAM, ""]


def test_corrections_change_the_fingerprint_only_if_they_change_what_is_sent() -> None:
    plain = plan_with(people(), {})

    assert plan_with(people(), {3: {"phone": BEN}}).fingerprint != plain.fingerprint
    assert plan_with(people(), {3: {"phone": "y"}}).fingerprint == plain.fingerprint


def test_a_lost_cell_no_longer_holds_its_row_once_corrected() -> None:
    sheet = people(flags=[(2, "name", "error_value")])

    assert 2 in plan_with(sheet, {}).held.index
    assert 2 not in plan_with(sheet, {2: {"name": "Ana"}}).held.index


def test_a_cell_with_its_original_text_is_not_a_correction() -> None:
    sheet = people()
    typed = with_cells({}, sheet, {3: {"phone": BEN, "name": "Ben"}, 4: {"name": "Cam"}})

    assert typed == {3: {"phone": BEN}, 4: {"name": "Cam"}}
    assert correction_list(sheet, typed).to_numpy().tolist() == [
        [3, "phone", "x", BEN],
        [4, "name", "", "Cam"],
    ]
    assert with_cells(typed, sheet, {3: {"phone": "x"}}) == {4: {"name": "Cam"}}


@pytest.mark.parametrize("write", [csv_bytes, xlsx_bytes])
def test_importing_unchanged_rows_corrects_nothing(write, settings: Settings) -> None:
    sheet = make_sheet(
        {
            "phone": ["x"] * len(ODD),
            "name": ODD,
            "Row": ODD,
            "Why held": ODD,
            "note": ODD[::-1],
        }
    )
    plan = plan_with(sheet, {})

    imported = read_sheet(write(held_sheet(plan, sheet)), settings=settings)
    found = import_corrections(imported, sheet, {})

    assert (found.corrections, found.rows, found.same, found.unknown) == ({}, 0, len(ODD), 0)


def test_imported_changes_become_corrections(settings: Settings) -> None:
    sheet = people()
    held = held_sheet(plan_with(sheet, {}), sheet)
    held.loc[3, "phone"] = BEN
    held.loc[4, "name"] = "Cam"
    held.loc[5, "Row"] = "99"
    imported = read_sheet(xlsx_bytes(held), settings=settings)

    found = import_corrections(imported, sheet, {4: {"name": "C"}})

    assert found.corrections == {3: {"phone": BEN}, 4: {"name": "Cam"}}
    assert (found.rows, found.same, found.unknown) == (2, 0, 1)


def test_headers_of_held_rows_are_in_the_readers_language(
    in_spanish: None, settings: Settings
) -> None:
    sheet = make_sheet({"phone": [ANA, "x"], "name": ["", "Ben"], "Row": ["a", "b"]})
    held = held_sheet(plan_with(sheet, {}), sheet)

    assert list(held.columns) == ["Fila", "Motivo de la retención", "phone", "name", "Row"]
    held.loc[3, "phone"] = BEN
    held.loc[3, "Row"] = "c"
    found = import_corrections(read_sheet(csv_bytes(held), settings=settings), sheet, {})
    assert found.corrections == {3: {"phone": BEN, "Row": "c"}}
    assert (found.rows, found.same) == (1, 1)


@pytest.mark.parametrize("header", ["Row,Why held", "Fila,Motivo de la retención", "Fila,Why held"])
def test_held_rows_that_were_downloaded_in_english_are_accepted_in_another_language(
    header: str, in_spanish: None, settings: Settings
) -> None:
    rows = f"{header},phone,name\n3,letters,{BEN},Ben\n"

    found = import_corrections(read_sheet(rows.encode(), settings=settings), people(), {})

    assert found.corrections == {3: {"phone": BEN}}


def test_a_sheet_without_row_numbers_is_refused() -> None:
    with pytest.raises(MissingRowNumbersError):
        import_corrections(people(), people(), {})


def test_a_plan_made_in_a_child_process_has_the_same_corrections(settings: Settings) -> None:
    sheet = read_sheet(f"phone,name\n{ANA},Ana\nx,Ben\n".encode(), settings=settings)
    answers = Answers(corrections={3: {"phone": BEN}})

    there = make_plan_apart(sheet, MAPPING, answers=answers, rate=100, settings=settings)

    assert there.id == make_plan(sheet, MAPPING, answers=answers, rate=100).id
    assert there.entry_count == 2


def test_cells_that_a_spreadsheet_changed_by_itself_are_no_corrections() -> None:
    sheet = make_sheet({"phone": ["+16505550101", "x"], "code": ["0012", "0013"]})
    returned = make_sheet(
        {"Row": ["2", "3"], "phone": ["16505550101", "+16505550102"], "code": ["12", "13"]}
    )

    found = import_corrections(returned, sheet, {})

    assert found.corrections == {3: {"phone": "+16505550102"}}
    assert (found.rows, found.same) == (1, 1)
    assert found.reformatted == {2: {"phone": "16505550101", "code": "12"}, 3: {"code": "13"}}
