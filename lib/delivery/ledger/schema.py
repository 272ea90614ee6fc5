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
    # Entries that may go in one request, at the most.
    Column("batch_size", Integer, nullable=False),
    # The wave that is out, from 1; of how many recipients the first one was, by what factor each
    # next one grows (none: the rest follows at once), and the share of rejected recipients up to
    # which it goes on by itself (none: a person is asked).
    Column("wave", Integer, nullable=False),
    Column("first_wave", Integer),
    Column("wave_growth", Float),
    Column("wave_tolerance", Float),
    # The share of rejected recipients at which the run stops.
    Column("stop_share", Float),
    # So many were answered, and so many of them not accepted, when a person last let it go on.
    Column("seen_answered", Integer, nullable=False),
    Column("seen_refused", Integer, nullable=False),
    # When it starts, in which zone that was said, and the minutes of a day in which it rests.
    Column("starts_at", Moment),
    Column("zone", String),
    Column("quiet_from", Integer),
    Column("quiet_until", Integer),
    # How often what is to be waited for is tried again by itself.
    Column("retries", Integer, nullable=False),
    # The run whose rejected or doubtful rows these are.
    Column("retry_of", String),
    # The address and the business that the run was confirmed for. Missing in runs of earlier
    # releases, and where there was no such connection: the first claim fills them in.
    Column("base_url", String),
    Column("business_id", String),
    # The ids of exclude lists that do not count for this run, as a JSON array.
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
    # Where a new version is asked for, one batch goes alone until the version is known.
    Column("needs_version", Boolean, nullable=False),
    Column("pinned_version", String),
    Column("reported_version", String),
    # Its entries stand at these positions of the frozen plan; so many of them have a batch.
    Column("start", Integer, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("batched", Integer, nullable=False),
    # So many of them may have one by now: all, unless they go out in waves.
    Column("released", Integer, nullable=False),
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
    Column("doubtful", Boolean, key="has_unknown_attempt", nullable=False),
    Column("error_code", String),
    Column("settled_at", Moment),
    # Not to be claimed before: it waits for a better moment. So often it has been put off.
    Column("not_before", Moment),
    Column("retries", Integer, nullable=False),
    # The batch that this one is a part of, whose answer said how many were taken, not which.
    Column("root", _RowNumber, key="parent_batch_id"),
    Column("said_accepted", Integer),
    Column("said_rejected", Integer),
    # What its first answer named, where none was asked for: its parts must not go elsewhere.
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
    # What a person has decided of a batch in doubt, who and when.
    Column("verdict", String, nullable=False),
    Column("person", String, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "batch_id"),
)

opt_out: Final = Table(
    "opt_out",
    metadata,
    Column("business_id", String, primary_key=True),
    # A person, as `lib.sheet.phones.identity` defines it, who a rejection says has opted out.
    Column("identity", BigInteger, primary_key=True, autoincrement=False),
    Column("learned_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

export: Final = Table(
    "export",
    metadata,
    # The file that it becomes, in the folder of reports; the state of the run that it tells of.
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

line: Final = Table(
    "line",
    metadata,
    Column("connection", String, primary_key=True),
    # The next moment at which a request may leave, and until when none may.
    Column("next_slot", Moment, nullable=False),
    Column("paused_until", Moment),
    # After a silence requests leave at half the pace until then: the first ones open connections.
    Column("slow_until", Moment),
    # Learnt from refusals: more entries a request are too many.
    Column("most_entries", Integer, key="max_entries"),
)

worker: Final = Table(
    "worker",
    metadata,
    Column("id", String, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("host", String, nullable=False),
    # Where it sits: only one worker at a time holds a data folder's lock.
    Column("seat", String, key="data_folder_id", nullable=False),
    Column("release", String, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False),
    # Counts its beats: others watch it stand still by clocks of their own.
    Column("beats", Integer, nullable=False),
    # Whether it can carry what has to wait for its time; nothing while it had no need to.
    Column("carries", Boolean, key="can_schedule"),
)
