"""A claimed batch on its way: its entries, how far it is, and what its attempts have come to."""

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np

from lib.connectly import CampaignEntry
from lib.delivery.answer_policy import BatchContext
from lib.delivery.ledger.claims import Claim
from lib.delivery.states import RunKind
from lib.sheet.phones.identity import identities


class Phase(Enum):
    """How far a claimed batch is."""

    AHEAD = auto()  # claimed, and not posted yet
    UNDER_WAY = auto()  # posted, and its outcome not committed yet
    HELD = auto()  # in doubt, until it is time to repeat it


@dataclass
class Delivery:
    """One claim on its way, and what its attempts have come to so far."""

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

    def circumstances(self) -> BatchContext:
        """Return what must be known to decide what an answer means."""
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
