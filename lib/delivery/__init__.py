"""Delivery: from a confirmed plan to the outcome of every row.

The functions here read and write the ledger, which alone holds the state of runs and the outcomes
of their rows. Only the worker sends.
"""

from lib.delivery.exports import (
    NoRoomForExportError,
    ask_for_export,
    end_export,
    export_of,
    note_export_share,
)
from lib.delivery.history.lookup import (
    CampaignRecipients,
    PreviousRecipients,
    previous_recipients,
    previous_sendouts,
)
from lib.delivery.ledger.database import LedgerError, LedgerTooNewError
from lib.delivery.ledger.exports import Export
from lib.delivery.ledger.history import PreviousSendout
from lib.delivery.opt_outs import count_opted_out, forget_opted_out, people_opted_out
from lib.delivery.retry import RetryOffer, retry_offers, retry_run
from lib.delivery.runs import (
    ConcurrentSendoutError,
    NothingToSendError,
    RunNotFoundError,
    approve_run,
    cancel_run,
    count_runs,
    list_runs,
    outcome_counts,
    pause_run,
    resume_run,
    run_attempts,
    run_summary,
    runs_of_plan,
    start_now,
    start_run,
    waiting_recipients,
    worker_state,
)
from lib.delivery.states import (
    INTERRUPTED,
    AttemptResult,
    ExportState,
    Outcome,
    Reason,
    ResolutionChoice,
    RunKind,
    RunState,
)
from lib.delivery.summaries import (
    AttemptRecord,
    OutcomeCount,
    RunSummary,
    SendoutSummary,
    WorkerState,
)
from lib.delivery.unknown_rows import (
    RepeatNotConfirmedError,
    UnknownRows,
    count_unknown_rows,
    resolve_unknown_rows,
    unknown_rows,
)

__all__ = [
    "INTERRUPTED",
    "AttemptRecord",
    "AttemptResult",
    "CampaignRecipients",
    "ConcurrentSendoutError",
    "Export",
    "ExportState",
    "LedgerError",
    "LedgerTooNewError",
    "NoRoomForExportError",
    "NothingToSendError",
    "Outcome",
    "OutcomeCount",
    "PreviousRecipients",
    "PreviousSendout",
    "Reason",
    "RepeatNotConfirmedError",
    "ResolutionChoice",
    "RetryOffer",
    "RunKind",
    "RunNotFoundError",
    "RunState",
    "RunSummary",
    "SendoutSummary",
    "UnknownRows",
    "WorkerState",
    "approve_run",
    "ask_for_export",
    "cancel_run",
    "count_opted_out",
    "count_runs",
    "count_unknown_rows",
    "end_export",
    "export_of",
    "forget_opted_out",
    "list_runs",
    "note_export_share",
    "outcome_counts",
    "pause_run",
    "people_opted_out",
    "previous_recipients",
    "previous_sendouts",
    "resolve_unknown_rows",
    "resume_run",
    "retry_offers",
    "retry_run",
    "run_attempts",
    "run_summary",
    "runs_of_plan",
    "start_now",
    "start_run",
    "unknown_rows",
    "waiting_recipients",
    "worker_state",
]
