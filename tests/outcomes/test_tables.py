"""Tables of counted outcomes are complete."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from lib.delivery import Outcome, OutcomeCount
from lib.outcomes import tables

START = datetime(2026, 11, 24, 10, 5, tzinfo=UTC)
OPTED_OUT = "ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT"
THROTTLED = "ERROR_CODE_THROTTLED"


def line(
    count: int,
    outcome: Outcome = Outcome.ACCEPTED,
    code: str | None = None,
    *,
    campaign: str = "promo",
    version: str | None = "v1",
    after: timedelta = timedelta(),
) -> OutcomeCount:
    return OutcomeCount("run", "list.csv", campaign, version, outcome, code, START + after, count)


LINES = [
    line(90),
    line(6, Outcome.REJECTED, OPTED_OUT),
    line(3, Outcome.REJECTED, THROTTLED, after=timedelta(minutes=1)),
    line(1, Outcome.UNKNOWN, "STUDIO_INTERRUPTED"),
    line(10, campaign="welcome", version=None),
    line(2, Outcome.REJECTED, THROTTLED, campaign="welcome", version=None),
    line(4, Outcome.CANCELLED, campaign="welcome", version=None),
]


def records(table: pd.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    return list(table[list(columns)].itertuples(index=False, name=None))


def test_sendouts_have_a_column_for_each_outcome() -> None:
    table = tables.by_sendout(tables.tally_of(LINES))
    assert list(table.columns) == [
        "Campaign",
        "Version",
        "Accepted",
        "Rejected",
        "Unconfirmed",
        "Waiting",
        "Cancelled",
        "Total",
    ]
    assert table.to_numpy().tolist() == [
        ["promo", "v1", 90, 9, 1, 0, 0, 100],
        ["welcome", "not known", 10, 2, 0, 0, 4, 16],
    ]


def test_what_has_no_outcome_yet_waits() -> None:
    """Also in a sendout of which nothing has been sent."""
    entries = {("promo", "v1"): 250, ("later", "not known"): 7, ("welcome", "not known"): 16}
    table = tables.by_sendout(tables.tally_of(LINES), entries)
    assert records(table, "Campaign", "Waiting", "Total") == [
        ("promo", 150, 250),
        ("welcome", 0, 16),
        ("later", 7, 7),
    ]


def test_codes_are_ranked_and_explained() -> None:
    table = tables.by_code(tables.tally_of(LINES))
    assert records(table, "Code", "Rejected", "Unconfirmed", "Recipients", "Share (%)") == [
        (OPTED_OUT, 6, 0, 6, 50.0),
        (THROTTLED, 5, 0, 5, 41.7),
        ("STUDIO_INTERRUPTED", 0, 1, 1, 8.3),
    ]
    assert table["Error"].str.len().min() > 0
    assert table["Next step"].tolist()[1] == "Wait and retry"


def test_a_code_has_one_line_whether_rejected_or_in_doubt() -> None:
    lines = [line(2, Outcome.REJECTED, THROTTLED), line(3, Outcome.UNKNOWN, THROTTLED)]
    table = tables.by_code(tables.tally_of(lines))
    assert records(table, "Code", "Rejected", "Unconfirmed", "Recipients") == [(THROTTLED, 2, 3, 5)]


@pytest.mark.parametrize("code", [None, "ERROR_CODE_FROM_NEXT_YEAR"])
def test_a_code_that_is_missing_or_new_is_still_counted(code: str | None) -> None:
    tally = tables.tally_of([line(3, Outcome.REJECTED, code)])
    for table in (tables.by_code(tally), tables.by_class(tally), tables.by_campaign(tally)):
        assert table["Recipients"].tolist() == [3]


def test_classes_count_rejections_only() -> None:
    table = tables.by_class(tables.tally_of(LINES))
    assert table["Recipients"].sum() == 11
    assert ("Wait and retry", 5) in records(table, "Next step", "Recipients")


def test_campaigns_hold_versions_hold_codes() -> None:
    table = tables.by_campaign(tables.tally_of(LINES))
    assert records(table, "Campaign", "Version", "Outcome", "Code", "Recipients") == [
        ("promo", "v1", "Rejected", OPTED_OUT, 6),
        ("promo", "v1", "Rejected", THROTTLED, 3),
        ("welcome", "not known", "Rejected", THROTTLED, 2),
        ("promo", "v1", "Unconfirmed", "STUDIO_INTERRUPTED", 1),
    ]


@pytest.mark.parametrize(
    ("length", "bucket"),
    [
        (timedelta(), "1min"),
        (timedelta(minutes=119), "1min"),
        (timedelta(minutes=120), "1h"),
        (timedelta(days=3, hours=22), "1h"),
        (timedelta(days=4), "1D"),
        (timedelta(days=400), "1D"),
    ],
)
def test_time_is_cut_as_its_length_asks_for(length: timedelta, bucket: str) -> None:
    """A table's own times ask for the same cut, so that its chart agrees."""
    tally = tables.tally_of([line(1), line(2, after=length)])
    table = tables.over_time(tally, UTC)
    assert tables.bucket_of(table["Time"]) == bucket
    assert (table["Time"] == table["Time"].dt.floor(bucket)).all()
    assert table["Accepted"].sum() == 3


def test_days_begin_at_midnight_where_the_marketer_is() -> None:
    lines = [line(1, after=timedelta(days=each, hours=-7)) for each in range(6)]
    table = tables.over_time(tables.tally_of(lines), ZoneInfo("America/Mexico_City"))
    assert table["Time"].iloc[0] == pd.Timestamp(2026, 11, 23)
    assert len(table) == 6


@pytest.mark.parametrize("zone", ["Europe/Madrid", "America/Santiago", "Asia/Kolkata"])
def test_no_answer_is_lost_when_clocks_change(zone: str) -> None:
    lines = [line(1, after=timedelta(hours=each)) for each in range(0, 24 * 400, 5)]
    assert tables.over_time(tables.tally_of(lines), ZoneInfo(zone))["Accepted"].sum() == len(lines)


def test_nothing_sent_gives_empty_tables_with_their_columns() -> None:
    tally = tables.tally_of([])
    for table in (
        tables.by_sendout(tally),
        tables.by_code(tally),
        tables.by_class(tally),
        tables.over_time(tally, UTC),
        tables.by_campaign(tally),
    ):
        assert table.empty
        assert len(table.columns) >= 3
