"""Public API for rows whose outcome is unknown: read them, and record a person's decision.

A decision is written to the ledger with the person's name and the time; the worker carries it out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lib.campaign import FrozenPlan
from lib.delivery.ledger import outcomes, run_summaries, runs, unknowns
from lib.delivery.ledger.database import clock, open_ledger
from lib.delivery.ledger.unknowns import Resolution
from lib.delivery.runs import ensure_exists
from lib.delivery.states import ResolutionChoice, RunState
from lib.delivery.summaries import AttemptRecord
from lib.errors import StudioError
from lib.i18n import N_
from lib.settings import Settings, get_settings

_PAGE: Final = 25


class RepeatNotConfirmedError(StudioError, ValueError):
    """A repeat could message people twice, and the person has not confirmed that."""

    code = "STUDIO_REPEAT_NOT_CONFIRMED"
    sentence = N_("Resending these unconfirmed rows may message people twice.")
    action = N_("Confirm that this is acceptable, or leave the rows unconfirmed.")


@dataclass(frozen=True)
class UnknownRows:
    """The rows of one request whose outcome is unknown.

    ``recipients`` are the first (row of the sheet, phone) pairs. ``said_accepted`` and
    ``said_rejected`` are the counts of an answer that did not name the rejected rows.
    """

    batch_id: int
    size: int
    recipients: tuple[tuple[int, str], ...]
    code: str | None
    said_accepted: int | None
    said_rejected: int | None
    attempts: tuple[AttemptRecord, ...]
    resolutions: tuple[Resolution, ...]


def count_unknown_rows(run_id: str, *, settings: Settings | None = None) -> int:
    """Return the number of requests of a run whose outcome is unknown.

    Raises RunNotFoundError and LedgerError.
    """
    with open_ledger(settings).read() as db:
        ensure_exists(runs.state_of(db, run_id))
        return unknowns.count_unknown_batches(db, run_id)


def unknown_rows(
    run_id: str, *, limit: int = _PAGE, offset: int = 0, settings: Settings | None = None
) -> list[UnknownRows]:
    """Return a page of the requests of a run whose outcome is unknown, by position.

    Raises RunNotFoundError, LedgerError, StorageError and PlanUnreadableError.
    """
    settings = settings or get_settings()
    with open_ledger(settings).read() as db:
        run = ensure_exists(run_summaries.run_by_id(db, run_id, clock(db)))
        found = unknowns.unknown_batches(db, run_id, limit, offset)
        ids = [each.id for each in found]
        decisions = unknowns.resolutions(db, ids)
        attempts = outcomes.attempts_of_batches(db, ids)
    plan = FrozenPlan.open(run.plan_id, settings)
    return [
        UnknownRows(
            batch_id=each.id,
            size=each.size,
            recipients=_recipients(plan, each.start, each.start + min(each.size, _PAGE)),
            code=each.error_code,
            said_accepted=each.said_accepted,
            said_rejected=each.said_rejected,
            attempts=tuple(attempts.get(each.id, ())),
            resolutions=tuple(decisions.get(each.id, ())),
        )
        for each in found
    ]


def resolve_unknown_rows(
    run_id: str,
    verdict: ResolutionChoice,
    *,
    person: str,
    batch_ids: Sequence[int] | None = None,
    confirmed: bool = False,
    settings: Settings | None = None,
) -> int:
    """Resend rows with an unknown outcome, mark them as sent, or leave them.

    Returns the number of rows. ``batch_ids`` is None for all of the run. A cancelled run resends
    nothing.

    Raises RepeatNotConfirmedError if a resend could message people twice and ``confirmed`` is
    false (see `RunSummary.repeats_may_reach_twice`), RunNotFoundError and LedgerError.
    """
    with open_ledger(settings).write() as db:
        now = clock(db)
        run = ensure_exists(run_summaries.run_by_id(db, run_id, now))
        if verdict is ResolutionChoice.REPEAT:
            if run.state is RunState.CANCELLED:
                return 0
            if run.repeats_may_reach_twice and not confirmed:
                raise RepeatNotConfirmedError
        return unknowns.resolve(db, run_id, verdict, batch_ids=batch_ids, person=person, now=now)


def _recipients(plan: FrozenPlan, start: int, stop: int) -> tuple[tuple[int, str], ...]:
    phones = [entry.client for entry in plan.entries(start, stop)]
    return tuple(zip(plan.rows(start, stop), phones, strict=True))
