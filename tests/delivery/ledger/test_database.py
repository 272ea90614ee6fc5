"""Errors of the database become LedgerError; errors of the code that uses it pass unchanged."""

import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError

from lib.delivery.ledger.database import Ledger, LedgerError


@pytest.mark.parametrize("error", [KeyError("name"), FileNotFoundError("plan"), OSError("disk")])
@pytest.mark.parametrize("transaction", ["read", "write"])
def test_an_exception_raised_inside_a_transaction_passes_unchanged(
    ledger: Ledger, transaction: str, error: Exception
):
    with pytest.raises(type(error)) as caught, getattr(ledger, transaction)():
        raise error
    assert caught.value is error


def test_a_statement_that_breaks_a_constraint_is_not_reported_as_an_outage(ledger: Ledger):
    with pytest.raises(IntegrityError), ledger.write() as db:
        db.exec_driver_sql("INSERT INTO batch (id) VALUES (1)")


def test_a_statement_with_a_mistake_is_not_reported_as_an_outage(ledger: Ledger):
    with pytest.raises(Exception, match="no_such_table") as caught, ledger.read() as db:
        db.exec_driver_sql("SELECT * FROM no_such_table")
    assert not isinstance(caught.value, LedgerError)


def test_a_full_disk_is_a_ledger_error_with_its_cause(tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    with ledger.write() as db:
        db.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(LedgerError) as caught, ledger.write() as db:
        db.exec_driver_sql("CREATE TABLE extra AS SELECT zeroblob(1000000)")
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
    assert "CREATE" not in str(caught.value)


def test_a_locked_database_is_a_ledger_error_with_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lib.delivery.ledger.database._BUSY_SECONDS", 0)
    path = tmp_path / "ledger.sqlite3"
    ledger = Ledger(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError) as caught, ledger.write():
        pass
    other.close()
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)


def test_a_server_that_drops_its_connections_is_a_ledger_error_and_then_used_again(
    shared_database: str,
):
    ledger = Ledger(shared_database)

    def lose_connection() -> None:
        with ledger.read() as db:
            drop_connections(shared_database)
            db.execute(text("SELECT 1"))

    with pytest.raises(LedgerError) as caught:
        lose_connection()
    assert isinstance(caught.value.__cause__, psycopg.Error)
    drop_connections(shared_database)
    with ledger.read() as db:
        assert db.execute(text("SELECT 1")).scalar_one() == 1
    ledger.close()


def test_commits_are_durable_whatever_the_default_of_the_database(shared_database: str):
    name = make_url(shared_database).database
    with psycopg.connect(shared_database, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    ledger = Ledger(shared_database)

    with ledger.write() as db:
        setting = db.execute(text("SHOW synchronous_commit")).scalar_one()

    assert setting == "on"
    ledger.close()


def drop_connections(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_server_that_is_not_running_is_a_ledger_error():
    with pytest.raises(LedgerError):
        Ledger("postgresql://user@127.0.0.1:1/nothing")
