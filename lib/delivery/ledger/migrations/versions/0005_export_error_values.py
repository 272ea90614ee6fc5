"""Add the values of an export's error, whose texts are no longer stored."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("export") as export:
        export.add_column(sa.Column("error_values", sa.Text()))


def downgrade() -> None:
    with op.batch_alter_table("export") as export:
        export.drop_column("error_values")
