"""Send rejected rows again, as a run of its own that is linked to the first one.

A rejection is certain: nothing was taken, so nobody is messaged twice. Left out are errors after
which nothing may be sent again, rows that an earlier retry has taken, and people who have got the
campaign, or have opted out, meanwhile.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from lib.campaign import FrozenPlan, exclude_lists, freeze_part
from lib.campaign.exclusions import load_exclusions
from lib.connectly import ErrorClass, VersionBehavior, explain
from lib.delivery.history.index import recipient_index
from lib.delivery.ledger import opt_outs, run_summaries, runs
from lib.delivery.ledger import retries as ledger_retries
from lib.delivery.ledger.database import clock, open_ledger
from lib.delivery.ledger.history import PreviousSendout, sendouts_of_campaigns
from lib.delivery.ledger.retries import RetryRun
from lib.delivery.ledger.runs import NewRun, NewSendout
from lib.delivery.runs import NothingToSendError, ensure_exists
from lib.delivery.states import RunKind
from lib.delivery.summaries import RunSummary
from lib.settings import Settings, get_settings
from lib.sheet.phones.identity import identities


@dataclass(frozen=True)
class RetryOffer:
    """So many rejected rows of a run with one error code, which may be sent again."""

    code: str
    rows: int
    error_class: ErrorClass

    @property
    def is_advised(self) -> bool:
        """Tell whether waiting alone may help."""
        return self.error_class is ErrorClass.WAIT_AND_RETRY


@dataclass(frozen=True)
class _Others:
    """The runs that decide who is left out: retries of this run, and sendouts to its campaigns."""

    retries: tuple[RetryRun, ...]
    sendouts: tuple[PreviousSendout, ...]

    @property
    def key(self) -> tuple[object, ...]:
        """What must not have changed between choosing the rows and inserting the run."""
        return self.retries, frozenset((each.run_id, each.number) for each in self.sendouts)


def retry_offers(run_id: str, *, settings: Settings | None = None) -> list[RetryOffer]:
    """Return what of a run may be sent again, by error code, the most rows first.

    Rows that a retry of this run has taken are not counted. Raises RunNotFoundError, and OSError or
    ValueError where a frozen plan cannot be read.
    """
    settings = settings or get_settings()
    with open_ledger(settings).read() as db:
        run = ensure_exists(run_summaries.run_by_id(db, run_id, clock(db)))
        counts = ledger_retries.rejected_by_code(db, run_id)
        retries = ledger_retries.retries_of(db, run_id)
        positions = {
            code: ledger_retries.rejected_positions(db, run_id, [code])
            for code in (counts if retries else ())
        }
        if retries:
            taken = _taken(db, FrozenPlan.open(run.plan_id, settings), retries, settings)
            counts = {code: int((~np.isin(each, taken)).sum()) for code, each in positions.items()}
    offers = [
        RetryOffer(code, rows, explain(code).error_class)
        for code, rows in counts.items()
        if rows and explain(code).error_class is not ErrorClass.NEVER_RETRY
    ]
    return sorted(offers, key=lambda each: (-each.is_advised, -each.rows))


def retry_run(run_id: str, codes: Collection[str], *, settings: Settings | None = None) -> str:
    """Send the rows of a run again that were rejected with one of these codes; return the new run.

    Each row goes to the version that the first run has used. Left out are rows that a retry of
    this run has taken, unless it was cancelled before they were sent, and people who have got the
    campaign since or are about to: what is decided still holds in the transaction that inserts the
    new run. Where a retry has taken all of the rows, it is returned, so that two clicks make one
    run.

    Raises NothingToSendError where nobody is left, RunNotFoundError, and OSError or ValueError
    where a frozen plan cannot be read.
    """
    settings = settings or get_settings()
    codes = {each for each in codes if explain(each).error_class is not ErrorClass.NEVER_RETRY}
    while True:
        with open_ledger(settings).read() as db:
            run = ensure_exists(run_summaries.run_by_id(db, run_id, clock(db)))
            others = _others(db, run)
            rejected = ledger_retries.rejected_positions(db, run_id, codes)
            whole = FrozenPlan.open(run.plan_id, settings)
            taken = _taken(db, whole, others.retries, settings)
            left = rejected[~np.isin(rejected, taken)]
            left = _without_people(db, run, left, others, settings)
        if not len(left):
            return _latest_retry(others, rejected, taken)
        part = freeze_part(whole, left, settings)
        with open_ledger(settings).write() as db:
            if _others(db, run).key == others.key:
                new = _new_run(run, part, number=len(others.retries), now=clock(db))
                return runs.insert_run(db, new, _sendouts(part, run))


def _latest_retry(others: _Others, rejected: np.ndarray, taken: np.ndarray) -> str:
    """Return the latest retry where any of the rejected rows have been taken by one."""
    if others.retries and np.isin(rejected, taken).any():
        return others.retries[-1].id
    raise NothingToSendError


def _others(db: Connection, run: RunSummary) -> _Others:
    campaigns = {each.campaign_name for each in run.sendouts}
    business_id = run.business.business_id if run.business else None
    found = sendouts_of_campaigns(db, run.connection, campaigns, business_id=business_id)
    return _Others(
        retries=ledger_retries.retries_of(db, run.id),
        sendouts=tuple(each for each in found if each.run_id != run.id),
    )


def _taken(
    db: Connection,
    whole: FrozenPlan,
    retries: Collection[RetryRun],
    settings: Settings,
) -> np.ndarray:
    """Return the positions, in the whole plan, of rows that retries have taken."""
    rows = [np.array([], dtype="int64")]
    for each in retries:
        part = FrozenPlan.open(each.plan_id, settings)
        numbers = np.array(part.rows(0, part.row_count), dtype="int64")
        unsent = ledger_retries.cancelled_positions(db, each.id)
        rows.append(np.delete(numbers, unsent))
    taken = np.concatenate(rows)
    if not len(taken):
        return taken
    positions = whole.frame("position")["position"]
    found: np.ndarray = positions[positions.index.isin(taken)].dropna().to_numpy(dtype="int64")
    return found


def _without_people(
    db: Connection, run: RunSummary, positions: np.ndarray, others: _Others, settings: Settings
) -> np.ndarray:
    """Leave out who has opted out, and who has got the campaign since the run was confirmed."""
    if not len(positions):
        return positions
    plan = FrozenPlan.open(run.plan_id, settings)
    numbers = plan.numbers(0, plan.row_count)[positions]
    people = identities(numbers)
    exclusions = load_exclusions([each.id for each in exclude_lists(settings)], settings)
    out = exclusions.mask(numbers)
    if run.business is not None:
        told = opt_outs.opted_out_of(db, run.business.business_id)
        out |= np.isin(people, np.array(told, dtype="int64"))
    names = _campaigns_of(run)[positions]
    for each in others.sendouts:
        reached = _reached_since(db, each, run.created_at, settings)
        out |= (names == each.campaign_name) & np.isin(people, reached)
    left: np.ndarray = positions[~out]
    return left


def _reached_since(
    db: Connection, sendout: PreviousSendout, since: datetime, settings: Settings
) -> np.ndarray:
    """Return the people whom a sendout has reached since then, may have, or is going to."""
    people = recipient_index(db, sendout, settings)
    minute = int(since.timestamp()) // 60
    counts = people.coming | people.unknown | (people.reached & (people.minutes >= minute))
    return identities(people.numbers[counts])


def _campaigns_of(run: RunSummary) -> np.ndarray:
    """Return the campaign name of each position of a run's plan."""
    names = [each.campaign_name for each in run.sendouts]
    return np.repeat(np.array(names, dtype=object), [each.entries for each in run.sendouts])


def _new_run(run: RunSummary, part: FrozenPlan, *, number: int, now: datetime) -> NewRun:
    return NewRun(
        id=secrets.token_hex(8),
        token=f"{run.id}:again:{number}:{part.id}",
        label=run.label,
        kind=RunKind(run.kind),
        connection=run.connection,
        fingerprint=hashlib.sha256(f"{run.fingerprint} {part.id}".encode()).hexdigest(),
        plan_id=part.id,
        sheet_id=run.sheet_id,
        rows=part.row_count,
        held=0,
        if_version_unspecified=VersionBehavior.REUSE_LAST_ACTIVE,
        if_duplicate_check_unspecified=run.duplicates,
        created_at=now,
        business=run.business,
        retry_of=run.id,
    )


def _sendouts(part: FrozenPlan, run: RunSummary) -> list[NewSendout]:
    """Group the rows by campaign and version, which are together in the order of sending."""
    keys = ["campaign_name", "campaign_version"]
    frame = part.frame("position", *keys).sort_values("position").fillna({"campaign_version": ""})
    versions = {
        (each.campaign_name, each.campaign_version or ""): each.pinned_version
        for each in run.sendouts
    }
    sendouts = []
    start = 0
    for number, (key, rows) in enumerate(frame.groupby(keys, sort=False)):
        name, version = (str(each) for each in pd.Series(key))
        sendouts.append(
            NewSendout(
                number=number,
                campaign_name=name,
                campaign_version=version or None,
                needs_version=False,
                start=start,
                entries=len(rows),
                pinned_version=versions.get((name, version)),
            )
        )
        start += len(rows)
    return sendouts
