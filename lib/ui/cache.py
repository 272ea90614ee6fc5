"""Sheets and plans that pages look at, loaded once for all visitors.

Everything is keyed by ids and text, never by a frame: Streamlit hashes only a sample of a frame.
Nothing here may be changed by whoever gets it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from lib.campaign import (
    LARGE,
    Answers,
    Mapping,
    Plan,
    exclude_lists,
    load_exclusions,
    make_plan,
    make_plan_apart,
)
from lib.connections import Connection
from lib.delivery import (
    PreviousRecipients,
    PreviousSendout,
    people_opted_out,
    previous_recipients,
    previous_sendouts,
)
from lib.settings import Settings
from lib.sheet import Sheet, load_sheet


def sheet_of(sheet_id: str, settings: Settings) -> Sheet:
    """Return a kept sheet. Raises SheetError where it is no longer there."""
    return _sheet(sheet_id, settings.data_dir, settings)


@dataclass(frozen=True)
class CheckedPlan:
    """A plan, and the plan for everybody that it may leave people out of.

    ``reached`` tells whose people have had their campaign before, by the plan for everybody, in
    the ``earlier`` sendouts; ``is_undecided`` that there are such, and that nobody has said whether
    they are left out.
    """

    plan: Plan
    full_plan: Plan
    earlier: tuple[PreviousSendout, ...]
    reached: PreviousRecipients
    is_undecided: bool


def plan_for(
    sheet_id: str,
    mapping: Mapping,
    answers: Answers,
    *,
    connection: Connection,
    settings: Settings,
) -> CheckedPlan:
    """Return the plan of a kept sheet under this mapping and these answers, as of now.

    Raises CheckFailedError where a large one could not be made, and LedgerError.
    """
    lists = _lists_that_count(answers, settings)
    opted_out = people_opted_out(connection.business_id, settings=settings)
    choice = {"only_new": None, "include_unknown": False}
    key = _Key(
        sheet_id=sheet_id,
        mapping=mapping.model_dump_json(),
        answers=answers.model_copy(update=choice).model_dump_json(),
        rate=connection.rate,
        list_ids=lists,
        opted_out=hashlib.sha256(np.array(opted_out, "int64").tobytes()).hexdigest(),
        data_dir=settings.data_dir,
    )
    nobody = np.array([], "int64")
    full_plan = _plan(key, "", _left_out=nobody, _opted_out=opted_out, _settings=settings)
    earlier = previous_sendouts(full_plan, connection.name, settings=settings)
    reached = _reached(key, hash(earlier), _plan=full_plan, _earlier=earlier, _settings=settings)
    plan = full_plan
    if answers.only_new:
        left_out = reached.left_out(include_unknown=answers.include_unknown)
        if len(left_out):
            digest = hashlib.sha256(left_out.tobytes()).hexdigest()
            plan = _plan(key, digest, _left_out=left_out, _opted_out=opted_out, _settings=settings)
    is_undecided = answers.only_new is None and bool(reached.campaigns)
    return CheckedPlan(plan, full_plan, earlier, reached, is_undecided)


def _lists_that_count(answers: Answers, settings: Settings) -> tuple[str, ...]:
    """Return the ids of the exclude lists that count for these answers, as of now."""
    found = {each.id for each in exclude_lists(settings)}
    return tuple(sorted(found - answers.ignored_lists))


@st.cache_resource(max_entries=4, show_spinner=False)
def _sheet(sheet_id: str, data_dir: Path, _settings: Settings) -> Sheet:
    del data_dir  # A part of the key: tests and administrators may change the folder.
    return load_sheet(sheet_id, settings=_settings)


class _Key(NamedTuple):
    """All that the plan for everybody follows from."""

    sheet_id: str
    mapping: str
    answers: str
    rate: float
    list_ids: tuple[str, ...]
    opted_out: str
    data_dir: Path


@st.cache_resource(max_entries=8, show_spinner="Checking every row")
def _plan(
    key: _Key,
    left_out: str,
    *,
    _left_out: np.ndarray,
    _opted_out: tuple[int, ...],
    _settings: Settings,
) -> Plan:
    del left_out  # A part of the key: what stands in the rows themselves.
    sheet = _sheet(key.sheet_id, key.data_dir, _settings)
    mapping = Mapping.model_validate_json(key.mapping)
    answers = Answers.model_validate_json(key.answers)
    if len(sheet.frame) < LARGE:
        return make_plan(
            sheet,
            mapping,
            answers=answers,
            rate=key.rate,
            excluded=load_exclusions(key.list_ids, _settings, opted_out=_opted_out),
            reached=_left_out,
        )
    return make_plan_apart(
        sheet,
        mapping,
        answers=answers,
        rate=key.rate,
        list_ids=key.list_ids,
        opted_out=_opted_out,
        reached=_left_out,
        settings=_settings,
    )


@st.cache_resource(
    max_entries=8,
    show_spinner="Looking up who has had this campaign before",
    # What could not be read may be there again.
    validate=lambda reached: not reached.unreadable,
)
def _reached(
    key: _Key,
    so_far: int,
    *,
    _plan: Plan,
    _earlier: tuple[PreviousSendout, ...],
    _settings: Settings,
) -> PreviousRecipients:
    del key, so_far  # What the plan, and who was reached by now, follow from.
    return previous_recipients(_plan, _earlier, settings=_settings)
