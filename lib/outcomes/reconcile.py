"""Whether counts agree with the ledger's own counters, also while a run is under way.

The doors of the ledger answer one after the other, and rows find their outcome in between. What is
counted between two looks at a run is right where it lies between the two; of a run that is over
both looks say the same, and the counts must be exactly that.
"""

from collections.abc import Mapping

from lib.delivery import Outcome, RunSummary

Counts = dict[Outcome, int]


def ledger_counts(run: RunSummary, *, campaign: str | None = None) -> Counts:
    """Return the run's counters by outcome.

    Of one campaign, where one is given: then without held rows, which no sendout has taken.
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


def lie_between(counts: Mapping[Outcome, int], before: Counts, after: Counts) -> bool:
    """Tell whether each count lies between what two looks at the ledger have found."""
    return all(
        min(before[outcome], after[outcome])
        <= counts.get(outcome, 0)
        <= max(before[outcome], after[outcome])
        for outcome in Outcome
    )
