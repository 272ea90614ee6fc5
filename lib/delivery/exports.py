"""The doors to long reports, which a worker makes in a process of its own.

A report of a million rows takes a minute of one core. The page asks for it and may be left; the
file comes to the folder of reports, and through the shared storage to every machine.
"""

from lib.delivery.ledger import exports
from lib.delivery.ledger.database import clock, open_ledger
from lib.delivery.ledger.exports import Export, Failure
from lib.settings import Settings


class ExportEndedError(Exception):
    """The process that makes the report has ended early, as it does where memory runs out."""

    code = "STUDIO_REPORT_ENDED_EARLY"
    sentence = "The report could not be finished: the machine stopped it, often for lack of memory."
    action = "Try again when less is going on, or download the report as CSV."


class NoRoomForExportError(OSError):
    """The disk of the machine that makes the report has no room for it."""

    code = "STUDIO_NO_ROOM_FOR_REPORT"
    sentence = "There is no room left to write the report."
    action = "Ask whoever runs this machine to free some disk space, then try again."


def ask_for_export(run_id: str, name: str, *, settings: Settings | None = None) -> None:
    """Want a run's report under the name of its file; asking twice makes one. Raises LedgerError.

    One that has failed, or whose file has been removed since, is made anew.
    """
    with open_ledger(settings).write() as db:
        exports.ask(db, run_id, name, clock(db))


def export_of(name: str, *, settings: Settings | None = None) -> Export | None:
    """Return how far a report is; None where nobody has asked for it. Raises LedgerError."""
    with open_ledger(settings).read() as db:
        return exports.find(db, name)


def note_export_share(name: str, share: float, *, settings: Settings | None = None) -> None:
    """Note how much of a report is written, from 0 to 1. Raises LedgerError."""
    with open_ledger(settings).write() as db:
        exports.note_share(db, name, share)


def end_export(
    name: str, failure: Failure | None = None, *, settings: Settings | None = None
) -> None:
    """Note that a wanted report is there, or why there is none. Raises LedgerError."""
    with open_ledger(settings).write() as db:
        exports.end(db, name, clock(db), failure)
