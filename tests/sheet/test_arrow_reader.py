"""Parquet and Arrow files are read as cells of text."""

import datetime as dt
import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lib.settings import Settings
from lib.sheet import SheetError, read_sheet

TABLE = pa.table(
    {
        "phone": pa.array([5511912345678, None], pa.int64()),
        "code": ["007", "ñ"],
        "share": [0.125, 1e20],
        "price": [Decimal("1.10"), Decimal("2.00")],
        "vip": [True, None],
        "day": [dt.date(2026, 5, 3), None],
        "seen": [dt.datetime(2026, 5, 3, 14, 30, tzinfo=dt.UTC), None],
        "city": pa.array(["Lima", "Lima"]).dictionary_encode(),
        "tags": [["a", "ñ"], None],
        "whole": [16505550101.0, None],
    }
)


def parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def arrow(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def arrow_stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


@pytest.mark.parametrize("write", [parquet, arrow, arrow_stream])
def test_values_are_formatted_as_in_a_spreadsheet(write, settings: Settings) -> None:
    sheet = read_sheet(write(TABLE), filename="list", settings=settings)

    assert list(sheet.frame.columns) == TABLE.column_names
    assert sheet.frame.to_numpy().tolist()[0] == [
        "5511912345678", "007", "0.125", "1.10", "TRUE", "2026-05-03", "2026-05-03 14:30+00:00",
        "Lima", '["a", "ñ"]', "16505550101",
    ]  # fmt: skip
    assert sheet.frame.to_numpy().tolist()[1] == [
        "", "ñ", "100000000000000000000", "2.00", "", "", "", "Lima", "", "",
    ]  # fmt: skip
    assert sheet.flags.to_numpy().tolist() == [[3, "share", "digits_lost"]]


def test_moments_finer_or_later_than_python_holds_are_read(settings: Settings) -> None:
    day, second = 86_400, 1_000_000_000
    table = pa.table(
        {
            "name": ["Ana", "Luis"],
            "seen": pa.array([1_777_777_777 * second + 1, None], pa.timestamp("ns")),
            "seen there": pa.array([day * second + 1, None], pa.timestamp("ns", "UTC")),
            "at": pa.array([(9 * 3600 + 30 * 60) * second + 1, None], pa.time64("ns")),
            "took": pa.array([90 * second + 1, None], pa.duration("ns")),
            # The day that stands for infinity in exports of some databases.
            "until": pa.array([2**31 - 1, 20_000], pa.date32()),
        }
    )

    cells = read_sheet(arrow(table), settings=settings).frame.to_numpy().tolist()

    coarse = table.set_column(1, "seen", pa.array([1_777_777_777, None], pa.timestamp("s")))
    expected = read_sheet(arrow(coarse), settings=settings).frame["seen"].tolist()
    assert [row[1] for row in cells] == expected
    assert cells[0][2] == "1970-01-02 00:00+00:00"
    assert cells[0][3:5] == ["09:30", "0:01:30"]
    assert "2147483647" in cells[0][5]
    assert cells[1] == ["Luis", "", "", "", "", "2024-10-04"]


def test_a_column_name_that_is_not_text_is_damage(settings: Settings) -> None:
    data = arrow_stream(pa.table({"phone": ["+12025550101"]})).replace(b"phone", b"ph\x95ne")

    with pytest.raises(SheetError) as caught:
        read_sheet(data, settings=settings)
    assert caught.value.code == "damaged"


def test_column_names_that_look_like_phones_are_column_names(settings: Settings) -> None:
    table = pa.table({"+16505550101": ["+16505550102"]})

    assert read_sheet(parquet(table), settings=settings).frame.columns.tolist() == ["+16505550101"]


@pytest.mark.parametrize("write", [parquet, arrow, arrow_stream])
def test_a_file_that_is_cut_off_is_refused(write, settings: Settings) -> None:
    data = write(TABLE)
    for kept in (12, len(data) // 2, len(data) - 9):
        with pytest.raises(SheetError) as caught:
            read_sheet(data[:kept], settings=settings)
        assert caught.value.code == "damaged"


def test_limits_are_enforced(settings: Settings) -> None:
    narrow = settings.model_copy(update={"sheet_max_columns": 3})
    with pytest.raises(SheetError) as caught:
        read_sheet(parquet(TABLE), settings=narrow)

    assert caught.value.code == "too_many_columns"
