"""Sheets and plans that pages look at, loaded once for all visitors.

Everything is keyed by ids and text, never by a frame: Streamlit hashes only a sample of a frame.
Nothing here may be changed by whoever gets it.
"""

from pathlib import Path

import streamlit as st

from lib.campaign import (
    LARGE,
    Answers,
    Mapping,
    Plan,
    exclude_lists,
    excluded_numbers,
    make_plan,
    make_plan_apart,
)
from lib.settings import Settings
from lib.sheet import Sheet, load_sheet


def sheet_of(sheet_id: str, settings: Settings) -> Sheet:
    """Return a kept sheet. Raises SheetError where it is no longer there."""
    return _sheet(sheet_id, settings.data_dir, settings)


def plan_of(
    sheet_id: str, mapping: Mapping, answers: Answers, *, rate: float, settings: Settings
) -> Plan:
    """Return the plan of a kept sheet under this mapping and these answers.

    Raises CheckFailedError where a large one could not be made.
    """
    return _plan(
        sheet_id,
        mapping.model_dump_json(),
        answers.model_dump_json(),
        rate=rate,
        list_ids=_lists_that_count(answers, settings),
        data_dir=settings.data_dir,
        _settings=settings,
    )


def _lists_that_count(answers: Answers, settings: Settings) -> tuple[str, ...]:
    """Return the ids of the exclude lists that count for these answers, as of now."""
    found = {each.id for each in exclude_lists(settings)}
    return tuple(sorted(found - answers.ignored_lists))


@st.cache_resource(max_entries=4, show_spinner=False)
def _sheet(sheet_id: str, data_dir: Path, _settings: Settings) -> Sheet:
    del data_dir  # A part of the key: tests and administrators may change the folder.
    return load_sheet(sheet_id, settings=_settings)


@st.cache_resource(max_entries=8, show_spinner="Checking every row")
def _plan(
    sheet_id: str,
    mapping: str,
    answers: str,
    *,
    rate: float,
    list_ids: tuple[str, ...],
    data_dir: Path,
    _settings: Settings,
) -> Plan:
    sheet = _sheet(sheet_id, data_dir, _settings)
    wanted, given = Mapping.model_validate_json(mapping), Answers.model_validate_json(answers)
    if len(sheet.frame) < LARGE:
        excluded = excluded_numbers(list_ids, _settings)
        return make_plan(sheet, wanted, answers=given, rate=rate, excluded=excluded)
    return make_plan_apart(
        sheet, wanted, answers=given, rate=rate, list_ids=list_ids, settings=_settings
    )
