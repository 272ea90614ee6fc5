"""Decide what an answer, or the lack of one, means for a batch. Pure: no clock, no ledger.

What leaves no doubt is settled. What was certainly not taken may go again. What may have been
taken goes again by itself only under ``allow_one``, where the platform keeps a phone from getting
a campaign twice, at most twice more, and never where a repeat could open another version.
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
"""How long a row waits that Connectly asks to send later, for the first time and after."""

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
    ``has_unknown_attempt`` tells whether any earlier attempt of the batch has none. A ``pilot``
    asks for a new version. The batch has ``size`` entries and has been retried ``retries`` times
    of at most ``max_retries``.
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
    """Why a batch goes on as two halves."""

    TOO_LARGE = auto()  # nothing of it was taken, and no request of this line may hold as much
    INVALID_ENTRY = auto()  # nothing of it was taken: one entry may have spoilt the others
    IDENTIFY_REJECTED = auto()  # some of it was taken: the halves show which


@dataclass(frozen=True)
class Decision:
    """What to write down about an attempt, and the state in which it leaves the batch.

    ``waiting`` puts the batch back, ``parts`` as two halves, for ``wait`` seconds at least;
    ``sending`` holds it for a repeat; all others settle it.
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
    sent: Sequence[CampaignEntry], response: SendCampaignsResponse, given: BatchContext
) -> Decision:
    """Decide what an answer with status 200 means: counts and errors decide, never the status."""
    verdict = tally_response(sent, response)
    if verdict.accepted == len(sent):
        result = AttemptResult.ACCEPTED
    elif verdict.rejected == len(sent):
        result = AttemptResult.REJECTED
    elif verdict.unknown == 0:
        result = AttemptResult.MIXED
    else:
        result = AttemptResult.UNKNOWN
    error = verdict.error
    unexplained = {AttemptResult.UNKNOWN: NOT_COUNTED, AttemptResult.MIXED: PART_REJECTED}
    keep = given.keep_answer or result is not AttemptResult.ACCEPTED
    decision = Decision(
        result,
        BatchState(result),
        http_status=200,
        error_code=error.code if error else unexplained.get(result),
        error_type=error.type if error else None,
        message=(error.user_message or error.message) if error else None,
        campaign_version=verdict.campaign_version,
        connectly_sendout_id=verdict.sendout_id,
        answer=response.json_text if keep else None,
        said_accepted=verdict.accepted,
        said_rejected=verdict.rejected,
    )
    knows_version = decision.campaign_version is not None or sent[0].campaign_version is not None
    if result is AttemptResult.MIXED:
        decision = _part(decision, given, knows_version=knows_version)
    elif result is AttemptResult.REJECTED:
        decision = _go_on(decision, given)
    return _weigh_doubt(decision, given)


def _part(decision: Decision, given: BatchContext, *, knows_version: bool) -> Decision:
    """Let the halves show which rows were taken, where asking again messages nobody twice."""
    once = given.duplicates is DuplicateBehavior.ALLOW_ONE and not given.has_unknown_attempt
    if once and knows_version and not given.pilot:
        return replace(decision, state=BatchState.WAITING, parts=SplitReason.IDENTIFY_REJECTED)
    return replace(decision, error_code=PART_REJECTED)


def _go_on(decision: Decision, given: BatchContext) -> Decision:
    """Go on in halves after a refusal of too much at once, or later where that is asked for."""
    too_large = decision.error_code in _TOO_LARGE or decision.error_type == _TYPE_TOO_LARGE
    if too_large and given.size > 1:
        return replace(
            decision,
            result=AttemptResult.NOT_SENT,
            state=BatchState.WAITING,
            parts=SplitReason.TOO_LARGE,
        )
    if decision.error_code in OPT_OUT_CODES and given.size > 1 and not given.has_unknown_attempt:
        # The answer has one error for all of them: the halves show who has opted out.
        return replace(decision, state=BatchState.WAITING, parts=SplitReason.INVALID_ENTRY)
    asked_to_wait = explain(decision.error_code).error_class is ErrorClass.WAIT_AND_RETRY
    if asked_to_wait and given.retries < given.max_retries and not given.has_unknown_attempt:
        wait = RETRY_AFTER_SECONDS[min(given.retries, len(RETRY_AFTER_SECONDS) - 1)]
        return replace(decision, state=BatchState.WAITING, wait=wait)
    return decision


def decide_error(error: ConnectlyError, given: BatchContext) -> Decision:
    """Decide what an exception of the client means, by its place in the client's tree."""
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
        case BadRequest() if given.size > 1 and common.error_code not in _TOO_LARGE:
            decision = replace(common, parts=SplitReason.INVALID_ENTRY)
        case _:
            decision = _go_on(_settled(common, AttemptResult.REJECTED), given)
    return _weigh_doubt(decision, given)


def decide_unposted(given: BatchContext) -> Decision:
    """Decide what becomes of a batch whose attempt was opened, and then could not be made."""
    return _weigh_doubt(Decision(AttemptResult.NOT_SENT, BatchState.WAITING), given)


def _settled(decision: Decision, result: AttemptResult) -> Decision:
    return replace(decision, result=result, state=BatchState(result))


def _weigh_doubt(decision: Decision, given: BatchContext) -> Decision:
    """Let no later answer but an acceptance end the doubt that an earlier attempt has left.

    A refusal after it may be the answer to the repeat alone: the first attempt may have gone
    through, and the refusal may even say so.
    """
    if decision.state is BatchState.REJECTED and given.has_unknown_attempt:
        decision = replace(decision, state=BatchState.UNKNOWN)
    elif decision.state is BatchState.UNKNOWN and _may_repeat(given, given.unknown_attempts + 1):
        decision = replace(decision, state=BatchState.SENDING)
    elif (
        decision.state is BatchState.WAITING
        and given.unknown_attempts > 0
        and decision.parts is None
    ):
        # Nothing was taken this time, so this attempt is not one of the repeats.
        repeats = decision.pause_connection is None and _may_repeat(given, given.unknown_attempts)
        decision = replace(decision, state=BatchState.SENDING if repeats else BatchState.UNKNOWN)
    if given.pilot and _leaves_version_open(decision):
        decision = replace(decision, pause_run=Reason.VERSION_IN_DOUBT)
    return decision


def _may_repeat(given: BatchContext, unknown_attempts: int) -> bool:
    allowed = given.duplicates is DuplicateBehavior.ALLOW_ONE and not given.pilot
    return allowed and unknown_attempts <= MAX_REPEATS


def _leaves_version_open(decision: Decision) -> bool:
    """Tell whether a new version may have been opened without our learning which."""
    taken = decision.result in {AttemptResult.ACCEPTED, AttemptResult.UNKNOWN}
    return taken and decision.campaign_version is None
