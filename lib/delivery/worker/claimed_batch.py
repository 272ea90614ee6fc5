"""A claimed batch while it is being sent: its entries, its phase and its attempts."""

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from lib.connectly import CampaignEntry
from lib.delivery.answer_policy import BatchContext
from lib.delivery.ledger.claims import Claim
from lib.delivery.states import RunKind
from lib.sheet.phones.identity import identities


class Phase(Enum):
    """The phase of a claimed batch."""

    AHEAD = auto()  # claimed, not posted yet
    UNDER_WAY = auto()  # posted, outcome not committed yet
    HELD = auto()  # outcome unknown, waiting to be repeated


@dataclass
class Delivery:
    """A claim that is being sent, and the state of its attempts."""

    claim: Claim
    entries: list[CampaignEntry]
    attempts: int
    has_unknown_attempt: bool
    numbers: np.ndarray
    unknown_attempts: int = 0
    last_code: str | None = None
    phase: Phase | None = None

    @property
    def people(self) -> list[int]:
        """The identities of the recipients."""
        found: list[int] = identities(self.numbers).tolist()
        return found

    def context(self) -> BatchContext:
        """Return what a decision about a response depends on."""
        return BatchContext(
            duplicates=self.claim.duplicates,
            pilot=self.claim.pilot,
            has_unknown_attempt=self.has_unknown_attempt,
            unknown_attempts=self.unknown_attempts,
            keep_answer=self.claim.kind is RunKind.TEST,
            size=self.claim.size,
            retries=self.claim.retries,
            max_retries=self.claim.max_retries,
        )
