"""The exclude lists as they stand at this moment, for a worker that is about to send."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np

from lib.campaign.exclusions import Exclusions, exclude_list_ids, load_exclusions
from lib.settings import Settings
from lib.storage import StorageError

T = TypeVar("T")

# Combinations of lists kept in memory: one for all runs that ignore the same lists.
_KEPT: Final = 4
# A folder is listed before each attempt, in microseconds. A storage that is shared by machines
# answers in tens of milliseconds, so it is asked once a second.
_SHARED_SECONDS: Final = 1.0
# A shared storage that is away for a moment does not stop a run; meanwhile nothing is sent.
_ASK_AFTER_SECONDS: Final = (0.0, 0.5, 1.0, 2.0)


class ExcludeListsUnreadableError(Exception):
    """An exclude list is damaged, or the storage of the lists stays out of reach."""


class CurrentExclusions:
    """Tells who is on an exclude list now. A list never changes, so its id says what it holds."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ids: frozenset[str] = frozenset()
        self._listed_at: float | None = None
        self._loaded: OrderedDict[frozenset[str], Exclusions] = OrderedDict()

    async def mask(self, numbers: np.ndarray, ignored: frozenset[str]) -> np.ndarray:
        """Return for each phone, as a whole number, whether its person is on a list.

        ``ignored`` are ids of lists that do not count. Raises ExcludeListsUnreadableError.
        """
        ids = await self._current_ids() - ignored
        if not ids:
            return np.zeros(len(numbers), dtype=bool)
        if ids not in self._loaded:
            self._loaded[ids] = await self._patiently(
                lambda: load_exclusions(sorted(ids), self._settings)
            )
            if len(self._loaded) > _KEPT:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(ids)
        found: np.ndarray = self._loaded[ids].mask(numbers)
        return found

    async def _current_ids(self) -> frozenset[str]:
        if self._settings.storage_url is None:
            try:
                return exclude_list_ids(self._settings)
            except OSError as error:
                raise ExcludeListsUnreadableError from error
        now = time.monotonic()
        if self._listed_at is None or now - self._listed_at >= _SHARED_SECONDS:
            self._ids = await self._patiently(lambda: exclude_list_ids(self._settings))
            self._listed_at = now
        return self._ids

    async def _patiently(self, read: Callable[[], T]) -> T:
        """Read in a thread; wait a few seconds for a storage that is out of reach."""
        failure: Exception | None = None
        for seconds in _ASK_AFTER_SECONDS:
            await asyncio.sleep(seconds)
            try:
                return await asyncio.to_thread(read)
            except StorageError as error:
                failure = error
            except (OSError, ValueError, KeyError) as error:
                raise ExcludeListsUnreadableError from error
        raise ExcludeListsUnreadableError from failure
