"""How outcomes are named and coloured wherever a person sees them."""

from typing import Final, NamedTuple

from lib.delivery import Outcome


class Look(NamedTuple):
    """An outcome's name, its colour, and the colour of text upon it."""

    label: str
    colour: str
    ink: str


_WHITE: Final = "#ffffff"
_BLACK: Final = "#16130f"

# Each colour has a contrast of at least 3 : 1 to white and to the dark theme's background, and its
# ink at least 4.5 : 1 to it. Any two of them stay 25 apart (CIE 1976) for people who see no red, no
# green or no blue as for everybody else.
LOOKS: Final[dict[Outcome, Look]] = {
    Outcome.ACCEPTED: Look("Accepted", "#2a93cc", _BLACK),
    Outcome.REJECTED: Look("Rejected", "#e8590c", _BLACK),
    Outcome.UNKNOWN: Look("In doubt", "#9333e7", _WHITE),
    Outcome.WAITING: Look("Waiting", "#64707d", _WHITE),
    Outcome.CANCELLED: Look("Cancelled", "#9e8063", _BLACK),
    Outcome.HELD: Look("Held back", "#64707d", _WHITE),
}
