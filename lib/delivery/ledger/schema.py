"""The tables of the ledger.

A run has sendouts, a sendout has batches, a batch has attempts. Each sendout has counters, which
change in the transaction that changes a batch, so a summary always matches the batches. The tally
counts the same outcomes by error code and minute.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
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
    """An aware UTC time, stored as whole microseconds since 1970: exact, sortable, small."""

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


# SQLite assigns row ids automatically only if the key is a plain INTEGER.
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
    # Two clicks have the same token, so only one of them creates a run.
    Column("token", String, nullable=False, unique=True),
    Column("label", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("connection", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("fingerprint", String, nullable=False),
    # The frozen plan. Plans with the same fingerprint differ if other rows are held back.
    Column("plan_id", String, nullable=False),
    Column("sheet_id", String),
    Column("rows", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("if_version_unspecified", String, nullable=False),
    Column("if_duplicate_check_unspecified", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    # When batches were last claimed: the run that has waited longest comes first.
    Column("served_at", Moment),
    # Largest number of entries of a request.
    Column("batch_size", Integer, nullable=False),
    # The latest wave, from 1; the recipients of the first wave; the factor by which each wave grows
    # (NULL: the second wave is the rest); and the share of rejected recipients up to which the next
    # wave is released automatically (NULL: a person approves it).
    Column("wave", Integer, nullable=False),
    Column("first_wave", Integer),
    Column("wave_growth", Float),
    Column("wave_tolerance", Float),
    # The share of rejected recipients at which the run stops.
    Column("stop_share", Float),
    # Answered recipients, and those of them not accepted, when a person last resumed the run.
    Column("seen_answered", Integer, nullable=False),
    Column("seen_refused", Integer, nullable=False),
    # Its start, the time zone of its schedule, and its quiet hours in minutes of the day.
    Column("starts_at", Moment),
    Column("zone", String),
    Column("quiet_from", Integer),
    Column("quiet_until", Integer),
    # Automatic retries of rows that Connectly asks to send later.
    Column("retries", Integer, nullable=False),
    # The run whose rejected rows these are.
    Column("retry_of", String),
    # The base URL and business that the run was confirmed for. NULL in runs of earlier releases or
    # without a connection at that time: the first claim sets them.
    Column("base_url", String),
    Column("business_id", String),
    # The ids of exclude lists that do not apply to this run, as a JSON array.
    Column("ignored_lists", Text),
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
    # If the sendout creates a version, one batch is sent alone until the version is known.
    Column("needs_version", Boolean, nullable=False),
    Column("pinned_version", String),
    Column("reported_version", String),
    # The positions of its entries in the frozen plan, and how many of them have a batch.
    Column("start", Integer, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("batched", Integer, nullable=False),
    # How many may have a batch so far: all, or those of the released waves.
    Column("released", Integer, nullable=False),
    # The error code for which it is stopped until its run is resumed.
    Column("stopped_code", String),
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
    # Number of claims: a change under an earlier claim has no effect.
    Column("claims", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    # The outcome of an attempt is unknown, so a later rejection does not settle the batch.
    Column("doubtful", Boolean, key="has_unknown_attempt", nullable=False),
    Column("error_code", String),
    Column("settled_at", Moment),
    # Not claimed before this time, because of a retry; the number of retries so far.
    Column("not_before", Moment),
    Column("retries", Integer, nullable=False),
    # The split batch of which this is a part, and the counts of its answer.
    Column("root", _RowNumber, key="parent_batch_id"),
    Column("said_accepted", Integer),
    Column("said_rejected", Integer),
    # The version in the first answer of a split batch, to which its parts are sent.
    Column("pinned_version", String),
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

Index(
    "ix_batch_root",
    batch.c.parent_batch_id,
    sqlite_where=batch.c.parent_batch_id.is_not(None),
    postgresql_where=batch.c.parent_batch_id.is_not(None),
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

judgement: Final = Table(
    "judgement",
    metadata,
    Column("id", _RowNumber, primary_key=True),
    Column("batch_id", _RowNumber, ForeignKey("batch.id"), nullable=False),
    # A person's decision on a batch whose outcome is unknown.
    Column("verdict", String, nullable=False),
    Column("person", String, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "batch_id"),
)

opt_out: Final = Table(
    "opt_out",
    metadata,
    Column("business_id", String, primary_key=True),
    # A person reported as opted out; see `lib.sheet.phones.identity`.
    Column("identity", BigInteger, primary_key=True, autoincrement=False),
    Column("learned_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

export: Final = Table(
    "export",
    metadata,
    # The name of its file in the reports folder, which includes the state of the run.
    Column("name", String, primary_key=True),
    Column("run_id", String, ForeignKey("run.id"), nullable=False),
    Column("state", String, nullable=False),
    Column("share", Float, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("ended_at", Moment),
    # The error that ended it, and its values as a JSON object.
    Column("error_code", String),
    Column("error_values", Text),
    # Texts of the error, which earlier releases stored. No longer written.
    Column("sentence", Text),
    Column("action", Text),
    Index(None, "state"),
)

ledger_identity: Final = Table(
    "ledger_identity",
    metadata,
    # One row. A restored or copied ledger gets another id once it is recognised.
    Column("id", String, primary_key=True),
)

line: Final = Table(
    "line",
    metadata,
    Column("connection", String, primary_key=True),
    # The next time at which a request may be sent, and the end of a pause.
    Column("next_slot", Moment, nullable=False),
    Column("paused_until", Moment),
    # Until this time, requests are sent at half the rate, because the first ones open connections.
    Column("slow_until", Moment),
    # Largest accepted number of entries of a request, learnt from rejections.
    Column("most_entries", Integer, key="max_entries"),
)

worker: Final = Table(
    "worker",
    metadata,
    Column("id", String, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("host", String, nullable=False),
    # Only one worker at a time holds a data folder's lock.
    Column("seat", String, key="data_folder_id", nullable=False),
    Column("release", String, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False),
    # Number of heartbeats: other workers time its changes with their own monotonic clocks.
    Column("beats", Integer, nullable=False),
    # Whether it can run scheduled work; NULL until it has tried.
    Column("carries", Boolean, key="can_schedule"),
)
