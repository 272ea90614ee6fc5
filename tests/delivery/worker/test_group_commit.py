"""Many writes share a commit; none is told that it is done before it is."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from lib.delivery.ledger.database import Ledger, LedgerError
from lib.delivery.worker.group_commit import GroupWriter, LedgerTransaction


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    with ledger.write() as db:
        db.exec_driver_sql("CREATE TABLE note (text TEXT NOT NULL)")
    return ledger


def note(text: str | None) -> Callable[[LedgerTransaction], int]:
    def act(transaction: LedgerTransaction) -> int:
        db = transaction.db
        db.exec_driver_sql("INSERT INTO note VALUES (?)", (text,))
        return int(db.exec_driver_sql("SELECT count(*) FROM note").scalar_one())

    return act


def notes(ledger: Ledger) -> list[str]:
    with ledger.read() as db:
        return list(db.exec_driver_sql("SELECT text FROM note").scalars())


def test_writes_that_wait_together_share_a_commit(ledger):
    commits: list[Connection] = []
    event.listen(ledger._engine, "commit", commits.append)

    async def write_many() -> list[int]:
        with GroupWriter(ledger) as writer:
            return await asyncio.gather(*(writer.write(note(str(n))) for n in range(50)))

    assert asyncio.run(write_many()) == list(range(1, 51))
    assert len(notes(ledger)) == 50
    assert len(commits) <= 3


def test_what_is_reported_done_is_committed(ledger):
    async def write_then_read() -> list[str]:
        with GroupWriter(ledger) as writer:
            await writer.write(note("first"))
            return notes(ledger)

    assert asyncio.run(write_then_read()) == ["first"]


def allow_pages(ledger: Ledger, pages: int) -> None:
    """Limit the database to a number of pages; beyond it, writes fail as on a full disk."""
    with ledger.write() as db:
        db.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def test_writes_wait_while_the_disk_is_full_and_then_go_on(ledger):
    allow_pages(ledger, 1)
    text = "x" * 100_000

    async def write_through_trouble() -> int:
        with GroupWriter(ledger) as writer:
            pending = asyncio.create_task(writer.write(note(text)))
            done, _ = await asyncio.wait([pending], timeout=0.3)
            assert not done
            assert notes(ledger) == []
            allow_pages(ledger, 1_000_000)
            return await pending

    assert asyncio.run(write_through_trouble()) == 1
    assert notes(ledger) == [text]


def test_a_ledger_that_stays_unwritable_is_told_to_all_who_wait(ledger):
    allow_pages(ledger, 1)

    async def write_in_vain() -> list[int | BaseException]:
        with GroupWriter(ledger, patience=0.0) as writer:
            writes = (writer.write(note(text)) for text in ("good", "x" * 100_000))
            return await asyncio.gather(*writes, return_exceptions=True)

    answers = asyncio.run(write_in_vain())
    assert [type(each) for each in answers] == [LedgerError, LedgerError]
    assert notes(ledger) == []


def test_a_write_is_repeated_though_the_process_stood_still_for_longer_than_its_patience(ledger):
    calls: list[int] = []

    def stand_still_and_fail_once(transaction: LedgerTransaction) -> int:
        calls.append(1)
        if len(calls) == 1:
            time.sleep(0.02)
            raise LedgerError
        return note("good")(transaction)

    async def write() -> int:
        with GroupWriter(ledger, patience=0.01) as writer:
            return await writer.write(stand_still_and_fail_once)

    asyncio.run(write())
    assert notes(ledger) == ["good"]


def test_a_write_that_cannot_be_done_does_not_take_the_others_with_it(ledger):
    def fail(_: LedgerTransaction) -> int:
        raise KeyError("a mistake of ours")

    async def write_beside_it() -> list[int | BaseException]:
        with GroupWriter(ledger) as writer:
            writes = (writer.write(act) for act in (note("good"), fail, note("better")))
            return await asyncio.gather(*writes, return_exceptions=True)

    answers = asyncio.run(write_beside_it())
    assert [type(each) for each in answers] == [int, KeyError, int]
    assert notes(ledger) == ["good", "better"]
