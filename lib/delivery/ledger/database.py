"""Open the ledger: SQLite in the data folder, or a PostgreSQL that several machines share.

Both behave alike. Readers see one consistent state and never wait for a writer. Writers take
their turn from the first statement (``BEGIN IMMEDIATE``, or a lock of the database's own), so that
what a transaction has read still holds when it writes, whoever else writes, on whatever machine.
A committed row survives a power cut.
"""

import functools
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg.errors
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from lib.atomic_files import make_private_dir
from lib.settings import Settings, get_settings

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_BUSY_SECONDS: Final = 15
# Any number, as long as nothing else that uses the same database takes it for its own.
_WRITERS_TURN: Final = 0x5E4D0001
# A machine that dies or stands still inside a transaction must not keep all others from writing.
_POSTGRES_OPTIONS: Final = (
    f"-c lock_timeout={_BUSY_SECONDS * 1000} -c statement_timeout=60000 "
    "-c idle_in_transaction_session_timeout=5000 -c timezone=UTC"
)
_POSTGRES_KEEPALIVE: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_POSTGRES_CLOCK: Final = text("SELECT clock_timestamp()")


class LedgerError(Exception):
    """The ledger cannot be read or written; nothing of the transaction has happened.

    Except where the line to a PostgreSQL breaks during the commit itself: then it may have.
    """

    code = "STUDIO_LEDGER_UNAVAILABLE"
    sentence = "The ledger, which keeps what has been sent, cannot be used right now."
    action = (
        "Check that the disk has room and that the data folder can be written to; with a "
        "PostgreSQL, that it runs and can be reached."
    )

    def __init__(self) -> None:
        super().__init__(self.sentence)


class LedgerTooNewError(LedgerError):
    """A newer release has already upgraded the ledger."""

    code = "STUDIO_LEDGER_TOO_NEW"
    sentence = "This ledger was last used by a newer release of Sendout Studio."
    action = "Start that release, or a later one, on every machine that uses it."


class LedgerAddressError(LedgerError):
    """The address of the database has no form that can be used."""

    code = "STUDIO_LEDGER_ADDRESS"
    sentence = "SENDOUT_DATABASE_URL is no address of a PostgreSQL database."
    action = "Write it as postgresql://user:password@host/database, or leave it out for SQLite."


class Ledger:
    """The database at one address, for any number of threads. Making one may raise LedgerError."""

    def __init__(self, address: Path | str) -> None:
        self._file = address if isinstance(address, Path) else None
        self._engine = _sqlite(address) if isinstance(address, Path) else _postgres(address)
        self._writer = self._engine.execution_options(writes=True)
        with _translated(), self._alone():
            _upgrade(self._writer)

    @property
    def is_shared(self) -> bool:
        """Tell whether other machines may use this ledger too."""
        return self._file is None

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

    def close(self) -> None:
        """Close all connections that are not in use; the ledger opens new ones when asked."""
        self._engine.dispose()

    def require_own_tables(self, db: Connection) -> None:
        """Raise LedgerTooNewError where another release has changed the tables meanwhile."""
        if MigrationContext.configure(db).get_current_revision() != _newest_revision():
            raise LedgerTooNewError

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._file is None:
            yield  # the first statement of the upgrade waits for its turn
            return
        make_private_dir(self._file.parent)
        self._file.touch(mode=0o600)
        with FileLock(self._file.with_suffix(".lock"), mode=0o600):
            yield


def open_ledger(settings: Settings | None = None) -> Ledger:
    """Return the ledger of these settings, opened once a process.

    Raises LedgerError where it cannot be opened, LedgerTooNewError where a newer release has
    changed its tables.
    """
    settings = settings or get_settings()
    if settings.database_url is not None:
        return _open(settings.database_url.get_secret_value())
    return _open(settings.ledger_path)


@functools.cache
def _open(address: Path | str) -> Ledger:
    return Ledger(address)


def clock(db: Connection) -> datetime:
    """Return the time that all users of this ledger go by: a PostgreSQL's, else this machine's."""
    if db.dialect.name == "postgresql":
        now: datetime = db.execute(_POSTGRES_CLOCK).scalar_one()
        return now
    return datetime.now(UTC)


def _sqlite(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite+pysqlite:///{path}", pool_size=8, max_overflow=32, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgres(address: str) -> Engine:
    engine = create_engine(
        driver_url(address),
        pool_size=8,
        max_overflow=32,
        pool_pre_ping=True,
        connect_args={"options": _POSTGRES_OPTIONS, **_POSTGRES_KEEPALIVE},
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin_postgres)
    return engine


def driver_url(address: str) -> URL:
    """Return the address of a PostgreSQL with our driver's name. Raises LedgerAddressError."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        # Their messages quote parts of the address, the password's among them.
        raise LedgerAddressError from None
    if url.drivername not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise LedgerAddressError
    return url.set(drivername="postgresql+psycopg")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the database's errors into ours, which quote neither statements nor values."""
    try:
        yield
    except (DBAPIError, psycopg.errors.Error, OSError) as error:
        raise LedgerError from error


def _upgrade(engine: Engine) -> None:
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise LedgerTooNewError from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@functools.cache
def _newest_revision() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
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


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def _begin_postgres(connection: Connection) -> None:
    if _writes(connection):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_TURN})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _writes(connection: Connection) -> Any:
    return connection.get_execution_options().get("writes", False)
