"""Sources of a file's bytes: the local disk, or any storage that fsspec supports."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

Report = Callable[[float], None]
_REDIRECTS: Final = {"http": {"allow_redirects": False}, "https": {"allow_redirects": False}}


def no_progress(_share: float) -> None:
    """No-op progress callback."""


@dataclass(frozen=True)
class ByteSource:
    """A file that can be opened more than once. ``url`` is a path or an fsspec address."""

    url: str

    @property
    def is_remote(self) -> bool:
        """Whether opening the file needs the network."""
        scheme, sign, _ = self.url.partition("://")
        return bool(sign) and scheme.lower() not in ("file", "local")

    @property
    def size(self) -> int:
        """The length in bytes. Raises OSError if there is no such file."""
        system, path = file_system(self.url)
        return int(system.size(path) or 0)

    def open(self) -> BinaryIO:
        """Open the file for reading. Raises OSError if there is no such file."""
        system, path = file_system(self.url)
        opened: BinaryIO = system.open(path, "rb")
        return opened

    def read(self) -> bytes:
        """Return all bytes."""
        with self.open() as file:
            return file.read()

    def start(self, length: int) -> bytes:
        """Return the first ``length`` bytes, or fewer if the file is shorter."""
        with self.open() as file:
            return file.read(length)


def file_system(url: str) -> tuple[Any, str]:
    """Return the fsspec file system of an address, and the path in it.

    Redirects are not followed, since they could lead outside of the allowed roots.
    """
    from fsspec.core import url_to_fs
    from fsspec.implementations.local import LocalFileSystem

    if "://" not in url:
        return LocalFileSystem(), url
    options = _REDIRECTS.get(url.partition("://")[0].lower(), {})
    system, path = url_to_fs(url, **options)
    return system, str(path)


class ProgressReader(io.RawIOBase):
    """A file that reports which share of it has been read."""

    def __init__(self, file: BinaryIO, size: int, report: Report) -> None:
        super().__init__()
        self._file, self._size, self._report = file, max(size, 1), report
        self._read = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer and report the progress."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._read += len(data)
        self._report(self._read / self._size)
        return len(data)

    def close(self) -> None:
        """Close this reader and the underlying file."""
        self._file.close()
        super().close()
