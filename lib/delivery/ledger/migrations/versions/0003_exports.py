"""Add the exports: long reports that a worker makes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# An aware UTC time as whole microseconds since 1970.
_MOMENT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "export",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.Column("error_code", sa.String()),
        sa.Column("sentence", sa.Text()),
        sa.Column("action", sa.Text()),
        sa.PrimaryKeyConstraint("name", name="pk_export"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_export_run"),
    )
    op.create_index("ix_export_state", "export", ["state"])


def downgrade() -> None:
    op.drop_table("export")
