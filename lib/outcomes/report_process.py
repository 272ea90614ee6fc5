"""The process that writes one long report: ``python -m lib.outcomes.report_process NAME``.

It runs at low priority, so that sending is not slowed down. Its progress and its result are
recorded in the ledger.
"""

import os
import signal
import sys
import time
import traceback
from types import TracebackType
from typing import Final

from lib.atomic_files import is_disk_full
from lib.campaign import PlanUnreadableError
from lib.delivery import (
    ExportState,
    LedgerError,
    NoRoomForExportError,
    end_export,
    export_of,
    note_export_share,
)
from lib.i18n import set_language_source
from lib.outcomes.exports import TooWideError
from lib.outcomes.report import ReportError, language_of, report
from lib.settings import get_settings
from lib.sheet import SheetError
from lib.storage import StorageError, publish

_NICENESS: Final = 10
_STOPPED: Final = 128 + signal.SIGTERM
_PROGRESS_SECONDS: Final = 1.0


def main(name: str) -> int:
    """Write a report that is still wanted and publish it; return the exit code."""
    os.nice(_NICENESS)
    sys.excepthook = _report_crash
    # Exit through Python, so that temporary files are removed.
    signal.signal(signal.SIGTERM, lambda *_arguments: sys.exit(_STOPPED))
    set_language_source(lambda: language_of(name))
    export = export_of(name)
    if export is None or export.state is not ExportState.WAITING:
        return 0
    recorded_at = time.monotonic()

    def watch(share: float) -> None:
        nonlocal recorded_at
        if time.monotonic() - recorded_at > _PROGRESS_SECONDS:
            note_export_share(name, share)
            recorded_at = time.monotonic()

    try:
        path = report(export.run_id, watch=watch)
        publish(path, get_settings())
    except (PlanUnreadableError, ReportError, TooWideError, SheetError, StorageError) as error:
        end_export(name, error)
    except OSError as error:
        if not is_disk_full(error):
            raise
        end_export(name, NoRoomForExportError())
    else:
        # If the run has changed since, this is not the report that was asked for.
        end_export(name, None if path.name == name else ReportError())
    return 0


def _report_crash(
    kind: type[BaseException], _error: BaseException, trace: TracebackType | None
) -> None:
    """Write an unexpected error to stderr without its message, which may quote cells."""
    sys.stderr.write(f"The report process failed with {kind.__name__}:\n")
    sys.stderr.write("".join(traceback.format_tb(trace)))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except LedgerError:
        # The report stays queued and is started again when the ledger is available.
        sys.exit(_STOPPED)
