"""Notice that the ledger was restored or copied, and hold what may have been sent since.

Outside of the data folder, a file for each ledger has the number of its latest attempt. If a ledger
has fewer attempts than the file says, it is an earlier state: from a backup, or a copy of a folder
that went on sending.
"""

import logging
from typing import Final

from lib.atomic_files import write_atomically
from lib.delivery.ledger import restores
from lib.delivery.ledger.database import Ledger
from lib.delivery.worker.group_commit import LedgerTransaction
from lib.settings import Settings

_LOGGER: Final = logging.getLogger(__name__)


class RestoreCheck:
    """The attempts of one ledger as this machine remembers them."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self._folder = settings.state_dir
        self._ledger = ledger
        self._written: restores.LedgerMark | None = None

    def hold_restored_runs(self, transaction: LedgerTransaction) -> None:
        """Hold unfinished runs if the ledger is an earlier state, or new to this machine.

        On a ledger that several machines share, a machine without a file is a new machine. The
        file of another ledger is never changed, because the original may be in use.
        """
        db = transaction.db
        mark = restores.current_mark(db)
        if mark is None:
            restores.new_identity(db)
            return
        seen = self._read(mark.ledger_id)
        if seen is None and not self._ledger.is_shared and restores.pause_all(db):
            _LOGGER.warning("ledger unknown on this machine, runs paused")
        elif seen is not None and seen > mark.attempts:
            rows = restores.settle_lost_attempts(db, seen - mark.attempts, transaction.now)
            restores.new_identity(db)
            _LOGGER.warning("ledger restored, runs paused", extra={"unknown": rows})

    def remember(self) -> bool:
        """Write the number of the latest attempt, if it has changed.

        Returns False if a copy of this ledger, in use at the same time, has more attempts. Raises
        OSError and LedgerError.
        """
        with self._ledger.read() as db:
            mark = restores.current_mark(db)
        assert mark is not None, "hold_restored_runs has given it an identity"
        seen = self._read(mark.ledger_id) or 0
        if seen > mark.attempts and not self._ledger.is_shared:
            return False
        if mark != self._written:
            highest = max(mark.attempts, seen)
            write_atomically(self._folder / mark.ledger_id, str(highest).encode())
            self._written = mark
        return True

    def _read(self, ledger_id: str) -> int | None:
        try:
            return int((self._folder / ledger_id).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
