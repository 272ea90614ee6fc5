"""Decide what an answer, or a missing answer, means for a batch. No clock, no ledger.

A batch with a known outcome is settled. A batch that was not accepted may be sent again. A batch
that may have been accepted is repeated automatically only under ``allow_one``, where Connectly
sends a campaign to a phone once, at most `MAX_REPEATS` times, and never if a repeat could create
another campaign version.

After a 429, the batch waits; `lib.delivery.worker.client_pool` pauses the connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from lib.connectly import (
    AuthenticationFailed,
    BadRequest,
    CampaignEntry,
    ConnectionFailed,
    ConnectlyError,
    DuplicateBehavior,
    ErrorClass,
    OutcomeUnknownError,
    PermissionDenied,
    RateLimited,
    RedirectRefused,
    SendCampaignsResponse,
    tally_response,
)
from lib.delivery.states import (
    NOT_COUNTED,
    OPT_OUT_CODES,
    PART_REJECTED,
    AttemptResult,
    BatchState,
    Reason,
)
from lib.error_catalogue import error_code, explain

MAX_REPEATS: Final = 2
RETRY_AFTER_SECONDS: Final = (60.0, 300.0, 1_800.0)
"""Wait before each automatic retry of a row that Connectly asks to send later."""

_TOO_LARGE: Final = frozenset(
    {
        "ERROR_CODE_CAMPAIGN_TOO_MANY_ENTRIES",
        "ERROR_CODE_CAMPAIGN_LARGE_REQUEST",
        "STUDIO_REQUEST_TOO_LARGE",
    }
)
_TYPE_TOO_LARGE: Final = "ERROR_TYPE_REQUEST_ENTITY_TOO_LARGE"


@dataclass(frozen=True)
class BatchContext:
    """What a decision depends on besides the answer.

    ``unknown_attempts`` counts the attempts of this claim without a known outcome;
    ``has_unknown_attempt`` is true if any earlier attempt of the batch has none. A ``pilot``
    asks for a new version. ``keep_answer`` stores the answer even if it is an acceptance. The
    batch has ``size`` entries and has been retried ``retries`` of at most ``max_retries`` times.
    """

    duplicates: DuplicateBehavior
    pilot: bool
    has_unknown_attempt: bool
    unknown_attempts: int
    keep_answer: bool
    size: int = 1
    retries: int = 0
    max_retries: int = 0


class SplitReason(Enum):
    """Why a batch is split into two halves."""

    TOO_LARGE = auto()  # nothing was accepted: requests of this connection must be smaller
    INVALID_ENTRY = auto()  # nothing was accepted: one invalid entry may have caused it
    IDENTIFY_REJECTED = auto()  # some entries were rejected: the halves show which


@dataclass(frozen=True)
class Decision:
    """What to record about an attempt, and the next state of its batch.

    ``waiting`` puts the batch back for at least ``wait`` seconds, as two halves if there are
    ``parts``; ``sending`` keeps it for a repeat; every other state settles it.
    """

    result: AttemptResult
    state: BatchState
    http_status: int | None = None
    error_code: str | None = None
    error_type: str | None = None
    message: str | None = None
    trace_id: str | None = None
    campaign_version: str | None = None
    connectly_sendout_id: str | None = None
    answer: str | None = None
    pause_run: Reason | None = None
    pause_connection: Reason | None = None
    parts: SplitReason | None = None
    wait: float | None = None
    said_accepted: int = 0
    said_rejected: int = 0


def decide_answer(
    sent: Sequence[CampaignEntry], response: SendCampaignsResponse, context: BatchContext
) -> Decision:
    """Decide what an answer with status 200 means, by its counts and errors."""
    tally = tally_response(sent, response)
    if tally.accepted == len(sent):
        result = AttemptResult.ACCEPTED
    elif tally.rejected == len(sent):
        result = AttemptResult.REJECTED
    elif tally.unknown == 0:
        result = AttemptResult.MIXED
    else:
        result = AttemptResult.UNKNOWN
    error = tally.error
    unexplained = {AttemptResult.UNKNOWN: NOT_COUNTED, AttemptResult.MIXED: PART_REJECTED}
    keep = context.keep_answer or result is not AttemptResult.ACCEPTED
    decision = Decision(
        result,
        BatchState(result),
        http_status=200,
        error_code=error.code if error else unexplained.get(result),
        error_type=error.type if error else None,
        message=(error.user_message or error.message) if error else None,
        campaign_version=tally.campaign_version,
        connectly_sendout_id=tally.sendout_id,
        answer=response.json_text if keep else None,
        said_accepted=tally.accepted,
        said_rejected=tally.rejected,
    )
    knows_version = decision.campaign_version is not None or sent[0].campaign_version is not None
    if result is AttemptResult.MIXED:
        decision = _split_if_deduplicated(decision, context, knows_version=knows_version)
    elif result is AttemptResult.REJECTED:
        decision = _split_or_retry(decision, context)
    return _apply_history(decision, context)


def _split_if_deduplicated(
    decision: Decision, context: BatchContext, *, knows_version: bool
) -> Decision:
    """Split the batch to identify rejected rows, if Connectly deduplicates a resend."""
    allows_one = context.duplicates is DuplicateBehavior.ALLOW_ONE
    if allows_one and not context.has_unknown_attempt and knows_version and not context.pilot:
        return replace(decision, state=BatchState.WAITING, parts=SplitReason.IDENTIFY_REJECTED)
    return replace(decision, error_code=PART_REJECTED)


def _split_or_retry(decision: Decision, context: BatchContext) -> Decision:
    """Split a rejected batch or send it later, if its error asks for that."""
    too_large = decision.error_code in _TOO_LARGE or decision.error_type == _TYPE_TOO_LARGE
    if too_large and context.size > 1:
        return replace(
            decision,
            result=AttemptResult.NOT_SENT,
            state=BatchState.WAITING,
            parts=SplitReason.TOO_LARGE,
        )
    if (
        decision.error_code in OPT_OUT_CODES
        and context.size > 1
        and not context.has_unknown_attempt
    ):
        # The answer has one error for all entries: the halves show who has opted out.
        return replace(decision, state=BatchState.WAITING, parts=SplitReason.INVALID_ENTRY)
    asked_to_wait = explain(decision.error_code).error_class is ErrorClass.WAIT_AND_RETRY
    if asked_to_wait and context.retries < context.max_retries and not context.has_unknown_attempt:
        wait = RETRY_AFTER_SECONDS[min(context.retries, len(RETRY_AFTER_SECONDS) - 1)]
        return replace(decision, state=BatchState.WAITING, wait=wait)
    return decision


def decide_error(error: ConnectlyError, context: BatchContext) -> Decision:
    """Decide what an exception of the client means, by its class."""
    common = Decision(
        AttemptResult.NOT_SENT,
        BatchState.WAITING,
        http_status=error.status,
        error_code=error_code(error),
        error_type=error.error_type,
        message=error.vendor_message or error.user_message,
        trace_id=error.trace_id,
    )
    match error:
        case OutcomeUnknownError():
            decision = _settled(common, AttemptResult.UNKNOWN)
        case RateLimited() | ConnectionFailed():
            decision = common
        case AuthenticationFailed():
            decision = replace(common, pause_connection=Reason.KEY_REFUSED)
        case PermissionDenied():
            decision = replace(common, pause_connection=Reason.NOT_PERMITTED)
        case RedirectRefused():
            decision = replace(common, pause_connection=Reason.REDIRECTED)
        case BadRequest() if context.size > 1 and common.error_code not in _TOO_LARGE:
            decision = replace(common, parts=SplitReason.INVALID_ENTRY)
        case _:
            decision = _split_or_retry(_settled(common, AttemptResult.REJECTED), context)
    return _apply_history(decision, context)


def decide_unposted(context: BatchContext) -> Decision:
    """Decide the state of a batch whose attempt was opened but whose request was not sent."""
    return _apply_history(Decision(AttemptResult.NOT_SENT, BatchState.WAITING), context)


def _settled(decision: Decision, result: AttemptResult) -> Decision:
    return replace(decision, result=result, state=BatchState(result))


def _apply_history(decision: Decision, context: BatchContext) -> Decision:
    """Adjust a decision to earlier attempts without a known outcome.

    Only an acceptance settles them. A rejection may be the answer to the repeat alone, for example
    because the first attempt was accepted.
    """
    if decision.state is BatchState.REJECTED and context.has_unknown_attempt:
        decision = replace(decision, state=BatchState.UNKNOWN)
    elif decision.state is BatchState.UNKNOWN and _may_repeat(
        context, context.unknown_attempts + 1
    ):
        decision = replace(decision, state=BatchState.SENDING)
    elif (
        decision.state is BatchState.WAITING
        and context.unknown_attempts > 0
        and decision.parts is None
    ):
        # Nothing was accepted, so this attempt does not count as a repeat.
        repeats = decision.pause_connection is None and _may_repeat(
            context, context.unknown_attempts
        )
        decision = replace(decision, state=BatchState.SENDING if repeats else BatchState.UNKNOWN)
    if context.pilot and _leaves_version_unknown(decision):
        decision = replace(decision, pause_run=Reason.VERSION_IN_DOUBT)
    return decision


def _may_repeat(context: BatchContext, unknown_attempts: int) -> bool:
    allowed = context.duplicates is DuplicateBehavior.ALLOW_ONE and not context.pilot
    return allowed and unknown_attempts <= MAX_REPEATS


def _leaves_version_unknown(decision: Decision) -> bool:
    """Return whether a new version may exist that no answer has named."""
    may_exist = decision.result in {AttemptResult.ACCEPTED, AttemptResult.UNKNOWN}
    return may_exist and decision.campaign_version is None
