"""People who have opted out of a business, as Connectly has reported by rejecting messages."""

from lib.delivery import ledger_opt_outs
from lib.delivery.ledger import open_ledger
from lib.settings import Settings


def people_opted_out(business_id: str, *, settings: Settings | None = None) -> tuple[int, ...]:
    """Return the identities of the people who have opted out of a business, in order.

    See `lib.sheet.phone_identity`. Raises LedgerError.
    """
    with open_ledger(settings).read() as db:
        return tuple(sorted(ledger_opt_outs.opted_out_of(db, business_id)))


def count_opted_out(*, settings: Settings | None = None) -> dict[str, int]:
    """Return how many people have opted out, by business id. Raises LedgerError."""
    with open_ledger(settings).read() as db:
        return ledger_opt_outs.opt_outs_by_business(db)


def forget_opted_out(business_id: str, *, settings: Settings | None = None) -> int:
    """Forget who has opted out of a business; return how many people. Raises LedgerError."""
    with open_ledger(settings).write() as db:
        return ledger_opt_outs.forget_opt_outs(db, business_id)
