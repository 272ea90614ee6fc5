"""Let a limited number of threads at a time do something, in the order in which they asked."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Turns:
    """A semaphore that serves its waiting threads in order."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, poll: Callable[[], None], seconds: float) -> Iterator[None]:
        """Wait for a turn and keep it within the context.

        ``poll`` is called every ``seconds`` of the wait; what it raises ends the wait.
        """
        granted = threading.Event()
        with self._lock:
            if self._free:
                self._free -= 1
                granted.set()
            else:
                self._waiting.append(granted)
        try:
            while not granted.wait(seconds):
                poll()
            yield
        finally:
            self._leave(granted)

    def _leave(self, granted: threading.Event) -> None:
        """Pass a turn on, or give up waiting for it."""
        with self._lock:
            if not granted.is_set():
                self._waiting.remove(granted)
            elif self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
