"""INSERT … ON CONFLICT, for which SQLAlchemy has one construct per dialect."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(table: Table, dialect: str) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT with ``on_conflict_do_nothing`` and ``on_conflict_do_update``.

    ``dialect`` is the name of the connection's dialect, ``sqlite`` or ``postgresql``.
    """
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
