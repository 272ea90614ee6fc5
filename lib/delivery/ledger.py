"""Open the ledger: one SQLite database a data folder, brought up to date on first use.

Readers never wait for the writer (write-ahead log), a committed row survives a power cut
(``synchronous=FULL``), and writers queue at the database's own lock from their first statement
(``BEGIN IMMEDIATE``), so that what a transaction has read still holds when it writes.
"""

import functools
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from lib.settings import Settings, get_settings

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_BUSY_SECONDS: Final = 15


class LedgerError(Exception):
    """The ledger cannot be read or written; nothing of the transaction has happened."""

    code = "STUDIO_LEDGER_UNAVAILABLE"
    sentence = "The ledger, which keeps what has been sent, cannot be used right now."
    action = "Check that the disk has room and that the data folder can be written to."

    def __init__(self) -> None:
        super().__init__(self.sentence)


class LedgerTooNewError(LedgerError):
    """A newer release has already upgraded the ledger."""

    code = "STUDIO_LEDGER_TOO_NEW"
    sentence = "This data folder was last used by a newer release of Sendout Studio."
    action = "Start that release, or a later one, on this data folder."


class Ledger:
    """The database of one path, for any number of threads. Making one may raise LedgerError."""

    def __init__(self, path: Path) -> None:
        self._engine = create_engine(f"sqlite+pysqlite:///{path}", pool_size=8, max_overflow=32)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(writes=True)
        with _translated():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            with FileLock(path.with_suffix(".lock")):
                _upgrade(self._writer)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give one consistent view of the ledger. Raises LedgerError."""
        with _translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give one transaction, alone among writers, committed at the end. Raises LedgerError."""
        with _translated(), self._writer.begin() as connection:
            yield connection


def open_ledger(settings: Settings | None = None) -> Ledger:
    """Return the ledger of these settings' data folder, opened once a process.

    Raises LedgerError where it cannot be opened, LedgerTooNewError where a newer release has
    changed its tables.
    """
    return _open((settings or get_settings()).ledger_path)


@functools.cache
def _open(path: Path) -> Ledger:
    return Ledger(path)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the database's errors into ours, which quote neither statements nor values."""
    try:
        yield
    except (DBAPIError, OSError) as error:
        raise LedgerError from error


def _upgrade(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise LedgerTooNewError from error


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    # Python's driver would begin transactions by itself, and too late.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
