"""Plans made in a child process equal those made in this one."""

import pytest

from lib.campaign import (
    Answers,
    CheckFailedError,
    FieldSource,
    Mapping,
    MappingIncompleteError,
    make_plan,
    make_plan_apart,
)
from lib.settings import Settings
from lib.sheet import Sheet, read_sheet

MAPPING = Mapping(
    client=FieldSource(column="phone"),
    campaign_name=FieldSource(column="campaign"),
    variables={"name": FieldSource(column="name")},
)
ANSWERS = Answers(region="US")


@pytest.fixture
def sheet(settings: Settings) -> Sheet:
    rows = [
        "phone,campaign,name",
        "6505550101,promo,Ana",
        "12,promo,Eva",
        "+16505550102,b,  Ñ\U0001f600 ",
    ]
    return read_sheet("\n".join(rows).encode(), settings=settings)


def apart(sheet: Sheet, settings: Settings, mapping: Mapping = MAPPING):
    return make_plan_apart(sheet, mapping, answers=ANSWERS, rate=100, settings=settings)


def test_both_plans_are_equal(sheet: Sheet, settings: Settings) -> None:
    here = make_plan(sheet, MAPPING, answers=ANSWERS, rate=100)
    there = apart(sheet, settings)

    assert (there.id, there.fingerprint) == (here.id, here.fingerprint)
    assert there.table.equals(here.table)
    assert there.findings.equals(here.findings)
    assert there.sendouts == here.sendouts
    assert there.finding_groups == here.finding_groups
    assert list(there.entries()) == list(here.entries())
    assert (there.entry_count, there.held_count) == (2, 1)


def test_no_files_are_left_and_the_plan_stays_readable(sheet: Sheet, settings: Settings) -> None:
    plan = apart(sheet, settings)

    assert list(settings.plans_dir.iterdir()) == []
    assert plan.entry_for_row(4) is not None


def test_a_child_process_that_fails_is_reported(sheet: Sheet, settings: Settings) -> None:
    (settings.sheets_dir / f"{sheet.id}.arrow").unlink()

    with pytest.raises(CheckFailedError):
        apart(sheet, settings)


def test_an_incomplete_mapping_is_refused(sheet: Sheet, settings: Settings) -> None:
    with pytest.raises(MappingIncompleteError):
        apart(sheet, settings, Mapping())


def test_both_plans_hold_previous_recipients_back(sheet: Sheet, settings: Settings) -> None:
    here = make_plan(sheet, MAPPING, answers=ANSWERS, reached=[2, 4])
    there = make_plan_apart(
        sheet, MAPPING, answers=ANSWERS, rate=100, reached=[2, 4], settings=settings
    )

    assert there.id == here.id
    assert there.held["reasons"].tolist() == ["reached_before", "too_short", "reached_before"]
