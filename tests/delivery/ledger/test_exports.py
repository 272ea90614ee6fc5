"""Queued reports: the code and values of an error are stored, and its texts are not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, select

from lib.delivery.export_errors import ExportFailedError, NoRoomForExportError
from lib.delivery.ledger import exports
from lib.delivery.ledger.database import Ledger
from lib.delivery.ledger.exports import Export
from lib.delivery.ledger.schema import export
from lib.delivery.states import ExportState
from lib.errors import StudioError
from lib.sheet.errors import SheetError, SheetErrorCode
from lib.storage import StorageRefusedError
from tests.support.ledger import add_run, alembic_config

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class ColumnLimitError(StudioError):
    code = "STUDIO_TEST_COLUMN_LIMIT"
    sentence = "More than {limit} columns."
    action = "Remove some."


class UnregisteredError(Exception):
    code = "STUDIO_TEST_UNREGISTERED"


def find(ledger: Ledger) -> Export:
    with ledger.read() as db:
        found = exports.find(db, "report.xlsx")
    assert found is not None
    return found


def ask(ledger: Ledger) -> None:
    with ledger.write() as db:
        exports.ask(db, "one", "report.xlsx", NOW)


def test_an_error_is_stored_as_code_and_values_and_restored(ledger: Ledger):
    add_run(ledger)
    ask(ledger)
    with ledger.write() as db:
        exports.end(db, "report.xlsx", NOW, ColumnLimitError(limit=16_384))
        row = db.execute(select(export)).one()
    assert (row.error_code, row.error_values) == (ColumnLimitError.code, '{"limit": 16384}')
    assert (row.sentence, row.action) == (None, None)
    error = find(ledger).error
    assert type(error) is ColumnLimitError
    assert str(error) == "More than 16384 columns. Remove some."


def test_an_error_without_values_is_restored(ledger: Ledger):
    add_run(ledger)
    ask(ledger)
    with ledger.write() as db:
        exports.end(db, "report.xlsx", NOW, NoRoomForExportError())
    assert type(find(ledger).error) is NoRoomForExportError


def test_an_unknown_code_becomes_a_general_error(ledger: Ledger):
    add_run(ledger)
    ask(ledger)
    with ledger.write() as db:
        exports.end(db, "report.xlsx", NOW, UnregisteredError())
    assert type(find(ledger).error) is ExportFailedError


@pytest.mark.parametrize("code", ["STUDIO_NO_LONGER_KNOWN", ColumnLimitError.code])
def test_stored_texts_are_shown_if_the_error_cannot_be_restored(ledger: Ledger, code: str):
    add_run(ledger)
    ask(ledger)
    stored = {"error_code": code, "sentence": "{Old} text.", "action": "Do this."}
    with ledger.write() as db:
        db.execute(export.update().values(state=ExportState.FAILED, **stored))
    error = find(ledger).error
    assert error is not None
    assert (error.translated_sentence, error.translated_action) == ("{Old} text.", "Do this.")
    assert str(error) == "{Old} text. Do this."


def test_a_requeued_export_has_no_error(ledger: Ledger):
    add_run(ledger)
    ask(ledger)
    with ledger.write() as db:
        exports.end(db, "report.xlsx", NOW, ColumnLimitError(limit=1))
        db.execute(export.update().values(sentence="Old.", action="Old."))
    ask(ledger)
    assert find(ledger) == Export("report.xlsx", "one", ExportState.WAITING, 0.0)
    with ledger.read() as db:
        row = db.execute(select(export)).one()
    assert (row.error_code, row.error_values, row.sentence, row.action) == (None,) * 4


def test_a_ledger_without_error_values_is_upgraded_with_its_exports(tmp_path: Path):
    path = tmp_path / "ledger.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    config = alembic_config()
    with engine.begin() as db:
        config.attributes["connection"] = db
        command.upgrade(config, "0004")
        db.exec_driver_sql(
            "INSERT INTO run (id, token, label, kind, connection, state, fingerprint, plan_id,"
            " rows, held, if_version_unspecified, if_duplicate_check_unspecified, created_at)"
            " VALUES ('one', 't', 'march.csv', 'sheet', 'sandbox', 'finished', 'f', 'p', 0, 0,"
            " 'reuse_last_active', 'allow_one', 1)"
        )
        db.exec_driver_sql(
            "INSERT INTO export VALUES ('report.xlsx', 'one', 'failed', 0.5, 1, 2,"
            " 'STUDIO_NO_LONGER_KNOWN', 'It failed.', 'Try again.')"
        )
    engine.dispose()
    found = find(Ledger(path))
    assert (found.state, found.share) == (ExportState.FAILED, 0.5)
    assert str(found.error) == "It failed. Try again."


def test_the_error_of_a_sheet_is_restored_with_its_values(ledger: Ledger):
    add_run(ledger)
    for error in (
        SheetError(SheetErrorCode.SHEET_GONE),
        SheetError(SheetErrorCode.TOO_MANY_ROWS, limit=1_000),
    ):
        ask(ledger)
        with ledger.write() as db:
            exports.end(db, "report.xlsx", NOW, error)
        restored = find(ledger).error
        assert isinstance(restored, SheetError)
        assert str(restored) == str(error)


def test_the_error_of_the_shared_storage_is_restored_with_its_class(ledger: Ledger):
    add_run(ledger)
    ask(ledger)
    with ledger.write() as db:
        exports.end(db, "report.xlsx", NOW, StorageRefusedError("PermissionError"))
    assert str(find(ledger).error) == str(StorageRefusedError("PermissionError"))
