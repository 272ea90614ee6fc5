"""Create the ledger: runs, sendouts, batches, attempts, the tally and the workers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# An aware UTC time as whole microseconds since 1970.
_MOMENT = sa.BigInteger()
_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("sheet_id", sa.String()),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("if_version_unspecified", sa.String(), nullable=False),
        sa.Column("if_duplicate_check_unspecified", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("started_at", _MOMENT),
        sa.Column("finished_at", _MOMENT),
        sa.Column("served_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("token", name="uq_run_token"),
    )
    op.create_index("ix_run_state_connection", "run", ["state", "connection"])
    op.create_index("ix_run_created_at", "run", ["created_at"])
    op.create_index("ix_run_fingerprint_connection", "run", ["fingerprint", "connection"])

    op.create_table(
        "sendout",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("campaign_name", sa.String(), nullable=False),
        sa.Column("campaign_version", sa.String()),
        sa.Column("needs_version", sa.Boolean(), nullable=False),
        sa.Column("pinned_version", sa.String()),
        sa.Column("reported_version", sa.String()),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("batched", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_sendout_run"),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_sendout"),
    )

    op.create_table(
        "batch",
        sa.Column("id", _ROW_NUMBER, nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("sendout", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.String()),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("error_code", sa.String()),
        sa.Column("settled_at", _MOMENT),
        sa.ForeignKeyConstraint(
            ["run_id", "sendout"], ["sendout.run_id", "sendout.number"], name="fk_batch_sendout"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
        sa.UniqueConstraint("run_id", "start", name="uq_batch_run_id_start"),
    )
    op.create_index("ix_batch_run_id_state_start", "batch", ["run_id", "state", "start"])
    op.create_index("ix_batch_run_id_settled_at", "batch", ["run_id", "settled_at"])
    op.create_index(
        "ix_batch_owner",
        "batch",
        ["owner"],
        sqlite_where=sa.text("owner IS NOT NULL"),
        postgresql_where=sa.text("owner IS NOT NULL"),
    )

    op.create_table(
        "attempt",
        sa.Column("id", _ROW_NUMBER, nullable=False),
        sa.Column("batch_id", _ROW_NUMBER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.Column("result", sa.String()),
        sa.Column("http_status", sa.Integer()),
        sa.Column("error_code", sa.String()),
        sa.Column("error_type", sa.String()),
        sa.Column("message", sa.Text()),
        sa.Column("trace_id", sa.String()),
        sa.Column("campaign_version", sa.String()),
        sa.Column("connectly_sendout_id", sa.String()),
        sa.Column("answer", sa.Text()),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_attempt_batch"),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
        sa.UniqueConstraint("batch_id", "number", name="uq_attempt_batch_id_number"),
    )

    op.create_table(
        "tally",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("sendout", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=False),
        sa.Column("minute", _MOMENT, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "sendout"], ["sendout.run_id", "sendout.number"], name="fk_tally_sendout"
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "sendout", "outcome", "error_code", "minute", name="pk_tally"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tally_minute", "tally", ["minute"])

    op.create_table(
        "worker",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("beat_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )


def downgrade() -> None:
    for table in ("worker", "tally", "attempt", "batch", "sendout", "run"):
        op.drop_table(table)
