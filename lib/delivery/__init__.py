"""From a confirmed plan to the outcome of every row: the ledger, the worker, and their doors.

The doors write to the ledger or read from it; only the worker sends. What a run is, and what has
become of its rows, stands in the ledger alone.
"""

from lib.delivery.ledger import LedgerError, LedgerTooNewError
from lib.delivery.row_outcomes import row_outcomes
from lib.delivery.runs import (
    NothingToSendError,
    RepeatNotConfirmedError,
    RunNotFoundError,
    cancel_run,
    count_runs,
    list_runs,
    pause_run,
    repeat_unknown,
    resume_run,
    run_attempts,
    run_summary,
    runs_of_plan,
    start_run,
    tallies,
    worker_state,
)
from lib.delivery.states import (
    INTERRUPTED,
    AttemptResult,
    Outcome,
    Reason,
    RunKind,
    RunState,
)
from lib.delivery.summaries import (
    AttemptRecord,
    RunSummary,
    SendoutSummary,
    TallyLine,
    WorkerState,
)

__all__ = [
    "INTERRUPTED",
    "AttemptRecord",
    "AttemptResult",
    "LedgerError",
    "LedgerTooNewError",
    "NothingToSendError",
    "Outcome",
    "Reason",
    "RepeatNotConfirmedError",
    "RunKind",
    "RunNotFoundError",
    "RunState",
    "RunSummary",
    "SendoutSummary",
    "TallyLine",
    "WorkerState",
    "cancel_run",
    "count_runs",
    "list_runs",
    "pause_run",
    "repeat_unknown",
    "resume_run",
    "row_outcomes",
    "run_attempts",
    "run_summary",
    "runs_of_plan",
    "start_run",
    "tallies",
    "worker_state",
]
