"""Current exclude lists, checked by the worker immediately before sending."""

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

# Combinations of lists in memory; runs that ignore the same lists share one.
_MAX_LOADED: Final = 4
# Listing a local folder takes microseconds and is done before each attempt. A shared storage takes
# tens of milliseconds and is listed once a second.
_SHARED_SECONDS: Final = 1.0
# Pauses between retries while the shared storage is unavailable; nothing is sent in between.
_RETRY_SECONDS: Final = (0.0, 0.5, 1.0, 2.0)


class ExcludeListsUnreadableError(Exception):
    """An exclude list is damaged, or the shared storage is unavailable."""


class CurrentExclusions:
    """The people on the current exclude lists. Lists are immutable and cached by id."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ids: frozenset[str] = frozenset()
        self._listed_at: float | None = None
        self._loaded: OrderedDict[frozenset[str], Exclusions] = OrderedDict()

    async def mask(self, numbers: np.ndarray, ignored: frozenset[str]) -> np.ndarray:
        """Return for each phone number (`int64`) whether its person is on a list.

        ``ignored`` are ids of lists that do not apply. Raises ExcludeListsUnreadableError.
        """
        ids = await self._current_ids() - ignored
        if not ids:
            return np.zeros(len(numbers), dtype=bool)
        if ids not in self._loaded:
            self._loaded[ids] = await self._read_with_retries(
                lambda: load_exclusions(sorted(ids), self._settings)
            )
            if len(self._loaded) > _MAX_LOADED:
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
            self._ids = await self._read_with_retries(lambda: exclude_list_ids(self._settings))
            self._listed_at = now
        return self._ids

    async def _read_with_retries(self, read: Callable[[], T]) -> T:
        """Read in a thread, and retry for a few seconds if the storage is unavailable."""
        failure: Exception | None = None
        for seconds in _RETRY_SECONDS:
            await asyncio.sleep(seconds)
            try:
                return await asyncio.to_thread(read)
            except StorageError as error:
                failure = error
            except (OSError, ValueError, KeyError) as error:
                raise ExcludeListsUnreadableError from error
        raise ExcludeListsUnreadableError from failure
