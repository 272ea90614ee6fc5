"""The words of a run: its states, those of its batches, outcomes, and why a run stopped itself."""

from enum import StrEnum
from typing import Final


class RunKind(StrEnum):
    """Where a run comes from: a sheet, or a quick test on one's own phone."""

    SHEET = "sheet"
    TEST = "test"


class RunState(StrEnum):
    """waiting for approval → scheduled → running ⇄ paused → finished, or cancelled.

    A run waits for approval between waves, and where its start was missed. While it rests for its
    quiet hours it is scheduled again.
    """

    WAITING_FOR_APPROVAL = "waiting_for_approval"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


OVER: Final = (RunState.FINISHED, RunState.CANCELLED)
"""States in which nothing more is going to be sent."""


class BatchState(StrEnum):
    """waiting → claimed → sending → accepted | rejected | mixed | unknown; or cancelled.

    A claimed batch may go back to waiting without doubt: nothing of it has been sent. One that is
    sending when its owner dies is unknown. Of a mixed one it is known how many of its rows were
    taken, and not which.
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
    """What became of a row of the sheet."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    HELD = "held"
    WAITING = "waiting"
    CANCELLED = "cancelled"


def outcome_of(state: BatchState) -> Outcome:
    """Return the outcome of the rows of a settled batch; those of a mixed one are in doubt."""
    return Outcome.UNKNOWN if state is BatchState.MIXED else Outcome(state)


class ResolutionChoice(StrEnum):
    """What a person decides of rows in doubt."""

    REPEAT = "repeat"
    SENT = "sent"
    LEFT = "left"


class ExportState(StrEnum):
    """How far a long report is that a worker makes."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


class AttemptResult(StrEnum):
    """How one POST ended; ``not_sent`` means that for certain nothing was taken."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    MIXED = "mixed"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"


INTERRUPTED: Final = "STUDIO_INTERRUPTED"
"""Code of a row whose message was on its way when the worker died."""

NOT_COUNTED: Final = "STUDIO_NOT_COUNTED"
"""Code of a row that an answer neither counts nor blames on an error."""


PART_REJECTED: Final = "STUDIO_PART_REJECTED"
"""Code of a row of a batch of which some were rejected, and nothing says which."""


MARKED_SENT: Final = "STUDIO_MARKED_SENT"
"""Code of a row that was in doubt, and that a person has found to be sent."""


OPTED_OUT_SINCE: Final = "STUDIO_OPTED_OUT_SINCE"
"""Code of a row that was not sent: its person has opted out since the run was confirmed."""

OPT_OUT_CODES: Final = frozenset({"ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT"})
"""Codes of rejections which say that the person does not want messages of the business."""


class Reason(StrEnum):
    """Why a run does not go on by itself; `lib.error_catalogue.explain` describes it."""

    UNREACHABLE = "STUDIO_UNREACHABLE"
    KEY_REFUSED = "STUDIO_KEY_REFUSED"
    NOT_PERMITTED = "STUDIO_NOT_PERMITTED"
    REDIRECTED = "STUDIO_REDIRECTED"
    CONNECTION_MISSING = "STUDIO_CONNECTION_MISSING"
    CONNECTION_UNFIT = "STUDIO_CONNECTION_UNFIT"
    CONNECTION_CHANGED = "STUDIO_CONNECTION_CHANGED"
    EXCLUDE_LISTS_UNREADABLE = "STUDIO_EXCLUDE_LISTS_UNREADABLE"
    NO_CLEAR_ANSWER = "STUDIO_NO_CLEAR_ANSWER"
    VERSION_IN_DOUBT = "STUDIO_VERSION_IN_DOUBT"
    PLAN_MISSING = "STUDIO_PLAN_MISSING"
    TOO_MANY_REJECTED = "STUDIO_TOO_MANY_REJECTED"
    WAVE_REJECTED = "STUDIO_WAVE_REJECTED"
    START_MISSED = "STUDIO_START_MISSED"
    QUIET_HOURS = "STUDIO_QUIET_HOURS"
