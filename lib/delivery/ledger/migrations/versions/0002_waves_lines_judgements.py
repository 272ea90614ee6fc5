"""Add shared send rates, waves, schedules, larger batches, and decisions on unknown batches."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# An aware UTC time as whole microseconds since 1970.
_MOMENT = sa.BigInteger()
_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_ADDED = {
    "worker": ("seat", "release", "beats", "carries"),
    "batch": ("not_before", "retries", "root", "said_accepted", "said_rejected", "pinned_version"),
    "sendout": ("released",),
    "run": (
        "batch_size", "wave", "first_wave", "wave_growth", "wave_tolerance", "stop_share",
        "seen_answered", "seen_refused", "starts_at", "zone", "quiet_from", "quiet_until",
        "retries", "retry_of",
    ),
}  # fmt: skip


def upgrade() -> None:
    with op.batch_alter_table("run") as run:
        run.add_column(sa.Column("batch_size", sa.Integer(), nullable=False, server_default="1"))
        run.add_column(sa.Column("wave", sa.Integer(), nullable=False, server_default="1"))
        run.add_column(sa.Column("first_wave", sa.Integer()))
        run.add_column(sa.Column("wave_growth", sa.Float()))
        run.add_column(sa.Column("wave_tolerance", sa.Float()))
        run.add_column(sa.Column("stop_share", sa.Float()))
        run.add_column(sa.Column("seen_answered", sa.Integer(), nullable=False, server_default="0"))
        run.add_column(sa.Column("seen_refused", sa.Integer(), nullable=False, server_default="0"))
        run.add_column(sa.Column("starts_at", _MOMENT))
        run.add_column(sa.Column("zone", sa.String()))
        run.add_column(sa.Column("quiet_from", sa.Integer()))
        run.add_column(sa.Column("quiet_until", sa.Integer()))
        run.add_column(sa.Column("retries", sa.Integer(), nullable=False, server_default="0"))
        run.add_column(sa.Column("retry_of", sa.String()))
    with op.batch_alter_table("sendout") as sendout:
        sendout.add_column(sa.Column("released", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE sendout SET released = entries")
    with op.batch_alter_table("batch") as batch:
        batch.add_column(sa.Column("not_before", _MOMENT))
        batch.add_column(sa.Column("retries", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("root", _ROW_NUMBER))
        batch.add_column(sa.Column("said_accepted", sa.Integer()))
        batch.add_column(sa.Column("said_rejected", sa.Integer()))
        batch.add_column(sa.Column("pinned_version", sa.String()))
    op.create_index(
        "ix_batch_root",
        "batch",
        ["root"],
        sqlite_where=sa.text("root IS NOT NULL"),
        postgresql_where=sa.text("root IS NOT NULL"),
    )
    with op.batch_alter_table("worker") as worker:
        worker.add_column(sa.Column("seat", sa.String(), nullable=False, server_default=""))
        worker.add_column(sa.Column("release", sa.String(), nullable=False, server_default=""))
        worker.add_column(sa.Column("beats", sa.Integer(), nullable=False, server_default="0"))
        worker.add_column(sa.Column("carries", sa.Boolean()))
    op.create_table(
        "judgement",
        sa.Column("id", _ROW_NUMBER, nullable=False),
        sa.Column("batch_id", _ROW_NUMBER, nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_judgement"),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_judgement_batch"),
    )
    op.create_index("ix_judgement_batch_id", "judgement", ["batch_id"])
    op.create_table(
        "line",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("next_slot", _MOMENT, nullable=False),
        sa.Column("paused_until", _MOMENT),
        sa.Column("slow_until", _MOMENT),
        sa.Column("most_entries", sa.Integer()),
        sa.PrimaryKeyConstraint("connection", name="pk_line"),
    )


def downgrade() -> None:
    op.drop_table("line")
    op.drop_table("judgement")
    op.drop_index("ix_batch_root", "batch")
    for table, columns in _ADDED.items():
        with op.batch_alter_table(table) as altered:
            for column in columns:
                altered.drop_column(column)
