"""From a confirmed plan to the outcome of every row: the ledger, the worker, and their doors.

The doors write to the ledger or read from it; only the worker sends. What a run is, and what has
become of its rows, stands in the ledger alone.
"""

from lib.delivery.exports import (
    NoRoomForExportError,
    ask_for_export,
    end_export,
    export_of,
    note_export_share,
)
from lib.delivery.history.lookup import CampaignReached, Reached, earlier_sendouts, reached_before
from lib.delivery.ledger.database import LedgerError, LedgerTooNewError
from lib.delivery.ledger.exports import Export
from lib.delivery.ledger.history import EarlierSendout
from lib.delivery.opt_outs import count_opted_out, forget_opted_out, people_opted_out
from lib.delivery.retry import RetryOffer, retry_offers, retry_run
from lib.delivery.runs import (
    NothingToSendError,
    ReachedMeanwhileError,
    RunNotFoundError,
    approve_run,
    cancel_run,
    count_runs,
    list_runs,
    pause_run,
    resume_run,
    run_attempts,
    run_summary,
    runs_of_plan,
    start_now,
    start_run,
    tallies,
    waiting_recipients,
    worker_state,
)
from lib.delivery.states import (
    INTERRUPTED,
    AttemptResult,
    ExportState,
    Outcome,
    Reason,
    RunKind,
    RunState,
    Verdict,
)
from lib.delivery.summaries import (
    AttemptRecord,
    RunSummary,
    SendoutSummary,
    TallyLine,
    WorkerState,
)
from lib.delivery.unknown_rows import (
    Doubt,
    RepeatNotConfirmedError,
    count_in_doubt,
    in_doubt,
    judge_doubt,
)

__all__ = [
    "INTERRUPTED",
    "AttemptRecord",
    "AttemptResult",
    "CampaignReached",
    "Doubt",
    "EarlierSendout",
    "Export",
    "ExportState",
    "LedgerError",
    "LedgerTooNewError",
    "NoRoomForExportError",
    "NothingToSendError",
    "Outcome",
    "Reached",
    "ReachedMeanwhileError",
    "Reason",
    "RepeatNotConfirmedError",
    "RetryOffer",
    "RunKind",
    "RunNotFoundError",
    "RunState",
    "RunSummary",
    "SendoutSummary",
    "TallyLine",
    "Verdict",
    "WorkerState",
    "approve_run",
    "ask_for_export",
    "cancel_run",
    "count_in_doubt",
    "count_opted_out",
    "count_runs",
    "earlier_sendouts",
    "end_export",
    "export_of",
    "forget_opted_out",
    "in_doubt",
    "judge_doubt",
    "list_runs",
    "note_export_share",
    "pause_run",
    "people_opted_out",
    "reached_before",
    "resume_run",
    "retry_offers",
    "retry_run",
    "run_attempts",
    "run_summary",
    "runs_of_plan",
    "start_now",
    "start_run",
    "tallies",
    "waiting_recipients",
    "worker_state",
]
