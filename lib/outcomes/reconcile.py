"""The law of conservation: every row of a run has exactly one outcome."""

from collections.abc import Mapping

from lib.delivery import Outcome, RunSummary

Counts = dict[Outcome, int]

SETTLED = (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.UNKNOWN, Outcome.CANCELLED)


def ledger_counts(run: RunSummary, *, campaign: str | None = None) -> Counts:
    """Return the ledger's counters of a run by outcome.

    With ``campaign``, count its sendouts only; held rows belong to no sendout and are then zero.
    """
    sendouts = [each for each in run.sendouts if campaign in (None, each.campaign_name)]
    return {
        Outcome.ACCEPTED: sum(each.accepted for each in sendouts),
        Outcome.REJECTED: sum(each.rejected for each in sendouts),
        Outcome.UNKNOWN: sum(each.unknown for each in sendouts),
        Outcome.HELD: run.held if campaign is None else 0,
        Outcome.WAITING: sum(each.waiting for each in sendouts),
        Outcome.CANCELLED: sum(each.cancelled for each in sendouts),
    }


def agrees_with(counted: Mapping[Outcome, int], counters: Counts) -> bool:
    """Return whether counted settled rows equal the ledger's counters, outcome by outcome."""
    return all(counted.get(outcome, 0) == counters[outcome] for outcome in SETTLED)
