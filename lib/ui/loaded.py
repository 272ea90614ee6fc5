"""Sheets and plans that pages look at, loaded once for all visitors.

Everything is keyed by ids and text, never by a frame: Streamlit hashes only a sample of a frame.
Nothing here may be changed by whoever gets it.
"""

from pathlib import Path

import streamlit as st

from lib.campaign import LARGE, Answers, Mapping, Plan, make_plan, make_plan_apart
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
        rate,
        settings.data_dir,
        settings,
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _sheet(sheet_id: str, data_dir: Path, _settings: Settings) -> Sheet:
    del data_dir  # A part of the key: tests and administrators may change the folder.
    return load_sheet(sheet_id, settings=_settings)


@st.cache_resource(max_entries=8, show_spinner="Checking every row")
def _plan(
    sheet_id: str, mapping: str, answers: str, rate: float, data_dir: Path, _settings: Settings
) -> Plan:
    sheet = _sheet(sheet_id, data_dir, _settings)
    wanted, given = Mapping.model_validate_json(mapping), Answers.model_validate_json(answers)
    if len(sheet.frame) < LARGE:
        return make_plan(sheet, wanted, answers=given, rate=rate)
    return make_plan_apart(sheet, wanted, answers=given, rate=rate, settings=_settings)
