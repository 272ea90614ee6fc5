"""The tables of the ledger, which alone says what has been sent.

A run has sendouts, a sendout has batches, a batch has attempts. Each sendout carries its own
counters; they change in the transaction that changes a batch, so that a summary never disagrees
with the batches. The tally keeps the same outcomes by error code and minute.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, kept as whole microseconds since 1970: exact, sortable, small."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - the base class passes it
    ) -> int | None:
        """Return microseconds for the database."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(
        self,
        value: int | None,
        dialect: Dialect,  # noqa: ARG002 - the base class passes it
    ) -> datetime | None:
        """Return the time that the database holds as microseconds."""
        return None if value is None else _EPOCH + value * _MICROSECOND


# SQLite counts rows by itself only where the key is a plain INTEGER.
_RowNumber: Final = BigInteger().with_variant(Integer, "sqlite")

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

run: Final = Table(
    "run",
    metadata,
    Column("id", String, primary_key=True),
    # Two clicks carry the same token; only one of them makes a run.
    Column("token", String, nullable=False, unique=True),
    Column("label", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("connection", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("fingerprint", String, nullable=False),
    # The frozen plan: other rows held back make another one, though the same is sent.
    Column("plan_id", String, nullable=False),
    Column("sheet_id", String),
    Column("rows", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("if_version_unspecified", String, nullable=False),
    Column("if_duplicate_check_unspecified", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    # When batches were last claimed: whoever waited longest comes first.
    Column("served_at", Moment),
    Index(None, "state", "connection"),
    Index(None, "created_at"),
    Index(None, "fingerprint", "connection"),
)

sendout: Final = Table(
    "sendout",
    metadata,
    Column("run_id", String, ForeignKey("run.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("campaign_name", String, nullable=False),
    Column("campaign_version", String),
    # Where a new version is asked for, one batch goes alone until the version is known.
    Column("needs_version", Boolean, nullable=False),
    Column("pinned_version", String),
    Column("reported_version", String),
    # Its entries stand at these positions of the frozen plan; so many of them have a batch.
    Column("start", Integer, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("batched", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("cancelled", Integer, nullable=False),
)

batch: Final = Table(
    "batch",
    metadata,
    Column("id", _RowNumber, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("sendout", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("owner", String),
    # Counts claims: whoever holds an earlier one may not act on it any more.
    Column("claims", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    # Some attempt's answer is unknown: no later refusal proves that nothing was sent.
    Column("doubtful", Boolean, nullable=False),
    Column("error_code", String),
    Column("settled_at", Moment),
    ForeignKeyConstraint(["run_id", "sendout"], ["sendout.run_id", "sendout.number"]),
    UniqueConstraint("run_id", "start"),
    Index(None, "run_id", "state", "start"),
    Index(None, "run_id", "settled_at"),
)
Index(
    "ix_batch_owner",
    batch.c.owner,
    sqlite_where=batch.c.owner.is_not(None),
    postgresql_where=batch.c.owner.is_not(None),
)

attempt: Final = Table(
    "attempt",
    metadata,
    Column("id", _RowNumber, primary_key=True),
    Column("batch_id", _RowNumber, ForeignKey("batch.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("owner", String, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("result", String),
    Column("http_status", Integer),
    Column("error_code", String),
    Column("error_type", String),
    Column("message", Text),
    Column("trace_id", String),
    Column("campaign_version", String),
    Column("connectly_sendout_id", String),
    Column("answer", Text),
    UniqueConstraint("batch_id", "number"),
)

tally: Final = Table(
    "tally",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("sendout", Integer, primary_key=True, autoincrement=False),
    Column("outcome", String, primary_key=True),
    Column("error_code", String, primary_key=True),
    Column("minute", Moment, primary_key=True),
    Column("count", Integer, nullable=False),
    ForeignKeyConstraint(["run_id", "sendout"], ["sendout.run_id", "sendout.number"]),
    Index(None, "minute"),
    sqlite_with_rowid=False,
)

worker: Final = Table(
    "worker",
    metadata,
    Column("id", String, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("host", String, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False),
)
