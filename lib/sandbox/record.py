"""The record: every message a phone would have received, written before the request is answered.

SQLite in WAL mode without waiting for the disk: what is committed outlives a killed process
(the system has it), which is all that a simulation must survive, and costs microseconds.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from lib.sandbox.gateway import Entry

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    client TEXT NOT NULL,
    campaign TEXT NOT NULL,
    version TEXT NOT NULL,
    sender TEXT NOT NULL,
    variables TEXT NOT NULL,
    callback_data TEXT NOT NULL,
    text TEXT NOT NULL,
    submissions INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS message_client ON message (client);
CREATE TABLE IF NOT EXISTS sendout (
    opened INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign TEXT NOT NULL,
    version TEXT NOT NULL,
    created_new INTEGER NOT NULL,
    UNIQUE (campaign, version)
);
"""

_INSERT: Final = """
INSERT INTO message (at, client, campaign, version, sender, variables, callback_data, text)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""

# A phone's newest message, newest phone first; each step is one look into an index.
_CHATS: Final = """
SELECT seq, at, client, campaign, version, text, submissions,
       (SELECT count(*) FROM message WHERE client = newest.client)
FROM message AS newest
WHERE seq < ?
  AND client LIKE ?
  AND NOT EXISTS (
      SELECT 1 FROM message WHERE client = newest.client AND seq > newest.seq)
ORDER BY seq DESC
LIMIT ?
"""

_CHAT: Final = """
SELECT seq, at, client, campaign, version, text, submissions, 1
FROM message WHERE client = ? AND seq < ? ORDER BY seq DESC LIMIT ?
"""

_NO_END: Final = 2**63 - 1


class Message(NamedTuple):
    """A message as the inbox shows it; in a list of chats, a phone's newest one."""

    seq: int
    at: float
    client: str
    campaign: str
    version: str
    text: str
    submissions: int
    messages: int


@dataclass(frozen=True)
class SandboxSendout:
    """The campaign version that entries go to."""

    campaign: str
    version: str


class Record:
    """What the sandbox has accepted, in a file or, without a path, in memory.

    All calls come from one thread. Raises sqlite3.Error where the file cannot be used.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Take all of a request's entries, or none."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def open_sendout(self, sendout: SandboxSendout, *, created_new: bool = False) -> bool:
        """Open a sendout; return False where it was open already."""
        cursor = self._database.execute(
            "INSERT OR IGNORE INTO sendout (campaign, version, created_new) VALUES (?, ?, ?)",
            (sendout.campaign, sendout.version, created_new),
        )
        return cursor.rowcount == 1

    def has_sendout(self, sendout: SandboxSendout) -> bool:
        """Tell whether this sendout is open."""
        found = self._one(
            "SELECT 1 FROM sendout WHERE campaign = ? AND version = ?",
            (sendout.campaign, sendout.version),
        )
        return found is not None

    def newest_version(self, campaign: str) -> str | None:
        """Return the version that a request opened last, if one did."""
        found = self._one(
            "SELECT version FROM sendout WHERE campaign = ? AND created_new"
            " ORDER BY opened DESC LIMIT 1",
            (campaign,),
        )
        return str(found) if found else None

    def note_repeat(self, entry: Entry, sendout: SandboxSendout, *, within_version: bool) -> bool:
        """Count a submission of a message that the phone has already; return False if it hasn't.

        ``within_version`` lets another version of the same campaign through.
        """
        cursor = self._database.execute(
            "UPDATE message SET submissions = submissions + 1 WHERE seq = ("
            " SELECT seq FROM message WHERE client = ? AND campaign = ?"
            " AND (version = ? OR NOT ?) LIMIT 1)",
            (entry.client, sendout.campaign, sendout.version, within_version),
        )
        return cursor.rowcount == 1

    def add(self, entry: Entry, sendout: SandboxSendout, text: str) -> None:
        """Record a message that the phone receives now."""
        self._database.execute(
            _INSERT,
            (
                time.time(),
                entry.client,
                sendout.campaign,
                sendout.version,
                entry.sender,
                json.dumps(entry.variables, ensure_ascii=False),
                json.dumps(entry.callback_data, ensure_ascii=False),
                text,
            ),
        )

    def count(self) -> int:
        """Return the number of messages."""
        return int(self._one("SELECT count(*) FROM message"))

    def messages(self, *, after: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        """Return messages in the order of their arrival, those after a number of this order."""
        rows = self._database.execute(
            "SELECT seq, at, client, campaign, version, sender, variables, callback_data, text,"
            " submissions FROM message WHERE seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
        return [
            {
                "seq": seq,
                "at": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
                "client": client,
                "campaignName": campaign,
                "campaignVersion": version,
                "sender": sender or None,
                "variables": json.loads(variables),
                "callbackData": json.loads(callback_data),
                "text": text,
                "submissions": submissions,
            }
            for (
                seq, at, client, campaign, version, sender, variables, callback_data, text,
                submissions,
            ) in rows
        ]  # fmt: skip

    def chats(self, *, digits: str = "", before: int | None = None, limit: int) -> list[Message]:
        """Return each phone's newest message, newest first, of phones that hold these digits."""
        pattern = f"%{digits}%" if digits else "%"
        return self._inbox(_CHATS, (before or _NO_END, pattern, limit))

    def chat(self, phone: str, *, before: int | None = None, limit: int) -> list[Message]:
        """Return a phone's messages, newest first."""
        return self._inbox(_CHAT, (phone, before or _NO_END, limit))

    def phone_of(self, seq: int) -> str | None:
        """Return the phone that received the message of this number."""
        found = self._one("SELECT client FROM message WHERE seq = ?", (seq,))
        return str(found) if found else None

    def forget(self) -> None:
        """Forget all messages and sendouts."""
        with self.transaction():
            self._database.execute("DELETE FROM message")
            self._database.execute("DELETE FROM sendout")

    def _inbox(self, statement: str, values: tuple[Any, ...]) -> list[Message]:
        return [Message(*row) for row in self._database.execute(statement, values)]

    def _one(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        row = self._database.execute(statement, values).fetchone()
        return row[0] if row else None
