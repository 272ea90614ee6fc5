"""Queries for counts of outcomes by sendout, error code and minute."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    Subquery,
    and_,
    cast,
    func,
    literal_column,
    select,
    type_coerce,
)

from lib.delivery.ledger.schema import Moment, run, sendout, tally
from lib.delivery.states import Outcome, RunKind
from lib.delivery.summaries import OutcomeCount

_TALLY_KEYS: Final = (tally.c.run_id, tally.c.sendout, tally.c.outcome, tally.c.error_code)
_MINUTE: Final = timedelta(minutes=1)
_MICROSECOND: Final = timedelta(microseconds=1)
_OUTCOMES_BY_VALUE: Final = {each.value: each for each in Outcome}


def count_outcomes(
    db: Connection,
    run_ids: Sequence[str] | None,
    since: datetime | None,
    until: datetime | None,
    kinds: Sequence[RunKind],
    *,
    step: timedelta = _MINUTE,
) -> list[OutcomeCount]:
    """Return settled recipients by run, sendout, outcome, code and time, in order of time.

    Times are the starts of steps of length ``step``, counted from 1970.
    """
    query = _outcome_query(_counts(run_ids, since, until, step).subquery(), kinds)
    # Unpacking and a dict are faster than attributes and Enum calls; a year of runs has many rows.
    return [
        OutcomeCount(
            run_id,
            label,
            campaign,
            version,
            _OUTCOMES_BY_VALUE[outcome],
            code or None,
            minute,
            count,
        )
        for run_id, label, campaign, version, outcome, code, minute, count in db.execute(
            query
        ).all()
    ]


def _outcome_query(counts: Subquery, kinds: Sequence[RunKind]) -> Select[Any]:
    """Select the counts of runs of these kinds, with the names of run, campaign and version."""
    return (
        select(
            counts.c.run_id,
            run.c.label,
            sendout.c.campaign_name,
            func.coalesce(
                sendout.c.campaign_version, sendout.c.pinned_version, sendout.c.reported_version
            ),
            counts.c.outcome,
            counts.c.error_code,
            type_coerce(counts.c.moment, Moment),
            counts.c.recipients,
        )
        .join_from(
            counts,
            sendout,
            and_(sendout.c.run_id == counts.c.run_id, sendout.c.number == counts.c.sendout),
        )
        .join(run, run.c.id == counts.c.run_id)
        .where(run.c.kind.in_(kinds))
        .order_by(counts.c.moment, counts.c.run_id, counts.c.sendout, counts.c.outcome)
    )


def _counts(
    run_ids: Sequence[str] | None, since: datetime | None, until: datetime | None, step: timedelta
) -> Select[Any]:
    """Select the rows of the tally, with those of one step added up."""
    if step == _MINUTE:
        counts = select(
            *_TALLY_KEYS, tally.c.minute.label("moment"), tally.c["count"].label("recipients")
        )
    else:
        minute = type_coerce(tally.c.minute, BigInteger)
        # As a literal: PostgreSQL would not recognise two parameters as the same GROUP BY term.
        moment = minute - minute % literal_column(str(step // _MICROSECOND))
        counts = select(
            *_TALLY_KEYS,
            moment.label("moment"),
            cast(func.sum(tally.c["count"]), BigInteger).label("recipients"),
        ).group_by(*_TALLY_KEYS, moment)
    if run_ids is not None:
        counts = counts.where(tally.c.run_id.in_(run_ids))
    if since is not None:
        counts = counts.where(tally.c.minute >= since)
    if until is not None:
        counts = counts.where(tally.c.minute < until)
    return counts
