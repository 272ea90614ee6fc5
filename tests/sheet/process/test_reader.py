"""Sheets are read from any common file format, or refused with a reason."""

import datetime as dt
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from typing import Any

import msoffcrypto.format.ooxml as encrypting
import openpyxl
import pytest
import xlsxwriter

from lib.settings import ROOT, Settings
from lib.sheet import SAMPLES, SheetError, keep_upload, load_sheet, read_sheet, upload_path
from lib.sheet.errors import OUT_OF_MEMORY_STATUS
from tests.support.workbooks import ods, xls

PLAIN = "phone,name\n+16505550123,Ána\n+16505550124,Luis\n"


def cells_of(data: bytes, settings: Settings) -> list[list[str]]:
    sheet = read_sheet(data, settings=settings)
    return [list(sheet.frame.columns), *sheet.frame.to_numpy().tolist()]


def workbook(fill: Callable[[Any], object]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    fill(book)
    book.close()
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        PLAIN.encode("cp1252"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", "|").encode(),
        ("sep=;\n" + PLAIN.replace(",", ";")).encode(),
        PLAIN.replace("Luis", '"Luis"').encode(),
        PLAIN.replace(",", ",,").encode(),
    ],
)
def test_encodings_and_dialects_give_the_same_cells(data, settings):
    assert cells_of(data, settings) == [
        ["phone", "name"],
        ["+16505550123", "Ána"],
        ["+16505550124", "Luis"],
    ]


def test_a_few_bytes_of_another_encoding_do_not_affect_other_cells(settings):
    data = PLAIN.replace("Luis", "Íñigo Ángel").encode() + b"+16505550125,Jos\xe9\n"
    sheet = read_sheet(data, settings=settings)
    assert sheet.frame["name"].tolist() == ["Ána", "Íñigo Ángel", "José"]
    assert "odd_letters" in {note.code for note in sheet.notes}


def test_row_numbers_are_those_of_a_spreadsheet_program(settings):
    sheet = read_sheet(b'\na,b\n"x\ny",1\n\n,\nz,2\n', settings=settings)
    assert sheet.frame.index.tolist() == [3, 6]
    assert sheet.first_row == 3
    assert sheet.frame.index.name == "row"
    assert sheet.frame["a"].tolist() == ["x\ny", "z"]
    assert [note.code for note in sheet.notes] == ["empty_rows"]


@pytest.mark.parametrize(
    ("text", "columns", "notes"),
    [
        ("a,b\n1\n1,2,3\n", ["a", "b", "Column C"], {"short_rows", "long_rows", "unnamed_columns"}),
        ("+16505550123,Ana\n+16505550124,Luis\n", ["Column A", "Column B"], {"no_header"}),
        ("name,name\nx,y\n", ["name", "name (2)"], {"same_names"}),
        ('a,b\n"x,1\ny,2\n', ["a", "b"], {"quotes_mended"}),
        ("a,b\nx\x00,1\ny,2\n", ["a", "b"], {"nul_removed"}),
    ],
)
def test_irregular_files_are_read_with_a_notice(text, columns, notes, settings):
    sheet = read_sheet(text.encode(), settings=settings)
    assert sheet.frame.columns.tolist() == columns
    assert {note.code for note in sheet.notes} == notes


def test_numbers_and_dates_are_formatted_as_in_the_workbook(settings):
    def fill(book):
        page = book.add_worksheet()
        page.write_row(0, 0, ["phone", "day", "code", "share", "vip", "long"])
        page.write(1, 0, 16505550123)
        page.write(1, 1, dt.date(2023, 3, 15), book.add_format({"num_format": "dd/mm/yyyy"}))
        page.write(1, 2, 123, book.add_format({"num_format": "00000"}))
        page.write(1, 3, 0.125, book.add_format({"num_format": "0.0%"}))
        page.write_boolean(1, 4, True)
        page.write(1, 5, 12345678901234567890)

    sheet = read_sheet(workbook(fill), settings=settings)
    assert sheet.frame.iloc[0].tolist()[:5] == [
        "16505550123",
        "15/03/2023",
        "00123",
        "12.5%",
        "TRUE",
    ]
    assert sheet.flags.to_numpy().tolist() == [[2, "long", "digits_lost"]]


def test_a_plus_from_the_number_format_is_kept(settings):
    def fill(book):
        page = book.add_worksheet()
        page.write_row(0, 0, ["phone", "mobile"])
        page.write(1, 0, 5511912345678, book.add_format({"num_format": '"+"0'}))
        page.write(1, 1, 5511912345678, book.add_format({"num_format": r"\+0"}))

    sheet = read_sheet(workbook(fill), settings=settings)

    assert sheet.frame.iloc[0].tolist() == ["+5511912345678", "+5511912345678"]


def test_errors_and_formulas_without_a_value_are_flagged(settings):
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["phone", "name", "code"])
    page.append(["+16505550123", "=A2", "#N/A"])
    buffer = io.BytesIO()
    book.save(buffer)
    sheet = read_sheet(buffer.getvalue(), settings=settings)
    assert sheet.flags.to_numpy().tolist() == [
        [2, "name", "formula_without_value"],
        [2, "code", "error_value"],
    ]
    assert sheet.frame.iloc[0].tolist() == ["+16505550123", "", "#N/A"]
    assert [note.code for note in sheet.notes] == ["formulas"]


def test_the_first_visible_worksheet_that_is_not_empty_is_read(settings):
    def fill(book):
        book.add_worksheet("hidden").hide()
        book.get_worksheet_by_name("hidden").write_row(0, 0, ["secret"])
        book.add_worksheet("blank").activate()
        for name in ("one", "two"):
            page = book.add_worksheet(name)
            page.write_column(0, 0, ["phone", name])

    data = workbook(fill)
    sheet = read_sheet(data, settings=settings)
    assert (sheet.worksheet, sheet.worksheets) == ("one", ("hidden", "blank", "one", "two"))
    assert read_sheet(data, sheet="two", settings=settings).frame["phone"].tolist() == ["two"]
    for name, code in (("none", "worksheet_not_found"), ("blank", "empty_worksheet")):
        with pytest.raises(SheetError) as caught:
            read_sheet(data, sheet=name, settings=settings)
        assert caught.value.code == code


@pytest.mark.parametrize("write", [xls, ods])
def test_older_and_open_formats_are_read(write, settings):
    data = write([["phone"], ["16505550123"]])

    assert cells_of(data, settings) == [["phone"], ["16505550123"]]


def _encrypted() -> bytes:
    plain = workbook(lambda book: book.add_worksheet().write_column(0, 0, ["a", "b"]))
    buffer = io.BytesIO()
    encrypting.OOXMLFile(io.BytesIO(plain)).encrypt("password", buffer)
    return buffer.getvalue()


def _archive(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (bytes, "empty_file"),
        (lambda: b" \n\n", "empty_file"),
        (lambda: b",,\n,,\n", "empty_file"),
        (lambda: b"phone,name\n", "only_header"),
        (lambda: b"%PDF-1.7 ...", "not_a_sheet"),
        (lambda: b"\x89PNG\r\n\x1a\n", "not_a_sheet"),
        (lambda: _archive({"word/document.xml": "<w/>"}), "not_a_sheet"),
        (lambda: b"<html><table><tr><td>a</td></tr></table></html>", "html_disguised"),
        (lambda: b"PK\x03\x04 and then nothing", "cut_off"),
        (lambda: _archive({"xl/workbook.xml": "<w/>"})[:-30], "cut_off"),
        (lambda: _archive({"xl/workbook.xml": "<broken"}), "damaged"),
        (lambda: _archive({"xl/workbook.xml": bytes(80 << 20)}), "archive_bomb"),
        (_encrypted, "encrypted"),
        ((",".join(["x"] * 100_001) + "\n").encode, "too_many_columns"),
    ],
)
def test_unusable_files_raise_an_error_with_texts(make, code, settings):
    with pytest.raises(SheetError) as caught:
        read_sheet(make(), filename="list.xlsx", settings=settings)
    assert caught.value.code == code
    assert caught.value.translated_sentence
    assert caught.value.translated_action
    if code == "too_many_columns":
        assert caught.value.values == {"found": 100_001, "limit": settings.sheet_max_columns}
        assert "100,001" in caught.value.translated_sentence
        assert "100,001" in str(caught.value)
    assert not list(settings.data_dir.glob("sheets/.*"))


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ({"sheet_max_bytes": 10}, "too_large"),
        ({"sheet_max_rows": 1}, "too_many_rows"),
        ({"sheet_max_columns": 1}, "too_many_columns"),
        ({"sheet_max_cells": 3}, "too_many_cells"),
        ({"sheet_max_seconds": 1e-6}, "timeout"),
    ],
)
def test_limits_are_enforced(limit, code, settings):
    with pytest.raises(SheetError) as caught:
        read_sheet(PLAIN.encode(), settings=settings.model_copy(update=limit))
    assert caught.value.code == code
    assert not list(settings.data_dir.glob("sheets/*"))


def test_a_sheet_that_needs_too_much_memory_is_refused(settings):
    data = b"a,b\n" + b"x,y\n" * 2_000_000
    with pytest.raises(SheetError) as caught:
        read_sheet(data, settings=settings.model_copy(update={"sheet_max_memory": 20 << 20}))
    assert caught.value.code == "out_of_memory"


def test_the_child_exits_above_its_memory_limit_if_the_system_does_not_enforce_it():
    code = (
        "from lib.sheet.process.isolation import watch_memory\n"
        "watch_memory(20 << 20)\n"
        "kept = []\n"
        "while True:\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", f"{code}    kept.append(b'1' * (1 << 20))"],
        check=False, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert ended.returncode == OUT_OF_MEMORY_STATUS


DISK_FULL = """
import resource, sys
from pathlib import Path
from lib.settings import Settings
from lib.sheet import SheetError, keep_upload, read_sheet
settings = Settings(data_dir=Path(sys.argv[1]))
data = b"a,b\\n" + b"".join(b"%d,%d\\n" % (i, i * i) for i in range(20000))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
for read_or_keep in (lambda: read_sheet(data, settings=settings),
                     lambda: keep_upload(data, "a.csv", settings=settings)):
    try:
        read_or_keep()
    except SheetError as error:
        print(error.code)
"""


def test_a_full_disk_raises_disk_full_and_leaves_no_files(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", DISK_FULL, str(tmp_path)],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert ended.stdout.split() == ["disk_full", "disk_full"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_stored_sheet_is_loaded_by_its_id_only(settings):
    sheet = read_sheet(PLAIN.encode(), filename="list.csv", settings=settings)
    again = load_sheet(sheet.id, settings=settings)
    assert again.frame.equals(sheet.frame)
    assert again.filename == "list.csv"
    assert str(again.frame.dtypes.iloc[0]) == "string"
    for wrong in ("0" * 64, "../" + sheet.id, sheet.id.upper(), ""):
        with pytest.raises(SheetError) as caught:
            load_sheet(wrong, settings=settings)
        assert caught.value.code == "sheet_gone"


def test_an_upload_is_stored_unchanged(settings: Settings):
    upload = keep_upload(b"a,b\n1,2\n", "../Mine.CSV", settings=settings)
    assert upload.endswith(".csv")
    assert upload_path(upload, settings=settings).read_bytes() == b"a,b\n1,2\n"
    with pytest.raises(SheetError):
        upload_path("../../etc/passwd", settings=settings)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_samples_can_be_read(sample, settings):
    assert len(read_sheet(sample.path, settings=settings).frame) >= 40
