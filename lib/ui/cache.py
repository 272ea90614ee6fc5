"""Sheets and plans of the pages, cached for all visitors.

Cache keys are ids and text, never frames, because Streamlit hashes only a sample of a frame. Cached
objects are shared and must not be changed.
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
from lib.i18n import _
from lib.settings import Settings
from lib.sheet import Sheet, load_sheet


def sheet_of(sheet_id: str, settings: Settings) -> Sheet:
    """Return a stored sheet. Raises SheetError if it no longer exists."""
    return _load_sheet(sheet_id, settings.data_dir, settings)


@dataclass(frozen=True)
class CheckedPlan:
    """A plan without the people who are skipped, and the full plan with them.

    ``reached`` holds the recipients of ``full_plan`` who already got their campaign in the
    ``earlier`` sendouts. ``is_undecided`` is true if there are any and the visitor has not chosen
    yet whether to skip them.
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
    """Return the current plan of a stored sheet for a mapping and answers.

    Raises CheckFailedError if a large plan could not be made, LedgerError if the ledger cannot be
    read.
    """
    lists = _active_list_ids(answers, settings)
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
    none = np.array([], "int64")
    with st.spinner(_("Checking every row")):
        full_plan = _make_plan(key, "", _skipped=none, _opted_out=opted_out, _settings=settings)
    earlier = previous_sendouts(full_plan, connection.name, settings=settings)
    with st.spinner(_("Checking who already got this campaign")):
        reached = _previous_recipients(
            key, hash(earlier), _plan=full_plan, _earlier=earlier, _settings=settings
        )
    plan = full_plan
    if answers.only_new:
        skipped = reached.left_out(include_unknown=answers.include_unknown)
        if len(skipped):
            digest = hashlib.sha256(skipped.tobytes()).hexdigest()
            with st.spinner(_("Checking every row")):
                plan = _make_plan(
                    key, digest, _skipped=skipped, _opted_out=opted_out, _settings=settings
                )
    is_undecided = answers.only_new is None and bool(reached.campaigns)
    return CheckedPlan(plan, full_plan, earlier, reached, is_undecided)


def _active_list_ids(answers: Answers, settings: Settings) -> tuple[str, ...]:
    """Return the ids of all exclude lists except those that the answers ignore."""
    found = {each.id for each in exclude_lists(settings)}
    return tuple(sorted(found - answers.ignored_lists))


@st.cache_resource(max_entries=4, show_spinner=False)
def _load_sheet(sheet_id: str, data_dir: Path, _settings: Settings) -> Sheet:
    del data_dir  # part of the key: the folder of a running process changes in tests
    return load_sheet(sheet_id, settings=_settings)


class _Key(NamedTuple):
    """Everything that the full plan depends on."""

    sheet_id: str
    mapping: str
    answers: str
    rate: float
    list_ids: tuple[str, ...]
    opted_out: str
    data_dir: Path


@st.cache_resource(max_entries=8, show_spinner=False)
def _make_plan(
    key: _Key,
    skipped_digest: str,
    *,
    _skipped: np.ndarray,
    _opted_out: tuple[int, ...],
    _settings: Settings,
) -> Plan:
    del skipped_digest  # part of the key: stands for `_skipped`
    sheet = _load_sheet(key.sheet_id, key.data_dir, _settings)
    mapping = Mapping.model_validate_json(key.mapping)
    answers = Answers.model_validate_json(key.answers)
    if len(sheet.frame) < LARGE:
        return make_plan(
            sheet,
            mapping,
            answers=answers,
            rate=key.rate,
            excluded=load_exclusions(key.list_ids, _settings, opted_out=_opted_out),
            reached=_skipped,
        )
    return make_plan_apart(
        sheet,
        mapping,
        answers=answers,
        rate=key.rate,
        list_ids=key.list_ids,
        opted_out=_opted_out,
        reached=_skipped,
        settings=_settings,
    )


@st.cache_resource(
    max_entries=8,
    show_spinner=False,
    # Sendouts that could not be read may be readable next time.
    validate=lambda reached: not reached.unreadable,
)
def _previous_recipients(
    key: _Key,
    earlier_hash: int,
    *,
    _plan: Plan,
    _earlier: tuple[PreviousSendout, ...],
    _settings: Settings,
) -> PreviousRecipients:
    del key, earlier_hash  # the key: stand for `_plan` and `_earlier`
    return previous_recipients(_plan, _earlier, settings=_settings)
