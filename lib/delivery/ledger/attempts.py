"""Attempts of claimed batches. Each function is given a transaction.

Each change names the claim that it is made under. It has no effect if the claim has been revoked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, exists, insert, select, update

from lib.delivery.answer_policy import Decision, SplitReason
from lib.delivery.ledger import bisection, rate_slots
from lib.delivery.ledger.bisection import HAS_CLAIM, IS_CLAIMED, UNSETTLED
from lib.delivery.ledger.claims import IS_ALIVE, NEEDS_PILOT, Claim
from lib.delivery.ledger.counters import CounterDelta, apply_deltas
from lib.delivery.ledger.runs import pause, state_of
from lib.delivery.ledger.schema import attempt, batch, run, sendout
from lib.delivery.states import (
    OPTED_OUT_SINCE,
    PART_REJECTED,
    AttemptResult,
    BatchState,
    RunState,
    outcome_of,
)

_CONNECTION: Final = select(run.c.connection).where(run.c.id == bindparam("run"))

_IS_RUNNING: Final = exists().where(run.c.id == batch.c.run_id, run.c.state == RunState.RUNNING)
_OPEN_ATTEMPT: Final = (
    update(batch)
    .where(
        IS_CLAIMED,
        batch.c.attempts == bindparam("attempts_before"),
        _IS_RUNNING,
        IS_ALIVE,
    )
    .values(state=BatchState.SENDING, attempts=batch.c.attempts + 1)
)
_INSERT_ATTEMPT: Final = insert(attempt)
_OPEN_ATTEMPT_ID: Final = (
    select(attempt.c.id)
    .join(batch, attempt.c.batch_id == batch.c.id)
    .where(
        HAS_CLAIM,
        batch.c.state == BatchState.SENDING,
        batch.c.attempts == bindparam("attempt_number"),
        attempt.c.number == bindparam("attempt_number"),
        attempt.c.ended_at.is_(None),
    )
)
_CLOSE_ATTEMPT: Final = (
    update(attempt)
    .where(attempt.c.id == bindparam("attempt_id"), attempt.c.ended_at.is_(None))
    .values(
        ended_at=bindparam("now"),
        **{
            name: bindparam(f"new_{name}")
            for name in (
                "result",
                "http_status",
                "error_code",
                "error_type",
                "message",
                "trace_id",
                "campaign_version",
                "connectly_sendout_id",
                "answer",
            )
        },
    )
)
_SET_STATE: Final = (
    update(batch)
    .where(IS_CLAIMED)
    .values(
        state=bindparam("new_state"),
        owner=bindparam("new_owner"),
        has_unknown_attempt=bindparam("new_has_unknown_attempt"),
        error_code=bindparam("new_error_code"),
        settled_at=bindparam("new_settled_at"),
        not_before=bindparam("new_not_before"),
        retries=batch.c.retries + bindparam("added_retries"),
    )
)
_REPORT_VERSION: Final = (
    update(sendout)
    .where(sendout.c.run_id == bindparam("run"), sendout.c.number == bindparam("sendout_number"))
    .values(reported_version=bindparam("new_version"))
)
_PIN_VERSION: Final = (
    update(sendout)
    .where(
        sendout.c.run_id == bindparam("run"),
        sendout.c.number == bindparam("sendout_number"),
        NEEDS_PILOT,
    )
    .values(pinned_version=bindparam("new_version"))
)


@dataclass(frozen=True)
class Attempt:
    """One POST of a batch, which is in the ledger before it is sent."""

    id: int
    number: int


def open_attempt(db: Connection, claim: Claim, attempts: int, now: datetime) -> Attempt | None:
    """Open the next attempt of a batch; return None if the batch may no longer be sent.

    ``attempts`` is the number of its attempts so far. The POST may be sent only after the commit.
    If an earlier commit succeeded although it was reported as failed, the attempt that it opened is
    returned.
    """
    number = attempts + 1
    if db.execute(_OPEN_ATTEMPT, {**claim.fence, "attempts_before": attempts}).rowcount == 0:
        found = db.execute(
            _OPEN_ATTEMPT_ID, {**claim.fence, "attempt_number": number}
        ).scalar_one_or_none()
        return None if found is None else Attempt(id=found, number=number)
    row = {"batch_id": claim.batch_id, "number": number, "owner": claim.owner, "started_at": now}
    result = db.execute(_INSERT_ATTEMPT, row)
    assert result.inserted_primary_key is not None
    return Attempt(id=result.inserted_primary_key[0], number=number)


def close_attempt(
    db: Connection,
    claim: Claim,
    opened: Attempt,
    decision: Decision,
    *,
    has_unknown_attempt: bool,
    now: datetime,
) -> None:
    """Close an attempt and set the state of its batch as decided.

    ``has_unknown_attempt`` is true if the outcome of any attempt of the batch, this one included,
    is unknown.
    """
    db.execute(
        _CLOSE_ATTEMPT,
        {
            "attempt_id": opened.id,
            "now": now,
            "new_result": decision.result,
            "new_http_status": decision.http_status,
            "new_error_code": decision.error_code,
            "new_error_type": decision.error_type,
            "new_message": decision.message,
            "new_trace_id": decision.trace_id,
            "new_campaign_version": decision.campaign_version,
            "new_connectly_sendout_id": decision.connectly_sendout_id,
            "new_answer": decision.answer,
        },
    )
    _record_version(db, claim, decision)
    if decision.result is AttemptResult.ACCEPTED and claim.size > 1:
        rate_slots.raise_max_entries(db, _connection_of(db, claim), claim.size, now)
    state, code, wait = decision.state, decision.error_code, decision.wait
    if state is BatchState.WAITING and state_of(db, claim.run_id) is RunState.CANCELLED:
        state, code = _state_in_cancelled_run(decision, has_unknown_attempt=has_unknown_attempt)
        wait = None
    elif decision.parts is not None:
        _split_as_decided(db, claim, decision, has_unknown_attempt=has_unknown_attempt, now=now)
    set_batch_state(
        db, claim, state, code, has_unknown_attempt=has_unknown_attempt, now=now, wait=wait
    )
    if decision.pause_run is not None:
        pause(db, claim.run_id, decision.pause_run)


def _state_in_cancelled_run(
    decision: Decision, *, has_unknown_attempt: bool
) -> tuple[BatchState, str | None]:
    """Return the state and error code of a batch that would wait if its run were not cancelled."""
    if decision.parts is SplitReason.IDENTIFY_REJECTED:
        return BatchState.MIXED, PART_REJECTED
    if has_unknown_attempt:
        return BatchState.UNKNOWN, decision.error_code
    refused = decision.result is AttemptResult.REJECTED
    return BatchState.REJECTED if refused else BatchState.CANCELLED, decision.error_code


def _split_as_decided(
    db: Connection, claim: Claim, decision: Decision, *, has_unknown_attempt: bool, now: datetime
) -> None:
    """Split a batch, and record what the answer says about its size or its counts."""
    if decision.parts is SplitReason.TOO_LARGE:
        rate_slots.lower_max_entries(db, _connection_of(db, claim), (claim.size + 1) // 2, now)
    if decision.parts is SplitReason.IDENTIFY_REJECTED:
        bisection.mark_parent(
            db,
            claim.fence,
            accepted=decision.said_accepted,
            rejected=decision.said_rejected,
            version=decision.campaign_version,
        )
    split(db, claim, has_unknown_attempt=has_unknown_attempt)


def _connection_of(db: Connection, claim: Claim) -> str:
    return str(db.execute(_CONNECTION, {"run": claim.run_id}).scalar_one())


def withhold(db: Connection, claim: Claim, *, has_unknown_attempt: bool, now: datetime) -> bool:
    """Stop sending a batch with a person who has opted out; return whether it is settled.

    A batch of several entries is split until the person has a batch alone. In a cancelled run,
    whose batches are no longer claimed, it is settled as a whole. A batch that may have been sent
    becomes unknown, every other one cancelled.
    """
    if claim.size > 1 and state_of(db, claim.run_id) is not RunState.CANCELLED:
        split(db, claim, has_unknown_attempt=has_unknown_attempt)
        return False
    may_be_sent = has_unknown_attempt or claim.parent_batch_id is not None
    state = BatchState.UNKNOWN if may_be_sent else BatchState.CANCELLED
    set_batch_state(
        db, claim, state, OPTED_OUT_SINCE, has_unknown_attempt=has_unknown_attempt, now=now
    )
    return True


def split(db: Connection, claim: Claim, *, has_unknown_attempt: bool) -> bool:
    """Put a batch back as two halves; return whether the claim is still valid."""
    return bisection.split(db, claim.fence, claim.size, has_unknown_attempt=has_unknown_attempt)


def set_batch_state(
    db: Connection,
    claim: Claim,
    state: BatchState,
    error_code: str | None,
    *,
    has_unknown_attempt: bool,
    now: datetime,
    wait: float | None = None,
) -> None:
    """Set the state of a claimed batch, and count its rows if that settles them.

    A waiting batch waits at least ``wait`` seconds. The parts of a split batch are counted
    together, once all are settled.
    """
    outcome = None if state in UNSETTLED else outcome_of(state)
    counts_now = outcome is not None and claim.parent_batch_id is None
    changed = db.execute(
        _SET_STATE,
        {
            **claim.fence,
            "new_state": state,
            "new_owner": claim.owner if state is BatchState.SENDING else None,
            "new_has_unknown_attempt": has_unknown_attempt,
            "new_error_code": error_code if outcome else None,
            "new_settled_at": now if counts_now else None,
            "new_not_before": now + timedelta(seconds=wait) if wait is not None else None,
            "added_retries": int(wait is not None),
        },
    ).rowcount
    if changed and outcome and counts_now:
        settled = CounterDelta(claim.run_id, claim.sendout, outcome, error_code, claim.size)
        apply_deltas(db, [settled], now)
    elif changed and outcome and claim.parent_batch_id is not None:
        bisection.finish_split(db, claim.parent_batch_id, now)


def _record_version(db: Connection, claim: Claim, decision: Decision) -> None:
    """Record the version that an answer names; pin it if the batch asked for a new one."""
    version = decision.campaign_version
    if version is None or version == claim.pinned_version:
        return
    values = {"run": claim.run_id, "sendout_number": claim.sendout, "new_version": version}
    db.execute(_REPORT_VERSION, values)
    if claim.pilot:
        db.execute(_PIN_VERSION, values)
