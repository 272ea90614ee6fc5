"""Decide what an answer, or the lack of one, means for a batch. Pure: no clock, no ledger.

What leaves no doubt is settled. What was certainly not taken may go again. What may have been
taken goes again by itself only under ``allow_one``, where the platform keeps a phone from getting
a campaign twice, at most twice more, and never where a repeat could open another version.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from lib.connectly import (
    AuthenticationFailed,
    CampaignEntry,
    ConnectionFailed,
    ConnectlyError,
    DuplicateBehavior,
    OutcomeUnknownError,
    PermissionDenied,
    RateLimited,
    RedirectRefused,
    SendCampaignsResponse,
    judge,
)
from lib.delivery.states import NOT_COUNTED, AttemptResult, BatchState, Reason

MOST_REPEATS: Final = 2


@dataclass(frozen=True)
class Circumstances:
    """What must be known of a batch besides the answer.

    ``doubts`` counts the attempts of this claim whose answer is unknown; ``doubtful`` tells
    whether any attempt before this one is in doubt. A ``pilot`` asks for a new version.
    """

    duplicates: DuplicateBehavior
    pilot: bool
    doubtful: bool
    doubts: int
    keep_answer: bool


@dataclass(frozen=True)
class Decision:
    """What to write down about an attempt, and the state in which it leaves the batch.

    ``waiting`` puts the batch back; ``sending`` holds it for a repeat; all others settle it.
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


def decide_answer(
    sent: Sequence[CampaignEntry], response: SendCampaignsResponse, given: Circumstances
) -> Decision:
    """Decide what an answer with status 200 means: counts and errors decide, never the status."""
    verdict = judge(sent, response)
    if verdict.accepted == len(sent):
        result = AttemptResult.ACCEPTED
    elif verdict.rejected == len(sent):
        result = AttemptResult.REJECTED
    else:
        result = AttemptResult.UNKNOWN
    error = verdict.error
    not_counted = NOT_COUNTED if result is AttemptResult.UNKNOWN else None
    keep = given.keep_answer or result is not AttemptResult.ACCEPTED
    decision = Decision(
        result,
        BatchState(result),
        http_status=200,
        error_code=error.code if error else not_counted,
        error_type=error.type if error else None,
        message=(error.user_message or error.message) if error else None,
        campaign_version=verdict.campaign_version,
        connectly_sendout_id=verdict.sendout_id,
        answer=response.json_text if keep else None,
    )
    return _weigh_doubt(decision, given)


def decide_error(error: ConnectlyError, given: Circumstances) -> Decision:
    """Decide what an exception of the client means, by its place in the client's tree."""
    common = Decision(
        AttemptResult.NOT_SENT,
        BatchState.WAITING,
        http_status=error.status,
        error_code=error.code,
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
        case _:
            decision = _settled(common, AttemptResult.REJECTED)
    return _weigh_doubt(decision, given)


def decide_unposted(given: Circumstances) -> Decision:
    """Decide what becomes of a batch whose attempt was opened, and then could not be made."""
    return _weigh_doubt(Decision(AttemptResult.NOT_SENT, BatchState.WAITING), given)


def _settled(decision: Decision, result: AttemptResult) -> Decision:
    return replace(decision, result=result, state=BatchState(result))


def _weigh_doubt(decision: Decision, given: Circumstances) -> Decision:
    """Let no later answer but an acceptance end the doubt that an earlier attempt has left.

    A refusal after it may be the answer to the repeat alone: the first attempt may have gone
    through, and the refusal may even say so.
    """
    if decision.state is BatchState.REJECTED and given.doubtful:
        decision = replace(decision, state=BatchState.UNKNOWN)
    elif decision.state is BatchState.UNKNOWN and _may_repeat(given, given.doubts + 1):
        decision = replace(decision, state=BatchState.SENDING)
    elif decision.state is BatchState.WAITING and given.doubts > 0:
        # Nothing was taken this time, so this attempt is not one of the repeats.
        repeats = decision.pause_connection is None and _may_repeat(given, given.doubts)
        decision = replace(decision, state=BatchState.SENDING if repeats else BatchState.UNKNOWN)
    if given.pilot and _leaves_version_open(decision):
        decision = replace(decision, pause_run=Reason.VERSION_IN_DOUBT)
    return decision


def _may_repeat(given: Circumstances, doubts: int) -> bool:
    allowed = given.duplicates is DuplicateBehavior.ALLOW_ONE and not given.pilot
    return allowed and doubts <= MOST_REPEATS


def _leaves_version_open(decision: Decision) -> bool:
    """Tell whether a new version may have been opened without our learning which."""
    taken = decision.result in {AttemptResult.ACCEPTED, AttemptResult.UNKNOWN}
    return taken and decision.campaign_version is None
