"""States of runs, batches, attempts and exports; outcomes of rows; reasons why a run stopped."""

from enum import StrEnum
from typing import Final


class RunKind(StrEnum):
    """The origin of a run: a sheet, or a quick test on one's own phone."""

    SHEET = "sheet"
    TEST = "test"


class RunState(StrEnum):
    """waiting for approval → scheduled → running ⇄ paused → finished, or cancelled.

    A run waits for approval between waves, and after a missed start. During its quiet hours it is
    scheduled again.
    """

    WAITING_FOR_APPROVAL = "waiting_for_approval"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


OVER: Final = (RunState.FINISHED, RunState.CANCELLED)
"""States of runs that send nothing more."""


class BatchState(StrEnum):
    """waiting → claimed → sending → accepted | rejected | mixed | unknown; or cancelled.

    A claimed batch has not been sent and may be released to waiting. A batch that is sending when
    its worker dies becomes unknown. Of a mixed batch, the number of accepted rows is known, but not
    which they are.
    """

    WAITING = "waiting"
    CLAIMED = "claimed"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    MIXED = "mixed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """The outcome of a row of the sheet."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    HELD = "held"
    WAITING = "waiting"
    CANCELLED = "cancelled"


def outcome_of(state: BatchState) -> Outcome:
    """Return the outcome of the rows of a settled batch: unknown for a mixed one."""
    return Outcome.UNKNOWN if state is BatchState.MIXED else Outcome(state)


class ResolutionChoice(StrEnum):
    """A person's decision about rows with an unknown outcome: resend, mark as sent, or leave."""

    REPEAT = "repeat"
    SENT = "sent"
    LEFT = "left"


class ExportState(StrEnum):
    """The state of a long report that a worker makes."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


class AttemptResult(StrEnum):
    """The result of one POST; ``not_sent`` means that Connectly accepted none of its entries."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    MIXED = "mixed"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"


INTERRUPTED: Final = "STUDIO_INTERRUPTED"
"""Code of a row whose request was in flight when the worker died."""

RESTORED: Final = "STUDIO_RESTORED"
"""Code of a row that may have been sent after the state to which the ledger was restored."""

NOT_COUNTED: Final = "STUDIO_NOT_COUNTED"
"""Code of a row that the answer neither counts nor rejects with an error."""

PART_REJECTED: Final = "STUDIO_PART_REJECTED"
"""Code of a row of a batch in which some rows were rejected, without naming them."""

MARKED_SENT: Final = "STUDIO_MARKED_SENT"
"""Code of a row with an unknown outcome that a person has marked as sent."""

OPTED_OUT_SINCE: Final = "STUDIO_OPTED_OUT_SINCE"
"""Code of a row that was not sent because its person opted out after the confirmation."""

OPT_OUT_CODES: Final = frozenset({"ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT"})
"""Codes of rejections that report an opt-out from messages of the business."""


class Reason(StrEnum):
    """Why a run has stopped or does not progress; see `lib.error_catalogue.explain`."""

    UNREACHABLE = "STUDIO_UNREACHABLE"
    KEY_REFUSED = "STUDIO_KEY_REFUSED"
    NOT_PERMITTED = "STUDIO_NOT_PERMITTED"
    REDIRECTED = "STUDIO_REDIRECTED"
    CONNECTION_MISSING = "STUDIO_CONNECTION_MISSING"
    CONNECTION_UNFIT = "STUDIO_CONNECTION_UNFIT"
    CONNECTIONS_DAMAGED = "STUDIO_CONNECTIONS_DAMAGED"
    CONNECTION_CHANGED = "STUDIO_CONNECTION_CHANGED"
    EXCLUDE_LISTS_UNREADABLE = "STUDIO_EXCLUDE_LISTS_UNREADABLE"
    NO_CLEAR_ANSWER = "STUDIO_NO_CLEAR_ANSWER"
    VERSION_IN_DOUBT = "STUDIO_VERSION_IN_DOUBT"
    PLAN_MISSING = "STUDIO_PLAN_MISSING"
    TOO_MANY_REJECTED = "STUDIO_TOO_MANY_REJECTED"
    WAVE_REJECTED = "STUDIO_WAVE_REJECTED"
    START_MISSED = "STUDIO_START_MISSED"
    RESTORED = "STUDIO_RESTORED"
    CAMPAIGN_STOPPED = "STUDIO_CAMPAIGN_STOPPED"
    QUIET_HOURS = "STUDIO_QUIET_HOURS"
