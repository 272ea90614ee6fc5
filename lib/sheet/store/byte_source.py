"""Where a file's bytes come from: memory, this machine's disk, or a storage that fsspec knows."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

Report = Callable[[float], None]
_REDIRECTS: Final = {"http": {"allow_redirects": False}, "https": {"allow_redirects": False}}


def no_progress(_share: float) -> None:
    """Take no note of how far something is."""


@dataclass(frozen=True)
class ByteSource:
    """A file that can be opened again and again. ``url`` is a path or an fsspec address."""

    url: str

    @property
    def size(self) -> int:
        """Its length in bytes. Raises OSError where it is not there."""
        system, path = file_system(self.url)
        return int(system.size(path) or 0)

    def open(self) -> BinaryIO:
        """Open it for reading. Raises OSError where it is not there."""
        system, path = file_system(self.url)
        opened: BinaryIO = system.open(path, "rb")
        return opened

    def read(self) -> bytes:
        """Return all its bytes."""
        with self.open() as file:
            return file.read()

    def start(self, length: int) -> bytes:
        """Return its first bytes."""
        with self.open() as file:
            return file.read(length)


def file_system(url: str) -> tuple[Any, str]:
    """Return fsspec's file system for an address, and the path in it.

    Redirects are not followed: they would lead out of what is allowed.
    """
    from fsspec.core import url_to_fs
    from fsspec.implementations.local import LocalFileSystem

    if "://" not in url:
        return LocalFileSystem(), url
    options = _REDIRECTS.get(url.partition("://")[0].lower(), {})
    system, path = url_to_fs(url, **options)
    return system, str(path)


class ProgressReader(io.RawIOBase):
    """A file that tells how far it has been read."""

    def __init__(self, file: BinaryIO, size: int, report: Report) -> None:
        super().__init__()
        self._file, self._size, self._report = file, max(size, 1), report
        self._read = 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer, and tell."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._read += len(data)
        self._report(self._read / self._size)
        return len(data)

    def close(self) -> None:
        """Close the file below too."""
        self._file.close()
        super().close()
