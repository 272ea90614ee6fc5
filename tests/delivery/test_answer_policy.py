"""Decisions on answers and errors, under both duplicate behaviors."""

import json
from dataclasses import replace

import pytest

from lib import connectly
from lib.connectly import CampaignEntry, ConnectlyError, DuplicateBehavior, SendCampaignsResponse
from lib.delivery.answer_policy import (
    MAX_REPEATS,
    RETRY_AFTER_SECONDS,
    BatchContext,
    SplitReason,
    decide_answer,
    decide_error,
    decide_unposted,
)
from lib.delivery.states import NOT_COUNTED, AttemptResult, BatchState, Reason

ENTRY = CampaignEntry(client="+12025550100", campaign_name="a")
ONE, MULTIPLE = DuplicateBehavior.ALLOW_ONE, DuplicateBehavior.ALLOW_MULTIPLE
ACCEPTED = {"acceptedCount": 1, "campaignVersion": "v1"}
REJECTED = {"rejectedCount": 1, "status": "error", "error": {"code": "ERROR_CODE_X"}}


def given(
    duplicates: DuplicateBehavior = ONE,
    *,
    pilot: bool = False,
    has_unknown_attempt: bool = False,
    unknown_attempts: int = 0,
    keep_answer: bool = False,
) -> BatchContext:
    return BatchContext(
        duplicates,
        pilot,
        has_unknown_attempt or unknown_attempts > 0,
        unknown_attempts,
        keep_answer,
    )


def answer(**item: object) -> SendCampaignsResponse:
    return SendCampaignsResponse.from_json(json.dumps({"data": [{"campaignName": "a", **item}]}))


@pytest.mark.parametrize(
    ("error", "state", "paused"),
    [
        (connectly.ConnectionFailed(), BatchState.WAITING, None),
        (connectly.RateLimited(status=429), BatchState.WAITING, None),
        (connectly.AuthenticationFailed(status=401), BatchState.WAITING, Reason.KEY_REFUSED),
        (connectly.PermissionDenied(status=403), BatchState.WAITING, Reason.NOT_PERMITTED),
        (connectly.RedirectRefused(status=307), BatchState.WAITING, Reason.REDIRECTED),
        (connectly.BadRequest(status=400), BatchState.REJECTED, None),
        (connectly.NotFound(status=404), BatchState.REJECTED, None),
        (connectly.Conflict(status=409), BatchState.REJECTED, None),
        (connectly.RequestTooLarge(status=413), BatchState.REJECTED, None),
    ],
)
@pytest.mark.parametrize("duplicates", [ONE, MULTIPLE])
def test_an_error_before_acceptance_has_a_known_outcome(error, state, paused, duplicates):
    decision = decide_error(error, given(duplicates))
    assert (decision.state, decision.pause_connection) == (state, paused)
    assert decision.result is not AttemptResult.UNKNOWN


UNCONFIRMED = [
    connectly.ReadTimedOut(),
    connectly.ConnectionLost(),
    connectly.ServerError(status=503),
    connectly.UnreadableAnswer(status=200),
]


@pytest.mark.parametrize("error", UNCONFIRMED)
def test_an_unknown_outcome_is_repeated_automatically_only_if_deduplicated(error):
    assert decide_error(error, given(MULTIPLE)).state is BatchState.UNKNOWN
    states = [
        decide_error(error, given(ONE, unknown_attempts=n)).state for n in range(MAX_REPEATS + 1)
    ]
    assert states == [BatchState.SENDING] * MAX_REPEATS + [BatchState.UNKNOWN]


@pytest.mark.parametrize("error", UNCONFIRMED)
def test_an_unknown_outcome_of_a_new_version_pauses_the_run(error):
    decision = decide_error(error, given(ONE, pilot=True))
    assert (decision.state, decision.pause_run) == (BatchState.UNKNOWN, Reason.VERSION_IN_DOUBT)


@pytest.mark.parametrize("duplicates", [ONE, MULTIPLE])
@pytest.mark.parametrize("refusal", [connectly.BadRequest(), connectly.Conflict()])
def test_a_rejection_does_not_settle_an_earlier_unknown_attempt(refusal, duplicates):
    doubted = given(duplicates, has_unknown_attempt=True)
    for decision in (
        decide_error(refusal, doubted),
        decide_answer([ENTRY], answer(**REJECTED), doubted),
    ):
        assert decision.result is AttemptResult.REJECTED
        assert decision.state is BatchState.UNKNOWN


def test_an_acceptance_settles_an_earlier_unknown_attempt():
    decision = decide_answer([ENTRY], answer(**ACCEPTED), given(unknown_attempts=1))
    assert (decision.result, decision.state) == (AttemptResult.ACCEPTED, BatchState.ACCEPTED)


@pytest.mark.parametrize("error", [connectly.ConnectionFailed(), connectly.RateLimited()])
def test_a_repeat_that_was_not_sent_does_not_count(error: ConnectlyError):
    for decision in (
        decide_error(error, given(unknown_attempts=MAX_REPEATS)),
        decide_unposted(given(unknown_attempts=MAX_REPEATS)),
    ):
        assert (decision.result, decision.state) == (AttemptResult.NOT_SENT, BatchState.SENDING)


def test_a_repeat_refused_by_the_connection_ends_unknown():
    decision = decide_error(connectly.AuthenticationFailed(), given(unknown_attempts=1))
    assert (decision.state, decision.pause_connection) == (BatchState.UNKNOWN, Reason.KEY_REFUSED)


def test_a_repeat_requested_by_a_person_waits_again_if_not_sent():
    decision = decide_error(connectly.RateLimited(), given(MULTIPLE, has_unknown_attempt=True))
    assert decision.state is BatchState.WAITING


@pytest.mark.parametrize(
    ("item", "result"),
    [
        (ACCEPTED, AttemptResult.ACCEPTED),
        (REJECTED, AttemptResult.REJECTED),
        ({}, AttemptResult.UNKNOWN),
        ({"acceptedCount": 2}, AttemptResult.UNKNOWN),
        ({"acceptedCount": 1, "rejectedCount": 1}, AttemptResult.UNKNOWN),
        ({"campaignName": "b", "acceptedCount": 1}, AttemptResult.UNKNOWN),
    ],
)
def test_the_counts_of_a_200_decide_its_result(item, result):
    decision = decide_answer([ENTRY], answer(**item), given(MULTIPLE))
    assert (decision.result, decision.state) == (result, BatchState(result))
    assert (decision.error_code == NOT_COUNTED) == (result is AttemptResult.UNKNOWN)


def test_the_answer_is_stored_for_tests_and_unless_accepted():
    assert decide_answer([ENTRY], answer(**ACCEPTED), given()).answer is None
    assert decide_answer([ENTRY], answer(**ACCEPTED), given(keep_answer=True)).answer
    assert decide_answer([ENTRY], answer(**REJECTED), given()).answer


@pytest.mark.parametrize(
    ("item", "paused"),
    [
        (ACCEPTED, None),
        ({"acceptedCount": 1}, Reason.VERSION_IN_DOUBT),
        (REJECTED, None),
        ({}, Reason.VERSION_IN_DOUBT),
    ],
)
def test_a_run_continues_only_if_the_new_version_is_known(item, paused):
    decision = decide_answer([ENTRY], answer(**item), given(MULTIPLE, pilot=True))
    assert decision.pause_run is paused


def test_a_row_to_send_later_is_retried_if_the_run_allows_retries():
    busy = answer(rejectedCount=1, error={"code": "ERROR_CODE_WA_SERVER_TEMPORARILY_UNAVAILABLE"})
    patient = replace(given(MULTIPLE), max_retries=2)
    decision = decide_answer([ENTRY], busy, patient)
    assert (decision.state, decision.wait) == (BatchState.WAITING, RETRY_AFTER_SECONDS[0])
    later = decide_answer([ENTRY], busy, replace(patient, retries=1))
    assert later.wait == RETRY_AFTER_SECONDS[1]
    assert decide_answer([ENTRY], busy, replace(patient, retries=2)).state is BatchState.REJECTED
    assert decide_answer([ENTRY], busy, given(MULTIPLE)).state is BatchState.REJECTED


@pytest.mark.parametrize(
    "code", ["ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT", "ERROR_CODE_CAMPAIGN_ENTRY_INVALID"]
)
def test_opted_out_and_invalid_rows_are_not_retried(code):
    refused = answer(rejectedCount=1, error={"code": code})
    decision = decide_answer([ENTRY], refused, replace(given(ONE), max_retries=3))
    assert (decision.state, decision.wait) == (BatchState.REJECTED, None)


def test_a_batch_too_large_is_split_even_after_an_unknown_attempt():
    large = connectly.RequestTooLarge(status=413)
    decision = decide_error(large, replace(given(ONE, unknown_attempts=1), size=4))
    assert (decision.state, decision.parts) == (BatchState.WAITING, SplitReason.TOO_LARGE)


def test_a_batch_with_an_opt_out_is_split_until_one_entry_is_left():
    refused = answer(
        rejectedCount=2, status="error", error={"code": "ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT"}
    )
    both = decide_answer([ENTRY, ENTRY], refused, replace(given(), size=2))
    assert (both.state, both.parts) == (BatchState.WAITING, SplitReason.INVALID_ENTRY)
    one = answer(
        rejectedCount=1, status="error", error={"code": "ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT"}
    )
    assert decide_answer([ENTRY], one, given()).state is BatchState.REJECTED


def test_after_an_unknown_attempt_nothing_but_a_smaller_batch_is_sent_automatically():
    """Whoever got the first attempt is no longer known, so a person decides."""
    doubtful = replace(given(ONE, has_unknown_attempt=True), size=2, max_retries=3)
    two = [ENTRY, ENTRY]
    mixed = answer(acceptedCount=1, rejectedCount=1, campaignVersion="v1")
    opted_out = answer(rejectedCount=2, error={"code": "ERROR_CODE_MESSAGE_CUSTOMER_OPTED_OUT"})
    busy = answer(rejectedCount=2, error={"code": "ERROR_CODE_WA_SERVER_TEMPORARILY_UNAVAILABLE"})

    for response in (mixed, opted_out, busy):
        decision = decide_answer(two, response, doubtful)
        assert decision.state is not BatchState.WAITING
        assert decision.parts is None
