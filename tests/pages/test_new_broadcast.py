"""The New broadcast page: its steps, and sheets that can't be read."""

import io
from pathlib import Path

import pytest
import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile
from streamlit.testing.v1 import AppTest

from lib.campaign import WORDS, change_draft, load_draft
from lib.connectly import DuplicateBehavior, VersionBehavior
from lib.delivery import RunState, list_runs, pause_run
from lib.settings import Settings, get_settings
from tests.support.app_test import Visit, press, texts
from tests.support.drafts import ANA, BEN, GOOD, current_draft_id, prepared, upload
from tests.support.recipients import fictional_phone, known_sheet

WIDE = (",".join(f"c{number}" for number in range(100_001)) + "\nx\n").encode()


def _workbook(**cells: str) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        worksheet = workbook.add_worksheet()
        for place, value in cells.items():
            worksheet.write(place, value)
    return buffer.getvalue()


def _encrypted() -> bytes:
    buffer = io.BytesIO()
    plain = io.BytesIO(_workbook(A1="phone", A2="+12025550100"))
    OOXMLFile(plain).encrypt("secret", buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("list.csv", b"", "empty"),
        ("list.csv", b"phone,name\n", "no rows"),
        ("list.xlsx", b"%PDF-1.7 and more", "PDF"),
        ("list.xlsx", _encrypted(), "password"),
        ("list.xlsx", b"PK\x03\x04 cut off", "damaged"),
        ("list.csv", WIDE, "100,001"),
    ],
)  # fmt: skip
def test_a_sheet_that_cannot_be_read_shows_its_error(
    name: str, data: bytes, sentence: str, visit: Visit, settings: Settings
) -> None:
    app = upload(visit("new_broadcast"), data, name)

    (error,) = app.error
    assert sentence.casefold() in error.value.replace("\\", "").casefold()
    assert list(settings.sheets_dir.glob(".*")) == []


def test_a_sheet_without_phones_asks_for_the_phone_column(visit: Visit) -> None:
    app = upload(visit("new_broadcast"), "name,city\nAna,Lima\n")

    assert "Choose the column with the phone numbers" in texts(app)
    assert next(b for b in app.button if b.label == "Confirm columns").disabled


def test_columns_without_a_header_are_named_by_letters(visit: Visit) -> None:
    app = upload(visit("new_broadcast"), f"{fictional_phone(0)},Ana\n{fictional_phone(1)},Ben\n")

    assert "Column A" in str([box.options for box in app.selectbox])


def test_columns_with_the_same_name_are_numbered(visit: Visit) -> None:
    app = upload(visit("new_broadcast"), f"phone,name,name\n{fictional_phone(0)},Ana,Ben\n")

    assert "name (2)" in str([box.options for box in app.selectbox])


def test_a_formula_cell_is_sent_as_its_result(visit: Visit) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        worksheet = workbook.add_worksheet()
        worksheet.write_row(0, 0, ["phone", "campaign", "name"])
        worksheet.write_row(1, 0, [fictional_phone(0), "demo_welcome"])
        worksheet.write_formula(1, 2, '="An"&"a"', None, "Ana")

    app = prepared(visit, buffer.getvalue(), "list.xlsx")

    assert '"name": "Ana"' in texts(app)


def test_rows_can_be_pasted_or_taken_from_a_sample(visit: Visit) -> None:
    app = visit("new_broadcast")
    app.text_area[0].set_value(f"phone\tname\n{fictional_phone(0)}\tAna")
    pasted = press(app, "Use these rows")
    sample = press(visit("new_broadcast"), "Use this sample")

    assert "pasted-rows" in texts(pasted)
    assert "40 rows" in texts(sample)


def test_pasting_nothing_shows_an_error(visit: Visit) -> None:
    app = press(visit("new_broadcast"), "Use these rows")

    assert "There are no rows yet" in texts(app)


def test_the_check_shows_totals_and_the_rows_of_findings(visit: Visit) -> None:
    known = known_sheet(60)

    app = prepared(visit, known.csv())

    shown = texts(app)
    figures = {each.label: each.value for each in app.metric}
    assert figures == {
        "Rows": "60",
        "To send": str(len(known.sent)),
        "Held back": str(len(known.held)),
    }
    assert WORDS["duplicate_differs"].title in shown
    assert "Rows 21, 51" in shown


def test_the_row_to_send_is_chosen_among_duplicates(visit: Visit) -> None:
    rows = [f"{ANA},x,Ana", f"{BEN},x,Ben", f"{ANA},x,Anna", f"{BEN},x,Ben"]
    app = prepared(visit, "\n".join(["phone,campaign,name", *rows]) + "\n")
    assert "Row 5 repeats row 3." in texts(app)
    assert "**First** (row 2)" in texts(app)
    choice = next(each for each in app.radio if each.label == "Which row is right: 2, 4?")
    assert choice.options == ["Row 2: name “Ana”", "Row 4: name “Anna”"]

    choice.set_value(4).run()

    assert "**First** (row 3)" in texts(app)
    assert "2 to send, 2 held back" in texts(app)
    choice = next(each for each in app.radio if each.label == "Which row is right: 2, 4?")
    choice.set_value(2).run()
    assert "**First** (row 2)" in texts(app)


def test_choosing_a_country_releases_rows_without_a_country_code(visit: Visit) -> None:
    app = prepared(visit, "phone,campaign,name\n2025550100,demo_welcome,Ana\n")
    assert "nobody to send to" in texts(app)

    country = next(each for each in app.selectbox if "without a code" in each.label)
    country.set_value("US").run()

    assert "1 recipient" in texts(app)
    assert WORDS["country_added"].title in texts(app)
    app.toggle[0].set_value(False).run()
    assert "nobody to send to" in texts(app)


def test_a_fixed_campaign_and_a_renamed_variable_are_in_the_request(visit: Visit) -> None:
    app = upload(visit("new_broadcast"), f"phone,Nombre\n{fictional_phone(0)},Ana\n")
    next(each for each in app.selectbox if each.label == "Campaign name").set_value(-2).run()
    next(each for each in app.text_input if each.label == "Value for every row").set_value(
        "spring"
    ).run()
    next(each for each in app.text_input if each.label == "Variable").set_value("name").run()

    app = press(app, "Confirm columns")

    assert '"campaignName": "spring"' in texts(app)
    assert '"name": "Ana"' in texts(app)


def test_two_variables_with_the_same_name_are_refused(visit: Visit) -> None:
    app = upload(visit("new_broadcast"), f"phone,campaign,a,b\n{fictional_phone(0)},x,1,2\n")
    next(each for each in app.text_input if each.value == "b").set_value("a").run()

    assert "Two variables have the same name" in texts(app)


def test_a_variable_can_be_added(visit: Visit) -> None:
    app = press(upload(visit("new_broadcast"), GOOD), "Add variable")

    assert [each.value for each in app.text_input if each.label == "Variable"] == [
        "name",
        "variable_1",
    ]


def test_a_variable_can_combine_columns_and_be_formatted_as_a_name(visit: Visit) -> None:
    app = upload(visit("new_broadcast"), f"phone,campaign,first,last\n{ANA},x,ANA,DE LA CRUZ\n")
    next(each for each in app.selectbox if each.value == 2).set_value(-3).run()
    (template,) = (
        each for each in app.text_input if each.label == "Text with column names in braces"
    )
    assert template.value == "{first}"
    template.set_value("{first} {lst}").run()
    assert "“lst”, which is not a column of this sheet" in texts(app)
    next(each for each in app.text_input if each.value == "{first} {lst}").set_value(
        "{first} {last}"
    ).run()
    next(each for each in app.selectbox if each.label == "Format as").set_value("name").run()

    assert "Row 2: “Ana de la Cruz”" in texts(app)
    assert '"first": "Ana de la Cruz"' in texts(press(app, "Confirm columns"))


def test_an_ambiguous_date_is_held_back_until_its_order_is_chosen(visit: Visit) -> None:
    app = upload(visit("new_broadcast"), f"phone,campaign,due\n{ANA},x,03/04/2025\n")
    next(each for each in app.selectbox if each.label == "Format as").set_value("date").run()
    app = press(app, "Confirm columns")
    assert WORDS["date_unsure"].title in texts(app)

    order = next(each for each in app.selectbox if each.label.startswith("In your sheet, 03"))
    order.set_value("day_first").run()

    assert '"due": "3 April 2025"' in texts(app)


def test_a_confirmed_mapping_is_used_for_the_next_sheet_and_can_be_dropped(
    visit: Visit,
) -> None:
    first = upload(visit("new_broadcast"), f"phone,Nombre\n{ANA},Ana\n")
    next(each for each in first.selectbox if each.label == "Campaign name").set_value(-2).run()
    next(each for each in first.text_input if each.label == "Value for every row").set_value(
        "may"
    ).run()
    next(each for each in first.text_input if each.label == "Variable").set_value("name").run()
    press(first, "Confirm columns")
    next(each for each in first.selectbox if each.label == "Format as").set_value("upper").run()

    again = upload(visit("new_broadcast"), f"PHONE,nombre\n{BEN},Ben\n")

    assert "the mapping “may”" in texts(again)
    assert [each.value for each in again.text_input if each.label == "Variable"] == ["name"]
    assert "Row 2: “BEN”" in texts(again)
    assert [each.value for each in again.text_input if each.label == "Value for every row"] == [
        "may"
    ]
    next(each for each in again.selectbox if each.label == "Saved mappings").set_value("").run()
    assert "Choose the column with the campaign name" in texts(again)


def test_other_channels_in_an_audience_file_are_held_back(visit: Visit) -> None:
    rows = f"channel_type,external_id\nwhatsapp,{ANA}\ninstagram,178\n"
    app = upload(visit("new_broadcast"), rows)
    next(each for each in app.selectbox if each.label == "Campaign name").set_value(-2).run()
    next(each for each in app.text_input if each.label == "Value for every row").set_value(
        "may"
    ).run()
    press(app, "Confirm columns")

    assert WORDS["other_channel"].title in texts(app)
    assert "1 to send, 1 held back" in texts(app)
    next(each for each in app.checkbox if "is not WhatsApp" in each.label).uncheck().run()
    assert WORDS["other_channel"].title not in texts(app)


def test_the_preview_shows_the_first_a_random_and_the_longest_row(visit: Visit) -> None:
    rows = "".join(f"{fictional_phone(at)},x,{'N' * (at % 7)}ANA\n" for at in range(20))
    app = upload(visit("new_broadcast"), f"phone,campaign,name\nx,x,{'N' * 50}\n{rows}")
    next(each for each in app.selectbox if each.label == "Format as").set_value("lower").run()
    app = press(app, "Confirm columns")

    shown = texts(app)
    assert "**First** (row 3)" in shown
    assert "**Longest** (row 9)" in shown
    assert [app.text[0].value, app.text[2].value] == ["ana", "nnnnnnana"]
    assert "In your sheet: name: “NNNNNNANA”" in shown
    seen = {_random_row(app)}
    for _ in range(8):
        seen.add(_random_row(press(app, "Another random row")))
    assert len(seen) > 1
    assert not any("(row 2)" in each for each in seen)


def _random_row(app: AppTest) -> str:
    return next(each.value for each in app.markdown if "**Random**" in each.value)


def test_options_are_in_the_request_and_in_the_summary(visit: Visit) -> None:
    app = prepared(visit)
    app.radio[0].set_value(VersionBehavior.CREATE_NEW).run()
    app.radio[1].set_value(DuplicateBehavior.ALLOW_MULTIPLE).run()

    shown = texts(app)
    assert '"ifVersionUnspecified": "create_new"' in shown
    assert '"ifDuplicateCheckUnspecified": "allow_multiple"' in shown
    assert "Sent **again**" in shown


def test_sending_needs_a_confirmation_and_starts_one_run(visit: Visit, settings: Settings) -> None:
    app = prepared(visit)
    assert app.button(key="send").disabled

    next(each for each in app.checkbox if "checked the numbers" in each.label).check().run()
    app.button(key="send").click().run()

    assert "Your broadcast is on its way" in texts(app)
    (run,) = list_runs(settings=settings)
    assert (run.rows, run.waiting, run.label) == (2, 2, "list.csv")


def test_sending_the_same_list_again_needs_a_confirmation(visit: Visit, settings: Settings) -> None:
    app = prepared(visit)
    next(each for each in app.checkbox if "checked the numbers" in each.label).check().run()
    app.button(key="send").click().run()

    again = prepared(visit, GOOD, "copy of list.csv")

    assert "You already sent this exact list" in texts(again)
    assert again.button(key="send").disabled
    assert len(list_runs(settings=settings)) == 1


def test_a_new_session_restores_the_step_of_a_draft(visit: Visit) -> None:
    draft_id = current_draft_id(prepared(visit))

    app = visit("new_broadcast", draft=draft_id)

    assert "Send to 2 recipients" in texts(app)


def test_an_unknown_draft_starts_over(visit: Visit) -> None:
    app = visit("new_broadcast", draft="../../etc/passwd")

    assert "This draft is no longer available" in texts(app)
    assert app.file_uploader


def test_a_draft_without_its_sheet_asks_for_it_again(visit: Visit, settings: Settings) -> None:
    draft_id = current_draft_id(prepared(visit))
    draft = load_draft(draft_id, settings)
    assert draft is not None
    (settings.sheets_dir / f"{draft.sheet_id}.arrow").unlink()
    import streamlit as st

    st.cache_resource.clear()

    app = visit("new_broadcast", draft=draft_id)

    assert app.file_uploader
    assert app.error


def test_markdown_in_a_column_name_is_shown_literally(visit: Visit) -> None:
    app = prepared(visit, f"phone,campaign,[x](http://x.example)\n{ANA},a,b\n")

    titles = [each.label for each in app.expander if "example" in each.label]
    assert titles
    assert all("](http" not in each for each in titles)


def test_a_run_can_be_paused_and_shown_after_sending(visit: Visit, settings: Settings) -> None:
    app = prepared(visit)
    next(each for each in app.checkbox if "checked the numbers" in each.label).check().run()
    app.button(key="send").click().run()
    (run,) = list_runs(settings=settings)
    pause_run(run.id, settings=settings)

    live = visit("broadcasts", run=run.id)

    assert list_runs(settings=settings)[0].state is RunState.PAUSED
    assert "Nothing is sent until you resume" in texts(live)


def test_a_click_on_a_stale_page_keeps_corrections(visit: Visit, settings: Settings) -> None:
    held = "phone,campaign,name\n0055 11 98765-0001,demo_welcome,Ana\nx,demo_welcome,Ben\n"
    app = prepared(visit, held)
    draft_id = current_draft_id(app)
    drawn = load_draft(draft_id, settings)
    assert drawn is not None
    # The fragment has saved this, but the page has not been drawn again yet.
    corrected = drawn.answers.model_copy(update={"corrections": {3: {"phone": BEN}}})
    change_draft(drawn, {"answers": corrected}, settings)
    (repair,) = (each for each in app.toggle if each.label == "Use the fixed numbers")
    repair.set_value(False).run()
    assert not app.exception
    kept = load_draft(draft_id, settings)
    assert kept is not None
    assert kept.answers.corrections == {3: {"phone": BEN}}
    assert len(kept.answers.refused_repairs) == 1


def test_a_damaged_draft_shows_an_error_and_a_button_to_start_over(
    visit: Visit, settings: Settings
) -> None:
    app = prepared(visit)
    draft_id = current_draft_id(app)
    (settings.drafts_dir / f"{draft_id}.json").write_text("{")
    app = visit("new_broadcast", draft=draft_id)
    assert "This draft can't be read" in texts(app)
    press(app, "Start over")
    assert "This draft can't be read" not in texts(app)
    assert app.file_uploader


def test_a_repair_can_be_declined_and_accepted_for_single_rows(
    visit: Visit, settings: Settings
) -> None:
    rows = "".join(f"demo_welcome,Ana,202555{number:04d}\n" for number in range(100, 130))
    app = prepared(visit, f"campaign,name,phone_us\n{rows}")
    assert "Country: United States" in texts(app)
    next(box for box in app.toggle if box.label == "Show each number").set_value(True).run()
    _choose_rows(app, 0, 2)

    press(app, "Hold back 2 rows")

    assert "28 to send, 2 held back" in texts(app)
    draft = load_draft(current_draft_id(app), settings)
    assert draft is not None
    assert draft.answers.refused_rows == {2, 4}
    _choose_rows(app, 2)
    press(app, "Use 1 row")
    assert "29 to send, 1 held back" in texts(app)


def _choose_rows(app: AppTest, *places: int) -> None:
    """Select rows of the table of repairs."""
    (table,) = (each for each in app.dataframe if "repair_rows" in (each.proto.id or ""))
    key = table.proto.id.split("-", 2)[-1]
    app.session_state[key] = {"selection": {"rows": list(places), "columns": [], "cells": []}}
    app.run()


def test_fixed_rows_are_imported_and_can_be_undone(visit: Visit) -> None:
    app = prepared(visit, f"phone,campaign,name\n{ANA},demo_welcome,Ana\nx,demo_welcome,Ben\n")
    back = next(each for each in app.file_uploader if each.label == "Upload fixed rows")
    back.upload("fixed.csv", f"Row,Why held,phone\n3,letters,{BEN}\n99,letters,y\n".encode()).run()

    assert "1 updated, 0 unchanged, 1 not found in this sheet" in texts(app)
    assert "1 cell corrected here" in texts(app)
    assert "2 to send" in texts(app)

    (table,) = (each for each in app.dataframe if "corrections_" in (each.proto.id or ""))
    chosen = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.session_state[table.proto.id.split("-", 2)[-1]] = chosen
    press(app.run(), "Undo selected")
    assert "1 to send, 1 held back" in texts(app)


def test_a_sheet_without_row_numbers_is_not_imported_as_fixed_rows(visit: Visit) -> None:
    app = prepared(visit, f"phone,campaign,name\n{ANA},demo_welcome,Ana\nx,demo_welcome,Ben\n")
    back = next(each for each in app.file_uploader if each.label == "Upload fixed rows")
    back.upload("other.csv", f"phone\n{BEN}\n".encode()).run()

    assert "no “Row” column" in app.error[0].value
    assert "1 to send, 1 held back" in texts(app)


def test_a_question_about_hidden_rows_comes_first(visit: Visit) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        worksheet = workbook.add_worksheet()
        for at, row in enumerate(line.split(",") for line in GOOD.split()):
            worksheet.write_row(at, 0, row)
        worksheet.set_row(2, None, None, {"hidden": True})
    app = upload(visit("new_broadcast"), buffer.getvalue(), "list.xlsx")
    assert "Confirm columns" not in texts(app)

    (asked,) = (each for each in app.radio if "hidden" in each.label)
    asked.set_value(False).run()

    assert not app.exception
    assert "Confirm columns" in texts(app)
    assert "list.xlsx · 1 row" in texts(app)


def test_shared_files_are_available_only_if_an_administrator_allows_them(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "From a shared location" not in [tab.label for tab in visit("new_broadcast").tabs]
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "may.csv").write_text(GOOD)
    monkeypatch.setenv("SENDOUT_SHEET_ROOTS", str(tmp_path / "lists"))
    get_settings.cache_clear()
    app = visit("new_broadcast")

    def read(place: str) -> None:
        next(each for each in app.text_input if each.label == "File").set_value(place)
        press(app, "Read this file")

    read("../secret.csv")
    assert "Sheets can't be read from this location" in app.error[0].value.replace("\\", "")
    read("may.csv")
    assert "may.csv · 2 rows" in texts(app)
    app.number_input[0].set_value(0)
    press(app, "Read again")
    assert "may.csv · 3 rows" in texts(app)


def test_step_2_asks_for_the_country_if_there_is_no_evidence(visit: Visit) -> None:
    app = upload(visit("new_broadcast"), "phone,campaign,name\n2025550100,demo_welcome,Ana\n")
    asked = next(each for each in app.selectbox if "without a code" in each.label)
    assert asked.value is None
    assert "these rows are held back" in texts(app)

    asked.set_value("US").run()
    press(app, "Confirm columns")

    assert "You chose this country" in texts(app)
    assert "1 recipient" in texts(app)


@pytest.mark.parametrize(
    ("cells", "caption"),
    [
        (["2025550100", "2025550101", BEN], "Suggested by the column name. Added to 2 numbers."),
        (["2025550100", ANA], "Suggested by the column name. Added to 1 number."),
    ],
)
def test_the_check_says_how_many_numbers_the_country_was_added_to(
    visit: Visit, cells: list[str], caption: str
) -> None:
    app = prepared(visit, "\n".join(["phone_us,campaign", *(f"{each},x" for each in cells)]) + "\n")

    assert caption in [each.value for each in app.caption]


def test_the_check_says_if_the_country_was_added_to_no_number(visit: Visit) -> None:
    app = prepared(visit)
    next(each for each in app.selectbox if "without a code" in each.label).set_value("US").run()

    assert "Not added to any number." in [each.value for each in app.caption]


def test_step_2_does_not_ask_for_the_country_if_the_column_name_has_it(visit: Visit) -> None:
    app = upload(visit("new_broadcast"), "phone_us,campaign,name\n2025550100,demo_welcome,Ana\n")

    assert not [each for each in app.selectbox if "without a code" in each.label]
    press(app, "Confirm columns")
    assert "Suggested by the column name" in texts(app)
