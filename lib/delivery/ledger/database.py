"""The connection to the ledger: SQLite in the data folder, or PostgreSQL shared by machines.

Both behave alike. A reader sees one consistent state and never waits for a writer. Write
transactions run one at a time, across all machines, from their first statement (``BEGIN
IMMEDIATE`` or an advisory lock), so what a transaction has read still holds when it writes. A
committed row survives a power cut.
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
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from lib.atomic_files import make_private_dir
from lib.errors import StudioError
from lib.i18n import N_
from lib.settings import Settings, get_settings

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_BUSY_SECONDS: Final = 15
# Key of the advisory lock: any number that no other application uses in the same database.
_WRITER_LOCK: Final = 0x5E4D0001
# A machine that dies or hangs inside a transaction must not block the others from writing. A commit
# has to be on the disk before its request is sent, whatever the default of the database is.
_POSTGRES_OPTIONS: Final = (
    f"-c lock_timeout={_BUSY_SECONDS * 1000} -c statement_timeout=60000 "
    "-c idle_in_transaction_session_timeout=5000 -c timezone=UTC -c synchronous_commit=on"
)
_POSTGRES_KEEPALIVE: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_POSTGRES_CLOCK: Final = text("SELECT clock_timestamp()")

# Errors of a statement, not of the database: a bug, which a retry repeats.
_STATEMENT_ERRORS: Final = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.NotSupportedError,
    psycopg.ProgrammingError,
    psycopg.errors.InFailedSqlTransaction,
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.NotSupportedError,
    sqlite3.ProgrammingError,
)


class LedgerError(StudioError):
    """The ledger cannot be read or written; the transaction has had no effect.

    The exception is a connection to PostgreSQL that breaks during the commit: the transaction may
    then have been committed.
    """

    code = "STUDIO_LEDGER_UNAVAILABLE"
    sentence = N_("The ledger, which records what has been sent, can't be used right now.")
    action = N_(
        "Check that the disk has free space and the data folder is writable. If you use "
        "PostgreSQL, check that it is running and reachable."
    )


class LedgerTooNewError(LedgerError):
    """A newer release has already upgraded the ledger."""

    code = "STUDIO_LEDGER_TOO_NEW"
    sentence = N_("This ledger was last used by a newer release of Sendout Studio.")
    action = N_("Start that release, or a later one, on every machine that uses the ledger.")


class LedgerAddressError(LedgerError):
    """``SENDOUT_DATABASE_URL`` is not the URL of a PostgreSQL database."""

    code = "STUDIO_LEDGER_ADDRESS"
    sentence = N_("SENDOUT_DATABASE_URL isn't the URL of a PostgreSQL database.")
    action = N_(
        "Set it to a URL such as postgresql://user:password@host/database, or remove it to use "
        "SQLite."
    )


class Ledger:
    """The ledger at a file path or a PostgreSQL URL. Safe to use from several threads.

    The constructor upgrades the tables. Raises LedgerError if the database cannot be used,
    LedgerTooNewError if a newer release has upgraded it.
    """

    def __init__(self, address: Path | str) -> None:
        self._file = address if isinstance(address, Path) else None
        self._engine = (
            _sqlite_engine(address) if isinstance(address, Path) else _postgres_engine(address)
        )
        self._writer = self._engine.execution_options(writes=True)
        try:
            with self._upgrade_lock():
                _upgrade(self._writer)
        except OSError as error:
            raise LedgerError from error

    @property
    def is_shared(self) -> bool:
        """Return whether other machines may use this ledger too."""
        return self._file is None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read-only transaction, which sees one consistent state of the ledger.

        Raises LedgerError if the database cannot be used. Other exceptions that are raised inside
        the transaction, statement errors included, pass unchanged.
        """
        with _transaction(self._engine) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open the only write transaction of the moment; commit it at the end.

        Raises what `read` raises; an exception rolls the transaction back.
        """
        with _transaction(self._writer) as connection:
            yield connection

    def close(self) -> None:
        """Close all idle connections; the ledger opens new ones when it is used again."""
        self._engine.dispose()

    def require_own_tables(self, db: Connection) -> None:
        """Raise LedgerTooNewError if another release has changed the tables."""
        if MigrationContext.configure(db).get_current_revision() != _newest_revision():
            raise LedgerTooNewError

    @contextmanager
    def _upgrade_lock(self) -> Iterator[None]:
        if self._file is None:
            yield  # the write transaction of the upgrade takes the advisory lock
            return
        make_private_dir(self._file.parent)
        self._file.touch(mode=0o600)
        with FileLock(self._file.with_suffix(".lock"), mode=0o600):
            yield


def open_ledger(settings: Settings | None = None) -> Ledger:
    """Return the ledger of these settings, which is opened once per process.

    Raises LedgerError if it cannot be opened, LedgerTooNewError if a newer release has upgraded
    it.
    """
    settings = settings or get_settings()
    if settings.database_url is not None:
        return _open_once(settings.database_url.get_secret_value())
    return _open_once(settings.ledger_path)


@functools.cache
def _open_once(address: Path | str) -> Ledger:
    return Ledger(address)


def clock(db: Connection) -> datetime:
    """Return the time of the clock that all machines share: PostgreSQL's, or this machine's.

    Only this clock may be compared with times in the ledger: the clocks of machines differ.
    """
    if db.dialect.name == "postgresql":
        now: datetime = db.execute(_POSTGRES_CLOCK).scalar_one()
        return now
    return datetime.now(UTC)


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite+pysqlite:///{path}", pool_size=8, max_overflow=32, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "handle_error", _raise_ledger_error)
    return engine


def _postgres_engine(address: str) -> Engine:
    engine = create_engine(
        driver_url(address),
        pool_size=8,
        max_overflow=32,
        pool_pre_ping=True,
        connect_args={"options": _POSTGRES_OPTIONS, **_POSTGRES_KEEPALIVE},
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin_postgres)
    event.listen(engine, "handle_error", _raise_ledger_error)
    return engine


def driver_url(address: str) -> URL:
    """Return a PostgreSQL URL with the name of the driver. Raises LedgerAddressError."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        # Their messages quote parts of the URL, which may be parts of the password.
        raise LedgerAddressError from None
    if url.drivername not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise LedgerAddressError
    return url.set(drivername="postgresql+psycopg")


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except (sqlite3.Error, psycopg.Error) as error:
        # SQLAlchemy calls the drivers without its error handling when it opens a pool.
        if _is_outage(error):
            raise LedgerError from error
        raise


def _raise_ledger_error(context: ExceptionContext) -> None:
    """Raise LedgerError in place of an error that means that the database cannot be used.

    SQLAlchemy sets the driver's error as its cause. A failed pre-ping is left to the pool, which
    opens a new connection.
    """
    if context.is_pre_ping or context.sqlalchemy_exception is None:
        return
    if context.is_disconnect or _is_outage(context.original_exception):
        raise LedgerError


def _is_outage(error: BaseException) -> bool:
    """Return whether a driver's error is about the database, not about a statement."""
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return True
    if isinstance(error, _STATEMENT_ERRORS):
        return False
    # SQLite reports mistakes in SQL, such as an unknown table, as operational errors.
    return getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR


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
    # Python's driver would begin transactions automatically, but only before the first write.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _is_writer(connection) else "BEGIN")


def _begin_postgres(connection: Connection) -> None:
    if _is_writer(connection):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _is_writer(connection: Connection) -> Any:
    return connection.get_execution_options().get("writes", False)
