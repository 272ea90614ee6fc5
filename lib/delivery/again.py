"""Send rejected rows again, as a run of its own that is linked to the first one.

A rejection is certain: nothing was taken, so nobody is messaged twice. Left out are errors after
which nothing may be sent again, and whoever has opted out meanwhile.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.campaign import FrozenPlan, exclude_lists, excluded_numbers, freeze_part
from lib.campaign.exclusions import as_numbers
from lib.connectly import ErrorClass, VersionBehavior, explain
from lib.delivery import ledger_reads, ledger_runs
from lib.delivery.ledger import open_ledger
from lib.delivery.ledger_runs import NewRun, NewSendout
from lib.delivery.runs import NothingToSendError, ensure_exists
from lib.delivery.states import RunKind
from lib.delivery.summaries import RunSummary
from lib.settings import Settings, get_settings


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


def retry_offers(run_id: str, *, settings: Settings | None = None) -> list[RetryOffer]:
    """Return what of a run may be sent again, by error code, the most rows first."""
    with open_ledger(settings).read() as db:
        ensure_exists(ledger_runs.state_of(db, run_id))
        counts = ledger_reads.rejected_by_code(db, run_id)
    offers = [
        RetryOffer(code, rows, explain(code).error_class)
        for code, rows in counts.items()
        if explain(code).error_class is not ErrorClass.NEVER_RETRY
    ]
    return sorted(offers, key=lambda each: (-each.is_advised, -each.rows))


def retry_run(run_id: str, codes: Collection[str], *, settings: Settings | None = None) -> str:
    """Send the rows of a run again that were rejected with one of these codes; return the new run.

    However often this is called for the same rows, there is one new run. Each row goes to the
    version that the first run has used. Raises NothingToSendError where nobody is left,
    RunNotFoundError, and OSError or ValueError where the frozen plan cannot be read.
    """
    settings = settings or get_settings()
    allowed = {each.code for each in retry_offers(run_id, settings=settings)} & set(codes)
    with open_ledger(settings).read() as db:
        run = ensure_exists(ledger_reads.run_by_id(db, run_id, datetime.now(UTC)))
        positions = ledger_reads.rejected_positions(db, run_id, allowed)
    whole = FrozenPlan.open(run.plan_id, settings)
    positions = _without_excluded(whole, positions, settings)
    if not len(positions):
        raise NothingToSendError
    part = freeze_part(whole, positions, settings)
    new = NewRun(
        id=secrets.token_hex(8),
        token=f"{run_id}:again:{part.id}",
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
        created_at=datetime.now(UTC),
        retry_of=run_id,
    )
    with open_ledger(settings).write() as db:
        return ledger_runs.insert_run(db, new, _sendouts(part, run))


def _without_excluded(plan: FrozenPlan, positions: np.ndarray, settings: Settings) -> np.ndarray:
    """Leave out whoever is on an exclude list by now."""
    excluded = excluded_numbers([each.id for each in exclude_lists(settings)], settings)
    if not len(excluded) or not len(positions):
        return positions
    frame = plan.frame("position", "client").dropna(subset=["position"]).set_index("position")
    numbers = as_numbers(frame.loc[positions, "client"])
    out = pc.is_in(numbers, pa.array(excluded), skip_nulls=True).to_numpy(zero_copy_only=False)
    left: np.ndarray = positions[~out]
    return left


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
