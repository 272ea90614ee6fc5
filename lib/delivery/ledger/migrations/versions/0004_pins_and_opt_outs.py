"""Add the business that a run was confirmed for, and the opt-outs reported by rejections."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# An aware UTC time as whole microseconds since 1970.
_MOMENT = sa.BigInteger()


def upgrade() -> None:
    with op.batch_alter_table("run") as run:
        run.add_column(sa.Column("base_url", sa.String()))
        run.add_column(sa.Column("business_id", sa.String()))
        run.add_column(sa.Column("ignored_lists", sa.Text()))
    op.create_table(
        "opt_out",
        sa.Column("business_id", sa.String(), nullable=False),
        sa.Column("identity", sa.BigInteger(), nullable=False),
        sa.Column("learned_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("business_id", "identity", name="pk_opt_out"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("opt_out")
    with op.batch_alter_table("run") as run:
        for column in ("base_url", "business_id", "ignored_lists"):
            run.drop_column(column)
