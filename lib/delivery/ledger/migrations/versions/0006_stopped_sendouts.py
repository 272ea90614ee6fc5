"""Add the error code for which a sendout is stopped while the others of its run go on."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sendout") as sendout:
        sendout.add_column(sa.Column("stopped_code", sa.String()))


def downgrade() -> None:
    with op.batch_alter_table("sendout") as sendout:
        sendout.drop_column("stopped_code")
