"""Public API for opt-outs: people whose messages Connectly has rejected as opted out."""

from lib.campaign import FrozenPlan
from lib.connections import ConnectionNotFoundError, get_connection
from lib.delivery.ledger import opt_outs
from lib.delivery.ledger.database import clock, open_ledger
from lib.settings import Settings
from lib.sheet.phones.identity import identities


def people_opted_out(business_id: str, *, settings: Settings | None = None) -> tuple[int, ...]:
    """Return the sorted identities of the people who have opted out of a business.

    See `lib.sheet.phones.identity`. Raises LedgerError.
    """
    with open_ledger(settings).read() as db:
        return tuple(sorted(opt_outs.opted_out_of(db, business_id)))


def count_opted_out(*, settings: Settings | None = None) -> dict[str, int]:
    """Return how many people have opted out, by business id. Raises LedgerError."""
    with open_ledger(settings).read() as db:
        return opt_outs.opt_outs_by_business(db)


def forget_opted_out(business_id: str, *, settings: Settings | None = None) -> int:
    """Delete the opt-outs of a business; return how many there were. Raises LedgerError."""
    with open_ledger(settings).write() as db:
        return opt_outs.forget_opt_outs(db, business_id)


def note_opt_outs_of_earlier_releases(settings: Settings) -> None:
    """Store the opt-outs reported to runs of releases that did not store them.

    Such a run names no business, so they are stored for the current business of its connection. A
    run whose connection or plan no longer exists is skipped. Raises LedgerError.
    """
    with open_ledger(settings).read() as db:
        reported = [
            (each.plan_id, each.connection, opt_outs.reported_positions(db, each.id))
            for each in opt_outs.unnoted_runs(db)
        ]
    for plan_id, connection, positions in reported:
        try:
            business_id = get_connection(connection, settings).business_id
            plan = FrozenPlan.open(plan_id, settings)
            numbers = plan.numbers(0, plan.row_count)
        except (ConnectionNotFoundError, OSError, ValueError):
            continue
        people = identities(numbers[positions]).tolist()
        with open_ledger(settings).write() as db:
            opt_outs.note_opt_outs(db, business_id, people, clock(db))
