"""Resend rejected rows, as a new run that is linked to the first one.

A rejected row was not sent, so a retry messages nobody twice. It excludes errors after which
nothing may be sent again, rows that an earlier retry includes, and people who have since received
the campaign or opted out.
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
from lib.connectly import ErrorClass, VersionBehavior
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
from lib.error_catalogue import explain
from lib.i18n import N_
from lib.settings import Settings, get_settings
from lib.sheet.phones.identity import identities


class NothingToRetryError(NothingToSendError):
    """No rejected row of the chosen errors may be resent."""

    code = "STUDIO_NOTHING_TO_RETRY"
    sentence = N_("None of these rows can be resent.")
    action = N_(
        "They were resent before, or their recipients got the campaign, opted out or are on an "
        "exclude list since then. Choose rows with other errors."
    )


@dataclass(frozen=True)
class RetryOffer:
    """The number of rejected rows of a run with one error code that may be sent again."""

    code: str
    rows: int
    error_class: ErrorClass

    @property
    def is_advised(self) -> bool:
        """Return whether sending again may succeed without a change to the sheet or campaign."""
        return self.error_class is ErrorClass.WAIT_AND_RETRY


@dataclass(frozen=True)
class _RelatedRuns:
    """The retries of a run, and other sendouts of its campaigns: they decide who is excluded."""

    retries: tuple[RetryRun, ...]
    sendouts: tuple[PreviousSendout, ...]

    @property
    def key(self) -> tuple[object, ...]:
        """What must not change between the choice of the rows and the insertion of the run."""
        return self.retries, frozenset((each.run_id, each.number) for each in self.sendouts)


def retry_offers(run_id: str, *, settings: Settings | None = None) -> list[RetryOffer]:
    """Return which rejected rows of a run may be sent again, by error code.

    Advised offers come first, then those with most rows. Rows that an earlier retry of this run
    includes are not counted. Raises RunNotFoundError, LedgerError, StorageError and
    PlanUnreadableError.
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
            whole = FrozenPlan.open(run.plan_id, settings)
            retried = _retried_positions(db, whole, retries, settings)
            counts = {
                code: int((~np.isin(each, retried)).sum()) for code, each in positions.items()
            }
    offers = [
        RetryOffer(code, rows, explain(code).error_class)
        for code, rows in counts.items()
        if rows and explain(code).error_class is not ErrorClass.NEVER_RETRY
    ]
    return sorted(offers, key=lambda each: (-each.is_advised, -each.rows))


def retry_run(run_id: str, codes: Collection[str], *, settings: Settings | None = None) -> str:
    """Resend the rows of a run that were rejected with one of these codes; return the new run's id.

    Each row goes to the campaign version that the first run used. Excluded are rows of an earlier
    retry of this run, unless it was cancelled before they were sent, and people who have received
    the campaign since or are about to. The transaction that inserts the new run checks that this
    choice is still valid. If an earlier retry includes all of the rows, its id is returned, so two
    clicks make one run.

    Raises NothingToRetryError if no row remains, RunNotFoundError, LedgerError, StorageError and
    PlanUnreadableError.
    """
    settings = settings or get_settings()
    codes = {each for each in codes if explain(each).error_class is not ErrorClass.NEVER_RETRY}
    while True:
        with open_ledger(settings).read() as db:
            run = ensure_exists(run_summaries.run_by_id(db, run_id, clock(db)))
            related = _related_runs(db, run)
            rejected = ledger_retries.rejected_positions(db, run_id, codes)
            whole = FrozenPlan.open(run.plan_id, settings)
            retried = _retried_positions(db, whole, related.retries, settings)
            remaining = rejected[~np.isin(rejected, retried)]
            remaining = _exclude_people(db, run, remaining, related, settings)
        if not len(remaining):
            return _latest_retry(related, rejected, retried)
        part = freeze_part(whole, remaining, settings)
        with open_ledger(settings).write() as db:
            if _related_runs(db, run).key == related.key:
                new = _new_run(run, part, number=len(related.retries), now=clock(db))
                return runs.insert_run(db, new, _sendouts(part, run))


def _latest_retry(related: _RelatedRuns, rejected: np.ndarray, retried: np.ndarray) -> str:
    """Return the id of the latest retry, if a retry includes any of the rejected rows."""
    if related.retries and np.isin(rejected, retried).any():
        return related.retries[-1].id
    raise NothingToRetryError


def _related_runs(db: Connection, run: RunSummary) -> _RelatedRuns:
    campaigns = {each.campaign_name for each in run.sendouts}
    business_id = run.business.business_id if run.business else None
    found = sendouts_of_campaigns(db, run.connection, campaigns, business_id=business_id)
    return _RelatedRuns(
        retries=ledger_retries.retries_of(db, run.id),
        sendouts=tuple(each for each in found if each.run_id != run.id),
    )


def _retried_positions(
    db: Connection,
    whole: FrozenPlan,
    retries: Collection[RetryRun],
    settings: Settings,
) -> np.ndarray:
    """Return the positions in the whole plan of the rows that retries include."""
    rows = [np.array([], dtype="int64")]
    for each in retries:
        part = FrozenPlan.open(each.plan_id, settings)
        numbers = np.array(part.rows(0, part.row_count), dtype="int64")
        unsent = ledger_retries.cancelled_positions(db, each.id)
        rows.append(np.delete(numbers, unsent))
    retried = np.concatenate(rows)
    if not len(retried):
        return retried
    positions = whole.frame("position")["position"]
    found: np.ndarray = positions[positions.index.isin(retried)].dropna().to_numpy(dtype="int64")
    return found


def _exclude_people(
    db: Connection,
    run: RunSummary,
    positions: np.ndarray,
    related: _RelatedRuns,
    settings: Settings,
) -> np.ndarray:
    """Return the positions of people who have not opted out or received the campaign since."""
    if not len(positions):
        return positions
    plan = FrozenPlan.open(run.plan_id, settings)
    numbers = plan.numbers(0, plan.row_count)[positions]
    people = identities(numbers)
    exclusions = load_exclusions([each.id for each in exclude_lists(settings)], settings)
    excluded = exclusions.mask(numbers)
    if run.business is not None:
        opted_out = opt_outs.opted_out_of(db, run.business.business_id)
        excluded |= np.isin(people, np.array(opted_out, dtype="int64"))
    names = _campaigns_of(run)[positions]
    for each in related.sendouts:
        reached = _reached_since(db, each, run.created_at, settings)
        excluded |= (names == each.campaign_name) & np.isin(people, reached)
    remaining: np.ndarray = positions[~excluded]
    return remaining


def _reached_since(
    db: Connection, sendout: PreviousSendout, since: datetime, settings: Settings
) -> np.ndarray:
    """Return the identities that a sendout has reached since then, may have reached, or will."""
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
    """Return one sendout per campaign and version, whose rows are adjacent in the plan."""
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
