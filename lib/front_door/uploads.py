"""Limits on uploads: bytes per tab and in total, and time."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.types import Message, Receive


class UploadAbortedError(Exception):
    """An upload is aborted, with an HTTP status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        self.sentence = sentence
        super().__init__(sentence)


@dataclass(frozen=True)
class UploadLimits:
    """Maximum bytes held at a time, and maximum seconds for one body and for a pause."""

    session_bytes: int
    total_bytes: int
    seconds: float
    stall_seconds: float


@dataclass
class UploadBudget:
    """Count bytes of uploads in progress, in addition to those that Streamlit holds in memory.

    ``held`` returns the bytes held by session; ``release`` makes Streamlit drop those of closed
    tabs. All calls must come from one event loop.
    """

    limits: UploadLimits
    held: Callable[[], Mapping[str, int]]
    release: Callable[[], None]
    under_way: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def upload(self, session: str, declared: int | None) -> Iterator["Upload"]:
        """Count one upload. Raises UploadAbortedError if its declared size is too large."""
        upload = Upload(self, session, declared)
        try:
            yield upload
        finally:
            self.under_way[session] -= upload.counted
            if not self.under_way[session]:
                del self.under_way[session]

    def take(self, session: str, more: int) -> None:
        """Count bytes of an upload. Raises UploadAbortedError if they exceed a limit."""
        if not self._has_room(session, more):
            self.release()
        if not self._has_room(session, more):
            raise UploadAbortedError(413, "There are too many uploads at once. Try again later.")
        self.under_way[session] += more

    def _has_room(self, session: str, more: int) -> bool:
        held = self.held()
        total = sum(held.values()) + self.under_way.total() + more
        own = held.get(session, 0) + self.under_way[session] + more
        return own <= self.limits.session_bytes and total <= self.limits.total_bytes


class Upload:
    """An upload in progress: its counted bytes and its deadline."""

    def __init__(self, budget: UploadBudget, session: str, declared: int | None) -> None:
        self._budget = budget
        self._session = session
        self._received = 0
        self._deadline = time.monotonic() + budget.limits.seconds
        self.counted = 0
        if declared is not None:
            self._count(declared)

    def _count(self, up_to: int) -> None:
        more = up_to - self.counted
        if more > 0:
            self._budget.take(self._session, more)
            self.counted = up_to

    async def receive(self, receive: Receive) -> Message:
        """Return the next part of the body. Raises UploadAbortedError on a limit."""
        limits = self._budget.limits
        seconds = min(limits.stall_seconds, self._deadline - time.monotonic())
        try:
            async with asyncio.timeout(seconds):
                message = await receive()
        except TimeoutError:
            raise UploadAbortedError(408, "The upload took too long. Try again.") from None
        self._received += len(message.get("body", b""))
        self._count(self._received)
        return message
