"""Limits on uploads: bytes held for a tab and in total, and time for a body to arrive."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.types import Message, Receive


class UploadCutError(Exception):
    """An upload is ended before it is complete, with an HTTP status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        self.sentence = sentence
        super().__init__(sentence)


@dataclass(frozen=True)
class UploadLimits:
    """Bytes that may be held at a time, and seconds for one body."""

    session_bytes: int
    total_bytes: int
    seconds: float
    stall_seconds: float


@dataclass
class UploadBudget:
    """Bytes of uploads under way, beside those that Streamlit holds in memory.

    `held` returns the bytes held for each session; `release` makes Streamlit drop those of
    sessions whose tab is gone. All calls come from one event loop.
    """

    limits: UploadLimits
    held: Callable[[], Mapping[str, int]]
    release: Callable[[], None]
    under_way: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def upload(self, session: str, declared: int | None) -> Iterator["Upload"]:
        """Account for one upload. Raises UploadCutError where it is too large from the start."""
        upload = Upload(self, session, declared)
        try:
            yield upload
        finally:
            self.under_way[session] -= upload.counted
            if not self.under_way[session]:
                del self.under_way[session]

    def take(self, session: str, more: int) -> None:
        """Count bytes of an upload. Raises UploadCutError where there is no room for them."""
        if not self._has_room(session, more):
            self.release()
        if not self._has_room(session, more):
            raise UploadCutError(413, "There are too many uploads at once. Try again later.")
        self.under_way[session] += more

    def _has_room(self, session: str, more: int) -> bool:
        held = self.held()
        total = sum(held.values()) + self.under_way.total() + more
        own = held.get(session, 0) + self.under_way[session] + more
        return own <= self.limits.session_bytes and total <= self.limits.total_bytes


class Upload:
    """One upload: what has been counted of it, and until when it has to be complete."""

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
        """Return the next part of the body. Raises UploadCutError for too much or too slow."""
        limits = self._budget.limits
        seconds = min(limits.stall_seconds, self._deadline - time.monotonic())
        try:
            async with asyncio.timeout(seconds):
                message = await receive()
        except TimeoutError:
            raise UploadCutError(408, "The upload took too long. Try again.") from None
        self._received += len(message.get("body", b""))
        self._count(self._received)
        return message
