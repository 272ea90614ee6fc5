"""Names and colours of outcomes."""

from typing import Final, NamedTuple

from lib.delivery import Outcome
from lib.i18n import N_


class OutcomeStyle(NamedTuple):
    """The label of an outcome, its colour, and the colour of text on it (``ink``)."""

    label: str
    colour: str
    ink: str


_WHITE: Final = "#ffffff"
_BLACK: Final = "#16130f"

# WCAG 2: each colour has a contrast of at least 3:1 to white and to the dark background, and its
# ink at least 4.5:1 to it. Any two colours differ by at least 25 (CIE 1976), also for people
# who see no red, no green or no blue.
OUTCOME_STYLES: Final[dict[Outcome, OutcomeStyle]] = {
    Outcome.ACCEPTED: OutcomeStyle(N_("Accepted"), "#2a93cc", _BLACK),
    Outcome.REJECTED: OutcomeStyle(N_("Rejected"), "#e8590c", _BLACK),
    Outcome.UNKNOWN: OutcomeStyle(N_("Unconfirmed"), "#9333e7", _WHITE),
    Outcome.WAITING: OutcomeStyle(N_("Waiting"), "#64707d", _WHITE),
    Outcome.CANCELLED: OutcomeStyle(N_("Cancelled"), "#9e8063", _BLACK),
    Outcome.HELD: OutcomeStyle(N_("Held back"), "#64707d", _WHITE),
}
