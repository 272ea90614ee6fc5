"""Each dialect gets its own INSERT … ON CONFLICT."""

from datetime import UTC, datetime

from sqlalchemy import select

from lib.delivery.ledger import opt_outs
from lib.delivery.ledger.database import Ledger
from lib.delivery.ledger.schema import opt_out
from lib.delivery.ledger.upsert import insert_into
from lib.settings import ROOT

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def test_the_statement_is_of_the_dialect_of_the_connection(ledger: Ledger):
    with ledger.write() as db:
        insert = insert_into(opt_out, db.dialect.name)
    assert type(insert).__module__.split(".")[2] == db.dialect.name


def test_a_row_that_exists_is_left_as_it_is(ledger: Ledger):
    with ledger.write() as db:
        opt_outs.note_opt_outs(db, "acme", [1, 2], NOW)
        opt_outs.note_opt_outs(db, "acme", [2, 3], NOW.replace(year=2030))
        found = {row.identity: row.learned_at.year for row in db.execute(select(opt_out))}
    assert found == {1: 2026, 2: 2026, 3: 2030}


def test_no_other_module_of_the_ledger_uses_the_construct_of_one_dialect():
    modules = (ROOT / "lib" / "delivery").rglob("*.py")
    users = [each.name for each in modules if "sqlalchemy.dialects" in each.read_text()]
    assert users == ["upsert.py"]
