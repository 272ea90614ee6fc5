"""The process that makes one long report: ``python -m lib.outcomes.report_process NAME``.

It gives way to whatever else the machine does, above all to sending. How far it is, and what came
of it, stands in the ledger.
"""

import os
import signal
import sys
import time
from typing import Final

from lib.atomic_files import is_disk_full
from lib.delivery import (
    ExportState,
    LedgerError,
    NoRoomForExportError,
    end_export,
    export_of,
    note_export_share,
)
from lib.outcomes.exports import TooWideError
from lib.outcomes.report import ReportError, report
from lib.settings import get_settings
from lib.sheet import SheetError
from lib.storage import StorageError, publish

_NICER: Final = 10
_STOPPED: Final = 128 + signal.SIGTERM
_TELL_SECONDS: Final = 1.0


def main(name: str) -> int:
    """Make a report if it is still wanted, and let every machine have it; return the exit code."""
    os.nice(_NICER)
    # What is begun is tidied up on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_STOPPED))
    export = export_of(name)
    if export is None or export.state is not ExportState.WAITING:
        return 0
    settings = get_settings()
    told_at = time.monotonic()

    def watch(share: float) -> None:
        nonlocal told_at
        if time.monotonic() - told_at > _TELL_SECONDS:
            note_export_share(name, share)
            told_at = time.monotonic()

    try:
        path = report(export.run_id, watch=watch)
        publish(path, settings)
    except (ReportError, TooWideError, SheetError, StorageError) as error:
        end_export(name, error)
    except (FileNotFoundError, ValueError):
        end_export(name, ReportError())  # the plan is lost or damaged, and its action says so
    except OSError as error:
        if not is_disk_full(error):
            raise
        end_export(name, NoRoomForExportError())
    else:
        # Where the run has gone on meanwhile, this is not what was asked for.
        end_export(name, None if path.name == name else ReportError())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except LedgerError:
        # Once the ledger can be used, whoever is there begins anew.
        sys.exit(_STOPPED)
