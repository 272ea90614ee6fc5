"""How outcomes are named and coloured wherever a person sees them."""

from typing import Final, NamedTuple

from lib.delivery import Outcome


class OutcomeStyle(NamedTuple):
    """An outcome's name, its colour, and the colour of text upon it."""

    label: str
    colour: str
    ink: str


_WHITE: Final = "#ffffff"
_BLACK: Final = "#16130f"

# Each colour has a contrast of at least 3 : 1 to white and to the dark theme's background, and its
# ink at least 4.5 : 1 to it. Any two of them stay 25 apart (CIE 1976) for people who see no red, no
# green or no blue as for everybody else.
OUTCOME_STYLES: Final[dict[Outcome, OutcomeStyle]] = {
    Outcome.ACCEPTED: OutcomeStyle("Accepted", "#2a93cc", _BLACK),
    Outcome.REJECTED: OutcomeStyle("Rejected", "#e8590c", _BLACK),
    Outcome.UNKNOWN: OutcomeStyle("In doubt", "#9333e7", _WHITE),
    Outcome.WAITING: OutcomeStyle("Waiting", "#64707d", _WHITE),
    Outcome.CANCELLED: OutcomeStyle("Cancelled", "#9e8063", _BLACK),
    Outcome.HELD: OutcomeStyle("Held back", "#64707d", _WHITE),
}
