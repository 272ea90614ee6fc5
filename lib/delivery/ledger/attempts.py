"""Open, end and settle what is sent of a batch. Each function is given a transaction.

Whoever acts names the claim that it acts under; one that was taken back changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, and_, bindparam, exists, insert, select, update

from lib.delivery.answer_policy import Decision, SplitReason
from lib.delivery.ledger import bisection, rate_slots
from lib.delivery.ledger.bisection import OWNED_BY_ME
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

_UNSETTLED: Final = (BatchState.WAITING, BatchState.SENDING)

_CONNECTION: Final = select(run.c.connection).where(run.c.id == bindparam("run"))

_IN_HAND: Final = and_(OWNED_BY_ME, batch.c.state.in_([BatchState.CLAIMED, BatchState.SENDING]))
_IS_RUNNING: Final = exists().where(run.c.id == batch.c.run_id, run.c.state == RunState.RUNNING)
_BEGIN: Final = (
    update(batch)
    .where(
        _IN_HAND,
        batch.c.attempts == bindparam("before"),
        _IS_RUNNING,
        IS_ALIVE,
    )
    .values(state=BatchState.SENDING, attempts=batch.c.attempts + 1)
)
_INSERT_ATTEMPT: Final = insert(attempt)
_OPENED: Final = (
    select(attempt.c.id)
    .join(batch, attempt.c.batch_id == batch.c.id)
    .where(
        OWNED_BY_ME,
        batch.c.state == BatchState.SENDING,
        batch.c.attempts == bindparam("opened"),
        attempt.c.number == bindparam("opened"),
        attempt.c.ended_at.is_(None),
    )
)
_END_ATTEMPT: Final = (
    update(attempt)
    .where(attempt.c.id == bindparam("attempt"), attempt.c.ended_at.is_(None))
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
_LEAVE: Final = (
    update(batch)
    .where(_IN_HAND)
    .values(
        state=bindparam("to"),
        owner=bindparam("to_owner"),
        has_unknown_attempt=bindparam("doubt"),
        error_code=bindparam("code"),
        settled_at=bindparam("settled"),
        not_before=bindparam("later"),
        retries=batch.c.retries + bindparam("again"),
    )
)
_REPORT_VERSION: Final = (
    update(sendout)
    .where(sendout.c.run_id == bindparam("run"), sendout.c.number == bindparam("of"))
    .values(reported_version=bindparam("version"))
)
_PIN_VERSION: Final = (
    update(sendout)
    .where(
        sendout.c.run_id == bindparam("run"),
        sendout.c.number == bindparam("of"),
        NEEDS_PILOT,
    )
    .values(pinned_version=bindparam("version"))
)


@dataclass(frozen=True)
class Attempt:
    """One POST of a batch, in the ledger before it is made."""

    id: int
    number: int


def open_attempt(db: Connection, of: Claim, attempts: int, now: datetime) -> Attempt | None:
    """Open the next attempt of a batch; None where it may not be sent any more.

    ``attempts`` is how many it has had. The POST may be made only once this is committed. Where a
    commit was thought to have failed and had not, the attempt is there already.
    """
    number = attempts + 1
    if db.execute(_BEGIN, {**of.fence, "before": attempts}).rowcount == 0:
        found = db.execute(_OPENED, {**of.fence, "opened": number}).scalar_one_or_none()
        return None if found is None else Attempt(id=found, number=number)
    row = {"batch_id": of.batch_id, "number": number, "owner": of.owner, "started_at": now}
    result = db.execute(_INSERT_ATTEMPT, row)
    assert result.inserted_primary_key is not None
    return Attempt(id=result.inserted_primary_key[0], number=number)


def close_attempt(
    db: Connection,
    of: Claim,
    opened: Attempt,
    decision: Decision,
    *,
    has_unknown_attempt: bool,
    now: datetime,
) -> None:
    """Close an attempt and leave its batch as decided.

    ``has_unknown_attempt`` tells whether any attempt of the batch, this one included, is in doubt.
    """
    db.execute(
        _END_ATTEMPT,
        {
            "attempt": opened.id,
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
    _keep_version(db, of, decision)
    state, code, wait = decision.state, decision.error_code, decision.wait
    if state is BatchState.WAITING and state_of(db, of.run_id) is RunState.CANCELLED:
        state, code = _in_a_cancelled_run(decision, has_unknown_attempt=has_unknown_attempt)
        wait = None
    elif decision.parts is not None:
        _part(db, of, decision, has_unknown_attempt=has_unknown_attempt, now=now)
    set_batch_state(
        db, of, state, code, has_unknown_attempt=has_unknown_attempt, now=now, wait=wait
    )
    if decision.pause_run is not None:
        pause(db, of.run_id, decision.pause_run)


def _in_a_cancelled_run(
    decision: Decision, *, has_unknown_attempt: bool
) -> tuple[BatchState, str | None]:
    """Return what becomes of a batch that would have waited, and why."""
    if decision.parts is SplitReason.IDENTIFY_REJECTED:
        return BatchState.MIXED, PART_REJECTED
    if has_unknown_attempt:
        return BatchState.UNKNOWN, decision.error_code
    refused = decision.result is AttemptResult.REJECTED
    return BatchState.REJECTED if refused else BatchState.CANCELLED, decision.error_code


def _part(
    db: Connection, of: Claim, decision: Decision, *, has_unknown_attempt: bool, now: datetime
) -> None:
    """Go on in halves, and remember what was learnt from the answer."""
    if decision.parts is SplitReason.TOO_LARGE:
        connection = db.execute(_CONNECTION, {"run": of.run_id}).scalar_one()
        rate_slots.lower_max_entries(db, connection, (of.size + 1) // 2, now)
    if decision.parts is SplitReason.IDENTIFY_REJECTED:
        bisection.mark_parent(
            db,
            of.fence,
            accepted=decision.said_accepted,
            rejected=decision.said_rejected,
            version=decision.campaign_version,
        )
    split(db, of, has_unknown_attempt=has_unknown_attempt)


def withhold(db: Connection, of: Claim, *, has_unknown_attempt: bool, now: datetime) -> bool:
    """Send no more of a batch in which somebody has opted out; tell whether it is settled.

    A batch of several entries goes back as two halves, until nobody shares a batch with the person;
    in a cancelled run, of which nothing is claimed any more, it is settled as a whole.
    What may have been sent already stays unknown; the rest is cancelled.
    """
    if of.size > 1 and state_of(db, of.run_id) is not RunState.CANCELLED:
        split(db, of, has_unknown_attempt=has_unknown_attempt)
        return False
    may_be_sent = has_unknown_attempt or of.parent_batch_id is not None
    state = BatchState.UNKNOWN if may_be_sent else BatchState.CANCELLED
    set_batch_state(
        db, of, state, OPTED_OUT_SINCE, has_unknown_attempt=has_unknown_attempt, now=now
    )
    return True


def split(db: Connection, of: Claim, *, has_unknown_attempt: bool) -> bool:
    """Put a batch back as two; tell whether this claim still holds."""
    return bisection.split(db, of.fence, of.size, has_unknown_attempt=has_unknown_attempt)


def set_batch_state(
    db: Connection,
    of: Claim,
    state: BatchState,
    error_code: str | None,
    *,
    has_unknown_attempt: bool,
    now: datetime,
    wait: float | None = None,
) -> None:
    """Take a batch from sending to another state, and count its rows where that settles them.

    One that waits does so for ``wait`` seconds at least. A part of a batch is counted together
    with all its other parts.
    """
    outcome = None if state in _UNSETTLED else outcome_of(state)
    counts_now = outcome is not None and of.parent_batch_id is None
    changed = db.execute(
        _LEAVE,
        {
            **of.fence,
            "to": state,
            "to_owner": of.owner if state is BatchState.SENDING else None,
            "doubt": has_unknown_attempt,
            "code": error_code if outcome else None,
            "settled": now if counts_now else None,
            "later": now + timedelta(seconds=wait) if wait is not None else None,
            "again": int(wait is not None),
        },
    ).rowcount
    if changed and outcome and counts_now:
        settled = CounterDelta(of.run_id, of.sendout, outcome, error_code, of.size)
        apply_deltas(db, [settled], now)
    elif changed and outcome and of.parent_batch_id is not None:
        bisection.finish_split(db, of.parent_batch_id, now)


def _keep_version(db: Connection, of: Claim, decision: Decision) -> None:
    """Note the version that an answer names; where a new one was asked for, hold on to it."""
    version = decision.campaign_version
    if version is None or version == of.pinned_version:
        return
    which = {"run": of.run_id, "of": of.sendout, "version": version}
    db.execute(_REPORT_VERSION, which)
    if of.pilot:
        db.execute(_PIN_VERSION, which)
