"""Public API for long reports, which a worker makes in a separate process.

A report of a million rows takes about a minute of one core. The page queues it; the finished file
is in the reports folder, and through the shared storage on every machine.
"""

from lib.delivery.export_errors import ExportEndedError, ExportFailedError, NoRoomForExportError
from lib.delivery.ledger import exports
from lib.delivery.ledger.database import clock, open_ledger
from lib.delivery.ledger.exports import Export, Failure
from lib.settings import Settings

__all__ = [
    "Export",
    "ExportEndedError",
    "ExportFailedError",
    "NoRoomForExportError",
    "ask_for_export",
    "end_export",
    "export_of",
    "note_export_share",
]


def ask_for_export(run_id: str, name: str, *, settings: Settings | None = None) -> None:
    """Queue a run's report under the name of its file; requeue it if it has ended.

    Queuing it twice makes one report. Raises LedgerError.
    """
    with open_ledger(settings).write() as db:
        exports.ask(db, run_id, name, clock(db))


def export_of(name: str, *, settings: Settings | None = None) -> Export | None:
    """Return the state of a report, or None if it was never queued. Raises LedgerError."""
    with open_ledger(settings).read() as db:
        return exports.find(db, name)


def note_export_share(name: str, share: float, *, settings: Settings | None = None) -> None:
    """Record the share of a report that is written, from 0 to 1. Raises LedgerError."""
    with open_ledger(settings).write() as db:
        exports.note_share(db, name, share)


def end_export(
    name: str, failure: Failure | None = None, *, settings: Settings | None = None
) -> None:
    """Record that a queued report is ready, or the error that ended it. Raises LedgerError."""
    with open_ledger(settings).write() as db:
        exports.end(db, name, clock(db), failure)
