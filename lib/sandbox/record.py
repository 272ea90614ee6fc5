"""Storage of the messages that phones would have received.

Messages are committed before the response. SQLite in WAL mode with ``synchronous=OFF`` keeps
committed messages if the process is killed, but not if the machine fails.
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

# Each phone's newest message, newest first. Both subqueries use the index on client.
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
    """A message in the inbox.

    ``messages`` is the phone's number of messages in a list of chats, and 1 in a chat.
    """

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
    """A campaign version that accepts entries."""

    campaign: str
    version: str


class Record:
    """The accepted messages, in a SQLite file, or in memory without a path.

    All calls must come from one thread. Raises sqlite3.Error if the file cannot be used.
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
        """Commit all changes of a block, or none if it raises an exception."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def open_sendout(self, sendout: SandboxSendout, *, created_new: bool = False) -> bool:
        """Open a sendout. Returns False if it was already open."""
        cursor = self._database.execute(
            "INSERT OR IGNORE INTO sendout (campaign, version, created_new) VALUES (?, ?, ?)",
            (sendout.campaign, sendout.version, created_new),
        )
        return cursor.rowcount == 1

    def has_sendout(self, sendout: SandboxSendout) -> bool:
        """Return whether a sendout is open."""
        found = self._first_value(
            "SELECT 1 FROM sendout WHERE campaign = ? AND version = ?",
            (sendout.campaign, sendout.version),
        )
        return found is not None

    def newest_version(self, campaign: str) -> str | None:
        """Return the version that ``create_new`` created last, or None."""
        found = self._first_value(
            "SELECT version FROM sendout WHERE campaign = ? AND created_new"
            " ORDER BY opened DESC LIMIT 1",
            (campaign,),
        )
        return str(found) if found else None

    def count_repeat(self, entry: Entry, sendout: SandboxSendout, *, within_version: bool) -> bool:
        """Count a repeated submission. Returns False if the phone doesn't have the message yet.

        With ``within_version``, another version of the same campaign is another message.
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
        return int(self._first_value("SELECT count(*) FROM message"))

    def messages(self, *, after: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        """Return messages in order of arrival, starting after the message number ``after``."""
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
        """Return the newest message of each phone that contains the digits, newest first."""
        pattern = f"%{digits}%" if digits else "%"
        return self._read_messages(_CHATS, (before or _NO_END, pattern, limit))

    def chat(self, phone: str, *, before: int | None = None, limit: int) -> list[Message]:
        """Return a phone's messages, newest first."""
        return self._read_messages(_CHAT, (phone, before or _NO_END, limit))

    def phone_of(self, seq: int) -> str | None:
        """Return the phone that received the message with a number, or None."""
        found = self._first_value("SELECT client FROM message WHERE seq = ?", (seq,))
        return str(found) if found else None

    def clear(self) -> None:
        """Delete all messages and sendouts."""
        with self.transaction():
            self._database.execute("DELETE FROM message")
            self._database.execute("DELETE FROM sendout")

    def _read_messages(self, statement: str, values: tuple[Any, ...]) -> list[Message]:
        return [Message(*row) for row in self._database.execute(statement, values)]

    def _first_value(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        row = self._database.execute(statement, values).fetchone()
        return row[0] if row else None
